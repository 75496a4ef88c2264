using System.Xml.Linq;
using Microsoft.Extensions.Logging.Abstractions;
using Oort.Gateway.Access;
using Oort.Gateway.Operations;
using Oort.S3;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Operations;

public sealed class ConfigurationTests(TestGateway gateway)
{
    [Theory]
    [InlineData("policy", "NoSuchBucketPolicy")]
    [InlineData("tagging", "NoSuchTagSet")]
    [InlineData("cors", "NoSuchCORSConfiguration")]
    [InlineData("lifecycle", "NoSuchLifecycleConfiguration")]
    [InlineData("object-lock", "ObjectLockConfigurationNotFoundError")]
    [InlineData("website", "NoSuchWebsiteConfiguration")]
    [InlineData("replication", "ReplicationConfigurationNotFoundError")]
    [InlineData("analytics&id=1", "NoSuchConfiguration")]
    [InlineData("inventory&id=1", "NoSuchConfiguration")]
    [InlineData("metrics&id=1", "NoSuchConfiguration")]
    [InlineData("intelligent-tiering&id=1", "NoSuchConfiguration")]
    public async Task Get_NeverSet_IsItsOwn404(string query, string code)
    {
        var answer = await gateway.Raw.SendAsync("GET", $"/{await gateway.NewBucketAsync()}?{query}");

        (answer.Status, answer.Code).ShouldBe((404, code));
    }

    [Theory]
    [InlineData("encryption", "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault><BucketKeyEnabled>false</BucketKeyEnabled></Rule></ServerSideEncryptionConfiguration>")]
    [InlineData("publicAccessBlock", "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls><BlockPublicPolicy>true</BlockPublicPolicy><RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>")]
    [InlineData("ownershipControls", "<OwnershipControls><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule></OwnershipControls>")]
    [InlineData("requestPayment", "<RequestPaymentConfiguration><Payer>BucketOwner</Payer></RequestPaymentConfiguration>")]
    [InlineData("logging", "<BucketLoggingStatus></BucketLoggingStatus>")]
    [InlineData("notification", "<NotificationConfiguration></NotificationConfiguration>")]
    [InlineData("accelerate", "<AccelerateConfiguration></AccelerateConfiguration>")]
    public async Task Get_NeverSet_IsTheDefault(string query, string body)
    {
        var answer = await gateway.Raw.SendAsync("GET", $"/{await gateway.NewBucketAsync()}?{query}");

        answer.Status.ShouldBe(200);
        var root = XDocument.Parse(answer.Text).Root!;
        root.Name.NamespaceName.ShouldBe("http://s3.amazonaws.com/doc/2006-03-01/");
        answer.Text.Replace(" xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"", "", StringComparison.Ordinal).ShouldEndWith(body);
    }

    [Fact]
    public async Task GetAcl_BucketAndObject_GiveTheOwnerFullControl()
    {
        var bucket = await gateway.NewBucketAsync();
        await gateway.PutAsync(bucket, "key", "x");

        var ofBucket = await gateway.Client.GetBucketAclAsync(new() { BucketName = bucket });
        var ofObject = await gateway.Client.GetObjectAclAsync(new() { BucketName = bucket, Key = "key" });

        foreach (var (owner, grants) in new[] { (ofBucket.Owner, ofBucket.Grants), (ofObject.Owner, ofObject.Grants) })
        {
            var grant = grants.ShouldHaveSingleItem();
            (grant.Permission.Value, grant.Grantee.CanonicalUser).ShouldBe(("FULL_CONTROL", owner.Id));
        }

        (await gateway.Raw.SendAsync("GET", $"/{bucket}/missing?acl")).Code.ShouldBe("NoSuchKey");
    }

    [Theory]
    [InlineData("PUT", "/key?encryption")]
    [InlineData("POST", "/key?select")]
    public async Task Put_NotImplemented_SaysSo(string method, string rest)
    {
        var answer = await gateway.Raw.SendAsync(method, $"/{await gateway.NewBucketAsync()}{rest}", "<x/>");

        (answer.Status, answer.Code).ShouldBe((501, "NotImplemented"));
    }

    /// <summary>Every operation has a handler or is refused by name; this list is what is still refused, so that nothing drops out unseen.</summary>
    [Fact]
    public void Create_Operations_AreThoseOfTheFirstStage()
    {
        var handlers = S3Operations.Create(null!, new(), TimeProvider.System, new IdleTiering(), new(null!, LoneAccounts.Instance, new(), TimeProvider.System, NullLogger<AccessGate>.Instance));

        handlers.Keys.ShouldNotContain(S3Operation.None);
        handlers.Count.ShouldBe(95);
    }
}
