using System.Buffers.Binary;
using Oort.Checksums;

namespace Oort.Backends.Local;

/// <summary>The file "identity" of a store: which store this is, and of which cluster (docs/formats/identity.md).</summary>
/// <param name="Store">The store; never <see cref="StoreId.None"/>.</param>
/// <param name="Cluster">The cluster whose shards it holds.</param>
/// <param name="Created">When it was initialised, to the second; for people.</param>
public sealed record StoreIdentity(StoreId Store, ClusterId Cluster, DateTimeOffset Created)
{
    /// <summary>Bytes of the record.</summary>
    public const int Size = 64;

    /// <summary>Bytes of the file, exactly: the record twice.</summary>
    public const int FileSize = 2 * Size;

    internal const ulong Magic = 0x4F4F5254_53544F31; // "OORTSTO1"
    internal const uint Version = 1;

    private const int CrcOffset = 56;

    /// <summary>The file's bytes.</summary>
    public byte[] EncodeFile() => [.. Encode(), .. Encode()];

    /// <summary>The record's bytes.</summary>
    public byte[] Encode()
    {
        var bytes = new byte[Size];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, Magic);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(8), Version);
        Store.Write(bytes.AsSpan(16));
        Cluster.Write(bytes.AsSpan(32));
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(48), Created.ToUnixTimeMilliseconds());
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(CrcOffset), Crc64Nvme.Compute(bytes.AsSpan(0, CrcOffset)));
        return bytes;
    }

    /// <summary>Reads a file: the first of its two records that is whole.</summary>
    internal static FormatOutcome DecodeFile(ReadOnlySpan<byte> bytes, out StoreIdentity? identity)
    {
        identity = null;
        if (bytes.Length != FileSize) return FormatOutcome.Damaged;
        var first = Decode(bytes[..Size], out identity);
        return first == FormatOutcome.Damaged ? Decode(bytes[Size..], out identity) : first;
    }

    internal static FormatOutcome Decode(ReadOnlySpan<byte> bytes, out StoreIdentity? identity)
    {
        identity = null;
        if (bytes.Length != Size || BinaryPrimitives.ReadUInt64BigEndian(bytes) != Magic)
            return FormatOutcome.Damaged;
        if (BinaryPrimitives.ReadUInt64BigEndian(bytes[CrcOffset..]) != Crc64Nvme.Compute(bytes[..CrcOffset]))
            return FormatOutcome.Damaged;
        if (BinaryPrimitives.ReadUInt32BigEndian(bytes[8..]) != Version)
            return FormatOutcome.UnknownVersion;
        var milliseconds = BinaryPrimitives.ReadInt64BigEndian(bytes[48..]);
        var store = StoreId.Read(bytes[16..]);
        // 253402300799999 is the last millisecond that DateTimeOffset can hold (year 9999).
        if (store == StoreId.None || milliseconds is < 0 or > 253402300799999 || bytes[12..16].ContainsAnyExcept((byte)0))
            return FormatOutcome.Damaged;
        identity = new(store, ClusterId.Read(bytes[32..]), DateTimeOffset.FromUnixTimeMilliseconds(milliseconds));
        return FormatOutcome.Ok;
    }
}
