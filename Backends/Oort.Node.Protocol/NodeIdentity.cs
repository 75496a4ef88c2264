using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Oort.Node.Protocol;

/// <summary>The key pair of a peer, with the self-signed certificate that carries it into TLS (docs/formats/node-protocol.md §2).</summary>
/// <remarks>Thread-safe. ECDSA on P-256: what TLS 1.3 lets nobody leave out (RFC 8446 §9.1) and .NET has everywhere. Prints as its id.</remarks>
public sealed class NodeIdentity : IDisposable
{
    /// <summary>Bytes of a public key: the DER of a SubjectPublicKeyInfo on P-256, uncompressed.</summary>
    public const int PublicKeySize = 91;

    /// <summary>Bytes of a signature: r and s, 32 bytes each (IEEE P1363).</summary>
    public const int SignatureSize = 64;

    /// <summary>Bytes from which <see cref="FromSeed"/> makes a key: 128 bits more than the order, so that no key is likelier than another by more than 2^-128 (FIPS 186-5 A.2.1).</summary>
    public const int SeedSize = 48;

    /// <summary>A stored key longer than this is none.</summary>
    public const int PrivateKeySizeMax = 1024;

    // Dates say nothing here, and a peer's clock may be wrong.
    private static readonly DateTimeOffset s_notBefore = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset s_notAfter = new(9999, 12, 31, 23, 59, 59, TimeSpan.Zero);

    /// <summary>What the DER of every such key begins with: SEQUENCE { SEQUENCE { id-ecPublicKey, prime256v1 }, BIT STRING { uncompressed point (RFC 5480 §2).</summary>
    private static ReadOnlySpan<byte> PublicKeyPrefix => [0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04];

    private readonly ECDsa _key;
    private readonly Lock _lock = new();
    private readonly byte[] _publicKey;

    private NodeIdentity(ECDsa key)
    {
        _key = key;
        _publicKey = key.ExportSubjectPublicKeyInfo();
        if (_publicKey.Length != PublicKeySize || !_publicKey.AsSpan().StartsWith(PublicKeyPrefix))
            throw new CryptographicException("The key is not on P-256.");
        Id = NodeId.OfKey(_publicKey);
        var request = new CertificateRequest($"CN=oort {Id.ToString()[..16]}", key, HashAlgorithmName.SHA256);
        Certificate = request.CreateSelfSigned(s_notBefore, s_notAfter);
    }

    public NodeId Id { get; }

    /// <summary>With its private key; lives as long as this.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>The public key, <see cref="PublicKeySize"/> bytes.</summary>
    public ReadOnlySpan<byte> PublicKey => _publicKey;

    /// <summary>A new key.</summary>
    public static NodeIdentity Create() => Adopt(ECDsa.Create(ECCurve.NamedCurves.nistP256));

    /// <summary>Always the same key from the same seed, so that a cluster has its identity from its keyring.</summary>
    /// <param name="seed"><see cref="SeedSize"/> secret bytes, uniformly random.</param>
    public static NodeIdentity FromSeed(ReadOnlySpan<byte> seed)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(seed.Length, SeedSize);
        // The order of P-256 (FIPS 186-4 D.1.2.3); the scalar is in 1 … order − 1.
        var order = BigInteger.Parse("0FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551", System.Globalization.NumberStyles.AllowHexSpecifier, null);
        var scalar = (new BigInteger(seed, isUnsigned: true, isBigEndian: true) % (order - 1)) + 1;
        var bytes = new byte[32];
        try
        {
            scalar.TryWriteBytes(bytes.AsSpan(32 - scalar.GetByteCount(isUnsigned: true)), out _, isUnsigned: true, isBigEndian: true);
            return Adopt(ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, D = bytes }));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    /// <summary>Reads what <see cref="ExportPrivateKey"/> wrote.</summary>
    /// <exception cref="CryptographicException">It is no key on P-256.</exception>
    public static NodeIdentity Import(ReadOnlySpan<byte> privateKey)
    {
        var key = ECDsa.Create();
        try
        {
            key.ImportPkcs8PrivateKey(privateKey, out var read);
            if (read != privateKey.Length)
                throw new CryptographicException("There are bytes behind the key.");
        }
        catch (CryptographicException)
        {
            key.Dispose();
            throw;
        }

        return Adopt(key);
    }

    /// <summary>The private key as PKCS #8; the caller clears it.</summary>
    public byte[] ExportPrivateKey() => _key.ExportPkcs8PrivateKey();

    /// <summary>Signs with ECDSA and SHA-256.</summary>
    /// <param name="signature"><see cref="SignatureSize"/> bytes; fully overwritten.</param>
    public void Sign(ReadOnlySpan<byte> data, Span<byte> signature)
    {
        lock (_lock)
        {
            if (!_key.TrySignData(data, signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation, out var written) || written != SignatureSize)
                throw new CryptographicException("The key did not sign.");
        }
    }

    /// <summary>Whether the holder of a public key signed these bytes; false also when that is no such key.</summary>
    public static bool Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        // A DER reader would take keys of any curve; there is one form.
        if (publicKey.Length != PublicKeySize || !publicKey.StartsWith(PublicKeyPrefix))
            return false;
        try
        {
            var point = publicKey[PublicKeyPrefix.Length..];
            using var key = ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = new ECPoint { X = point[..32].ToArray(), Y = point[32..].ToArray() } });
            return key.VerifyData(data, signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        }
        catch (CryptographicException)
        {
            // Not a point of the curve.
            return false;
        }
    }

    public override string ToString() => Id.ToString();

    public void Dispose()
    {
        Certificate.Dispose();
        _key.Dispose();
    }

    private static NodeIdentity Adopt(ECDsa key)
    {
        try
        {
            return new(key);
        }
        catch (CryptographicException)
        {
            key.Dispose();
            throw;
        }
    }
}
