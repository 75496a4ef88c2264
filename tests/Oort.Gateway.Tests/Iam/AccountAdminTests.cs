using Oort.Identity.Model;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Iam;

/// <summary>Accounts in the admin API, and what becomes of who belongs to them.</summary>
public sealed class AccountAdminTests(IdentityGateway gateway)
{
    private readonly AccountAdmin admin = new(gateway.Store, gateway.Seal, gateway.Metadata, gateway.Time);

    [Fact]
    public async Task Account_Made_HasARootWhoMayEverythingInIt()
    {
        var (tenant, made) = await NewAsync("anna@accounts.example");
        made.Account.Number.Length.ShouldBe(Names.AccountNumberLength);
        made.Account.CanonicalId.Length.ShouldBe(64);
        admin.List().Accounts.ShouldContain(account => account.Number == made.Account.Number && account.Email == "anna@accounts.example" && account.Keys.Single().AccessKey == made.AccessKey);
        await tenant.NewBucketAsync();
        var (_, user) = await tenant.NewUserAsync(Policies.Allow("s3:*"));
        (await user.S3.SendAsync("GET", "/")).Status.ShouldBe(200);
        admin.Show(made.Account.Number).Users.ShouldBe(1);
        admin.List().Accounts.Single(account => account.IsOperators).Number.ShouldBe(gateway.Operators.Number);
        made.ToString().ShouldNotContain(made.SecretKey);
    }

    [Fact]
    public async Task Account_AsItCannotBe_IsRefusedAndNothingIsMade()
    {
        var (_, made) = await NewAsync("berta@accounts.example");
        var count = admin.List().Accounts.Length;
        (await RefusedAsync(() => admin.CreateAsync(new("other", "BERTA@accounts.example"), default))).Status.ShouldBe(409);
        (await RefusedAsync(() => admin.CreateAsync(new("other", null, made.Account.Number), default))).Status.ShouldBe(409);
        foreach (var wrong in (NewAccountRequest[])[new(null), new(""), new("a\nb"), new(new string('x', 257)), new("other", "nobody"), new("other", "@there"), new("other", null, "12345678901"), new("other", null, "12345678901x")])
            (await RefusedAsync(() => admin.CreateAsync(wrong, default))).Status.ShouldBe(400, wrong.ToString());
        (await RefusedAsync(() => admin.ChangeAsync("000000000000", new("other"), default))).Status.ShouldBe(404);
        (await RefusedAsync(() => admin.ChangeAsync(gateway.Operators.Number, new(Suspended: true), default))).Message.ShouldContain("nobody could resume it");
        admin.List().Accounts.Length.ShouldBe(count);
    }

    [Fact]
    public async Task Account_Renamed_KeepsWhatIsNotNamed()
    {
        var (_, made) = await NewAsync("clara@accounts.example");
        var renamed = await admin.ChangeAsync(made.Account.Number, new("Clara"), default);
        (renamed.Name, renamed.Email, renamed.IsSuspended).ShouldBe(("Clara", "clara@accounts.example", false));
        (await admin.ChangeAsync(made.Account.Number, new(Email: ""), default)).Email.ShouldBeNull();
        (await admin.CreateAsync(new("next", "clara@accounts.example"), default)).Account.Email.ShouldBe("clara@accounts.example");
    }

    [Fact]
    public async Task Account_Suspended_LetsInNobodyOfItUntilItIsResumed()
    {
        var (tenant, made) = await NewAsync();
        var (_, user) = await tenant.NewUserAsync(Policies.Allow("s3:*"));
        var session = Tenant.SessionOf(gateway, await tenant.StsAsync("GetSessionToken"));
        Signer[] all = [tenant, user, session];
        foreach (var one in all) (await one.S3.SendAsync("GET", "/")).Status.ShouldBe(200);

        (await admin.ChangeAsync(made.Account.Number, new(Suspended: true), default)).IsSuspended.ShouldBeTrue();
        foreach (var one in all) (await one.S3.SendAsync("GET", "/")).Status.ShouldBe(one == session ? 400 : 403);
        (await tenant.IamAsync("ListUsers")).Status.ShouldBe(403);

        await admin.ChangeAsync(made.Account.Number, new(Suspended: false), default);
        foreach (var one in all) (await one.S3.SendAsync("GET", "/")).Status.ShouldBe(200);
    }

    [Fact]
    public async Task RootKeys_MadeAndRemoved_OpenAndCloseTheDoor()
    {
        var (tenant, made) = await NewAsync();
        var number = made.Account.Number;
        var second = await admin.AddKeyAsync(number, default);
        var other = new Signer(gateway, second.AccessKey, second.SecretKey);
        (await other.S3.SendAsync("GET", "/")).Status.ShouldBe(200);
        (await RefusedAsync(() => admin.AddKeyAsync(number, default))).Message.ShouldContain("can have no more");
        (await admin.RemoveKeyAsync(number, made.AccessKey, default)).Keys.Single().AccessKey.ShouldBe(second.AccessKey);
        (await tenant.S3.SendAsync("GET", "/")).Code.ShouldBe("InvalidAccessKeyId");
        (await other.S3.SendAsync("GET", "/")).Status.ShouldBe(200);
        (await RefusedAsync(() => admin.RemoveKeyAsync(number, made.AccessKey, default))).Status.ShouldBe(404);
    }

