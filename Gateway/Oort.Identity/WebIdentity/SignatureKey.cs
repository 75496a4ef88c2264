using System.Security.Cryptography;
using System.Text.Json;
using Oort.Identity.Texts;

namespace Oort.Identity.WebIdentity;

/// <summary>The ways of signing that are taken (RFC 7518 §3.3, §3.4).</summary>
internal enum SignatureAlgorithm
{
    /// <summary>RSASSA-PKCS1-v1_5 with SHA-256.</summary>
    Rs256,

    /// <summary>ECDSA with P-256 and SHA-256.</summary>
    Es256,
}

/// <summary>A public key of a provider (RFC 7517, RFC 7518 §6). It verifies by its own algorithm only, so that a token cannot have it read as another kind of key. Immutable.</summary>
internal sealed class SignatureKey
{
    /// <summary>RFC 7518 §3.3: at least 2,048 bits.</summary>
    private const int RsaSizeMin = 2048 / 8;

    /// <summary>Larger ones make verifying slow enough to be used against us.</summary>
    private const int RsaSizeMax = 8192 / 8;

    private const int RsaExponentSizeMax = 8;
    private const int EcSize = 32;

    private readonly RSAParameters rsa;
    private readonly ECParameters ec;

    private SignatureKey(string id, RSAParameters rsa) => (Id, Algorithm, this.rsa) = (id, SignatureAlgorithm.Rs256, rsa);

    private SignatureKey(string id, ECParameters ec) => (Id, Algorithm, this.ec) = (id, SignatureAlgorithm.Es256, ec);

    public string Id { get; }

    public SignatureAlgorithm Algorithm { get; }

    /// <summary>Reads an entry of a key set.</summary>
    /// <returns>Null: it is for something else, too weak or malformed; what was signed with it is not taken (RFC 7517 §5 asks to pass over such).</returns>
    public static SignatureKey? Read(JsonElement json)
    {
        try
        {
            if (json.ValueKind != JsonValueKind.Object || json.Text("kid") is not { Length: > 0 } id) return null;
            if (json.Text("use") is { } use && use != "sig") return null;
            if (json.Texts("key_ops", takesOne: false) is { } operations && !operations.Contains("verify")) return null;
            return (json.Text("kty"), json.Text("alg")) switch
            {
                ("RSA", null or "RS256") => ReadRsa(id, json),
                ("EC", null or "ES256") => ReadEc(id, json),
                _ => null,
            };
        }
        catch (Exception e) when (e is FormatException or CryptographicException)
        {
            return null;
        }
    }

    /// <summary>Whether the key signed this.</summary>
    public bool Verifies(ReadOnlySpan<byte> signed, ReadOnlySpan<byte> signature)
    {
        // Keys of the platform are not for several threads at once; making one is a tenth of verifying with it.
        if (Algorithm == SignatureAlgorithm.Es256)
        {
            using var ecKey = ECDsa.Create(ec);
            return signature.Length == 2 * EcSize && ecKey.VerifyData(signed, signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        }

        using var rsaKey = RSA.Create(rsa);
        return signature.Length == rsa.Modulus!.Length && rsaKey.VerifyData(signed, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
    }

    private static SignatureKey? ReadRsa(string id, JsonElement json)
    {
        if (Number(json, "n") is not { Length: >= RsaSizeMin and <= RsaSizeMax } modulus || modulus[0] < 0x80 && modulus.Length == RsaSizeMin) return null;
        if (Number(json, "e") is not { Length: > 0 and <= RsaExponentSizeMax } exponent) return null;
        var key = new SignatureKey(id, new RSAParameters { Modulus = modulus, Exponent = exponent });
        using var check = RSA.Create(key.rsa);
        return key;
    }

    private static SignatureKey? ReadEc(string id, JsonElement json)
    {
        if (json.Text("crv") != "P-256" || Bytes(json, "x") is not { Length: EcSize } x || Bytes(json, "y") is not { Length: EcSize } y) return null;
        var key = new SignatureKey(id, new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = new() { X = x, Y = y } });
        // A point that is not on the curve is found here.
        using var check = ECDsa.Create(key.ec);
        return key;
    }

    /// <summary>Without zeros in front (RFC 7518 §2: Base64urlUInt).</summary>
    private static byte[]? Number(JsonElement json, string name) => Bytes(json, name) is { Length: > 0 } bytes && bytes[0] != 0 ? bytes : null;

    private static byte[]? Bytes(JsonElement json, string name) => json.Text(name) is { } text ? StrictBase64Url.Decode(text) : null;
}
