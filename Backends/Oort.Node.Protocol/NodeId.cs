using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Oort.Node.Protocol;

/// <summary>Names a peer, node or gateway cluster, for as long as it has its key: the SHA-256 of its SubjectPublicKeyInfo (RFC 5280 §4.1.2.7).</summary>
/// <param name="High">The first 16 bytes of the hash.</param>
/// <param name="Low">The last 16 bytes.</param>
public readonly record struct NodeId(UInt128 High, UInt128 Low)
{
    /// <summary>Bytes of an id.</summary>
    public const int Size = 32;

    /// <summary>The id of a public key, DER-encoded.</summary>
    public static NodeId OfKey(ReadOnlySpan<byte> publicKey)
    {
        Span<byte> hash = stackalloc byte[Size];
        SHA256.HashData(publicKey, hash);
        return Read(hash);
    }

    /// <summary>The id of the key that a certificate carries. What else it says means nothing.</summary>
    public static NodeId OfCertificate(X509Certificate2 certificate) => OfKey(certificate.PublicKey.ExportSubjectPublicKeyInfo());

    public static NodeId Read(ReadOnlySpan<byte> source) => new(BinaryPrimitives.ReadUInt128BigEndian(source), BinaryPrimitives.ReadUInt128BigEndian(source[16..]));

    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt128BigEndian(destination, High);
        BinaryPrimitives.WriteUInt128BigEndian(destination[16..], Low);
    }

    /// <summary>Reads 64 hexadecimal digits.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out NodeId id)
    {
        id = default;
        if (text is not { Length: 2 * Size }
            || !UInt128.TryParse(text.AsSpan(0, Size), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var high)
            || !UInt128.TryParse(text.AsSpan(Size), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var low))
            return false;
        id = new(high, low);
        return true;
    }

    /// <summary>64 hexadecimal digits.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{High:x32}{Low:x32}");
}
