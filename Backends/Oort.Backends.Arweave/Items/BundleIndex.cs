using System.Buffers.Binary;

namespace Oort.Backends.Arweave.Items;

/// <summary>A data item in a bundle.</summary>
/// <param name="Offset">Of its first byte in the bundle.</param>
internal readonly record struct BundledItem(ReadOnlyMemory<byte> Id, long Offset, long Length);

/// <summary>What a bundle has in front: which data items follow, and how long they are (ANS-104; tags Bundle-Format: binary, Bundle-Version: 2.0.0).</summary>
/// <remarks>Count ‖ for each item its length and id ‖ the items. Numbers have 32 bytes, little-endian.</remarks>
internal static class BundleIndex
{
    /// <summary>Bundlers put at most 10,000 items in one.</summary>
    public const int CountMax = 100_000;

    public const int EntrySize = 64;
    private const int NumberSize = 32;

    public static long SizeOf(int count) => NumberSize + (long)count * EntrySize;

    /// <summary>How many items follow: from the first 32 bytes; null where that cannot be.</summary>
    public static int? ReadCount(ReadOnlySpan<byte> bytes) => bytes.Length >= NumberSize && ReadNumber(bytes) is { } count and <= CountMax ? (int)count : null;

    /// <summary>The items in order; null where the index is cut off, an id is there twice, or the items do not fill the bundle exactly.</summary>
    /// <param name="bytes">The first bytes of the bundle, at least <see cref="SizeOf"/>.</param>
    /// <param name="size">Bytes of all of it.</param>
    public static IReadOnlyList<BundledItem>? Read(ReadOnlySpan<byte> bytes, long size)
    {
        if (ReadCount(bytes) is not { } count || bytes.Length < SizeOf(count)) return null;
        var items = new BundledItem[count];
        var ids = new HashSet<UInt128>(2 * count);
        var offset = SizeOf(count);
        for (var i = 0; i < count; i++)
        {
            var entry = bytes.Slice((int)SizeOf(i), EntrySize);
            var id = entry[NumberSize..];
            if (ReadNumber(entry) is not { } length || length < 1 || length > size - offset) return null;
            // Ids are hashes: half of one tells them apart.
            if (!ids.Add(BinaryPrimitives.ReadUInt128BigEndian(id))) return null;
            items[i] = new(id.ToArray(), offset, length);
            offset += length;
        }

        return offset == size ? items : null;
    }

    /// <summary>Whether an item of a bundle is what the index says: its id is that of its signature, and this is its owner's over its data.</summary>
    /// <param name="bundle">All of it.</param>
    public static async ValueTask<bool> VerifyAsync(BundledItem item, IItemSource bundle, CancellationToken cancellationToken)
    {
        var head = new byte[Math.Min(item.Length, DataItemHeader.SizeMax)];
        await ItemReader.ReadExactlyAsync(bundle, item.Offset, head, cancellationToken);
        if (DataItemHeader.Read(head, out _) is not { } header || !header.Id.AsSpan().SequenceEqual(item.Id.Span)) return false;
        return await new SignedItem(header, new ItemSlice(bundle, item.Offset + header.Size, item.Length - header.Size)).VerifyAsync(cancellationToken);
    }

    private static long? ReadNumber(ReadOnlySpan<byte> bytes)
    {
        var value = BinaryPrimitives.ReadInt64LittleEndian(bytes);
        return value >= 0 && bytes[sizeof(long)..NumberSize].IndexOfAnyExcept((byte)0) < 0 ? value : null;
    }
}
