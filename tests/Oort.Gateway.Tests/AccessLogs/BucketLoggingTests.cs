using Amazon.S3;
using Amazon.S3.Model;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.AccessLogs;

public sealed class BucketLoggingTests
{
    private const string Owner = "<Grant><Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"Group\"><URI>http://acs.amazonaws.com/groups/global/AuthenticatedUsers</URI></Grantee><Permission>READ</Permission></Grant>";

    [Fact]
    public async Task Logging_PutGetAndEnded_IsKept()
    {
        await using var world = await LoggingWorld.StartAsync();
        await world.AllowAsync();
        await world.Client.PutBucketLoggingAsync(new() { BucketName = "source", LoggingConfig = new() { TargetBucketName = "target", TargetPrefix = "log/" } });

        var config = (await world.Client.GetBucketLoggingAsync("source")).BucketLoggingConfig;
        (config.TargetBucketName, config.TargetPrefix, config.TargetObjectKeyFormat.SimplePrefix is not null).ShouldBe(("target", "log/", true));
        foreach (var source in new[] { "EventTime", "DeliveryTime" })
        {
            (await world.EnableAsync($"<TargetObjectKeyFormat><PartitionedPrefix><PartitionDateSource>{source}</PartitionDateSource></PartitionedPrefix></TargetObjectKeyFormat>")).Status.ShouldBe(200);
            (await world.Client.GetBucketLoggingAsync("source")).BucketLoggingConfig.TargetObjectKeyFormat.PartitionedPrefix.PartitionDateSource.Value.ShouldBe(source);
        }

        (await world.Raw.SendAsync("PUT", "/source?logging", "<BucketLoggingStatus/>")).Status.ShouldBe(200);
        (await world.Raw.SendAsync("GET", "/source?logging")).Text.ShouldEndWith("></BucketLoggingStatus>");
        (await world.Metadata.FindBucketAsync("source", TestContext.Current.CancellationToken))!.Settings.ShouldNotContainKey("logging");
    }

    [Fact]
    public async Task Put_Bad_IsRefusedAndChangesNothing()
    {
        await using var world = await LoggingWorld.StartAsync();
        await world.AllowAsync();
        await world.EnableAsync();
        const string wrongSource = "<TargetObjectKeyFormat><PartitionedPrefix><PartitionDateSource>Never</PartitionDateSource></PartitionedPrefix></TargetObjectKeyFormat>";
        foreach (var (answer, status, code) in new[]
        {
            (await world.EnableAsync(target: "missing"), 400, "InvalidTargetBucketForLogging"),
            (await world.EnableAsync(wrongSource), 400, "MalformedXML"),
            (await world.EnableAsync("<TargetObjectKeyFormat/>"), 400, "MalformedXML"),
            (await world.EnableAsync("<TargetObjectKeyFormat><SimplePrefix/><PartitionedPrefix/></TargetObjectKeyFormat>"), 400, "MalformedXML"),
            (await world.EnableAsync("<Other/>"), 400, "MalformedXML"),
            (await world.EnableAsync(prefix: "log/" + new string('p', 797)), 400, "InvalidArgument"),
            (await world.EnableAsync(prefix: "elsewhere/"), 403, "AccessDenied"),
            (await world.EnableAsync(source: "target"), 403, "AccessDenied"),
            (await world.EnableAsync($"<TargetGrants>{Owner}</TargetGrants>"), 400, "InvalidArgument"),
            (await world.EnableAsync($"<TargetGrants>{Owner.Replace("READ<", "READ_ACP<", StringComparison.Ordinal)}</TargetGrants>"), 400, "MalformedXML"),
            (await world.EnableAsync(source: "missing"), 404, "NoSuchBucket"),
            (await world.Raw.SendAsync("PUT", "/source?logging", "<BucketLoggingStatus><LoggingEnabled><TargetPrefix/></LoggingEnabled></BucketLoggingStatus>"), 400, "MalformedXML"),
            (await world.Raw.SendAsync("PUT", "/source?logging", "<BucketLoggingStatus><LoggingEnabled><TargetBucket>target</TargetBucket></LoggingEnabled></BucketLoggingStatus>"), 400, "MalformedXML"),
        }) (answer.Status, answer.Code).ShouldBe((status, code), answer.Text);

        (await world.Raw.SendAsync("GET", "/source?logging")).Text.ShouldContain("<TargetPrefix>log/</TargetPrefix>");
    }

