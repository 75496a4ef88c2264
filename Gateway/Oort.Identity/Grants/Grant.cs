using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Oort.Access.Policies;
using Oort.Identity.Texts;

namespace Oort.Identity.Grants;

/// <summary>A credential that whoever holds a wider one has made, without asking anybody (docs/formats/grant.md). This is what its session token says; it holds no secret. Immutable.</summary>
/// <remarks>
/// The gateway finds the secret key of the access key id (or, with <see cref="SessionToken"/>, of that temporary credential), derives the grant's secret from it, and verifies the signature with that. A caveat that is missing, changed or elsewhere makes another secret.
/// What the signature then allows is what the credential underneath allows and each of <see cref="ToPolicies"/> does.
/// </remarks>
public sealed class Grant
{
    private readonly ImmutableArray<byte[]> encoded;
    private ImmutableArray<PolicyDocument> policies;

    private Grant(ImmutableArray<byte[]> encoded, ImmutableArray<GrantCaveat> caveats, string? sessionToken) => (this.encoded, Caveats, SessionToken) = (encoded, caveats, sessionToken);

    /// <summary>All of them hold; the first was made first.</summary>
    public ImmutableArray<GrantCaveat> Caveats { get; }

    /// <summary>Of the temporary credential that was narrowed; null: it was an access key.</summary>
    public string? SessionToken { get; }

    /// <summary>From then on nothing is allowed; the greatest time: it never ends by itself.</summary>
    public DateTimeOffset NotAfter => Caveats.Min(caveat => caveat.NotAfter ?? DateTimeOffset.MaxValue);

    /// <summary>Whether a session token claims to be a grant's, so that it is <see cref="Parse"/>d and nothing else.</summary>
    public static bool IsGrant(string sessionToken) => sessionToken.StartsWith(GrantToken.Start, StringComparison.Ordinal);

    /// <returns>Null: the text is no grant.</returns>
    public static Grant? Parse(string token) => GrantToken.Read(token) is var (encoded, caveats, sessionToken) ? new(encoded, caveats, sessionToken) : null;

    /// <summary>Makes a narrower credential. Needs nothing but the wider one.</summary>
    /// <param name="wider">An access key, a temporary credential, or a grant.</param>
    /// <exception cref="GrantException">It cannot be narrowed so.</exception>
    public static GrantCredential Narrow(GrantCredential wider, GrantCaveat caveat)
    {
        var added = caveat.Encode();
        var isGrant = wider.SessionToken is not null && IsGrant(wider.SessionToken);
        var grant = isGrant ? Parse(wider.SessionToken!) ?? throw new GrantException("The session token is no grant.") : null;
        var token = GrantToken.Write([.. grant?.encoded ?? [], added], grant is null ? wider.SessionToken : grant.SessionToken);
        var secret = grant is null ? Root(wider.SecretKey, wider.SessionToken) : StrictBase64Url.Decode(wider.SecretKey);
        if (secret is not { Length: HMACSHA256.HashSizeInBytes }) throw new GrantException("The secret key is not that of a grant.");
        return new(wider.AccessKeyId, StrictBase64Url.Encode(HMACSHA256.HashData(secret, added)), token);
    }

    /// <summary>The secret key that the grant signs with.</summary>
    /// <param name="secretKey">Of the credential that was narrowed first: of <see cref="SessionToken"/>, or of the access key.</param>
    public string DeriveSecret(string secretKey)
    {
        var secret = Root(secretKey, SessionToken);
        foreach (var caveat in encoded) secret = HMACSHA256.HashData(secret, caveat);
        return StrictBase64Url.Encode(secret);
    }

    /// <summary>One policy a caveat, all of which must allow a request besides whatever else must (<see cref="Access.AccessPolicies.Grants"/>).</summary>
    public ImmutableArray<PolicyDocument> ToPolicies()
    {
        if (policies.IsDefault) ImmutableInterlocked.InterlockedInitialize(ref policies, [.. Caveats.Select(GrantPolicy.Of)]);
        return policies;
    }

    /// <summary>The label is the key here, and so nothing that the secret key signs otherwise can be this.</summary>
    private static byte[] Root(string secretKey, string? sessionToken) => HMACSHA256.HashData(HMACSHA256.HashData("oort grant v1\0"u8, Encoding.UTF8.GetBytes(secretKey)), Encoding.UTF8.GetBytes(sessionToken ?? ""));
}
