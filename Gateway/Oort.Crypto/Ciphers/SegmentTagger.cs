using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Oort.Crypto;

/// <summary>Keyed tags over the cells of one segment's shards (GMAC, docs/formats/shard.md): by them the gateway knows which shard lied.</summary>
/// <remarks>
/// The nonce is the place (shard, cell), so a place must only ever be tagged with one content; a segment's shards are determined by its payload and its id is
/// never reused, so writing or repairing a shard tags the same bytes again. Never tag what a store sent without checking it first: two contents
/// under one nonce would give the key away. Not thread-safe (one AES context); allocates nothing per tag.
/// </remarks>
public sealed class SegmentTagger : IDisposable
{
    public const int TagSize = 16;
    public const int SegmentIdSize = 16;

    /// <summary>In place of a cell index: the shard's header.</summary>
    public const long HeaderCell = -1;

    private const int NonceSize = 12;

    /// <summary>From this many bytes on, a cell is hashed here. A shorter one would save less than a microsecond, and setting up the powers of H takes about as long.</summary>
    internal const int LongCellMin = 16 * 1024;

    // A place that cannot be: shards are not negative.
    private static readonly byte[] noPlace = [.. Enumerable.Repeat(byte.MaxValue, NonceSize)];

    private readonly IAesGcm aes;
    private readonly byte[] nonce = new byte[NonceSize];
    private GhashKey? longCells;

    internal SegmentTagger(ReadOnlySpan<byte> tagKey, ReadOnlySpan<byte> segmentId)
    {
        if (segmentId.Length != SegmentIdSize) throw new ArgumentException("A segment id has 16 bytes.", nameof(segmentId));
        aes = KeyDerivation.ExpandToAes(tagKey, KeyDerivation.SegmentTagLabel, segmentId);
    }

    /// <summary>Computes the tag of what lies at a place.</summary>
    /// <param name="shard">Index of the shard, from 0.</param>
    /// <param name="cell">Index of the stripe, from 0, or <see cref="HeaderCell"/>.</param>
    /// <param name="data">All of the cell, of any length.</param>
    /// <param name="tag">16 bytes; fully overwritten.</param>
    public void Tag(int shard, long cell, ReadOnlySpan<byte> data, Span<byte> tag)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(shard);
        ArgumentOutOfRangeException.ThrowIfLessThan(cell, HeaderCell);
        if (tag.Length != TagSize) throw new ArgumentException("A tag has 16 bytes.", nameof(tag));
        BinaryPrimitives.WriteInt32BigEndian(nonce, shard);
        BinaryPrimitives.WriteInt64BigEndian(nonce.AsSpan(sizeof(int)), cell);
        if (data.Length < LongCellMin || !GhashKey.IsSupported)
        {
            aes.Encrypt(nonce, [], [], tag, data);
            return;
        }

        longCells ??= GhashKey.Create(aes, noPlace);
        aes.Encrypt(nonce, [], [], tag, []);
        longCells.Add(data, tag);
    }

    /// <summary>Whether <paramref name="data"/> is what was tagged at that place. Takes the same time whatever differs.</summary>
    /// <param name="tag">As a store gave it, of any length.</param>
    public bool Verify(int shard, long cell, ReadOnlySpan<byte> data, ReadOnlySpan<byte> tag)
    {
        Span<byte> expected = stackalloc byte[TagSize];
        Tag(shard, cell, data, expected);
        var equal = CryptographicOperations.FixedTimeEquals(expected, tag);
        // The right tag for wrong bytes is what a liar would pay for: it does not stay on the stack.
        CryptographicOperations.ZeroMemory(expected);
        return equal;
    }

    public void Dispose()
    {
        longCells?.Dispose();
        aes.Dispose();
    }
}
