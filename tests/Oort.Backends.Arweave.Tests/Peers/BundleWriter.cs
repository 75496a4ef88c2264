using System.Buffers.Binary;
using Oort.Backends.Arweave.Items;

namespace Oort.Backends.Arweave.Tests.Peers;

/// <summary>Writes bundles as bundlers do.</summary>
internal static class BundleWriter
{
    /// <param name="items">Whole data items.</param>
    public static byte[] Write(IReadOnlyList<byte[]> items)
    {
        var bytes = new List<byte>();
        bytes.AddRange(Number(items.Count));
        foreach (var item in items)
        {
            bytes.AddRange(Number(item.Length));
            bytes.AddRange(DataItemHeader.Read(item, out _)!.Id);
        }

        foreach (var item in items) bytes.AddRange(item);
        return [.. bytes];
    }

    private static byte[] Number(long number)
    {
        var bytes = new byte[32];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, number);
        return bytes;
    }
}
