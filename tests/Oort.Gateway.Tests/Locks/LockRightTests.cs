using Oort.Gateway.Tests.Iam;
using Oort.S3;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Locks;

/// <summary>Who may lock, bypass, and see locks.</summary>
public sealed class LockRightTests(IdentityGateway gateway)
{
    private static readonly string soon = ObjectLockReader.FormatDate(TimeProvider.System.GetUtcNow().AddDays(5));
    private static readonly string late = ObjectLockReader.FormatDate(TimeProvider.System.GetUtcNow().AddDays(50));

    [Fact]
    public async Task Conditions_OnLocks_AskHeadersAndBodies()
    {
        var tenant = await gateway.NewTenantAsync();
        var bucket = $"locking-{tenant.Number}";
        (await tenant.S3.SendAsync("PUT", $"/{bucket}", [], ("x-amz-bucket-object-lock-enabled", "true"))).Status.ShouldBe(200);
        (await tenant.S3.SendAsync("PUT", $"/{bucket}/there", "text")).Status.ShouldBe(200);
        const string allow = """{"Effect":"Allow","Action":"s3:*","Resource":"*"}""";
        async Task<Signer> UserAsync(string deny) => (await tenant.NewUserAsync($$"""{"Version":"2012-10-17","Statement":[{{allow}},{"Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{{deny}} }]}""")).Caller;

        var shortly = await UserAsync("""{"NumericGreaterThan":{"s3:object-lock-remaining-retention-days":"10"}}""");
        (await PutAsync(shortly, bucket, "GOVERNANCE", soon)).ShouldBe(200);
        (await PutAsync(shortly, bucket, "GOVERNANCE", late)).ShouldBe(403);
        (await RetainAsync(shortly, bucket, "GOVERNANCE", late)).ShouldBe(403);
        (await RetainAsync(shortly, bucket, "GOVERNANCE", soon)).ShouldBe(200);

        var governing = await UserAsync("""{"StringEquals":{"s3:object-lock-mode":"COMPLIANCE"}}""");
        (await PutAsync(governing, bucket, "COMPLIANCE", soon)).ShouldBe(403);
        (await RetainAsync(governing, bucket, "COMPLIANCE", soon, bypasses: true)).ShouldBe(403);
        (await PutAsync(governing, bucket, "GOVERNANCE", soon)).ShouldBe(200);

        var early = await UserAsync($$"""{"DateGreaterThan":{"s3:object-lock-retain-until-date":"{{soon}}"} }""");
        (await RetainAsync(early, bucket, "GOVERNANCE", late)).ShouldBe(403);

        var holding = await UserAsync("""{"StringEquals":{"s3:object-lock-legal-hold":"OFF"}}""");
        (await holding.S3.SendAsync("PUT", $"/{bucket}/there?legal-hold", "<LegalHold><Status>ON</Status></LegalHold>")).Status.ShouldBe(200);
        (await holding.S3.SendAsync("PUT", $"/{bucket}/there?legal-hold", "<LegalHold><Status>OFF</Status></LegalHold>")).Status.ShouldBe(403);
        (await holding.S3.SendAsync("PUT", $"/{bucket}/other", "x", ("x-amz-object-lock-legal-hold", "OFF"))).Status.ShouldBe(403);
    }

    [Fact]
    public async Task Bypass_WithoutItsRight_IsDenied()
    {
        var tenant = await gateway.NewTenantAsync();
        var bucket = $"locking-{tenant.Number}";
        (await tenant.S3.SendAsync("PUT", $"/{bucket}", [], ("x-amz-bucket-object-lock-enabled", "true"))).Status.ShouldBe(200);
        (await PutAsync(tenant, bucket, "GOVERNANCE", late)).ShouldBe(200);
        var version = (await tenant.S3.SendAsync("HEAD", $"/{bucket}/key")).Header("x-amz-version-id");
        var (_, user) = await tenant.NewUserAsync("""{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"},{"Effect":"Deny","Action":"s3:BypassGovernanceRetention","Resource":"*"}]}""");
        (string, string) bypass = ("x-amz-bypass-governance-retention", "true");
        (await user.S3.SendAsync("DELETE", $"/{bucket}/key?versionId={version}", Array.Empty<byte>(), bypass)).Status.ShouldBe(403);
        (await RetainAsync(user, bucket, "GOVERNANCE", soon, bypasses: true)).ShouldBe(403);
        var list = System.Text.Encoding.UTF8.GetBytes($"<Delete><Object><Key>key</Key><VersionId>{version}</VersionId></Object></Delete>");
        (string, string) digest = ("Content-MD5", Convert.ToBase64String(System.Security.Cryptography.MD5.HashData(list)));
        (await user.S3.SendAsync("POST", $"/{bucket}?delete", list, digest, bypass)).Element("Code").ShouldBe("AccessDenied");
        (await tenant.S3.SendAsync("POST", $"/{bucket}?delete", list, digest)).Element("Code").ShouldBe("AccessDenied");
        (await tenant.S3.SendAsync("POST", $"/{bucket}?delete", list, digest, bypass)).Text.ShouldContain("<Deleted>");
    }

    [Fact]
    public async Task Head_ByWhoMayNotSeeLocks_ShowsTheObjectAlone()
    {
        var tenant = await gateway.NewTenantAsync();
        var bucket = $"locking-{tenant.Number}";
        (await tenant.S3.SendAsync("PUT", $"/{bucket}", [], ("x-amz-bucket-object-lock-enabled", "true"))).Status.ShouldBe(200);
        (await tenant.S3.SendAsync("PUT", $"/{bucket}/key", "x", ("x-amz-object-lock-mode", "GOVERNANCE"), ("x-amz-object-lock-retain-until-date", late), ("x-amz-object-lock-legal-hold", "ON"))).Status.ShouldBe(200);
        foreach (var (more, mode, hold) in ((string, string, string)[])[("", "", ""), (",\"s3:GetObjectRetention\"", "GOVERNANCE", ""), (",\"s3:GetObjectLegalHold\"", "", "ON")])
        {
            var (_, user) = await tenant.NewUserAsync($$"""{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject"{{more}}],"Resource":"*"}]}""");
            var head = await user.S3.SendAsync("HEAD", $"/{bucket}/key");
            (head.Status, head.Header("x-amz-object-lock-mode"), head.Header("x-amz-object-lock-legal-hold")).ShouldBe((200, mode, hold));
            head.Header("x-amz-object-lock-retain-until-date").ShouldBe(mode.Length == 0 ? "" : late);
        }
    }

    private static async Task<int> PutAsync(Signer who, string bucket, string mode, string until) =>
        (await who.S3.SendAsync("PUT", $"/{bucket}/key", "text", ("x-amz-object-lock-mode", mode), ("x-amz-object-lock-retain-until-date", until))).Status;

    private static async Task<int> RetainAsync(Signer who, string bucket, string mode, string until, bool bypasses = false) =>
        (await who.S3.SendAsync("PUT", $"/{bucket}/there?retention", $"<Retention><Mode>{mode}</Mode><RetainUntilDate>{until}</RetainUntilDate></Retention>", bypasses ? [("x-amz-bypass-governance-retention", "true")] : [])).Status;
}
