using Oort.Gateway.Access.Lists;
using Oort.Gateway.Tests.Operations;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Access.Lists;

/// <summary>Object ownership over HTTP.</summary>
public sealed class OwnershipTests(ListGateway gateway) : IClassFixture<ListGateway>
{
    private const string Enforced = "BucketOwnerEnforced";

    [Fact]
    public async Task Controls_PutGetDelete_AreAnswered()
    {
        var bucket = await gateway.NewBucketAsync();
        (await gateway.Main.SendAsync("GET", $"/{bucket}?ownershipControls")).Code.ShouldBe("OwnershipControlsNotFoundError");
        foreach (var name in (string[])["ObjectWriter", "BucketOwnerPreferred", Enforced])
        {
            (await PutAsync(bucket, name)).Status.ShouldBe(200);
            (await gateway.Main.SendAsync("GET", $"/{bucket}?ownershipControls")).Element("ObjectOwnership").ShouldBe(name);
            var made = await gateway.NewBucketAsync(("x-amz-object-ownership", name));
            (await gateway.Main.SendAsync("GET", $"/{made}?ownershipControls")).Element("ObjectOwnership").ShouldBe(name);
        }

        (await PutAsync(bucket, "Nobody")).Code.ShouldBe("MalformedXML");
        for (var i = 0; i < 2; i++) (await gateway.Main.SendAsync("DELETE", $"/{bucket}?ownershipControls")).Status.ShouldBe(204);
        (await gateway.Main.SendAsync("GET", $"/{bucket}?ownershipControls")).Code.ShouldBe("OwnershipControlsNotFoundError");
        (await gateway.Main.SendAsync("PUT", $"/{bucket}?acl", [], ("x-amz-acl", "public-read"))).Status.ShouldBe(200);
    }

    [Fact]
    public async Task Enforced_WhileTheListGivesToOthers_IsRefused()
    {
        foreach (var canned in (string[])["public-read", "log-delivery-write"])
        {
            var bucket = await gateway.NewBucketAsync(canned);
            (await PutAsync(bucket, Enforced)).Code.ShouldBe("InvalidBucketAclWithObjectOwnership");
            (await gateway.Main.SendAsync("PUT", $"/{bucket}?acl", [], ("x-amz-acl", "private"))).Status.ShouldBe(200);
            (await PutAsync(bucket, Enforced)).Status.ShouldBe(200);
        }
    }

    [Theory]
    [InlineData("public-read", "InvalidBucketAclWithObjectOwnership")]
    [InlineData("private", "")]
    [InlineData("bucket-owner-full-control", "")]
    public async Task CreateBucket_EnforcedWithAList_TakesTheOwnersAlone(string canned, string code) =>
        (await gateway.Main.SendAsync("PUT", "/" + gateway.NewName(), [], ("x-amz-object-ownership", Enforced), ("x-amz-acl", canned))).Code.ShouldBe(code);

    [Fact]
    public async Task CreateBucket_PublicWherePublicAccessIsBlocked_IsRefused()
    {
        await using var host = await Operations.GatewayHost.StartAsync(gateway.Layer, new() { ObjectOwnership = ObjectOwnership.ObjectWriter }, credentials: new FakeAccounts(), accounts: new FakeAccounts());
        using var main = ListGateway.ClientOf(FakeAccounts.Main, host.Endpoint);
        var bucket = gateway.NewName();
        (await main.SendAsync("PUT", "/" + bucket, [], ("x-amz-acl", "public-read"))).Code.ShouldBe("InvalidBucketAclWithBlockPublicAccessError");
        (await main.SendAsync("PUT", "/" + bucket, [], ("x-amz-grant-read", "id=" + FakeAccounts.Other.CanonicalId))).Status.ShouldBe(200);
        (await main.SendAsync("GET", $"/{bucket}?ownershipControls")).Element("ObjectOwnership").ShouldBe("ObjectWriter");
        (await main.SendAsync("PUT", $"/{bucket}?acl", [], ("x-amz-acl", "public-read"))).Code.ShouldBe("AccessDenied");
        ListGateway.Shown(await main.SendAsync("GET", $"/{bucket}?acl")).ShouldBe("Main: Other READ");
    }

