using System.Buffers.Binary;

namespace Oort.Crypto;

/// <summary>Data keys as the database and the journal carry them (docs/formats/segment.md §4): nonce ‖ sealed key ‖ tag.</summary>
/// <remarks>
/// The wrapping key is derived for each data id, and the nonce is random all the same: a data id is wrapped once for each key version, but a
/// mistake there must not cost two keys.
/// </remarks>
internal static class DataKeyWrap
{
    public const int NonceSize = 12;
    public const int TagSize = 16;
    public const int Size = NonceSize + ChunkCipher.KeySize + TagSize;

    private const int AssociatedSize = 4 + ChunkCipher.DataIdSize;

    public static byte[] Wrap(ReadOnlySpan<byte> keyEncryptionKey, int version, ReadOnlySpan<byte> dataId, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> key)
    {
        if (dataId.Length != ChunkCipher.DataIdSize) throw new ArgumentException("A data id has 16 bytes.", nameof(dataId));
        if (key.Length != ChunkCipher.KeySize) throw new ArgumentException("A data key has 32 bytes.", nameof(key));
        var wrapped = new byte[Size];
        nonce.CopyTo(wrapped);
        Span<byte> associated = stackalloc byte[AssociatedSize];
        WriteAssociated(associated, version, dataId);
        using var aes = KeyDerivation.ExpandToAes(keyEncryptionKey, KeyDerivation.DataKeyLabel, dataId);
        aes.Encrypt(nonce, key, wrapped.AsSpan(NonceSize, ChunkCipher.KeySize), wrapped.AsSpan(NonceSize + ChunkCipher.KeySize), associated);
        return wrapped;
    }

    public static bool TryUnwrap(ReadOnlySpan<byte> keyEncryptionKey, int version, ReadOnlySpan<byte> dataId, ReadOnlySpan<byte> wrapped, Span<byte> key)
    {
        if (dataId.Length != ChunkCipher.DataIdSize) throw new ArgumentException("A data id has 16 bytes.", nameof(dataId));
        if (key.Length != ChunkCipher.KeySize) throw new ArgumentException("A data key has 32 bytes.", nameof(key));
        if (wrapped.Length != Size) return false;
        Span<byte> associated = stackalloc byte[AssociatedSize];
        WriteAssociated(associated, version, dataId);
        using var aes = KeyDerivation.ExpandToAes(keyEncryptionKey, KeyDerivation.DataKeyLabel, dataId);
        return aes.TryDecrypt(wrapped[..NonceSize], wrapped[NonceSize..^TagSize], wrapped[^TagSize..], key, associated);
    }

    private static void WriteAssociated(Span<byte> associated, int version, ReadOnlySpan<byte> dataId)
    {
        BinaryPrimitives.WriteInt32BigEndian(associated, version);
        dataId.CopyTo(associated[4..]);
    }
}
