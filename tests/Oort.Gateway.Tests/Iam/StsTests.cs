using Oort.Identity.Sessions;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Iam;

/// <summary>Temporary credentials: how they are had, what they may do, and how they end.</summary>
public sealed class StsTests(IdentityGateway gateway)
{
    [Fact]
    public async Task AssumeRole_ByWhomItsTrustNames_GivesWhatTheRoleMayDo()
    {
        var tenant = await gateway.NewTenantAsync();
        var bucket = await tenant.NewBucketAsync();
        var (name, user) = await tenant.NewUserAsync();
        var (_, other) = await tenant.NewUserAsync();
        var role = await NewRoleAsync(tenant, Policies.Trust($$"""{"AWS":"{{tenant.ArnOf("user/" + name)}}"}"""), Policies.Allow("s3:ListBucket"));

        var answer = await user.StsAsync("AssumeRole", ("RoleArn", role), ("RoleSessionName", "me"), ("Tags.member.1.Key", "team"), ("Tags.member.1.Value", "blue"));
        var session = Tenant.SessionOf(gateway, answer);
        answer.Element("Arn").ShouldBe($"arn:aws:sts::{tenant.Number}:assumed-role/{role[(role.LastIndexOf('/') + 1)..]}/me");
        (await session.S3.SendAsync("GET", $"/{bucket}")).Status.ShouldBe(200);
        (await session.S3.SendAsync("GET", $"/{bucket}/key")).Code.ShouldBe("AccessDenied");
        (await session.StsAsync("GetCallerIdentity")).Element("Arn").ShouldBe(answer.Element("Arn"));
        (await user.S3.SendAsync("GET", $"/{bucket}")).Code.ShouldBe("AccessDenied");

        (await other.StsAsync("AssumeRole", ("RoleArn", role), ("RoleSessionName", "me"))).Code.ShouldBe("AccessDenied");
        (await user.StsAsync("AssumeRole", ("RoleArn", role + "x"), ("RoleSessionName", "me"))).Code.ShouldBe("AccessDenied");
        (await tenant.StsAsync("AssumeRole", ("RoleArn", role), ("RoleSessionName", "me"))).Code.ShouldBe("AccessDenied");
        (await user.StsAsync("AssumeRole", ("RoleArn", role), ("RoleSessionName", "m"))).Code.ShouldBe("ValidationError");
        (await user.StsAsync("AssumeRole", ("RoleArn", role), ("RoleSessionName", "me"), ("DurationSeconds", "899"))).Code.ShouldBe("ValidationError");
        (await user.StsAsync("AssumeRole", ("RoleArn", role), ("RoleSessionName", "me"), ("DurationSeconds", "3601"))).Code.ShouldBe("ValidationError");
        (await user.StsAsync("AssumeRole", ("RoleArn", role), ("RoleSessionName", "me"), ("Policy", "{}"))).Code.ShouldBe("MalformedPolicyDocument");
    }

    [Fact]
    public async Task AssumeRole_OfAnotherAccount_NeedsBothSidesUnlessItNamesHimself()
    {
        var (one, other) = (await gateway.NewTenantAsync(), await gateway.NewTenantAsync());
        var role = await NewRoleAsync(one, Policies.Trust($$"""{"AWS":"{{other.Number}}"}"""), Policies.Allow("s3:*"));
        var everybodys = await NewRoleAsync(one, Policies.Trust("""{"AWS":"*"}"""), Policies.Allow("s3:*"));
        var (name, plain) = await other.NewUserAsync();
        var (_, sent) = await other.NewUserAsync(Policies.Allow("sts:AssumeRole"));
        foreach (var arn in (string[])[role, everybodys])
        {
            (await plain.StsAsync("AssumeRole", ("RoleArn", arn), ("RoleSessionName", "me"))).Code.ShouldBe("AccessDenied", arn);
            (await sent.StsAsync("AssumeRole", ("RoleArn", arn), ("RoleSessionName", "me"))).Status.ShouldBe(200, arn);
        }

        // His own policies alone do not open a door.
        var closed = await NewRoleAsync(one, Policies.Trust($$"""{"AWS":"{{one.Number}}"}"""), Policies.Allow("s3:*"));
        (await sent.StsAsync("AssumeRole", ("RoleArn", closed), ("RoleSessionName", "me"))).Code.ShouldBe("AccessDenied");
        var named = await NewRoleAsync(one, Policies.Trust($$"""{"AWS":"{{other.ArnOf("user/" + name)}}"}"""), Policies.Allow("s3:*"));
        (await plain.StsAsync("AssumeRole", ("RoleArn", named), ("RoleSessionName", "me"))).Status.ShouldBe(200);
    }

