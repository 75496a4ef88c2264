using System.Buffers;
using System.Buffers.Binary;
using Oort.Backends;
using Oort.Crypto;

namespace Oort.Objects;

/// <summary>Fills one part after the other with sealed batches (docs/formats/snapshot.md §3).</summary>
internal sealed class SnapshotPartBuffer(ClusterId cluster, ulong generation, RecordCipher cipher)
{
    public const int FormatVersion = 1;

    /// <summary>Magic, version, part number, cluster, generation, salt.</summary>
    public const int HeaderSize = 72;

    internal const int FormatVersionOffset = 8;
    internal const int ReservedOffset = 10;
    internal const int PartNumberOffset = 12;
    internal const int ClusterOffset = 16;
    internal const int GenerationOffset = 32;
    internal const int SaltOffset = 40;

    /// <summary>Length and number of a batch.</summary>
    public const int FrameSize = 8;

    /// <summary>Bytes of a part, unless a single batch is larger: a store takes it in one request, and reading one back costs no more memory.</summary>
    public const int SizeTarget = 1024 * 1024;

    /// <summary>Plaintext bytes of a batch at most: it has to fit a blob with its header.</summary>
    public const int BatchSizeMax = IBlobStore.SizeMax - HeaderSize - FrameSize - RecordCipher.Overhead;

    private readonly ArrayBufferWriter<byte> content = new(SizeTarget);
    private int part;

    public uint BatchCount { get; private set; }

    public static ReadOnlySpan<byte> Magic => "OORTSNAP"u8;

    /// <summary>Whether a batch still fits, or the part must be taken first.</summary>
    public bool HasRoom(int batchLength) => content.WrittenCount == 0 || content.WrittenCount + batchLength + FrameSize + RecordCipher.Overhead <= SizeTarget;

    public void Add(ReadOnlySpan<byte> batch)
    {
        if (batch.Length > BatchSizeMax) throw new ArgumentException("A batch must fit a blob.", nameof(batch));
        if (content.WrittenCount == 0) content.Write(Header());
        var size = FrameSize + batch.Length + RecordCipher.Overhead;
        var framed = content.GetSpan(size)[..size];
        BinaryPrimitives.WriteUInt32BigEndian(framed, (uint)(batch.Length + RecordCipher.Overhead));
        BinaryPrimitives.WriteUInt32BigEndian(framed[4..], BatchCount);
        cipher.Seal(BatchCount, framed[..FrameSize], batch, framed[FrameSize..]);
        BatchCount++;
        content.Advance(size);
    }

    /// <summary>The part as it is now, and begins the next; null when it is empty.</summary>
    public byte[]? Take()
    {
        if (content.WrittenCount == 0) return null;
        var bytes = content.WrittenSpan.ToArray();
        content.ResetWrittenCount();
        part++;
        return bytes;
    }

    private byte[] Header()
    {
        var header = new byte[HeaderSize];
        Magic.CopyTo(header);
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(FormatVersionOffset), FormatVersion);
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(PartNumberOffset), (uint)part);
        cluster.Write(header.AsSpan(ClusterOffset));
        BinaryPrimitives.WriteUInt64BigEndian(header.AsSpan(GenerationOffset), generation);
        cipher.Salt.CopyTo(header.AsSpan(SaltOffset));
        return header;
    }
}
