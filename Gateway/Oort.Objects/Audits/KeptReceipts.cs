using System.Buffers.Binary;
using System.Collections.Immutable;
using Oort.Backends;

namespace Oort.Objects.Audits;

/// <summary>A storage receipt that is kept.</summary>
/// <param name="Opened">Audits in which a leaf under its root was what was put, at least 1; counted up to <see cref="ushort.MaxValue"/>.</param>
/// <param name="Signed">As the store signed it.</param>
internal sealed record KeptReceipt(ShardId Shard, ushort Opened, ReadOnlyMemory<byte> Signed)
{
    /// <summary>The longest receipt, in bytes; a node's has 259.</summary>
    public const int SignedSizeMax = 1_024;

    internal const int ShardOffset = 0;
    internal const int OpenedOffset = ShardId.Size;
    internal const int SizeOffset = OpenedOffset + sizeof(ushort);
    internal const int ReceiptOffset = SizeOffset + sizeof(ushort);

    public int Size => ReceiptOffset + Signed.Length;

    public void Write(Span<byte> destination)
    {
        Shard.Segment.Write(destination);
        destination[SegmentId.Size] = Shard.Index;
        BinaryPrimitives.WriteUInt16BigEndian(destination[OpenedOffset..], Opened);
        BinaryPrimitives.WriteUInt16BigEndian(destination[SizeOffset..], (ushort)Signed.Length);
        Signed.Span.CopyTo(destination[ReceiptOffset..]);
    }

    /// <summary>Reads the entry that the bytes begin with; null when they do not.</summary>
    public static KeptReceipt? Read(ReadOnlySpan<byte> source)
    {
        if (source.Length < ReceiptOffset) return null;
        var (opened, size) = (BinaryPrimitives.ReadUInt16BigEndian(source[OpenedOffset..]), BinaryPrimitives.ReadUInt16BigEndian(source[SizeOffset..]));
        if (opened == 0 || size is 0 or > SignedSizeMax || source.Length < ReceiptOffset + size) return null;
        return new(new(SegmentId.Read(source), source[SegmentId.Size]), opened, source.Slice(ReceiptOffset, size).ToArray());
    }
}

/// <summary>What is kept of one store's receipts, as a setting of the namespace (docs/formats/kept-receipts.md).</summary>
/// <param name="Entries">The oldest first, each shard once.</param>
internal sealed record KeptReceipts(ImmutableArray<KeptReceipt> Entries)
{
    public const byte Version = 1;

    public const int CountMax = 32;

    /// <summary>When so many are kept, one new receipt in so many takes the oldest's place.</summary>
    public const int ReplaceOneIn = 64;

    internal const int CountOffset = 1;
    internal const int EntriesOffset = 2;

    private const string NamePrefix = "receipts/";

    public static KeptReceipts None { get; } = new([]);

    public static string SettingName(StoreId store) => NamePrefix + store;

    public KeptReceipt? Find(ShardId shard) => Entries.FirstOrDefault(entry => entry.Shard == shard);

    /// <summary>A receipt under whose root one leaf has been compared; the oldest makes room.</summary>
    public KeptReceipts With(ShardId shard, ReadOnlyMemory<byte> signed)
    {
        var others = Without(shard).Entries;
        return new([.. others.Skip(Math.Max(0, others.Length + 1 - CountMax)), new(shard, 1, signed)]);
    }

    public KeptReceipts Without(ShardId shard) => Find(shard) is { } known ? new(Entries.Remove(known)) : this;

    /// <summary>Another leaf under the root was what was put.</summary>
    public KeptReceipts Opened(ShardId shard) =>
        Find(shard) is { Opened: < ushort.MaxValue } known ? new(Entries.Replace(known, known with { Opened = (ushort)(known.Opened + 1) })) : this;

    public byte[] Encode()
    {
        var bytes = new byte[EntriesOffset + Entries.Sum(entry => entry.Size)];
        (bytes[0], bytes[CountOffset]) = (Version, (byte)Entries.Length);
        var at = EntriesOffset;
        foreach (var entry in Entries)
        {
            entry.Write(bytes.AsSpan(at));
            at += entry.Size;
        }

        return bytes;
    }

    /// <summary>Null when they cannot be read; receipts are then had anew.</summary>
    public static KeptReceipts? Decode(ReadOnlySpan<byte> setting)
    {
        if (setting.Length < EntriesOffset || setting[0] != Version || setting[CountOffset] > CountMax) return null;
        var entries = ImmutableArray.CreateBuilder<KeptReceipt>(setting[CountOffset]);
        var rest = setting[EntriesOffset..];
        while (entries.Count < setting[CountOffset])
        {
            if (KeptReceipt.Read(rest) is not { } entry || entries.Any(other => other.Shard == entry.Shard)) return null;
            entries.Add(entry);
            rest = rest[entry.Size..];
        }

        return rest.IsEmpty ? new(entries.ToImmutable()) : null;
    }
}
