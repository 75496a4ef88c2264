using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Oort.Identity.Texts;

namespace Oort.Identity.Tests.WebIdentity;

/// <summary>A key that a provider signs with, made for the test.</summary>
internal sealed class TokenKey : IDisposable
{
    private readonly RSA? rsa;
    private readonly ECDsa? ec;

    private TokenKey(string id, RSA? rsa, ECDsa? ec) => (Id, this.rsa, this.ec) = (id, rsa, ec);

    public string Id { get; }

    public string Algorithm => rsa is null ? "ES256" : "RS256";

    public static TokenKey OfRsa(string id, int bits = 2048) => new(id, RSA.Create(bits), null);

    public static TokenKey OfRsa(string id, RSAParameters key) => new(id, RSA.Create(key), null);

    public static TokenKey OfEc(string id) => new(id, null, ECDsa.Create(ECCurve.NamedCurves.nistP256));

    /// <summary>As a key set has it.</summary>
    public JsonObject Jwk()
    {
        if (rsa is not null)
        {
            var key = rsa.ExportParameters(false);
            return new() { ["kty"] = "RSA", ["kid"] = Id, ["use"] = "sig", ["alg"] = "RS256", ["n"] = StrictBase64Url.Encode(key.Modulus), ["e"] = StrictBase64Url.Encode(key.Exponent) };
        }

        var point = ec!.ExportParameters(false).Q;
        return new() { ["kty"] = "EC", ["kid"] = Id, ["crv"] = "P-256", ["x"] = StrictBase64Url.Encode(point.X), ["y"] = StrictBase64Url.Encode(point.Y) };
    }

    /// <summary>The public key as people publish it, which must never serve as a secret.</summary>
    public byte[] PublicPem() => Encoding.ASCII.GetBytes(rsa is not null ? rsa.ExportSubjectPublicKeyInfoPem() : ec!.ExportSubjectPublicKeyInfoPem());

    public string Sign(JsonObject claims, Action<JsonObject>? change = null) => Sign(claims.ToJsonString(), change);

    public string Sign(string claims, Action<JsonObject>? change = null)
    {
        var header = new JsonObject { ["alg"] = Algorithm, ["kid"] = Id, ["typ"] = "JWT" };
        change?.Invoke(header);
        return SignRaw(header.ToJsonString(), claims, Sign);
    }

    public static string SignRaw(string header, string claims, Func<byte[], byte[]> sign)
    {
        var signed = $"{StrictBase64Url.Encode(Encoding.UTF8.GetBytes(header))}.{StrictBase64Url.Encode(Encoding.UTF8.GetBytes(claims))}";
        return $"{signed}.{StrictBase64Url.Encode(sign(Encoding.ASCII.GetBytes(signed)))}";
    }

    public byte[] Sign(byte[] data) => rsa is not null ? rsa.SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1) : ec!.SignData(data, HashAlgorithmName.SHA256);

    /// <summary>As most programs other than token makers write it: ASN.1.</summary>
    public byte[] SignDer(byte[] data) => ec!.SignData(data, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);

    public void Dispose()
    {
        rsa?.Dispose();
        ec?.Dispose();
    }
}
