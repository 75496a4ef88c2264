using Microsoft.Extensions.Logging.Abstractions;
using Oort.Gateway.Iam;
using Oort.Identity.Accounts;
using Oort.Identity.Model;
using Oort.Identity.Store;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Iam;

/// <summary>Identities in the settings of the metadata: of one gateway after another, of several at once, and from a file.</summary>
public sealed class IdentityStoreTests(IdentityGateway gateway)
{
    private static readonly Account operators = new("000000000000", "operators", "root", null);

    [Fact]
    public async Task Store_OpenedAgain_KnowsWhatWasThere()
    {
        var tenant = await gateway.NewTenantAsync();
        var (name, user) = await tenant.NewUserAsync(Policies.Allow("s3:*"));
        await using var again = await OpenAsync();
        var holder = again.Snapshot.FindKey(user.AccessKey).ShouldNotBeNull();
        (holder.Account.Number, holder.User!.Name, again.SecretOf(holder.Key)).ShouldBe((tenant.Number, name, user.Secret));
        again.FindByEmail($"{tenant.Number}@EXAMPLE.com")!.Number.ShouldBe(tenant.Number);
        again.FindByCanonicalId(tenant.Number.PadLeft(64, 'a'))!.Number.ShouldBe(tenant.Number);
        again.Snapshot.PoliciesOf(holder.User).Identity.Length.ShouldBe(1);
        again.FindByNumber(operators.Number).ShouldNotBeNull();
    }

