using Oort.Gateway.Iam;
using Oort.Identity.Grants;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Iam;

/// <summary>Every action of IAM, by callers with all rights, with the very right, with all others, and with none.</summary>
public sealed class IamMatrixTests(IdentityGateway gateway)
{
    private const string Policy = """{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}""";

    public static TheoryData<string> Actions => [.. IamActions.Names.Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Actions))]
    public async Task Action_ByEachCaller_NeedsItsRight(string action)
    {
        var tenant = await gateway.NewTenantAsync();
        var administrator = (await tenant.NewUserAsync(Policies.Allow("*"))).Caller;
        var narrow = Grant.Narrow(new(tenant.AccessKey, tenant.Secret, null), new() { Verbs = GrantVerbs.All });
        var name = action;

        (await IsLetInAsync((await tenant.NewUserAsync()).Caller)).ShouldBeFalse("nobody");
        (await IsLetInAsync((await tenant.NewUserAsync(NotAction(name))).Caller)).ShouldBeFalse("all other rights");
        (await IsLetInAsync(Tenant.SessionOf(gateway, await administrator.StsAsync("GetSessionToken")))).ShouldBeFalse("a session of the administrator's key");
        (await IsLetInAsync(new(gateway, narrow.AccessKeyId, narrow.SecretKey, narrow.SessionToken))).ShouldBeFalse("a grant of the root");
        (await IsLetInAsync((await tenant.NewUserAsync(Policies.Allow("iam:" + name))).Caller)).ShouldBeTrue("the very right");
        (await IsLetInAsync(administrator)).ShouldBeTrue("the administrator");
        (await IsLetInAsync(tenant)).ShouldBeTrue("the root");

        // Whoever may everything in another account changes nothing of this one.
        var before = gateway.Store.Snapshot.Find(tenant.Number)!;
        await FieldsAsync(await gateway.NewTenantAsync(), before.Account.Number);
        gateway.Store.Snapshot.Find(tenant.Number)!.Users.Keys.ShouldBe(before.Users.Keys);

        async Task<bool> IsLetInAsync(Signer signer) => (await FieldsAsync(signer, tenant.Number)).Code != "AccessDenied";

        Task<Operations.RawAnswer> FieldsAsync(Signer signer, string account) => signer.IamAsync(
            action, ("UserName", "thing"), ("GroupName", "thing"), ("RoleName", "thing"), ("PolicyName", "thing"), ("PolicyArn", $"arn:aws:iam::{account}:policy/thing"), ("PolicyDocument", Policy), ("AssumeRolePolicyDocument", Policies.Trust($$"""{"AWS":"{{account}}"}""")),
            ("PermissionsBoundary", "arn:aws:iam::aws:policy/ReadOnlyAccess"), ("AccessKeyId", "THING"), ("Status", "Active"), ("VersionId", "v1"), ("Url", "https://thing.example.com"), ("OpenIDConnectProviderArn", $"arn:aws:iam::{account}:oidc-provider/thing.example.com"),
            ("ClientID", "thing"), ("AccountAlias", "thing"), ("TagKeys.member.1", "k"), ("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v"), ("PolicySourceArn", $"arn:aws:iam::{account}:user/thing"), ("ActionNames.member.1", "s3:GetObject"), ("PolicyInputList.member.1", Policy),
            ("ThumbprintList.member.1", new('0', 40)), ("Description", "thing"));
    }

    private static string NotAction(string name) => $$"""{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":"iam:{{name}}","Resource":"*"}]}""";
}
