using System.Security.Cryptography;
using System.Text.Json;
using Oort.Backends.Arweave.Hashing;
using Oort.Backends.Arweave.Items;

namespace Oort.Backends.Arweave;

/// <summary>An Arweave wallet: an RSA key of 4096 bits with e = 65537, as its owner has it in a JWK file. Signs transactions and data items.</summary>
/// <remarks>Thread-safe. Prints as ***.</remarks>
public sealed class ArweaveKey : IDataItemSigner, IDisposable
{
    /// <summary>A JWK file has some 3.2 KB.</summary>
    private const int JwkSizeMax = 16 * 1024;

    private readonly RSA rsa = RSA.Create();
    private readonly Lock gate = new();

    private ArweaveKey(RSAParameters parameters)
    {
        try
        {
            rsa.ImportParameters(parameters);
        }
        catch
        {
            rsa.Dispose();
            throw;
        }

        Owner = parameters.Modulus;
        Address = AddressOf(parameters.Modulus);
    }

    /// <summary>The modulus, 512 bytes.</summary>
    public ReadOnlyMemory<byte> Owner { get; }

    /// <summary>Base64url of the modulus' SHA-256.</summary>
    public string Address { get; }

    public DataItemSignatureKind Kind => DataItemSignatureKind.Arweave;

    /// <summary>Reads a JWK file (RFC 7517, RFC 7518 §6.3).</summary>
    /// <exception cref="FormatException">It is no private RSA key of 4096 bits with e = 65537. The message has nothing of it.</exception>
    public static ArweaveKey Read(ReadOnlyMemory<byte> jwk)
    {
        RSAParameters parameters = default;
        try
        {
            if (jwk.Length > JwkSizeMax) throw new FormatException("A JWK file of an Arweave wallet is shorter.");
            using var document = JsonDocument.Parse(jwk);
            if (Text(document, "kty") != "RSA" || Text(document, "e") != "AQAB") throw new FormatException("The wallet is no RSA key with e = 65537; give the JWK file of an Arweave wallet.");
            parameters = new()
            {
                Modulus = Number(document, "n", 512),
                Exponent = [1, 0, 1],
                D = Number(document, "d", 512),
                P = Number(document, "p", 256),
                Q = Number(document, "q", 256),
                DP = Number(document, "dp", 256),
                DQ = Number(document, "dq", 256),
                InverseQ = Number(document, "qi", 256),
            };
            if (parameters.Modulus[0] < 0x80) throw new FormatException("The wallet's key has fewer than 4096 bits.");
            return new(parameters);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or CryptographicException)
        {
            throw new FormatException("The wallet cannot be read: it is no JWK file, or its numbers make no key.");
        }
        finally
        {
            foreach (var secret in (byte[]?[])[parameters.D, parameters.P, parameters.Q, parameters.DP, parameters.DQ, parameters.InverseQ]) CryptographicOperations.ZeroMemory(secret);
        }
    }

    /// <summary>The address of whoever has a modulus.</summary>
    public static string AddressOf(ReadOnlySpan<byte> modulus) => Base64UrlText.Write(SHA256.HashData(modulus));

    /// <summary>RSA-PSS with SHA-256 and a salt of 32 bytes.</summary>
    public byte[] Sign(ReadOnlySpan<byte> message)
    {
        lock (gate) return rsa.SignData(message, HashAlgorithmName.SHA256, RSASignaturePadding.Pss);
    }

    public void Dispose() => rsa.Dispose();

    public override string ToString() => "***";

    private static string Text(JsonDocument jwk, string name) =>
        jwk.RootElement.TryGetProperty(name, out var value) && value.GetString() is { } text ? text : throw new FormatException($"The wallet has no '{name}'; give the JWK file of an Arweave wallet.");

    /// <summary>A number in as many bytes as it should have: some writers leave leading zeros out.</summary>
    private static byte[] Number(JsonDocument jwk, string name, int size)
    {
        var bytes = Base64UrlText.Read(Text(jwk, name), size) ?? throw new FormatException($"The wallet's '{name}' is not base64url of at most {size} bytes.");
        if (bytes.Length == size) return bytes;
        var padded = new byte[size];
        bytes.CopyTo(padded, size - bytes.Length);
        CryptographicOperations.ZeroMemory(bytes);
        return padded;
    }
}
