using System.Globalization;
using System.Numerics;

namespace Oort.Objects.Tests.Caching;

/// <summary>Reads a file of the cell cache by its page alone (docs/formats/cell-cache.md §6), slowly.</summary>
internal static class NaiveCacheFile
{
    /// <returns>The outcome, and of each cell "SEGMENT stripe N cell N: HEX", or "damaged".</returns>
    public static (string Outcome, List<string> Cells) Read(byte[] file, byte[] cluster)
    {
        if (file.Length < 64) return ("Truncated", []);
        var trailer = file[^64..];
        if (System.Text.Encoding.ASCII.GetString(trailer.AsSpan(0, 8)) != "OORTCELL") return ("BadMagic", []);
        if (Number(trailer, 8, 2) != 1) return ("UnknownVersion", []);
        if (Number(trailer, 56, 8) != Crc(trailer[..56])) return ("BadChecksum", []);
        if (!trailer.AsSpan(16, 16).SequenceEqual(cluster)) return ("OtherCluster", []);
        var (count, length) = (Number(trailer, 32, 8), Number(trailer, 40, 8));
        if (Number(trailer, 10, 6) != 0 || 64 + 32 * count + length != file.Length) return ("Malformed", []);
        var table = file[(int)length..^64];
        if (Number(trailer, 48, 8) != Crc(table)) return ("BadChecksum", []);
        var cells = new List<string>();
        var offset = BigInteger.Zero;
        for (var at = 0; at < table.Length; at += 32)
        {
            var size = Number(table, at + 20, 4);
            if (size < 1 || size > 65_536 || table[at + 19] != 0) return ("Malformed", []);
            if (offset + size <= length)
            {
                var cell = file[(int)offset..(int)(offset + size)];
                var name = string.Create(CultureInfo.InvariantCulture, $"{(ulong)Number(table, at, 8):x}-{(ulong)Number(table, at + 8, 8):x} stripe {Number(table, at + 16, 2)} cell {Number(table, at + 18, 1)}");
                cells.Add($"{name}: {(Crc(cell) == Number(table, at + 24, 8) ? Convert.ToHexStringLower(cell) : "damaged")}");
            }
            offset += size;
        }
        return offset == length ? ("Ok", cells) : ("Malformed", []);
    }

    private static BigInteger Number(byte[] bytes, int offset, int count) => new(bytes.AsSpan(offset, count), isUnsigned: true, isBigEndian: true);

    private static BigInteger Crc(byte[] bytes)
    {
        var crc = ulong.MaxValue;
        foreach (var one in bytes)
        {
            crc ^= one;
            for (var bit = 0; bit < 8; bit++) crc = (crc & 1) == 1 ? crc >> 1 ^ 0x9a6c9329ac4bc9b5 : crc >> 1;
        }
        return ~crc;
    }
}
