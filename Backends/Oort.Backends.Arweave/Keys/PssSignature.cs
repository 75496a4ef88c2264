using System.Numerics;
using System.Security.Cryptography;

namespace Oort.Backends.Arweave.Keys;

/// <summary>Checks RSA-PSS signatures with SHA-256 and a salt of any length (RFC 8017 §8.1.2 and §9.1.2, MGF1 with SHA-256, e = 65537, 4096 bits).</summary>
/// <remarks>Own code because .NET takes salts of 32 bytes only, while others sign with the longest there is, or with none. Public values only, so it need not run in constant time.</remarks>
internal static class PssSignature
{
    /// <summary>Bytes of a modulus, and of a signature.</summary>
    public const int Size = 512;

    private const byte Trailer = 0xbc;
    private const int HashSize = SHA256.HashSizeInBytes;

    /// <summary>Bytes before the hash in an encoded message.</summary>
    private const int DbSize = Size - HashSize - 1;

    private static readonly BigInteger exponent = 65537;

    /// <param name="modulus">Big-endian; its highest bit must be set.</param>
    public static bool Verify(ReadOnlySpan<byte> modulus, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        if (modulus.Length != Size || signature.Length != Size || modulus[0] < 0x80 || (modulus[^1] & 1) == 0) return false;
        var n = new BigInteger(modulus, isUnsigned: true, isBigEndian: true);
        var s = new BigInteger(signature, isUnsigned: true, isBigEndian: true);
        if (s >= n) return false;
        var number = BigInteger.ModPow(s, exponent, n).ToByteArray(isUnsigned: true, isBigEndian: true);
        var encoded = new byte[Size];
        number.CopyTo(encoded, Size - number.Length);
        return IsEncodingOf(encoded, message);
    }

    /// <summary>EMSA-PSS-VERIFY with emBits = 4095; the salt is whatever follows the 01.</summary>
    private static bool IsEncodingOf(ReadOnlySpan<byte> encoded, ReadOnlySpan<byte> message)
    {
        if (encoded[^1] != Trailer || encoded[0] >= 0x80) return false;
        var hash = encoded.Slice(DbSize, HashSize);
        var db = Mask(hash);
        for (var i = 0; i < DbSize; i++) db[i] ^= encoded[i];
        // The modulus has one bit more than the encoding.
        db[0] &= 0x7f;
        var one = db.AsSpan().IndexOfAnyExcept((byte)0);
        if (one < 0 || db[one] != 1) return false;
        return hash.SequenceEqual(SHA256.HashData([.. new byte[8], .. SHA256.HashData(message), .. db.AsSpan(one + 1)]));
    }

    /// <summary>MGF1 (RFC 8017 §B.2.1).</summary>
    private static byte[] Mask(ReadOnlySpan<byte> seed)
    {
        var mask = new byte[DbSize];
        Span<byte> block = stackalloc byte[HashSize];
        for (var i = 0; i * HashSize < DbSize; i++)
        {
            SHA256.HashData([.. seed, 0, 0, 0, (byte)i], block);
            block[..Math.Min(HashSize, DbSize - i * HashSize)].CopyTo(mask.AsSpan(i * HashSize));
        }

        return mask;
    }
}
