namespace Oort.Identity.WebIdentity;

/// <summary>Verifies the identity tokens that AssumeRoleWithWebIdentity takes (OpenID Connect Core 1.0 §3.1.3.7). Thread-safe.</summary>
/// <remarks>
/// 1. The token is three parts of base64url and JSON, signed with RS256 or ES256 by a key that it names. 2. That key is the provider's. 3. The signature is right. 4. Issuer, audience, times and subject are. Nothing of a token is used before step 4 but for what steps 2 and 3 need.
/// </remarks>
public sealed class WebIdentityVerifier : IDisposable
{
    /// <summary>How many providers' keys are kept; of more, those that were asked for longest ago go.</summary>
    public const int ProviderCountMax = 100;

    private readonly TimeProvider time;
    private readonly ProviderClient client;
    private readonly Lock gate = new();
    private readonly Dictionary<string, ProviderKeys> byIssuer = new(StringComparer.Ordinal);
    private readonly LinkedList<string> byUse = [];

    public WebIdentityVerifier(WebIdentityOptions options, TimeProvider time) => (this.time, client) = (time, new(options, time));

    /// <summary>Verifies one token.</summary>
    /// <param name="token">As it was sent.</param>
    /// <param name="provider">The one whose token it is said to be.</param>
    public async ValueTask<WebIdentityAnswer> VerifyAsync(string token, WebIdentityProvider provider, CancellationToken cancellationToken)
    {
        try
        {
            // 1.
            using var parsed = JsonWebToken.Parse(token);

            // 2.
            var key = await KeysOf(provider.Issuer).FindAsync(parsed.KeyId, parsed.Algorithm, cancellationToken);
            if (key is null) return WebIdentityAnswer.Refuse(WebIdentityError.InvalidToken, $"The provider {provider.Issuer} has no such key.");

            // 3.
            if (!key.Verifies(parsed.Signed, parsed.Signature)) return WebIdentityAnswer.Refuse(WebIdentityError.InvalidToken, "The token's signature is wrong.");

            // 4.
            return new(ClaimsReader.Read(parsed.Claims, provider, time.GetUtcNow()), WebIdentityError.None, "");
        }
        catch (WebIdentityException e)
        {
            return WebIdentityAnswer.Refuse(e.Error, e.Message);
        }
    }

    /// <summary>Whose token it says it is, unverified: to find out who has registered that provider.</summary>
    /// <returns>Null: it is no token, or does not say.</returns>
    public static string? IssuerOf(string token)
    {
        try
        {
            using var parsed = JsonWebToken.Parse(token);
            return parsed.Claims.Text("iss");
        }
        catch (Exception e) when (e is WebIdentityException or FormatException)
        {
            return null;
        }
    }

    public void Dispose() => client.Dispose();

    private ProviderKeys KeysOf(string issuer)
    {
        lock (gate)
        {
            if (byIssuer.TryGetValue(issuer, out var keys)) byUse.Remove(issuer);
            else byIssuer.Add(issuer, keys = new(issuer, client, time));
            byUse.AddFirst(issuer);
            if (byUse.Count > ProviderCountMax)
            {
                byIssuer.Remove(byUse.Last!.Value);
                byUse.RemoveLast();
            }

            return keys;
        }
    }
}