    [Fact]
    public async Task Account_Deleted_OnlyWhenNothingOfItIsLeft()
    {
        var (tenant, made) = await NewAsync("dora@accounts.example");
        var number = made.Account.Number;
        await tenant.DoAsync("CreateGroup", ("GroupName", "group"));
        var bucket = await tenant.NewBucketAsync();
        (await RefusedAsync(() => admin.DeleteAsync(gateway.Operators.Number, default))).Message.ShouldContain("cannot be deleted");
        (await RefusedAsync(() => admin.DeleteAsync(number, default))).Message.ShouldContain("suspend it first");
        await admin.ChangeAsync(number, new(Suspended: true), default);
        (await RefusedAsync(() => admin.DeleteAsync(number, default))).Message.ShouldContain("1 groups");
        await ResumedAsync(() => tenant.DoAsync("DeleteGroup", ("GroupName", "group")));
        (await RefusedAsync(() => admin.DeleteAsync(number, default))).Message.ShouldContain(bucket);
        await ResumedAsync(async () => (await tenant.S3.SendAsync("DELETE", "/" + bucket)).Status.ShouldBe(204));

        (await admin.DeleteAsync(number, default)).Accounts.ShouldNotContain(account => account.Number == number);
        (await tenant.S3.SendAsync("GET", "/")).Code.ShouldBe("InvalidAccessKeyId");
        (await RefusedAsync(() => admin.DeleteAsync(number, default))).Status.ShouldBe(404);
        // Another of the same number is somebody else.
        (await admin.CreateAsync(new("next", "dora@accounts.example", number), default)).Account.CanonicalId.ShouldNotBe(made.Account.CanonicalId);

        async Task ResumedAsync(Func<Task> act)
        {
            await admin.ChangeAsync(number, new(Suspended: false), default);
            await act();
            await admin.ChangeAsync(number, new(Suspended: true), default);
        }
    }

    [Fact]
    public async Task Sessions_Ended_AreThoseOfWhoIsNamed()
    {
        var (tenant, made) = await NewAsync();
        var number = made.Account.Number;
        var (name, user) = await tenant.NewUserAsync(Policies.Allow("s3:*"));
        await tenant.DoAsync("CreateRole", ("RoleName", "role"), ("AssumeRolePolicyDocument", Policies.Trust($$"""{"AWS":"{{number}}"}""")));
        await tenant.DoAsync("PutRolePolicy", ("RoleName", "role"), ("PolicyName", "own"), ("PolicyDocument", Policies.Allow("s3:*")));
        await tenant.DoAsync("PutUserPolicy", ("UserName", name), ("PolicyName", "assume"), ("PolicyDocument", Policies.Allow("sts:AssumeRole")));
        var ofRoot = Tenant.SessionOf(gateway, await tenant.StsAsync("GetSessionToken"));
        var ofUser = Tenant.SessionOf(gateway, await user.StsAsync("GetSessionToken"));
        var ofRole = Tenant.SessionOf(gateway, await user.StsAsync("AssumeRole", ("RoleArn", $"arn:aws:iam::{number}:role/role"), ("RoleSessionName", "test")));
        foreach (var one in (Signer[])[ofRoot, ofUser, ofRole]) (await one.S3.SendAsync("GET", "/")).Status.ShouldBe(200);

        // Sessions begin at full seconds: these are all of before.
        gateway.Time.Forward(TimeSpan.FromSeconds(1));
        (await RefusedAsync(() => admin.EndSessionsAsync(number, new("nobody"), default))).Status.ShouldBe(404);
        (await RefusedAsync(() => admin.EndSessionsAsync(number, new(name, "role"), default))).Status.ShouldBe(400);
        await admin.EndSessionsAsync(number, new(User: name), default);
        (await ofUser.S3.SendAsync("GET", "/")).Code.ShouldBe("InvalidToken");
        (await ofRole.S3.SendAsync("GET", "/")).Status.ShouldBe(200);
        await admin.EndSessionsAsync(number, new(Role: "role"), default);
        (await ofRole.S3.SendAsync("GET", "/")).Code.ShouldBe("InvalidToken");
        (await ofRoot.S3.SendAsync("GET", "/")).Status.ShouldBe(200);
        await admin.EndSessionsAsync(number, new(), default);
        (await ofRoot.S3.SendAsync("GET", "/")).Code.ShouldBe("InvalidToken");

        // Keys go on, and so do sessions that begin later.
        (await user.S3.SendAsync("GET", "/")).Status.ShouldBe(200);
        gateway.Time.Forward(TimeSpan.FromSeconds(1));
        (await Tenant.SessionOf(gateway, await tenant.StsAsync("GetSessionToken")).S3.SendAsync("GET", "/")).Status.ShouldBe(200);
    }

    private async Task<(Tenant Tenant, NewAccountKeyModel Made)> NewAsync(string? email = null)
    {
        var made = await admin.CreateAsync(new(gateway.NewName("tenant"), email), default);
        return (new(gateway, made.Account.Number, made.AccessKey, made.SecretKey), made);
    }

    private static Task<AdminRequestException> RefusedAsync<T>(Func<ValueTask<T>> act) => Should.ThrowAsync<AdminRequestException>(async () => await act());
}
