using System.Security.Cryptography;
using Oort.Checksums;

namespace Oort.Backends.S3;

/// <summary>Hashes of an item's bytes, taken from its source before any is sent: what the cloud's answers are compared with later, when the source may be gone.</summary>
/// <param name="Md5">What the ETag of an object in one part is.</param>
/// <param name="Crc64">CRC-64/NVME, which newer clouds keep of every object.</param>
/// <param name="Blocks">SHA-256 of each block of <see cref="ItemNotes.BlockSizeOf"/> bytes, the last shorter; concatenated.</param>
internal sealed record ItemHashes(ReadOnlyMemory<byte> Md5, ulong Crc64, ReadOnlyMemory<byte> Blocks)
{
    private const int BufferSize = 1 << 20;

    /// <exception cref="BackendException">Corrupt: the source does not have the item's bytes. Otherwise whatever the source throws.</exception>
    public static async ValueTask<ItemHashes> ComputeAsync(NetworkItem item, IItemSource source, CancellationToken cancellationToken)
    {
        if (source.Length != item.Length) throw Wrong(item, $"has {source.Length} bytes and not {item.Length}");
        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var md5 = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
        using var block = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var blockSize = ItemNotes.BlockSizeOf(item.Length);
        var blocks = new byte[ItemNotes.BlockCountOf(item.Length) * ItemNotes.BlockHashSize];
        var crc = 0UL;
        var index = 0;
        // Reads end where blocks do, since both are powers of two.
        var buffer = new byte[Math.Min(BufferSize, blockSize)];
        for (var offset = 0L; offset < item.Length;)
        {
            var wanted = (int)Math.Min(buffer.Length, item.Length - offset);
            var count = await source.ReadAsync(offset, buffer.AsMemory(0, wanted), cancellationToken);
            if (count != wanted) throw Wrong(item, $"gave {count} bytes at {offset} where {wanted} are");
            var bytes = buffer.AsMemory(0, count);
            sha256.AppendData(bytes.Span);
            md5.AppendData(bytes.Span);
            block.AppendData(bytes.Span);
            crc = Crc64Nvme.Append(crc, bytes.Span);
            offset += count;
            if (offset % blockSize == 0 || offset == item.Length) block.GetHashAndReset(blocks.AsSpan(ItemNotes.BlockHashSize * index++));
        }

        if (!sha256.GetHashAndReset().AsSpan().SequenceEqual(item.Sha256.Span)) throw Wrong(item, "does not have its SHA-256");
        return new(md5.GetHashAndReset(), crc, blocks);
    }

    private static BackendException Wrong(NetworkItem item, string what) => new(BackendErrorKind.Corrupt, $"The source of item {item.Id} {what}; make the item anew.");
}
