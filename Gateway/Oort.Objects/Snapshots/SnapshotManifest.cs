using System.Buffers.Binary;
using System.Collections.Immutable;
using Oort.Backends;
using Oort.Crypto;

namespace Oort.Objects;

/// <summary>One part of a snapshot.</summary>
internal readonly record struct SnapshotPart(int Length, RecordHash Hash);

/// <summary>A gateway whose changes a snapshot holds.</summary>
/// <param name="LastGeneration">Newest of its generations in the snapshot.</param>
/// <param name="IsRetired">It was succeeded by a recovery and writes no more: whatever its logs hold beyond is void.</param>
internal readonly record struct SnapshotGateway(GatewayId Id, ulong LastGeneration, bool IsRetired);

/// <summary>What makes a set of parts a snapshot (docs/formats/snapshot.md §4). Written last; without a valid one there is no snapshot.</summary>
internal sealed record SnapshotManifest
{
    public const int FormatVersion = 1;
    public const byte Suite = 1;

    /// <summary>Parts of a snapshot: with 4 MiB each, 400 GB of rows.</summary>
    public const int PartCountMax = 100_000;

    public const int GatewayCountMax = 1_000;

    /// <summary>Bytes of a manifest at most.</summary>
    public const int SizeMax = PartsOffset + PartCountMax * PartSize + GatewayCountMax * GatewaySize + RecordCipher.Overhead;

    internal const int FormatVersionOffset = 8;
    internal const int SuiteOffset = 10;
    internal const int Reserved1Offset = 11;
    internal const int PartCountOffset = 12;
    internal const int ClusterOffset = 16;
    internal const int GenerationOffset = 32;
    internal const int SaltOffset = 40;
    internal const int CreatedOffset = 72;
    internal const int BatchCountOffset = 80;
    internal const int GatewayCountOffset = 84;
    internal const int Reserved2Offset = 88;
    internal const int PartsOffset = 96;

    private const int PartSize = 4 + RecordHash.Size;
    private const int GatewaySize = GatewayId.Size + 8 + 1;

    public required ClusterId Cluster { get; init; }

    /// <summary>The instant: all changes up to it, none after it.</summary>
    public required ulong Generation { get; init; }

    public required ImmutableArray<byte> Salt { get; init; }
    public required DateTimeOffset Created { get; init; }

    /// <summary>Batches in all parts; also the number under which the manifest is sealed.</summary>
    public required uint BatchCount { get; init; }

    public required ImmutableArray<SnapshotPart> Parts { get; init; }
    public required ImmutableArray<SnapshotGateway> Gateways { get; init; }

    private static ReadOnlySpan<byte> Magic => "OORTSNPM"u8;

    /// <param name="cipher">The snapshot's; it has sealed <see cref="BatchCount"/> batches before.</param>
    public byte[] ToBytes(RecordCipher cipher)
    {
        var length = SizeOf(Parts.Length, Gateways.Length);
        var bytes = new byte[length];
        var span = bytes.AsSpan();
        Magic.CopyTo(span);
        BinaryPrimitives.WriteUInt16BigEndian(span[FormatVersionOffset..], FormatVersion);
        span[SuiteOffset] = Suite;
        BinaryPrimitives.WriteUInt32BigEndian(span[PartCountOffset..], (uint)Parts.Length);
        Cluster.Write(span[ClusterOffset..]);
        BinaryPrimitives.WriteUInt64BigEndian(span[GenerationOffset..], Generation);
        Salt.AsSpan().CopyTo(span[SaltOffset..]);
        BinaryPrimitives.WriteInt64BigEndian(span[CreatedOffset..], Created.ToUnixTimeMilliseconds());
        BinaryPrimitives.WriteUInt32BigEndian(span[BatchCountOffset..], BatchCount);
        BinaryPrimitives.WriteUInt32BigEndian(span[GatewayCountOffset..], (uint)Gateways.Length);
        var at = PartsOffset;
        foreach (var part in Parts)
        {
            BinaryPrimitives.WriteUInt32BigEndian(span[at..], (uint)part.Length);
            part.Hash.Write(span[(at + 4)..]);
            at += PartSize;
        }

        foreach (var gateway in Gateways)
        {
            gateway.Id.Write(span[at..]);
            BinaryPrimitives.WriteUInt64BigEndian(span[(at + 16)..], gateway.LastGeneration);
            span[at + 24] = gateway.IsRetired ? (byte)1 : (byte)0;
            at += GatewaySize;
        }

        cipher.Seal(BatchCount, span[..at], [], span[at..]);
        return bytes;
    }

    /// <summary>Reads and authenticates a manifest.</summary>
    /// <returns>Null when it is damaged, of a version or suite that this program does not know, of another cluster, or was not sealed with this keyring.</returns>
    public static SnapshotManifest? TryRead(ReadOnlySpan<byte> source, Keyring keyring)
    {
        if (source.Length < PartsOffset || !source.StartsWith(Magic)) return null;
        if (BinaryPrimitives.ReadUInt16BigEndian(source[FormatVersionOffset..]) != FormatVersion || source[SuiteOffset] != Suite) return null;
        var (partCount, gatewayCount) = (BinaryPrimitives.ReadUInt32BigEndian(source[PartCountOffset..]), BinaryPrimitives.ReadUInt32BigEndian(source[GatewayCountOffset..]));
        if (partCount > PartCountMax || gatewayCount > GatewayCountMax || source.Length != SizeOf((int)partCount, (int)gatewayCount)) return null;
        var cluster = ClusterId.Read(source[ClusterOffset..]);
        if (cluster.Value != keyring.Identity) return null;
        var salt = source.Slice(SaltOffset, RecordCipher.SaltSize);
        var batchCount = BinaryPrimitives.ReadUInt32BigEndian(source[BatchCountOffset..]);
        using (var cipher = keyring.OpenSnapshot(salt))
            if (!cipher.TryOpen(batchCount, source[..^RecordCipher.Overhead], source[^RecordCipher.Overhead..], []))
                return null;

        var at = PartsOffset;
        var parts = ImmutableArray.CreateBuilder<SnapshotPart>((int)partCount);
        for (var index = 0; index < partCount; index++, at += PartSize)
            parts.Add(new((int)BinaryPrimitives.ReadUInt32BigEndian(source[at..]), RecordHash.Read(source[(at + 4)..])));
        var gateways = ImmutableArray.CreateBuilder<SnapshotGateway>((int)gatewayCount);
        for (var index = 0; index < gatewayCount; index++, at += GatewaySize)
            gateways.Add(new(GatewayId.Read(source[at..]), BinaryPrimitives.ReadUInt64BigEndian(source[(at + 16)..]), source[at + 24] != 0));
        return new()
        {
            Cluster = cluster,
            Generation = BinaryPrimitives.ReadUInt64BigEndian(source[GenerationOffset..]),
            Salt = [.. salt],
            Created = DateTimeOffset.FromUnixTimeMilliseconds(BinaryPrimitives.ReadInt64BigEndian(source[CreatedOffset..])),
            BatchCount = batchCount,
            Parts = parts.MoveToImmutable(),
            Gateways = gateways.MoveToImmutable(),
        };
    }

    private static int SizeOf(int parts, int gateways) => PartsOffset + parts * PartSize + gateways * GatewaySize + RecordCipher.Overhead;
}
