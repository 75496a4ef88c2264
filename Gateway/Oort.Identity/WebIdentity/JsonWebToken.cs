using System.Text;
using System.Text.Json;
using Oort.Identity.Texts;

namespace Oort.Identity.WebIdentity;

/// <summary>A signed token in its compact form (RFC 7515 §7.1, RFC 7519), taken apart and not believed yet.</summary>
/// <remarks>Of the header, <c>alg</c> and <c>kid</c> are all that counts: keys and addresses that it brings along (<c>jwk</c>, <c>jku</c>, <c>x5c</c>, <c>x5u</c>) are the sender's and are not looked at.</remarks>
internal sealed class JsonWebToken : IDisposable
{
    /// <summary>Characters. STS takes 20,000; a header line with more than this is refused by most servers on the way.</summary>
    public const int LengthMax = 16 * 1024;

    private const int KeyIdLengthMax = 256;

    private readonly JsonDocument payload;

    private JsonWebToken(SignatureAlgorithm algorithm, string keyId, byte[] signed, byte[] signature, JsonDocument payload) =>
        (Algorithm, KeyId, Signed, Signature, this.payload) = (algorithm, keyId, signed, signature, payload);

    public SignatureAlgorithm Algorithm { get; }

    public string KeyId { get; }

    /// <summary>What the signature is over.</summary>
    public byte[] Signed { get; }

    public byte[] Signature { get; }

    public JsonElement Claims => payload.RootElement;

    /// <exception cref="WebIdentityException">InvalidToken.</exception>
    public static JsonWebToken Parse(string text)
    {
        if (text.Length > LengthMax) throw WebIdentityException.Invalid($"The token has {text.Length} characters; {LengthMax} are allowed.");
        if (text.Split('.', 4) is not [var head, var body, var tail]) throw WebIdentityException.Invalid("A token is three texts with a dot between them.");
        if (StrictBase64Url.Decode(head) is not { Length: > 0 } header || StrictBase64Url.Decode(body) is not { Length: > 0 } claims || StrictBase64Url.Decode(tail) is not { } signature)
            throw WebIdentityException.Invalid("A part of the token is no base64url.");
        var (algorithm, keyId) = ReadHeader(header);
        try
        {
            return new(algorithm, keyId, Encoding.ASCII.GetBytes(text[..(head.Length + 1 + body.Length)]), signature, StrictJson.ReadObject(claims));
        }
        catch (FormatException e)
        {
            throw WebIdentityException.Invalid($"The token's payload {e.Message}.");
        }
    }

    private static (SignatureAlgorithm Algorithm, string KeyId) ReadHeader(byte[] header)
    {
        try
        {
            using var json = StrictJson.ReadObject(header);
            var root = json.RootElement;
            var algorithm = root.Text("alg") switch
            {
                "RS256" => SignatureAlgorithm.Rs256,
                "ES256" => SignatureAlgorithm.Es256,
                _ => throw new FormatException("has no \"alg\" of RS256 or ES256"),
            };
            // RFC 7515 §4.1.11: what is critical and not understood makes the token invalid, and nothing critical is understood here.
            if (root.TryGetProperty("crit", out _)) throw new FormatException("has extensions that are critical");
            // RFC 8725 §3.11: a token of another kind from the same provider, such as an access token, is none of an identity.
            if (root.Text("typ") is { } type && !type.Equals("JWT", StringComparison.OrdinalIgnoreCase)) throw new FormatException("is of another type than JWT");
            return root.Text("kid") is { Length: > 0 and <= KeyIdLengthMax } keyId ? (algorithm, keyId) : throw new FormatException("names no key");
        }
        catch (FormatException e)
        {
            throw WebIdentityException.Invalid($"The token's header {e.Message}.");
        }
    }

    public void Dispose() => payload.Dispose();
}