    [Fact]
    public async Task AssumeRole_WithConditionsAndPolicies_IsNarrowedByThem()
    {
        var tenant = await gateway.NewTenantAsync();
        var bucket = await tenant.NewBucketAsync();
        var (name, user) = await tenant.NewUserAsync();
        var trust = Policies.Trust($$"""{"AWS":"{{tenant.ArnOf("user/" + name)}}"}""", condition: """{"StringEquals":{"sts:ExternalId":"secret"}}""");
        var role = await NewRoleAsync(tenant, trust, Policies.Allow("s3:*"));
        (await user.StsAsync("AssumeRole", ("RoleArn", role), ("RoleSessionName", "me"))).Code.ShouldBe("AccessDenied");
        (await user.StsAsync("AssumeRole", ("RoleArn", role), ("RoleSessionName", "me"), ("ExternalId", "other"))).Code.ShouldBe("AccessDenied");
        var whole = Tenant.SessionOf(gateway, await user.StsAsync("AssumeRole", ("RoleArn", role), ("RoleSessionName", "me"), ("ExternalId", "secret")));
        var narrow = Tenant.SessionOf(gateway, await user.StsAsync("AssumeRole", ("RoleArn", role), ("RoleSessionName", "me"), ("ExternalId", "secret"), ("Policy", Policies.Allow("s3:ListBucket"))));
        var empty = Tenant.SessionOf(gateway, await user.StsAsync("AssumeRole", ("RoleArn", role), ("RoleSessionName", "me"), ("ExternalId", "secret"), ("PolicyArns.member.1.arn", "arn:aws:iam::aws:policy/IAMReadOnlyAccess")));
        async Task<(int List, int Put)> TryAsync(Signer who) => ((await who.S3.SendAsync("GET", $"/{bucket}")).Status, (await who.S3.SendAsync("PUT", $"/{bucket}/key", "x")).Status);

        (await TryAsync(whole)).ShouldBe((200, 200));
        (await TryAsync(narrow)).ShouldBe((200, 403));
        (await TryAsync(empty)).ShouldBe((403, 403));
    }

    [Fact]
    public async Task GetSessionToken_OfAUser_MayWhatHeMayButNotIam()
    {
        var tenant = await gateway.NewTenantAsync();
        var bucket = await tenant.NewBucketAsync();
        var (name, user) = await tenant.NewUserAsync(Policies.Allow("*"));
        var session = Tenant.SessionOf(gateway, await user.StsAsync("GetSessionToken"));
        (await session.S3.SendAsync("GET", $"/{bucket}")).Status.ShouldBe(200);
        (await session.IamAsync("ListUsers")).Code.ShouldBe("AccessDenied");
        (await session.StsAsync("GetSessionToken")).Code.ShouldBe("AccessDenied");
        (await session.StsAsync("GetCallerIdentity")).Element("Arn").ShouldBe(tenant.ArnOf("user/" + name));

        // What his policies say later holds for sessions that he began before.
        await tenant.DoAsync("PutUserPolicy", ("UserName", name), ("PolicyName", "own"), ("PolicyDocument", Policies.Deny("s3:*")));
        (await session.S3.SendAsync("GET", $"/{bucket}")).Code.ShouldBe("AccessDenied");
        await tenant.DoAsync("PutUserPolicy", ("UserName", name), ("PolicyName", "own"), ("PolicyDocument", Policies.Deny("sts:GetSessionToken")));
        (await user.StsAsync("GetSessionToken")).Code.ShouldBe("AccessDenied");
    }

