using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Oort.Identity.Wallets;

/// <summary>Makes nonces for wallets, and knows its own again without keeping them. Thread-safe.</summary>
/// <remarks>A nonce is 64 hexadecimal digits: when it ends (u32, seconds since 1970), 12 random bytes, and the first 16 bytes of an HMAC-SHA256 of both. Every gateway with the same key knows it. That it is used once is <see cref="IUsedNonces"/>' matter.</remarks>
public sealed class WalletNonces
{
    public const int KeySize = 32;

    private const int TimeSize = 4;
    private const int RandomSize = 12;
    private const int TagSize = 16;
    private const int Size = TimeSize + RandomSize + TagSize;

    /// <summary>Enough for a person to read and sign.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    private readonly byte[] key;
    private readonly TimeProvider time;

    /// <param name="key">32 bytes that all gateways of a cluster share, and nobody else knows; it is for this alone.</param>
    public WalletNonces(ReadOnlySpan<byte> key, TimeProvider time)
    {
        if (key.Length != KeySize) throw new ArgumentException($"The key has {KeySize} bytes.", nameof(key));
        (this.key, this.time) = (key.ToArray(), time);
    }

    public string Create()
    {
        Span<byte> nonce = stackalloc byte[Size];
        BinaryPrimitives.WriteUInt32BigEndian(nonce, checked((uint)(time.GetUtcNow() + Lifetime).ToUnixTimeSeconds()));
        RandomNumberGenerator.Fill(nonce.Slice(TimeSize, RandomSize));
        Tag(nonce[..^TagSize], nonce[^TagSize..]);
        return Convert.ToHexStringLower(nonce);
    }

    /// <summary>Whether a nonce was made with this key; and until when it may be used, which may be over.</summary>
    public bool TryRead(string nonce, out DateTimeOffset expiresAt)
    {
        expiresAt = default;
        Span<byte> bytes = stackalloc byte[Size];
        // One text only, or the same nonce could be used in upper case too.
        if (nonce.Length != 2 * Size || Convert.FromHexString(nonce, bytes, out _, out _) != System.Buffers.OperationStatus.Done || !nonce.AsSpan().SequenceEqual(Convert.ToHexStringLower(bytes))) return false;
        Span<byte> tag = stackalloc byte[TagSize];
        Tag(bytes[..^TagSize], tag);
        if (!CryptographicOperations.FixedTimeEquals(tag, bytes[^TagSize..])) return false;
        expiresAt = DateTimeOffset.FromUnixTimeSeconds(BinaryPrimitives.ReadUInt32BigEndian(bytes));
        return true;
    }

    private void Tag(ReadOnlySpan<byte> body, Span<byte> tag)
    {
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key, [.. "oort wallet nonce v1\0"u8, .. body], hash);
        hash[..TagSize].CopyTo(tag);
    }

    public override string ToString() => $"{nameof(WalletNonces)} ***";
}
