using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Oort.Evm;
using Oort.Identity.Tests.WebIdentity;
using Oort.Identity.Wallets;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Iam;

/// <summary>Roles for those who have no keys here: by tokens of a provider of identities, and by wallets.</summary>
public sealed class SignInTests(IdentityGateway gateway) : IDisposable
{
    private readonly HttpClient http = new();

    public void Dispose() => http.Dispose();

    [Fact]
    public async Task WebIdentity_OfARegisteredProvider_GivesTheRoleThatTrustsIt()
    {
        using var key = TokenKey.OfRsa("one");
        using var other = TokenKey.OfRsa("one");
        await using var provider = new FakeProvider(key);
        var tenant = await gateway.NewTenantAsync();
        var bucket = await tenant.NewBucketAsync();
        var name = provider.Issuer[(provider.Issuer.IndexOf("://", StringComparison.Ordinal) + 3)..];
        var arn = (await tenant.DoAsync("CreateOpenIDConnectProvider", ("Url", provider.Issuer), ("ClientIDList.member.1", "app"), ("ThumbprintList.member.1", new('0', 40)))).Element("OpenIDConnectProviderArn");
        var role = await NewRoleAsync(tenant, Policies.Trust($$"""{"Federated":"{{arn}}"}""", "sts:AssumeRoleWithWebIdentity", $$"""{"StringEquals":{"{{name}}:aud":"app","{{name}}:sub":"anna"} }"""));

        var answer = await AssumeAsync(role, key.Sign(Claims()));
        answer.ShouldContain("<SubjectFromWebIdentityToken>anna</SubjectFromWebIdentityToken>");
        var session = SessionOf(answer);
        (await session.S3.SendAsync("GET", $"/{bucket}")).Status.ShouldBe(200);
        (await session.StsAsync("GetCallerIdentity")).Element("Arn").ShouldEndWith("/me");

        (await AssumeAsync(role, key.Sign(Claims("berta")))).ShouldContain("AccessDenied");
        (await AssumeAsync(role, key.Sign(Claims(audience: "other")))).ShouldContain("InvalidIdentityToken");
        (await AssumeAsync(role, other.Sign(Claims()))).ShouldContain("InvalidIdentityToken");
        (await AssumeAsync(role, key.Sign(Claims(seconds: -120)))).ShouldContain("ExpiredTokenException");
        (await AssumeAsync(role, "no token")).ShouldContain("InvalidIdentityToken");
        (await AssumeAsync(role + "x", key.Sign(Claims()))).ShouldContain("AccessDenied");

        // An account that does not know the provider does not make the gateway ask it.
        var stranger = await gateway.NewTenantAsync();
        var foreign = await NewRoleAsync(stranger, Policies.Trust($$"""{"Federated":"{{arn}}"}""", "sts:AssumeRoleWithWebIdentity"));
        (await AssumeAsync(foreign, key.Sign(Claims()))).ShouldContain("AccessDenied");

        JsonObject Claims(string subject = "anna", string audience = "app", int seconds = 600)
        {
            var now = gateway.Time.GetUtcNow();
            return new() { ["iss"] = provider.Issuer, ["sub"] = subject, ["aud"] = audience, ["iat"] = now.AddSeconds(-600).ToUnixTimeSeconds(), ["exp"] = now.AddSeconds(seconds).ToUnixTimeSeconds() };
        }
    }

