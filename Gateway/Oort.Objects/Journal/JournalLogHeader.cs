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

    public const int SizeMax = MembersOffset + MemberCountMax * StoreId.Size + CrcSize;

    internal const int FormatVersionOffset = 8;
    internal const int HeaderSizeOffset = 10;
    internal const int SuiteOffset = 12;
    internal const int MemberCountOffset = 13;
    internal const int QuorumOffset = 14;
    internal const int ReservedOffset = 15;
    internal const int ClusterOffset = 16;
    internal const int GatewayOffset = 32;
    internal const int SessionOffset = 48;
    internal const int NumberOffset = 56;
    internal const int FirstGenerationOffset = 64;
    internal const int PreviousGenerationOffset = 72;
    internal const int PreviousHashOffset = 80;
    internal const int SaltOffset = 112;
    internal const int MembersOffset = 144;

    private const int CrcSize = 4;

    public required ClusterId Cluster { get; init; }
    public required JournalLogName Name { get; init; }

    /// <summary>Generation of the record that the first one follows; 0 when there is none. A difference greater than one to the first generation is a jump, not a gap.</summary>
    public required ulong PreviousGeneration { get; init; }

    /// <summary>Hash of the record that the first one follows; <see cref="RecordHash.None"/> when there is none.</summary>
    public required RecordHash PreviousHash { get; init; }

    /// <summary>Stores on which a record must be before it counts.</summary>
    public required int Quorum { get; init; }

    /// <summary>Members that must have been asked before the end of the log is known: any record that was acknowledged is on a quorum, so one of these has it.</summary>
    public int EndQuorum => Members.Length - Quorum + 1;

    /// <summary>Salt of the log's cipher.</summary>
    public required ImmutableArray<byte> Salt { get; init; }

    /// <summary>The stores that hold the log.</summary>
    public required ImmutableArray<StoreId> Members { get; init; }

    public int Size => MembersOffset + Members.Length * StoreId.Size + CrcSize;

    private static ReadOnlySpan<byte> Magic => "OORTJRNL"u8;

    public byte[] ToBytes()
    {
        var bytes = new byte[Size];
        var span = bytes.AsSpan();
        Magic.CopyTo(span);
        BinaryPrimitives.WriteUInt16BigEndian(span[FormatVersionOffset..], FormatVersion);
        BinaryPrimitives.WriteUInt16BigEndian(span[HeaderSizeOffset..], (ushort)Size);
        span[SuiteOffset] = Suite;
        span[MemberCountOffset] = (byte)Members.Length;
        span[QuorumOffset] = (byte)Quorum;
        Cluster.Write(span[ClusterOffset..]);
        Name.Gateway.Write(span[GatewayOffset..]);
        BinaryPrimitives.WriteUInt64BigEndian(span[SessionOffset..], Name.Session);
        BinaryPrimitives.WriteUInt64BigEndian(span[NumberOffset..], Name.Number);
        BinaryPrimitives.WriteUInt64BigEndian(span[FirstGenerationOffset..], Name.FirstGeneration);
        BinaryPrimitives.WriteUInt64BigEndian(span[PreviousGenerationOffset..], PreviousGeneration);
        PreviousHash.Write(span[PreviousHashOffset..]);
        Salt.AsSpan().CopyTo(span[SaltOffset..]);
        for (var index = 0; index < Members.Length; index++) Members[index].Write(span[(MembersOffset + index * StoreId.Size)..]);
        BinaryPrimitives.WriteUInt32BigEndian(span[^CrcSize..], Crc32C.Compute(span[..^CrcSize]));
        return bytes;
    }

    /// <summary>Reads a header from the beginning of a log; null when it is not whole, damaged, or of a version or suite that this program does not know.</summary>
    public static JournalLogHeader? TryRead(ReadOnlySpan<byte> source)
    {
        if (source.Length < MembersOffset + CrcSize || !source.StartsWith(Magic)) return null;
        if (BinaryPrimitives.ReadUInt16BigEndian(source[FormatVersionOffset..]) != FormatVersion || source[SuiteOffset] != Suite || source[ReservedOffset] != 0) return null;
        var (members, quorum) = (source[MemberCountOffset], source[QuorumOffset]);
        var size = MembersOffset + members * StoreId.Size + CrcSize;
        if (members is 0 or > MemberCountMax || quorum == 0 || quorum > members || BinaryPrimitives.ReadUInt16BigEndian(source[HeaderSizeOffset..]) != size || source.Length < size) return null;
        if (BinaryPrimitives.ReadUInt32BigEndian(source[(size - CrcSize)..]) != Crc32C.Compute(source[..(size - CrcSize)])) return null;

        var ids = ImmutableArray.CreateBuilder<StoreId>(members);
        for (var index = 0; index < members; index++) ids.Add(StoreId.Read(source[(MembersOffset + index * StoreId.Size)..]));
        return new()
        {
            Cluster = ClusterId.Read(source[ClusterOffset..]),
            Name = new(
                GatewayId.Read(source[GatewayOffset..]),
                BinaryPrimitives.ReadUInt64BigEndian(source[FirstGenerationOffset..]),
                BinaryPrimitives.ReadUInt64BigEndian(source[SessionOffset..]),
                BinaryPrimitives.ReadUInt64BigEndian(source[NumberOffset..])),
            PreviousGeneration = BinaryPrimitives.ReadUInt64BigEndian(source[PreviousGenerationOffset..]),
            PreviousHash = RecordHash.Read(source[PreviousHashOffset..]),
            Quorum = quorum,
            Salt = [.. source.Slice(SaltOffset, RecordCipher.SaltSize)],
            Members = ids.MoveToImmutable(),
        };
    }
}
