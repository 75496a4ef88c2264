using Oort.Conformance.Harness;
using Shouldly;
using Xunit;

namespace Oort.Conformance.Clients;

/// <summary>Debian's aws cli.</summary>
public sealed class AwsCliTests(SharedGateway shared)
{
    private const string Program = "/usr/bin/aws";

    [Fact]
    public async Task Sync_ThereAndBack_SameFiles()
    {
        using var folder = new TemporaryFolder();
        TestFiles.WriteTree(folder["from"], seed: 100);
        await AwsAsync(folder, "s3", "mb", "s3://cli-sync");
        await AwsAsync(folder, "s3", "sync", folder["from"], "s3://cli-sync/some/where", "--no-progress");
        await AwsAsync(folder, "s3", "sync", "s3://cli-sync/some/where", folder["to"], "--no-progress");
        TestFiles.Differences(folder["from"], folder["to"]).ShouldBeEmpty();
        var again = await AwsAsync(folder, "s3", "sync", folder["from"], "s3://cli-sync/some/where", "--no-progress");
        again.Output.ShouldBeEmpty();
        await AwsAsync(folder, "s3", "rm", "s3://cli-sync", "--recursive");
        await AwsAsync(folder, "s3", "rb", "s3://cli-sync");
    }

    [Fact]
    public async Task CopyOfLargeFile_ThereMovedAndBack_SameBytes()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllBytesAsync(folder["big"], TestFiles.Bytes(7, 50 * 1024 * 1024 + 5));
        await AwsAsync(folder, "s3", "mb", "s3://cli-large");
        await AwsAsync(folder, "s3", "cp", folder["big"], "s3://cli-large/a b/big", "--no-progress");
        await AwsAsync(folder, "s3", "mv", "s3://cli-large/a b/big", "s3://cli-large/moved", "--no-progress");
        await AwsAsync(folder, "s3", "cp", "s3://cli-large/moved", folder["back"], "--no-progress");
        (await File.ReadAllBytesAsync(folder["back"])).ShouldBe(await File.ReadAllBytesAsync(folder["big"]));
        var listing = await AwsAsync(folder, "s3", "ls", "s3://cli-large", "--recursive");
        listing.Output.ShouldContain("52428805 moved");
        listing.Output.ShouldNotContain("a b/big");
    }

    [Fact]
    public async Task Presign_UrlOfTheCli_GivesTheObject()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder["file"], "by a presigned url");
        await AwsAsync(folder, "s3", "mb", "s3://cli-presign");
        await AwsAsync(folder, "s3", "cp", folder["file"], "s3://cli-presign/key", "--no-progress");
        await File.WriteAllTextAsync(folder["aws-config"], "[default]\ns3 =\n    signature_version = s3v4\n    addressing_style = path\n");
        var url = (await AwsAsync(folder, "s3", "presign", "s3://cli-presign/key", "--expires-in", "60")).Output.Trim();
        using var http = new HttpClient();
        (await http.GetStringAsync(url)).ShouldBe("by a presigned url");
    }

    [Fact]
    public async Task VersioningAndApi_ThroughS3Api_BehavesAsDocumented()
    {
        using var folder = new TemporaryFolder();
        await AwsAsync(folder, "s3api", "create-bucket", "--bucket", "cli-versions");
        await AwsAsync(folder, "s3api", "put-bucket-versioning", "--bucket", "cli-versions", "--versioning-configuration", "Status=Enabled");
        for (var i = 1; i <= 3; i++)
        {
            await File.WriteAllTextAsync(folder["body"], $"version {i}");
            await AwsAsync(folder, "s3api", "put-object", "--bucket", "cli-versions", "--key", "k", "--body", folder["body"]);
        }

        await AwsAsync(folder, "s3api", "delete-object", "--bucket", "cli-versions", "--key", "k");
        var ids = (await AwsAsync(folder, "s3api", "list-object-versions", "--bucket", "cli-versions", "--query", "Versions[].VersionId", "--output", "text")).Output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        ids.Length.ShouldBe(3);
        await AwsAsync(folder, "s3api", "get-object", "--bucket", "cli-versions", "--key", "k", "--version-id", ids[2], folder["out"]);
        (await File.ReadAllTextAsync(folder["out"])).ShouldBe("version 1");
        var gone = await RunAsync(folder, "s3api", "get-object", "--bucket", "cli-versions", "--key", "k", folder["out2"]);
        gone.ExitCode.ShouldNotBe(0);
        gone.Error.ShouldContain("NoSuchKey");
    }

    [Fact]
    public async Task Lists_ThroughS3Api_AreKeptAndGivenBack()
    {
        using var folder = new TemporaryFolder();
        await AwsAsync(folder, "s3api", "create-bucket", "--bucket", "cli-lists", "--object-ownership", "BucketOwnerPreferred");
        (await AwsAsync(folder, "s3api", "get-bucket-ownership-controls", "--bucket", "cli-lists", "--query", "OwnershipControls.Rules[0].ObjectOwnership", "--output", "text")).Output.Trim().ShouldBe("BucketOwnerPreferred");
        await AwsAsync(folder, "s3api", "delete-public-access-block", "--bucket", "cli-lists");
        await File.WriteAllTextAsync(folder["body"], "everybody's");
        await AwsAsync(folder, "s3api", "put-object", "--bucket", "cli-lists", "--key", "k", "--body", folder["body"]);
        await AwsAsync(folder, "s3api", "put-object-acl", "--bucket", "cli-lists", "--key", "k", "--acl", "public-read");
        using var http = new HttpClient();
        (await http.GetStringAsync(shared.Gateway.Endpoint + "/cli-lists/k")).ShouldBe("everybody's");
        (await ShownAsync("get-object-acl", "--key", "k")).ShouldBe(["READ", "FULL_CONTROL"]);

        // What the cli shows is what it puts.
        await File.WriteAllTextAsync(folder["list"], (await AwsAsync(folder, "s3api", "get-object-acl", "--bucket", "cli-lists", "--key", "k")).Output);
        await AwsAsync(folder, "s3api", "put-bucket-acl", "--bucket", "cli-lists", "--access-control-policy", "file://" + folder["list"]);
        (await ShownAsync("get-bucket-acl")).ShouldBe(["READ", "FULL_CONTROL"]);
        await AwsAsync(folder, "s3api", "put-bucket-acl", "--bucket", "cli-lists", "--grant-read-acp", "uri=http://acs.amazonaws.com/groups/global/AuthenticatedUsers");
        (await ShownAsync("get-bucket-acl")).ShouldBe(["READ_ACP"]);

        async Task<string[]> ShownAsync(params string[] what) =>
            (await AwsAsync(folder, ["s3api", .. what, "--bucket", "cli-lists", "--query", "Grants[].Permission", "--output", "text"])).Output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
    }

    [Fact]
    public async Task Lifecycle_ThroughS3Api_IsKeptAndGivenBack()
    {
        using var folder = new TemporaryFolder();
        await AwsAsync(folder, "s3api", "create-bucket", "--bucket", "cli-lifecycle");
        await File.WriteAllTextAsync(folder["rules"], """{"Rules":[{"ID":"logs","Status":"Enabled","Filter":{"And":{"Prefix":"logs/","ObjectSizeLessThan":4096}},"Transitions":[{"Days":1,"StorageClass":"GLACIER"},{"Days":2,"StorageClass":"DEEP_ARCHIVE"}]}]}""");
        await AwsAsync(folder, "s3api", "put-bucket-lifecycle-configuration", "--bucket", "cli-lifecycle", "--lifecycle-configuration", "file://" + folder["rules"]);
        var shown = await AwsAsync(folder, "s3api", "get-bucket-lifecycle-configuration", "--bucket", "cli-lifecycle", "--query", "Rules[0].[ID,Status,Filter.And.Prefix,Filter.And.ObjectSizeLessThan,Transitions[1].StorageClass]", "--output", "text");
        shown.Output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).ShouldBe(["logs", "Enabled", "logs/", "4096", "DEEP_ARCHIVE"]);

        await File.WriteAllTextAsync(folder["expiry"], """{"Rules":[{"ID":"gone","Status":"Enabled","Filter":{"Prefix":""},"Expiration":{"Days":1},"NoncurrentVersionExpiration":{"NoncurrentDays":7,"NewerNoncurrentVersions":2},"AbortIncompleteMultipartUpload":{"DaysAfterInitiation":3}}]}""");
        await AwsAsync(folder, "s3api", "put-bucket-lifecycle-configuration", "--bucket", "cli-lifecycle", "--lifecycle-configuration", "file://" + folder["expiry"]);
        var ends = await AwsAsync(folder, "s3api", "get-bucket-lifecycle-configuration", "--bucket", "cli-lifecycle", "--query", "Rules[0].[ID,Expiration.Days,NoncurrentVersionExpiration.NewerNoncurrentVersions,AbortIncompleteMultipartUpload.DaysAfterInitiation]", "--output", "text");
        ends.Output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).ShouldBe(["gone", "1", "2", "3"]);
        var put = await AwsAsync(folder, "s3api", "put-object", "--bucket", "cli-lifecycle", "--key", "k", "--query", "Expiration", "--output", "text");
        put.Output.ShouldContain("rule-id=\"gone\"");
        await AwsAsync(folder, "s3api", "delete-bucket-lifecycle", "--bucket", "cli-lifecycle");
        (await RunAsync(folder, "s3api", "get-bucket-lifecycle-configuration", "--bucket", "cli-lifecycle")).Error.ShouldContain("NoSuchLifecycleConfiguration");
    }

    [Fact]
    public async Task Archive_ThroughS3Api_IsRestoredBeforeItIsRead()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder["file"], "cold");
        await AwsAsync(folder, "s3", "mb", "s3://cli-archive");
        await AwsAsync(folder, "s3", "cp", folder["file"], "s3://cli-archive/key", "--no-progress", "--storage-class", "GLACIER");
        (await RunAsync(folder, "s3api", "get-object", "--bucket", "cli-archive", "--key", "key", folder["out"])).Error.ShouldContain("InvalidObjectState");

        await AwsAsync(folder, "s3api", "restore-object", "--bucket", "cli-archive", "--key", "key", "--restore-request", "Days=2,GlacierJobParameters={Tier=Standard}");
        var head = await AwsAsync(folder, "s3api", "head-object", "--bucket", "cli-archive", "--key", "key", "--query", "[StorageClass,Restore]", "--output", "text");
        head.Output.ShouldStartWith("GLACIER\tongoing-request=");
        await AwsAsync(folder, "s3", "rm", "s3://cli-archive/key");
    }

    private async Task<Tool.Result> AwsAsync(TemporaryFolder folder, params string[] arguments) => (await RunAsync(folder, arguments)).ShouldSucceed();

    private Task<Tool.Result> RunAsync(TemporaryFolder folder, params string[] arguments) =>
        Tool.RunAsync(Program, ["--endpoint-url", shared.Gateway.Endpoint, .. arguments], shared.Gateway.ClientEnvironment(folder.FullPath), folder.FullPath);
}
