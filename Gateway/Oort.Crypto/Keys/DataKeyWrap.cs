using System.Buffers.Binary;

namespace Oort.Crypto;

/// <summary>Data keys as the database and the journal carry them (docs/formats/segment.md §4): nonce ‖ sealed key ‖ tag; or, nested, such a one wrapped once more.</summary>
/// <remarks>
/// The wrapping key is derived for each data id, and the nonce is random all the same: a data id is wrapped once for each key version, but a
/// mistake there must not cost two keys.
/// </remarks>
internal static class DataKeyWrap
{
    public const int NonceSize = 12;
    public const int TagSize = 16;
    public const int Size = NonceSize + ChunkCipher.KeySize + TagSize;

    /// <summary>Of a key that was wrapped under another before.</summary>
    public const int NestedSize = NonceSize + Size + TagSize;

    /// <summary>What wrapping adds.</summary>
    public const int Overhead = NonceSize + TagSize;

    private const int AssociatedSize = 4 + ChunkCipher.DataIdSize;

    /// <param name="key">The data key, or one that is wrapped already.</param>
    public static byte[] Wrap(ReadOnlySpan<byte> keyEncryptionKey, int version, ReadOnlySpan<byte> dataId, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> key) =>
        Wrap(KeyDerivation.DataKeyLabel, keyEncryptionKey, version, dataId, nonce, key);

    public static byte[] Wrap(ReadOnlySpan<byte> label, ReadOnlySpan<byte> keyEncryptionKey, int version, ReadOnlySpan<byte> dataId, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> key)
    {
        if (dataId.Length != ChunkCipher.DataIdSize) throw new ArgumentException("A data id has 16 bytes.", nameof(dataId));
        if (key.Length is not (ChunkCipher.KeySize or Size)) throw new ArgumentException("A data key has 32 bytes, a wrapped one 60.", nameof(key));
        var wrapped = new byte[key.Length + Overhead];
        nonce.CopyTo(wrapped);
        Span<byte> associated = stackalloc byte[AssociatedSize];
        WriteAssociated(associated, version, dataId);
        using var aes = KeyDerivation.ExpandToAes(keyEncryptionKey, label, dataId);
        aes.Encrypt(nonce, key, wrapped.AsSpan(NonceSize, key.Length), wrapped.AsSpan(NonceSize + key.Length), associated);
        return wrapped;
    }

    /// <param name="key">As long as what was wrapped.</param>
    public static bool TryUnwrap(ReadOnlySpan<byte> keyEncryptionKey, int version, ReadOnlySpan<byte> dataId, ReadOnlySpan<byte> wrapped, Span<byte> key) =>
        TryUnwrap(KeyDerivation.DataKeyLabel, keyEncryptionKey, version, dataId, wrapped, key);

    public static bool TryUnwrap(ReadOnlySpan<byte> label, ReadOnlySpan<byte> keyEncryptionKey, int version, ReadOnlySpan<byte> dataId, ReadOnlySpan<byte> wrapped, Span<byte> key)
    {
        if (dataId.Length != ChunkCipher.DataIdSize) throw new ArgumentException("A data id has 16 bytes.", nameof(dataId));
        if (key.Length is not (ChunkCipher.KeySize or Size)) throw new ArgumentException("A data key has 32 bytes, a wrapped one 60.", nameof(key));
        if (wrapped.Length != key.Length + Overhead) return false;
        Span<byte> associated = stackalloc byte[AssociatedSize];
        WriteAssociated(associated, version, dataId);
        using var aes = KeyDerivation.ExpandToAes(keyEncryptionKey, label, dataId);
        return aes.TryDecrypt(wrapped[..NonceSize], wrapped[NonceSize..^TagSize], wrapped[^TagSize..], key, associated);
    }

    private static void WriteAssociated(Span<byte> associated, int version, ReadOnlySpan<byte> dataId)
    {
        BinaryPrimitives.WriteInt32BigEndian(associated, version);
        dataId.CopyTo(associated[4..]);
    }
}