    /// <summary>Of which account what another one writes is, by the list that it sends; null: it is refused.</summary>
    [Theory]
    [InlineData(Enforced, "", "Main")]
    [InlineData(Enforced, "bucket-owner-full-control", "Main")]
    [InlineData(Enforced, "private", null)]
    [InlineData(Enforced, "public-read", null)]
    [InlineData("BucketOwnerPreferred", "", "Other")]
    [InlineData("BucketOwnerPreferred", "bucket-owner-full-control", "Main")]
    [InlineData("BucketOwnerPreferred", "private", "Other")]
    [InlineData("ObjectWriter", "", "Other")]
    [InlineData("ObjectWriter", "bucket-owner-full-control", "Other")]
    [InlineData("ObjectWriter", "private", "Other")]
    public async Task WrittenByAnotherAccount_BelongsToWhomOwnershipSays(string ownership, string canned, string? owner)
    {
        var bucket = await gateway.NewBucketAsync(("x-amz-object-ownership", ownership));
        await gateway.Main.SendAsync("PUT", $"/{bucket}?policy", $$"""{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::{{bucket}}","arn:aws:s3:::{{bucket}}/*"]}]}""");
        await gateway.Main.SendAsync("PUT", $"/{bucket}/source", "x");
        (string, string)[] headers = canned.Length == 0 ? [] : [("x-amz-acl", canned)];
        var put = await gateway.Other.SendAsync("PUT", $"/{bucket}/put", "x", headers);
        var copy = await gateway.Other.SendAsync("PUT", $"/{bucket}/copy", [], [.. headers, ("x-amz-copy-source", $"{bucket}/source")]);
        var upload = await gateway.Other.SendAsync("POST", $"/{bucket}/upload?uploads", [], headers);
        if (owner is null)
        {
            foreach (var answer in (RawAnswer[])[put, copy, upload]) answer.Code.ShouldBe("AccessControlListNotSupported");
            return;
        }

        foreach (var key in (string[])["put", "copy"])
            ListGateway.Shown(await gateway.Other.SendAsync("GET", $"/{bucket}/{key}?acl")).ShouldStartWith(owner + ":");
        var listed = await gateway.Other.SendAsync("GET", $"/{bucket}/upload?uploadId={upload.Element("UploadId")}");
        listed.Text.ShouldContain($"<Owner><ID>{(owner == "Main" ? FakeAccounts.Main : FakeAccounts.Other).CanonicalId}</ID>");
    }

    [Fact]
    public async Task Enforced_TakesListsOutOfForce_AndTheyComeBack()
    {
        var bucket = await gateway.NewBucketAsync("public-read-write");
        await gateway.Other.SendAsync("PUT", $"/{bucket}/key", "x", ("x-amz-acl", "public-read"));
        await gateway.Main.SendAsync("PUT", $"/{bucket}?acl", [], ("x-amz-acl", "private"));
        (await PutAsync(bucket, Enforced)).Status.ShouldBe(200);
        (await gateway.AnonymousAsync("GET", $"/{bucket}/key")).Code.ShouldBe("AccessDenied");
        (await gateway.Other.SendAsync("GET", $"/{bucket}/key")).Code.ShouldBe("AccessDenied");
        ListGateway.Shown(await gateway.Main.SendAsync("GET", $"/{bucket}/key?acl")).ShouldBe("Main: Main FULL_CONTROL");
        (await gateway.Main.SendAsync("GET", $"/{bucket}?versions")).Text.ShouldContain("<DisplayName>Main</DisplayName>");
        (await gateway.Main.SendAsync("PUT", $"/{bucket}/copy", [], ("x-amz-copy-source", $"{bucket}/key"))).Status.ShouldBe(200);
        foreach (var target in (string[])[$"/{bucket}?acl", $"/{bucket}/key?acl"])
            foreach (var canned in (string[])["private", "bucket-owner-full-control"]) (await gateway.Main.SendAsync("PUT", target, [], ("x-amz-acl", canned))).Code.ShouldBe("AccessControlListNotSupported");
        (await PutAsync(bucket, "ObjectWriter")).Status.ShouldBe(200);
        (await gateway.AnonymousAsync("GET", $"/{bucket}/key")).Status.ShouldBe(200);
        (await gateway.AnonymousAsync("GET", $"/{bucket}/copy")).Status.ShouldBe(403, "A copy has no list but its own.");
        ListGateway.Shown(await gateway.Other.SendAsync("GET", $"/{bucket}/key?acl")).ShouldBe("Other: AllUsers READ, Other FULL_CONTROL");
    }

    [Fact]
    public async Task Enforced_WriteWithTheOwnersGrant_IsTaken()
    {
        var bucket = await gateway.NewBucketAsync(("x-amz-object-ownership", Enforced));
        (await PutKeyAsync("id=" + FakeAccounts.Main.CanonicalId)).Status.ShouldBe(200);
        (await PutKeyAsync("emailAddress=main@example.com")).Status.ShouldBe(200);
        (await PutKeyAsync($"id={FakeAccounts.Main.CanonicalId}, id={FakeAccounts.Other.CanonicalId}")).Code.ShouldBe("AccessControlListNotSupported");
        (await gateway.Main.SendAsync("PUT", $"/{bucket}/key", "x", ("x-amz-grant-read", "id=" + FakeAccounts.Main.CanonicalId))).Code.ShouldBe("AccessControlListNotSupported");

        Task<RawAnswer> PutKeyAsync(string grantee) => gateway.Main.SendAsync("PUT", $"/{bucket}/key", "x", ("x-amz-grant-full-control", grantee));
    }

    private Task<RawAnswer> PutAsync(string bucket, string ownership) => gateway.Main.SendAsync("PUT", $"/{bucket}?ownershipControls", $"<OwnershipControls><Rule><ObjectOwnership>{ownership}</ObjectOwnership></Rule></OwnershipControls>");
}