    [Fact]
    public async Task Sessions_WhoseTimeOrHolderIsGone_AreLetInNoMore()
    {
        var tenant = await gateway.NewTenantAsync();
        var bucket = await tenant.NewBucketAsync();
        var (name, user) = await tenant.NewUserAsync(Policies.Allow("s3:*"));
        var role = await NewRoleAsync(tenant, Policies.Trust($$"""{"AWS":"{{tenant.ArnOf("user/" + name)}}"}"""), Policies.Allow("s3:*"));
        var ofUser = Tenant.SessionOf(gateway, await user.StsAsync("GetSessionToken"));
        var ofRole = Tenant.SessionOf(gateway, await user.StsAsync("AssumeRole", ("RoleArn", role), ("RoleSessionName", "me"), ("DurationSeconds", "900")));
        async Task<string> ListAsync(Signer who) => (await who.S3.SendAsync("GET", $"/{bucket}")).Code;

        (await ListAsync(ofUser)).ShouldBe("");
        (await ListAsync(ofRole)).ShouldBe("");
        gateway.Time.Forward(TimeSpan.FromSeconds(901));
        (await ListAsync(ofRole)).ShouldBe("ExpiredToken");
        (await ofRole.StsAsync("GetCallerIdentity")).Code.ShouldBe("ExpiredToken");
        (await ListAsync(ofUser)).ShouldBe("");

        // A role of the same name is another role.
        var again = Tenant.SessionOf(gateway, await user.StsAsync("AssumeRole", ("RoleArn", role), ("RoleSessionName", "me")));
        var roleName = role[(role.LastIndexOf('/') + 1)..];
        await tenant.DoAsync("DeleteRolePolicy", ("RoleName", roleName), ("PolicyName", "own"));
        await tenant.DoAsync("DeleteRole", ("RoleName", roleName));
        (await ListAsync(again)).ShouldBe("InvalidToken");
        await tenant.DoAsync("CreateRole", ("RoleName", roleName), ("AssumeRolePolicyDocument", Policies.Trust($$"""{"AWS":"{{tenant.Number}}"}""")));
        (await ListAsync(again)).ShouldBe("InvalidToken");

        // Ended by hand: a deny of what was issued before, as consoles put it, and for good with the user.
        var issued = gateway.Time.GetUtcNow().AddSeconds(1).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);
        var revoke = $$"""{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"DateLessThan":{"aws:TokenIssueTime":"{{issued}}"} } }]}""";
        await tenant.DoAsync("PutUserPolicy", ("UserName", name), ("PolicyName", "revoke"), ("PolicyDocument", revoke));
        (await ListAsync(ofUser)).ShouldBe("AccessDenied");
        (await ListAsync(user)).ShouldBe("");
    }

    [Fact]
    public async Task Tokens_AlteredOrOfAnother_AreRefused()
    {
        var tenant = await gateway.NewTenantAsync();
        var (_, user) = await tenant.NewUserAsync(Policies.Allow("s3:*"));
        var (mine, other) = (await user.StsAsync("GetSessionToken"), await user.StsAsync("GetSessionToken"));
        var token = mine.Element("SessionToken");
        var seal = gateway.Seal;
        Session.Parse(token, seal).ShouldNotBeNull();
        foreach (var index in Enumerable.Range(0, token.Length))
        {
            var flipped = token.ToCharArray();
            flipped[index] = flipped[index] == 'A' ? 'B' : 'A';
            Session.Parse(new(flipped), seal).ShouldBeNull($"character {index}");
        }

        foreach (var length in Enumerable.Range(0, token.Length)) Session.Parse(token[..length], seal).ShouldBeNull();
        Session.Parse(token + "=", seal).ShouldBeNull();
        Session.Parse(token + "AAAA", seal).ShouldBeNull();

        (await gateway.Client(mine.Element("AccessKeyId"), mine.Element("SecretAccessKey"), "s3", other.Element("SessionToken")).SendAsync("GET", "/")).Code.ShouldBe("InvalidToken");
        (await gateway.Client(mine.Element("AccessKeyId"), mine.Element("SecretAccessKey")).SendAsync("GET", "/")).Code.ShouldBe("InvalidAccessKeyId");
        (await gateway.Client(user.AccessKey, user.Secret, "s3", token).SendAsync("GET", "/")).Code.ShouldBe("InvalidToken");
        (await gateway.Client(user.AccessKey, user.Secret, "s3", "no token").SendAsync("GET", "/")).Code.ShouldBe("InvalidToken");
    }

    private async Task<string> NewRoleAsync(Tenant tenant, string trust, string policy)
    {
        var name = gateway.NewName("role");
        var made = await tenant.DoAsync("CreateRole", ("RoleName", name), ("Path", "/some/"), ("AssumeRolePolicyDocument", trust));
        await tenant.DoAsync("PutRolePolicy", ("RoleName", name), ("PolicyName", "own"), ("PolicyDocument", policy));
        return made.Element("Arn");
    }
}