    [Fact]
    public async Task Stores_OfTwoGateways_LoseNoChangeAndHearOfEachOther()
    {
        await using var one = await OpenAsync();
        await using var other = await OpenAsync();
        var tenant = await gateway.NewTenantAsync();
        var names = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => AddAsync(i % 2 == 0 ? one : other, tenant.Number, gateway.NewName("user"))));
        await one.RefreshAsync(default);
        await other.RefreshAsync(default);
        foreach (var name in names)
        {
            one.Snapshot.Find(tenant.Number)!.FindUser(name).ShouldNotBeNull();
            other.Snapshot.Find(tenant.Number)!.FindUser(name).ShouldNotBeNull();
        }

        // More than the log names: all is read anew.
        for (var i = 0; i < 70; i++) await AddAsync(one, tenant.Number, gateway.NewName("user"));
        await other.RefreshAsync(default);
        other.Snapshot.Find(tenant.Number)!.Users.Count.ShouldBe(110);
        var gone = one.Snapshot.Find(tenant.Number)!.FindUser(names[0])!;
        await one.ChangeAsync(change => Do(() => change.Remove(gone)), default);
        await other.RefreshAsync(default);
        other.Snapshot.Find(tenant.Number)!.FindUser(names[0]).ShouldBeNull();
    }

    [Fact]
    public async Task Change_ThatThrows_ChangesNothing()
    {
        await using var store = await OpenAsync();
        var tenant = await gateway.NewTenantAsync();
        await store.RefreshAsync(default);
        await Should.ThrowAsync<InvalidOperationException>(async () => await store.ChangeAsync<bool>(
            change =>
            {
                change.Put(NewUser(tenant.Number, "anna"));
                throw new InvalidOperationException();
            },
            default));
        store.Snapshot.Find(tenant.Number)!.FindUser("anna").ShouldBeNull();
        await using var again = await OpenAsync();
        again.Snapshot.Find(tenant.Number)!.FindUser("anna").ShouldBeNull();
    }

    [Fact]
    public async Task Policies_ThatCannotBeFoundOrRead_DenyEverything()
    {
        await using var store = await OpenAsync();
        var number = (await gateway.NewTenantAsync()).Number;
        await store.RefreshAsync(default);
        var allow = Permissions.None with { Inline = Permissions.None.Inline.Add("all", new(Policies.Allow("*"))) };
        User[] users =
        [
            NewUser(number, "a") with { Permissions = allow with { Attached = allow.Attached.Add($"arn:aws:iam::{number}:policy/gone") } },
            NewUser(number, "b") with { Permissions = allow with { Boundary = $"arn:aws:iam::{number}:policy/gone" } },
            NewUser(number, "c") with { Permissions = allow, Groups = ["AGPAGONE"] },
            NewUser(number, "d") with { Permissions = allow with { Inline = allow.Inline.Add("newer", new("""{"Statement":{"Effect":"Allow","Action":"s3:OfTomorrow","Resource":"*"}}""")) } },
        ];
        foreach (var user in users)
        {
            await store.ChangeAsync(change => Do(() => change.Put(user)), default);
            IsAllowed(user).ShouldBeFalse(user.Name);
        }

        IsAllowed(NewUser(number, "e") with { Permissions = allow }).ShouldBeTrue();

        bool IsAllowed(User user) => Oort.Access.AccessEvaluator.Decide(
            new(Oort.Access.Principal.User(number, "", user.Name), Oort.Access.Policies.AccessActions.Get("s3:GetObject"), Oort.Access.Arn.OfS3("bucket/key"), number, Oort.Access.AccessContext.Empty), store.Snapshot.PoliciesOf(user)).IsAllowed;
    }

    [Fact]
    public async Task Seeds_AppliedTwice_MakeWhatIsMissingAndLeaveWhatIsThere()
    {
        using var file = new TemporaryFile("""
            {"accounts":[{"id":"seed-canonical","number":"900000000001","name":"Seeded","email":"seed@example.com","keys":[{"accessKey":"SEEDROOT","secretKey":"seed-root-secret"}],
              "groups":[{"name":"readers","attachedPolicies":["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"]}],
              "roles":[{"name":"backup","trust":{"Statement":{"Effect":"Allow","Principal":{"AWS":"900000000001"},"Action":"sts:AssumeRole"}}}],
              "users":[{"name":"anna","id":"AIDASEED","path":"/staff/","groups":["readers"],"keys":[{"accessKey":"SEEDANNA","secretKey":"seed-anna-secret"}],"policies":{"own":{"Statement":{"Effect":"Deny","Action":"s3:GetObject","Resource":"*"}}}}]}]}
            """);
        var store = gateway.Store;
        await UserSeeds.Read(file.Path).ApplyAsync(store, gateway.Seal, "ROOTKEY", gateway.Time, default);
        var anna = store.Snapshot.FindKey("SEEDANNA").ShouldNotBeNull().User!;
        (anna.Id, anna.Arn, store.Snapshot.PoliciesOf(anna).Identity.Length).ShouldBe(("AIDASEED", "arn:aws:iam::900000000001:user/staff/anna", 2));
        (await gateway.Client("SEEDANNA", "seed-anna-secret").SendAsync("GET", "/")).Status.ShouldBe(200);

        await store.ChangeAsync(change => Do(() => change.Put(anna with { Path = "/changed/" })), default);
        await UserSeeds.Read(file.Path).ApplyAsync(store, gateway.Seal, "ROOTKEY", gateway.Time, default);
        store.Snapshot.FindKey("SEEDANNA")!.User!.Path.ShouldBe("/changed/");
    }

    [Theory]
    [InlineData("""{"accounts":[{"name":"x"}]}""", "neither id nor number")]
    [InlineData("""{"accounts":[{"number":"12"}]}""", "12 digits")]
    [InlineData("""{"accounts":[{"id":"seeds-a","keys":[{"accessKey":"ROOTKEY","secretKey":"long-enough"}]}]}""", "gateway's root")]
    [InlineData("""{"accounts":[{"id":"seeds-b","keys":[{"accessKey":"AB","secretKey":"long-enough"}]}]}""", "is none")]
    [InlineData("""{"accounts":[{"id":"seeds-c","users":[{"name":"a","groups":["gone"]}]}]}""", "not there")]
    [InlineData("""{"accounts":[{"id":"seeds-d","users":[{"name":"a","attachedPolicies":["arn:aws:iam::aws:policy/Gone"]}]}]}""", "no policy")]
    [InlineData("""{"accounts":[{"id":"seeds-e","users":[{"name":"a","policies":{"p":{"Statement":1}}}]}]}""", "tatement")]
    [InlineData("""{"accounts":[{"id":"seeds-f","surprise":1}]}""", "surprise")]
    [InlineData("""{"accounts":""", "cannot be read")]
    public async Task Seeds_ThatAreNone_AreRefusedInOneSentence(string content, string reason)
    {
        using var file = new TemporaryFile(content);
        var failure = await Should.ThrowAsync<ConfigurationException>(async () => await UserSeeds.Read(file.Path).ApplyAsync(gateway.Store, gateway.Seal, "ROOTKEY", gateway.Time, default));
        failure.Message.ShouldStartWith(file.Path);
        failure.Message.ShouldContain(reason);
    }

    private static bool Do(Action change)
    {
        change();
        return true;
    }

    private static User NewUser(string account, string name) => new(account, Names.NewId("AIDA"), "/", name, DateTimeOffset.UnixEpoch);

    private Task<IdentityStore> OpenAsync() => IdentityStore.OpenAsync(gateway.Metadata, gateway.Seal, operators, isShared: false, gateway.Time, NullLogger<IdentityStore>.Instance, default);

    private static async Task<string> AddAsync(IdentityStore store, string account, string name)
    {
        await store.RefreshAsync(default);
        await store.ChangeAsync(change => Do(() => change.Put(NewUser(account, name))), default);
        return name;
    }

    private sealed class TemporaryFile : IDisposable
    {
        public TemporaryFile(string content) => File.WriteAllText(Path, content);

        public string Path { get; } = System.IO.Path.GetTempFileName();

        public void Dispose() => File.Delete(Path);
    }
}
