using System.Buffers.Binary;
using System.Globalization;

namespace Oort.Backends;

/// <summary>Names one segment for ever: the writer's epoch, then a counter within it. Never reused (docs/formats/segment.md).</summary>
/// <param name="Epoch">The epoch under which it was written; an epoch belongs to one run of one gateway.</param>
/// <param name="Counter">Counts from 1 within the epoch.</param>
public readonly record struct SegmentId(ulong Epoch, ulong Counter) : IComparable<SegmentId>
{
    /// <summary>Length on disk and on the wire: two big-endian 64-bit numbers.</summary>
    public const int Size = 16;

    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, Epoch);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], Counter);
    }

    public static SegmentId Read(ReadOnlySpan<byte> source) =>
        new(BinaryPrimitives.ReadUInt64BigEndian(source), BinaryPrimitives.ReadUInt64BigEndian(source[8..]));

    public int CompareTo(SegmentId other) => Epoch != other.Epoch ? Epoch.CompareTo(other.Epoch) : Counter.CompareTo(other.Counter);

    /// <summary>"epoch-counter", both hexadecimal without leading zeros.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Epoch:x}-{Counter:x}");

    public static bool operator <(SegmentId left, SegmentId right) => left.CompareTo(right) < 0;
    public static bool operator >(SegmentId left, SegmentId right) => left.CompareTo(right) > 0;
    public static bool operator <=(SegmentId left, SegmentId right) => left.CompareTo(right) <= 0;
    public static bool operator >=(SegmentId left, SegmentId right) => left.CompareTo(right) >= 0;
}

/// <summary>Names one shard: a segment and the 0-based index of the shard in its code. Its bytes are determined by it, so writing it twice writes the same.</summary>
public readonly record struct ShardId(SegmentId Segment, byte Index)
{
    /// <summary>Length on disk and on the wire: the segment id, then the index.</summary>
    public const int Size = SegmentId.Size + 1;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Segment}.{Index}");

    /// <summary>Reads what <see cref="ToString"/> gives; false for any other spelling.</summary>
    public static bool TryParse(string? text, out ShardId id)
    {
        id = default;
        var (dash, dot) = (text?.IndexOf('-') ?? -1, text?.IndexOf('.') ?? -1);
        if (text is null || dash < 1 || dot < dash
            || !ulong.TryParse(text.AsSpan(0, dash), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var epoch)
            || !ulong.TryParse(text.AsSpan(dash + 1, dot - dash - 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var counter)
            || !byte.TryParse(text.AsSpan(dot + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var index)) return false;
        id = new(new(epoch, counter), index);
        return id.ToString() == text;
    }
}

/// <summary>Names one store (a disk, a node, a bucket elsewhere) for as long as it holds what was put on it. Random; zero means "none".</summary>
public readonly record struct StoreId(UInt128 Value)
{
    /// <summary>Length on disk and on the wire: one big-endian 128-bit number.</summary>
    public const int Size = 16;

    /// <summary>No store: the place of a shard that is missing.</summary>
    public static StoreId None => default;

    public void Write(Span<byte> destination) => BinaryPrimitives.WriteUInt128BigEndian(destination, Value);

    public static StoreId Read(ReadOnlySpan<byte> source) => new(BinaryPrimitives.ReadUInt128BigEndian(source));

    public static StoreId Parse(string text) => new(UInt128.Parse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));

    /// <summary>32 hexadecimal digits.</summary>
    public override string ToString() => Value.ToString("x32", CultureInfo.InvariantCulture);
}

/// <summary>Names the cluster (one keyring, one namespace) that stores belong to. Random; a store of another cluster is never written to.</summary>
public readonly record struct ClusterId(UInt128 Value)
{
    /// <summary>Length on disk and on the wire: one big-endian 128-bit number.</summary>
    public const int Size = 16;

    public void Write(Span<byte> destination) => BinaryPrimitives.WriteUInt128BigEndian(destination, Value);

    public static ClusterId Read(ReadOnlySpan<byte> source) => new(BinaryPrimitives.ReadUInt128BigEndian(source));

    /// <summary>32 hexadecimal digits.</summary>
    public override string ToString() => Value.ToString("x32", CultureInfo.InvariantCulture);
}
