using System.Collections.Immutable;

namespace Oort.Identity.WebIdentity;

/// <summary>A provider of identities (OpenID Connect) as an account has registered it.</summary>
/// <param name="Issuer">Its URL, which <see cref="IsIssuer"/> is true of; compared byte for byte.</param>
/// <param name="Audiences">The client ids whose tokens are taken. Without any, none are.</param>
public sealed record WebIdentityProvider(string Issuer, ImmutableArray<string> Audiences)
{
    /// <summary>Characters of a provider's URL (IAM API: CreateOpenIDConnectProvider).</summary>
    public const int IssuerLengthMax = 255;

    /// <summary>What stands before the colon of its condition keys, and behind <c>oidc-provider/</c> in its ARN: the URL without its scheme.</summary>
    public string Name => Issuer[(Issuer.IndexOf("://", StringComparison.Ordinal) + 3)..];

    /// <summary>Whether a URL can be an issuer's (OpenID Connect Core 1.0 §2, "iss"): https, a host, and no user, query or fragment.</summary>
    /// <param name="allowsHttp">Whether http is as good.</param>
    public static bool IsIssuer(string url, bool allowsHttp) =>
        url.Length <= IssuerLengthMax && url.All(c => char.IsAsciiLetterOrDigit(c) || "-._~:/%[]".Contains(c, StringComparison.Ordinal)) && Uri.TryCreate(url, UriKind.Absolute, out var uri)
        && (url.StartsWith("https://", StringComparison.Ordinal) || (allowsHttp && url.StartsWith("http://", StringComparison.Ordinal))) && uri.Host.Length > 0;
}