    [Fact]
    public async Task Wallet_ThatARoleTrusts_GetsASessionOnce()
    {
        using var key = EvmKey.FromHex("0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80");
        using var stranger = EvmKey.FromHex("0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d");
        var address = "0x" + Convert.ToHexStringLower(key.Address.Bytes);
        var tenant = await gateway.NewTenantAsync();
        var bucket = await tenant.NewBucketAsync();
        var role = await NewRoleAsync(tenant, Policies.Trust("""{"Federated":"ethereum"}""", "sts:AssumeRoleWithWallet", $$"""{"StringEquals":{"ethereum:address":"{{address}}"} }"""));

        var message = await MessageAsync(key);
        var (status, answer) = await SignInAsync(message, key, role);
        status.ShouldBe(200, answer.ToString());
        var credentials = answer.GetProperty("credentials");
        var session = new Signer(gateway, credentials.GetProperty("accessKeyId").GetString()!, credentials.GetProperty("secretAccessKey").GetString()!, credentials.GetProperty("sessionToken").GetString());
        (await session.S3.SendAsync("GET", $"/{bucket}")).Status.ShouldBe(200);
        (await session.StsAsync("GetCallerIdentity")).Element("Arn").ShouldEndWith(address);

        (await SignInAsync(message, key, role)).Answer.GetProperty("message").GetString()!.ShouldContain("used before");
        (await SignInAsync(await MessageAsync(stranger), stranger, role)).Status.ShouldBe(403);
        (await SignInAsync(await MessageAsync(key), stranger, role)).Answer.GetProperty("message").GetString()!.ShouldContain("signature");
        (await SignInAsync((await MessageAsync(key)) with { Domain = "evil.example.com" }, key, role)).Answer.GetProperty("message").GetString()!.ShouldContain("another site");
        (await SignInAsync((await MessageAsync(key)) with { ChainId = 5 }, key, role)).Answer.GetProperty("message").GetString()!.ShouldContain("chain");
        (await SignInAsync((await MessageAsync(key)) with { Nonce = new('a', 64) }, key, role)).Answer.GetProperty("message").GetString()!.ShouldContain("nonce");
        (await SignInAsync(await MessageAsync(key), key, role + "x")).Status.ShouldBe(403);
    }

    [Fact]
    public async Task Nonces_OfAClusterOfGateways_AreUsedOnce()
    {
        var (one, other) = (new SharedNonces(gateway.Metadata, gateway.Time), new SharedNonces(gateway.Metadata, gateway.Time));
        var (here, there) = (await SharedNonces.OpenAsync(gateway.Metadata, gateway.Seal, gateway.Time, default), await SharedNonces.OpenAsync(gateway.Metadata, gateway.Seal, gateway.Time, default));
        var nonce = here.Create();
        there.TryRead(nonce, out var expiry).ShouldBeTrue();
        var uses = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => (i % 2 == 0 ? one : other).TryUseAsync(nonce, expiry, default).AsTask()));
        uses.Count(use => use == NonceUse.First).ShouldBe(1);
        uses.Count(use => use == NonceUse.Again).ShouldBe(19);
        await one.SweepAsync(default);
        (await other.TryUseAsync(nonce, expiry, default)).ShouldBe(NonceUse.Again);
    }

    private async Task<string> AssumeAsync(string role, string token)
    {
        using var form = new FormUrlEncodedContent(new Dictionary<string, string> { ["Action"] = "AssumeRoleWithWebIdentity", ["Version"] = "2011-06-15", ["RoleArn"] = role, ["RoleSessionName"] = "me", ["WebIdentityToken"] = token });
        using var answer = await http.PostAsync(gateway.Endpoint, form);
        return await answer.Content.ReadAsStringAsync();
    }

    private Signer SessionOf(string answer) => Tenant.SessionOf(gateway, new(200, [], System.Text.Encoding.UTF8.GetBytes(answer)));

    private async Task<WalletMessage> MessageAsync(EvmKey key)
    {
        var given = await http.GetFromJsonAsync<JsonElement>(new Uri(gateway.Endpoint, "/_oort/sign-in/v1/nonce"));
        string Text(string name) => given.GetProperty(name).GetString()!;
        return new() { Domain = Text("domain"), Address = key.Address, Uri = Text("uri"), ChainId = given.GetProperty("chainIds")[0].GetUInt64(), Nonce = Text("nonce"), IssuedAt = Text("issuedAt"), ExpirationTime = Text("expirationTime") };
    }

    private async Task<(int Status, JsonElement Answer)> SignInAsync(WalletMessage message, EvmKey key, string role)
    {
        var text = message.Write();
        using var answer = await http.PostAsJsonAsync(new Uri(gateway.Endpoint, "/_oort/sign-in/v1/wallet"), new { message = text, signature = key.SignMessage(text).ToString(), roleArn = role });
        return ((int)answer.StatusCode, await answer.Content.ReadFromJsonAsync<JsonElement>());
    }

    private async Task<string> NewRoleAsync(Tenant tenant, string trust)
    {
        var name = gateway.NewName("role");
        var made = await tenant.DoAsync("CreateRole", ("RoleName", name), ("AssumeRolePolicyDocument", trust));
        await tenant.DoAsync("PutRolePolicy", ("RoleName", name), ("PolicyName", "own"), ("PolicyDocument", Policies.Allow("s3:*")));
        return made.Element("Arn");
    }
}
