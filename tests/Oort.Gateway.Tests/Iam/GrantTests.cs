using Oort.Identity.Grants;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Iam;

/// <summary>Credentials that were narrowed without asking the gateway, as it takes them.</summary>
public sealed class GrantTests(IdentityGateway gateway)
{
    [Fact]
    public async Task Grant_OfAKeyOrASession_OpensWhatItsCaveatsSayAndNoMore()
    {
        var tenant = await gateway.NewTenantAsync();
        var bucket = await tenant.NewBucketAsync();
        var (_, user) = await tenant.NewUserAsync(Policies.Allow("*"));
        var session = Tenant.SessionOf(gateway, await user.StsAsync("GetSessionToken"));
        foreach (var key in (string[])["a/1", "b/1"]) (await tenant.S3.SendAsync("PUT", $"/{bucket}/{key}", key)).Status.ShouldBe(200);

        foreach (var wide in (Signer[])[tenant, user, session])
        {
            var reader = Narrow(wide, new() { Bucket = bucket, Prefix = "a/", Verbs = GrantVerbs.Read | GrantVerbs.List });
            (await reader.S3.SendAsync("GET", $"/{bucket}/a/1")).Text.ShouldBe("a/1");
            (await reader.S3.SendAsync("GET", $"/{bucket}?list-type=2&prefix=a%2F")).Status.ShouldBe(200);
            foreach (var (method, target) in ((string, string)[])[("GET", $"/{bucket}/b/1"), ("PUT", $"/{bucket}/a/1"), ("DELETE", $"/{bucket}/a/1"), ("GET", $"/{bucket}?list-type=2"), ("GET", $"/{bucket}?list-type=2&prefix=b%2F"), ("GET", "/"), ("PUT", $"/{bucket}-new"), ("GET", $"/{bucket}?policy"), ("DELETE", $"/{bucket}?publicAccessBlock")])
                (await reader.S3.SendAsync(method, target, [])).Code.ShouldBe("AccessDenied", $"{method} {target}");

            // Narrower still; and what was cut off does not come back.
            var narrower = Narrow(reader, new() { Verbs = GrantVerbs.List | GrantVerbs.Write });
            (await narrower.S3.SendAsync("GET", $"/{bucket}?list-type=2&prefix=a%2F")).Status.ShouldBe(200);
            (await narrower.S3.SendAsync("GET", $"/{bucket}/a/1")).Code.ShouldBe("AccessDenied");
            (await narrower.S3.SendAsync("PUT", $"/{bucket}/a/1", "x")).Code.ShouldBe("AccessDenied");

            // No sessions, no keys, no administration out of it.
            (await reader.StsAsync("GetSessionToken")).Code.ShouldBe("AccessDenied");
            (await reader.IamAsync("ListUsers")).Code.ShouldBe("AccessDenied");
            (await reader.IamAsync("CreateAccessKey")).Code.ShouldBe("AccessDenied");
            (await reader.S3.SendAsync("GET", "/_oort/admin/v1/x")).Code.ShouldBe("AccessDenied");
        }
    }

    [Fact]
    public async Task Grant_WithAnothersSecretOrToken_IsNoGrant()
    {
        var tenant = await gateway.NewTenantAsync();
        var bucket = await tenant.NewBucketAsync();
        var narrow = Narrow(tenant, new() { Bucket = bucket, Verbs = GrantVerbs.List });
        var other = Narrow(tenant, new() { Bucket = bucket, Verbs = GrantVerbs.List | GrantVerbs.Write });
        async Task<string> ListAsync(string key, string secret, string? token) => (await gateway.Client(key, secret, "s3", token).SendAsync("GET", $"/{bucket}")).Code;

        (await ListAsync(narrow.AccessKey, narrow.Secret, narrow.Token)).ShouldBe("");
        (await ListAsync(narrow.AccessKey, narrow.Secret, other.Token)).ShouldBe("SignatureDoesNotMatch");
        (await ListAsync(narrow.AccessKey, tenant.Secret, narrow.Token)).ShouldBe("SignatureDoesNotMatch");
        (await ListAsync(narrow.AccessKey, narrow.Secret, null)).ShouldBe("SignatureDoesNotMatch");
        (await ListAsync("NOSUCHKEY", narrow.Secret, narrow.Token)).ShouldBe("InvalidAccessKeyId");
        (await ListAsync(narrow.AccessKey, narrow.Secret, narrow.Token![..^1])).ShouldBeOneOf("InvalidToken", "SignatureDoesNotMatch");
    }

    [Fact]
    public async Task Grant_WhoseTimeOrKeyIsGone_IsLetInNoMore()
    {
        var tenant = await gateway.NewTenantAsync();
        var bucket = await tenant.NewBucketAsync();
        var (name, user) = await tenant.NewUserAsync(Policies.Allow("s3:*"));
        var now = gateway.Time.GetUtcNow();
        var over = Narrow(user, new() { NotAfter = now.AddMinutes(-1) });
        var early = Narrow(user, new() { NotBefore = now.AddDays(1) });
        var good = Narrow(user, new() { NotAfter = now.AddDays(1) });
        (await over.S3.SendAsync("GET", $"/{bucket}")).Code.ShouldBe("ExpiredToken");
        (await early.S3.SendAsync("GET", $"/{bucket}")).Code.ShouldBe("AccessDenied");
        (await good.S3.SendAsync("GET", $"/{bucket}")).Status.ShouldBe(200);
        await tenant.DoAsync("UpdateAccessKey", ("UserName", name), ("AccessKeyId", user.AccessKey), ("Status", "Inactive"));
        (await good.S3.SendAsync("GET", $"/{bucket}")).Code.ShouldBe("InvalidAccessKeyId");
    }

    private Signer Narrow(Signer wide, GrantCaveat caveat)
    {
        var made = Grant.Narrow(new(wide.AccessKey, wide.Secret, wide.Token), caveat);
        return new(gateway, made.AccessKeyId, made.SecretKey, made.SessionToken);
    }
}
