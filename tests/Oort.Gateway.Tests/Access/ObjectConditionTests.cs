using Oort.Gateway.Tests.Iam;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Access;

/// <summary>Policies that ask for the tags that an object has already, or for what keys begin with.</summary>
public sealed class ObjectConditionTests(IdentityGateway gateway)
{
    [Fact]
    public async Task Conditions_OnTagsOfTheObject_HoldForThatObject()
    {
        var tenant = await gateway.NewTenantAsync();
        var bucket = await tenant.NewBucketAsync();
        (await tenant.S3.SendAsync("PUT", $"/{bucket}/open", "open", ("x-amz-tagging", "security=public&x=y"))).Status.ShouldBe(200);
        (await tenant.S3.SendAsync("PUT", $"/{bucket}/closed", "closed", ("x-amz-tagging", "security=private"))).Status.ShouldBe(200);
        (await tenant.S3.SendAsync("PUT", $"/{bucket}/plain", "plain")).Status.ShouldBe(200);
        var policy = """{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:GetObjectTagging","s3:PutObject"],"Resource":"*","Condition":{"StringEquals":{"s3:ExistingObjectTag/security":"public"}}}]}""";
        var (_, user) = await tenant.NewUserAsync(policy);
        async Task<int> TryAsync(string method, string target, params (string, string)[] headers) => (await user.S3.SendAsync(method, $"/{bucket}/{target}", method == "PUT" ? [] : null, headers)).Status;

        (await TryAsync("GET", "open")).ShouldBe(200);
        (await TryAsync("HEAD", "open")).ShouldBe(200);
        (await TryAsync("GET", "open?tagging")).ShouldBe(200);
        (await TryAsync("GET", "closed")).ShouldBe(403);
        (await TryAsync("GET", "closed?tagging")).ShouldBe(403);
        (await TryAsync("GET", "plain")).ShouldBe(403);
        (await TryAsync("GET", "gone")).ShouldBe(403);

        // The tags of what is written over are not those of what is written.
        (await TryAsync("PUT", "open")).ShouldBe(403);

        // A bucket's policy likewise; and the tags that an object has now, not those that it had.
        var (_, other) = await tenant.NewUserAsync();
        var bucketPolicy = $$"""{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"{{tenant.Number}}"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::{{bucket}}/*"},{"Effect":"Deny","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::{{bucket}}/*","Condition":{"StringNotEquals":{"s3:ExistingObjectTag/security":"public"} } }]}""";
        (await tenant.S3.SendAsync("PUT", $"/{bucket}?policy", bucketPolicy)).Status.ShouldBe(204);
        (await tenant.S3.SendAsync("GET", $"/{bucket}/open")).Status.ShouldBe(200);
        (await tenant.S3.SendAsync("GET", $"/{bucket}/closed")).Status.ShouldBe(403);
        (await tenant.S3.SendAsync("PUT", $"/{bucket}/copy", [], ("x-amz-copy-source", $"{bucket}/closed"))).Status.ShouldBe(403);
        (await tenant.S3.SendAsync("PUT", $"/{bucket}/copy", [], ("x-amz-copy-source", $"{bucket}/open"))).Status.ShouldBe(200);
        (await tenant.S3.SendAsync("PUT", $"/{bucket}/open?tagging", "<Tagging><TagSet><Tag><Key>security</Key><Value>private</Value></Tag></TagSet></Tagging>")).Status.ShouldBe(200);
        (await tenant.S3.SendAsync("GET", $"/{bucket}/open")).Status.ShouldBe(403);
        (await other.S3.SendAsync("GET", $"/{bucket}/open")).Status.ShouldBe(403);
    }

    [Fact]
    public async Task MissingKeys_WhereOnlyAPrefixMayBeListed_AreToldBelowIt()
    {
        var tenant = await gateway.NewTenantAsync();
        var bucket = await tenant.NewBucketAsync();
        var (_, user) = await tenant.NewUserAsync("""{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"},{"Effect":"Allow","Action":"s3:ListBucket","Resource":"*","Condition":{"StringLike":{"s3:prefix":"public/*"}}}]}""");
        (await user.S3.SendAsync("GET", $"/{bucket}/public/gone")).Code.ShouldBe("NoSuchKey");
        (await user.S3.SendAsync("GET", $"/{bucket}/private/gone")).Code.ShouldBe("AccessDenied");
        (await user.S3.SendAsync("GET", $"/{bucket}?prefix=public%2F")).Status.ShouldBe(200);
        (await user.S3.SendAsync("GET", $"/{bucket}")).Code.ShouldBe("AccessDenied");
    }
}
