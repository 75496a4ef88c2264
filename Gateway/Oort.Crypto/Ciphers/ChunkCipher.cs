using System.Buffers.Binary;

namespace Oort.Crypto;

/// <summary>Seals and opens the chunks of one data id (docs/formats/segment.md §3).</summary>
/// <remarks>
/// The nonce is the chunk number, so a data id's key must only ever seal one plaintext: changed bytes are a new data id with a new
/// key. The associated data name the data id, the number and whether it is the last chunk, and never a location: sealed chunks may be moved and
/// packed, but not swapped, reordered, cut off or given to another object. Not thread-safe (one AES context); allocates nothing per chunk.
/// </remarks>
public sealed class ChunkCipher : IDisposable
{
    /// <summary>Plaintext bytes of every chunk but the last, which has 1 to this many.</summary>
    public const int PlaintextSize = 65_520;

    /// <summary>Bytes that sealing adds to a chunk.</summary>
    public const int TagSize = 16;

    /// <summary>Bytes of a full sealed chunk: the size of a cell.</summary>
    public const int SealedSize = PlaintextSize + TagSize;

    public const int KeySize = 32;
    public const int DataIdSize = 16;

    /// <summary>AES-256-GCM with chunks of 65,520 bytes. Another cipher or chunk size is another number.</summary>
    public const byte Suite = 1;

    /// <summary>16 TiB of plaintext, three times the largest S3 object: 2^40 AES blocks a key, where GCM's bounds are still remote (SP 800-38D §8).</summary>
    public const long ChunkCountMax = 1L << 28;

    private const int NonceSize = 12;
    private const int NonceNumberOffset = 4;
    private const int AssociatedSize = 26;
    private const int AssociatedNumberOffset = 17;
    private const int AssociatedLastOffset = 25;

    private readonly IAesGcm aes;
    private readonly byte[] nonce = new byte[NonceSize];
    private readonly byte[] associated = new byte[AssociatedSize];

    /// <param name="key">The data id's own random key, 32 bytes.</param>
    /// <param name="dataId">16 bytes.</param>
    public ChunkCipher(ReadOnlySpan<byte> key, ReadOnlySpan<byte> dataId)
    {
        if (key.Length != KeySize) throw new ArgumentException("A data key has 32 bytes.", nameof(key));
        if (dataId.Length != DataIdSize) throw new ArgumentException("A data id has 16 bytes.", nameof(dataId));
        associated[0] = Suite;
        dataId.CopyTo(associated.AsSpan(1));
        aes = AesGcmKeys.Create(key);
    }

    /// <summary>Sealed bytes of a plaintext: 16 more for each begun 65,520. Nothing for nothing: an empty data id has no chunks.</summary>
    public static long SealedLength(long plaintextLength)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(plaintextLength);
        return plaintextLength + (ChunkCount(plaintextLength) * TagSize);
    }

    /// <summary>Count of chunks of a plaintext.</summary>
    public static long ChunkCount(long plaintextLength)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(plaintextLength);
        return (plaintextLength / PlaintextSize) + (plaintextLength % PlaintextSize == 0 ? 0 : 1);
    }

    /// <summary>Seals one chunk.</summary>
    /// <param name="chunk">Its number within the data id, from 0.</param>
    /// <param name="last">Whether it is the data id's last.</param>
    /// <param name="plaintext"><see cref="PlaintextSize"/> bytes; the last chunk 1 to that many.</param>
    /// <param name="sealedChunk">16 bytes longer; fully overwritten. It may begin where <paramref name="plaintext"/> does, and may not overlap it otherwise.</param>
    /// <exception cref="ArgumentException">Lengths or number are out of range. Nothing has been written.</exception>
    public void Seal(long chunk, bool last, ReadOnlySpan<byte> plaintext, Span<byte> sealedChunk)
    {
        if (!IsChunkLength(last, plaintext.Length)) throw new ArgumentException("Only the last chunk may be short, and none empty.", nameof(plaintext));
        if (sealedChunk.Length != plaintext.Length + TagSize) throw new ArgumentException("A sealed chunk is 16 bytes longer.", nameof(sealedChunk));
        Address(chunk, last);
        aes.Encrypt(nonce, plaintext, sealedChunk[..plaintext.Length], sealedChunk[plaintext.Length..], associated);
    }

    /// <summary>Opens one chunk, if it is exactly what was sealed under this key, data id, number and last flag.</summary>
    /// <param name="sealedChunk">As a store gave it, of any length.</param>
    /// <param name="plaintext">16 bytes shorter. It may begin where <paramref name="sealedChunk"/> does, and may not overlap it otherwise.</param>
    /// <returns>False when it is not; <paramref name="plaintext"/> is then zeroed, and in place the sealed bytes are gone.</returns>
    /// <exception cref="ArgumentException">The chunk number is out of range, or <paramref name="plaintext"/> has another length than a valid chunk's.</exception>
    public bool TryOpen(long chunk, bool last, ReadOnlySpan<byte> sealedChunk, Span<byte> plaintext)
    {
        var length = sealedChunk.Length - TagSize;
        if (!IsChunkLength(last, length))
        {
            plaintext.Clear();
            return false;
        }
        if (plaintext.Length != length) throw new ArgumentException("An opened chunk is 16 bytes shorter.", nameof(plaintext));
        Address(chunk, last);
        return aes.TryDecrypt(nonce, sealedChunk[..length], sealedChunk[length..], plaintext, associated);
    }

    public void Dispose() => aes.Dispose();

    private static bool IsChunkLength(bool last, int plaintextLength) =>
        plaintextLength == PlaintextSize || (last && plaintextLength is > 0 and < PlaintextSize);

    private void Address(long chunk, bool last)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(chunk);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(chunk, ChunkCountMax);
        BinaryPrimitives.WriteInt64BigEndian(nonce.AsSpan(NonceNumberOffset), chunk);
        BinaryPrimitives.WriteInt64BigEndian(associated.AsSpan(AssociatedNumberOffset), chunk);
        associated[AssociatedLastOffset] = last ? (byte)1 : (byte)0;
    }
}
