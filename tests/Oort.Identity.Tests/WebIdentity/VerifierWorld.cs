using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Oort.Identity.WebIdentity;
using Oort.S3.Tests;

namespace Oort.Identity.Tests.WebIdentity;

/// <summary>A provider with two keys, a verifier that may reach it, and tokens of it.</summary>
internal sealed class VerifierWorld : IAsyncDisposable
{
    public static readonly DateTimeOffset Now = new(2027, 1, 15, 8, 0, 0, TimeSpan.Zero);

    /// <summary>Made once: it takes a third of a second.</summary>
    private static readonly RSAParameters rsaKey = MakeRsa();

    public VerifierWorld(WebIdentityOptions? options = null)
    {
        Provider = new(Rsa, Ec);
        Verifier = new(options ?? new() { AllowsHttp = true, AllowedHosts = ["127.0.0.1"] }, Time);
    }

    public FakeTime Time { get; } = new(Now);

    public TokenKey Rsa { get; } = TokenKey.OfRsa("r1", rsaKey);

    public TokenKey Ec { get; } = TokenKey.OfEc("e1");

    public FakeProvider Provider { get; }

    public WebIdentityVerifier Verifier { get; }

    public JsonObject Claims() => new()
    {
        ["iss"] = Provider.Issuer,
        ["sub"] = "ann",
        ["aud"] = "app",
        ["iat"] = Time.GetUtcNow().ToUnixTimeSeconds(),
        ["exp"] = Time.GetUtcNow().AddMinutes(10).ToUnixTimeSeconds(),
    };

    public JsonObject Claims(string name, JsonNode? value)
    {
        var claims = Claims();
        if (value is null) claims.Remove(name);
        else claims[name] = value;
        return claims;
    }

    public ValueTask<WebIdentityAnswer> VerifyAsync(string token) => Verifier.VerifyAsync(token, new(Provider.Issuer, ["app", "other-app"]), CancellationToken.None);

    private static RSAParameters MakeRsa()
    {
        using var rsa = RSA.Create(2048);
        return rsa.ExportParameters(true);
    }

    public async ValueTask DisposeAsync()
    {
        Verifier.Dispose();
        await Provider.DisposeAsync();
        Rsa.Dispose();
        Ec.Dispose();
    }
}
