using System.Buffers.Binary;
using System.Collections.Immutable;
using Oort.Backends;
using Oort.Checksums;
using Oort.Crypto;

namespace Oort.Objects;

/// <summary>What a log begins with (docs/formats/journal.md §3): whose it is, what it follows, on how many stores it counts. All in the clear; nothing in it tells about objects.</summary>
/// <remarks>
/// Its CRC finds damage; that nobody changed it on purpose is known by the first record, which names the header's hash and is sealed under a key made from
/// the header's salt. A header without one valid record is as if it were not there.
/// </remarks>
internal sealed record JournalLogHeader
{
    public const int FormatVersion = 1;

    /// <summary>AES-256-GCM records, SHA-256 chain.</summary>
    public const byte Suite = 1;

    /// <summary>Stores that hold one log: enough for any number of losses that the codes survive, and few enough that a commit does not wait for a crowd.</summary>
    public const int MemberCountMax = 8;

    private const int FixedSize = 144;
    private const int CrcSize = 4;

    public const int SizeMax = FixedSize + MemberCountMax * StoreId.Size + CrcSize;

    public required ClusterId Cluster { get; init; }
    public required JournalLogName Name { get; init; }

    /// <summary>Generation of the record that the first one follows; 0 when there is none. A difference greater than one to the first generation is a jump, not a gap.</summary>
    public required ulong PreviousGeneration { get; init; }

    /// <summary>Hash of the record that the first one follows; <see cref="RecordHash.None"/> when there is none.</summary>
    public required RecordHash PreviousHash { get; init; }

    /// <summary>Stores on which a record must be before it counts.</summary>
    public required int Quorum { get; init; }

    /// <summary>Salt of the log's cipher.</summary>
    public required ImmutableArray<byte> Salt { get; init; }

    /// <summary>The stores that hold the log.</summary>
    public required ImmutableArray<StoreId> Members { get; init; }

    public int Size => FixedSize + Members.Length * StoreId.Size + CrcSize;

    private static ReadOnlySpan<byte> Magic => "OORTJRNL"u8;

    public byte[] ToBytes()
    {
        var bytes = new byte[Size];
        var span = bytes.AsSpan();
        Magic.CopyTo(span);
        BinaryPrimitives.WriteUInt16BigEndian(span[8..], FormatVersion);
        BinaryPrimitives.WriteUInt16BigEndian(span[10..], (ushort)Size);
        span[12] = Suite;
        span[13] = (byte)Members.Length;
        span[14] = (byte)Quorum;
        Cluster.Write(span[16..]);
        Name.Gateway.Write(span[32..]);
        BinaryPrimitives.WriteUInt64BigEndian(span[48..], Name.Session);
        BinaryPrimitives.WriteUInt64BigEndian(span[56..], Name.Number);
        BinaryPrimitives.WriteUInt64BigEndian(span[64..], Name.FirstGeneration);
        BinaryPrimitives.WriteUInt64BigEndian(span[72..], PreviousGeneration);
        PreviousHash.Write(span[80..]);
        Salt.AsSpan().CopyTo(span[112..]);
        for (var index = 0; index < Members.Length; index++) Members[index].Write(span[(FixedSize + index * StoreId.Size)..]);
        BinaryPrimitives.WriteUInt32BigEndian(span[^CrcSize..], Crc32C.Compute(span[..^CrcSize]));
        return bytes;
    }

    /// <summary>Reads a header from the beginning of a log; null when it is not whole, damaged, or of a version or suite that this program does not know.</summary>
    public static JournalLogHeader? TryRead(ReadOnlySpan<byte> source)
    {
        if (source.Length < FixedSize + CrcSize || !source.StartsWith(Magic)) return null;
        if (BinaryPrimitives.ReadUInt16BigEndian(source[8..]) != FormatVersion || source[12] != Suite || source[15] != 0) return null;
        var (members, quorum) = (source[13], source[14]);
        var size = FixedSize + members * StoreId.Size + CrcSize;
        if (members is 0 or > MemberCountMax || quorum == 0 || quorum > members || BinaryPrimitives.ReadUInt16BigEndian(source[10..]) != size || source.Length < size) return null;
        if (BinaryPrimitives.ReadUInt32BigEndian(source[(size - CrcSize)..]) != Crc32C.Compute(source[..(size - CrcSize)])) return null;

        var ids = ImmutableArray.CreateBuilder<StoreId>(members);
        for (var index = 0; index < members; index++) ids.Add(StoreId.Read(source[(FixedSize + index * StoreId.Size)..]));
        return new()
        {
            Cluster = ClusterId.Read(source[16..]),
            Name = new(
                GatewayId.Read(source[32..]),
                BinaryPrimitives.ReadUInt64BigEndian(source[64..]),
                BinaryPrimitives.ReadUInt64BigEndian(source[48..]),
                BinaryPrimitives.ReadUInt64BigEndian(source[56..])),
            PreviousGeneration = BinaryPrimitives.ReadUInt64BigEndian(source[72..]),
            PreviousHash = RecordHash.Read(source[80..]),
            Quorum = quorum,
            Salt = [.. source.Slice(112, RecordCipher.SaltSize)],
            Members = ids.MoveToImmutable(),
        };
    }
}