    [Theory]
    [InlineData("""{"AWS":"*"}""", "s3:PutObject", "log/*", false)]
    [InlineData("""{"Service":"other.s3.amazonaws.com"}""", "s3:PutObject", "log/*", false)]
    [InlineData("""{"Service":"logging.s3.amazonaws.com"}""", "s3:GetObject", "log/*", false)]
    [InlineData("""{"Service":"logging.s3.amazonaws.com"}""", "s3:PutObject", "other/*", false)]
    [InlineData("""{"Service":"logging.s3.amazonaws.com"}""", "s3:PutObject", "log/*", true)]
    [InlineData("""{"Service":"logging.s3.amazonaws.com"}""", "s3:*", "*", true)]
    public async Task Put_PolicyOfTheTarget_Decides(string principal, string action, string resource, bool isAllowed)
    {
        await using var world = await LoggingWorld.StartAsync();
        await PolicyAsync(world, Statement("Allow", principal, action, resource));
        (await world.EnableAsync()).Status.ShouldBe(isAllowed ? 200 : 403);

        await PolicyAsync(world, Statement("Allow", principal, action, resource) + "," + Statement("Deny", "\"*\"", "s3:PutObject", "log/*"));
        (await world.EnableAsync()).Status.ShouldBe(403, "What denies everybody denies the service.");
    }

    [Theory]
    [InlineData("aws:SourceArn", "arn:aws:s3:::source", true)]
    [InlineData("aws:SourceArn", "arn:aws:s3:::other", false)]
    [InlineData("aws:SourceAccount", "000000000000", false)]
    [InlineData("aws:PrincipalIsAWSService", "true", true)]
    public async Task Put_ConditionsOfThePolicy_AreAskedOfTheService(string key, string value, bool isAllowed)
    {
        await using var world = await LoggingWorld.StartAsync();
        await PolicyAsync(world, Statement("Allow", """{"Service":"logging.s3.amazonaws.com"}""", "s3:PutObject", "*", $$$""","Condition":{"StringEquals":{"{{{key}}}":"{{{value}}}"}}"""));
        (await world.EnableAsync()).Status.ShouldBe(isAllowed ? 200 : 403);
    }

    [Fact]
    public async Task Put_ListOfTheTarget_LetsTheGroupInAndObjectsHaveTheGrants()
    {
        await using var world = await LoggingWorld.StartAsync();
        await world.Client.PutBucketOwnershipControlsAsync(new() { BucketName = "target", OwnershipControls = new() { Rules = [new() { ObjectOwnership = "ObjectWriter" }] } });
        (await world.EnableAsync()).Code.ShouldBe("AccessDenied");
        (await world.Raw.SendAsync("PUT", "/target?acl", "", ("x-amz-acl", "log-delivery-write"))).Status.ShouldBe(200);
        (await world.EnableAsync($"<TargetGrants>{Owner}</TargetGrants>")).Code.ShouldBe("AccessDenied", "The public access block forbids such grants.");
        await world.Client.DeletePublicAccessBlockAsync(new() { BucketName = "target" });
        (await world.EnableAsync($"<TargetGrants>{Owner}</TargetGrants>")).Status.ShouldBe(200);
        (await world.Raw.SendAsync("GET", "/source?logging")).Text.ShouldContain("<TargetGrants><Grant><Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"Group\"><URI>http://acs.amazonaws.com/groups/global/AuthenticatedUsers</URI>");

        await world.Client.ListObjectsV2Async(new() { BucketName = "source" });
        await world.LinesAsync(1);
        var acl = await world.Client.GetObjectAclAsync(new() { BucketName = "target", Key = (await world.KeysAsync("log/"))[0] });
        acl.Grants.Select(grant => (grant.Grantee.CanonicalUser ?? grant.Grantee.URI, grant.Permission.Value)).ShouldBe(
            [("http://acs.amazonaws.com/groups/global/AuthenticatedUsers", "READ"), ("0123456789abcdef", "FULL_CONTROL")], ignoreOrder: true);
    }

    private static string Statement(string effect, string principal, string action, string resource, string more = "") =>
        $$"""{"Effect":"{{effect}}","Principal":{{principal}},"Action":"{{action}}","Resource":"arn:aws:s3:::target/{{resource}}"{{more}}}""".Replace("\"Action\":\"s3:*\",\"Resource\":\"arn:aws:s3:::target/*\"", "\"Action\":\"s3:*\",\"Resource\":[\"arn:aws:s3:::target\",\"arn:aws:s3:::target/*\"]", StringComparison.Ordinal);

    private static async Task PolicyAsync(LoggingWorld world, string statements)
    {
        await world.Client.DeletePublicAccessBlockAsync(new() { BucketName = "target" });
        var answer = await world.Raw.SendAsync("PUT", "/target?policy", $$"""{"Version":"2012-10-17","Statement":[{{statements}}]}""");
        answer.Status.ShouldBe(204, answer.Text);
    }
}
