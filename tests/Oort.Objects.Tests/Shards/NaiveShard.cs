using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Oort.Objects.Tests.Shards;

/// <summary>A reader written from docs/formats/shard.md alone: slow, and sharing nothing with the product but the library's AES and HMAC.</summary>
internal sealed class NaiveShard
{
    internal int Index { get; private init; }
    internal int K { get; private init; }
    internal int M { get; private init; }
    internal long PayloadLength { get; private init; }
    internal List<byte[]> Cells { get; } = [];

    /// <summary>§10, in its order. Gives "Ok" and the shard, or the outcome.</summary>
    internal static (string Outcome, NaiveShard? Shard) Read(byte[] file, byte[] tagKey, byte[] segment, int index, int k, int m, long payloadLength)
    {
        if (file.Length < 128) return ("Truncated", null);
        if (Encoding.ASCII.GetString(file, 0, 8) != "OORTSHRD") return ("BadMagic", null);
        if (Number(file, 8, 2) != 1 || Number(file, 10, 2) != 1) return ("UnknownVersion", null);
        if (Number(file, 104, 8) != Crc(file.AsSpan(0, 104))) return ("BadChecksum", null);

        var shard = new NaiveShard { Index = file[12], K = file[13], M = file[14], PayloadLength = (long)Math.Min(Number(file, 32, 8), long.MaxValue) };
        if (shard.K < 1 || shard.K + shard.M > 255 || shard.Index >= shard.K + shard.M) return ("Malformed", null);
        if (shard.PayloadLength is < 1 or > 67_108_864) return ("Malformed", null);
        var sizes = CellSizes(shard.K, shard.PayloadLength);
        var table = 128 + sizes.Sum(size => (long)size);
        var length = table + 24L * sizes.Count;
        if (Number(file, 40, 8) != (ulong)table || Number(file, 48, 8) != (ulong)length) return ("Malformed", null);
        if (Number(file, 56, 4) != (ulong)sizes.Count || Number(file, 60, 4) != 65_536) return ("Malformed", null);
        if (file[15] != 0 || file[64..104].Any(b => b != 0)) return ("Malformed", null);

        if (!file.AsSpan(16, 16).SequenceEqual(segment) || shard.Index != index) return ("Mismatch", null);
        if (!Tag(tagKey, segment, index, ulong.MaxValue, file[..112]).AsSpan().SequenceEqual(file.AsSpan(112, 16))) return ("BadMac", null);
        if (shard.K != k || shard.M != m || shard.PayloadLength != payloadLength) return ("Mismatch", null);
        if (file.Length != length) return ("BadLength", null);

        var at = 128;
        for (var stripe = 0; stripe < sizes.Count; stripe++)
        {
            var cell = file[at..(at + sizes[stripe])];
            var entry = file[(int)(table + 24 * stripe)..(int)(table + 24 * stripe + 24)];
            if (Number(entry, 0, 8) != Crc(cell)) return ("BadCellChecksum", null);
            if (!Tag(tagKey, segment, index, (ulong)stripe, cell).AsSpan().SequenceEqual(entry.AsSpan(8))) return ("BadCellTag", null);
            shard.Cells.Add(cell);
            at += sizes[stripe];
        }

        return ("Ok", shard);
    }

    /// <summary>§3 backwards.</summary>
    internal static byte[] Join(NaiveShard[] dataShards, long payloadLength)
    {
        var payload = new List<byte>();
        for (var stripe = 0; stripe < dataShards[0].Cells.Count; stripe++)
            foreach (var shard in dataShards)
                payload.AddRange(shard.Cells[stripe]);
        return [.. payload[..(int)payloadLength]];
    }

    /// <summary>§4 for one byte of a parity cell.</summary>
    internal static byte Parity(int k, int m, int i, IEnumerable<byte> data)
    {
        var sum = 0;
        foreach (var (j, value) in data.Index())
        {
            var coefficient = 1;
            if (m == 2 && i == 1)
                for (var n = 0; n < j; n++) coefficient = Multiply(coefficient, 2);
            if (m > 2) coefficient = Multiply(Multiply(k ^ j, k + i), Inverse(Multiply((k + i) ^ j, k)));
            sum ^= Multiply(coefficient, value);
        }

        return (byte)sum;
    }

    private static List<int> CellSizes(int k, long payloadLength)
    {
        var sizes = new List<int>();
        for (; payloadLength >= 65_536 * k; payloadLength -= 65_536 * k) sizes.Add(65_536);
        if (payloadLength > 0) sizes.Add((int)((payloadLength + k - 1) / k + 63) / 64 * 64);
        return sizes;
    }

    private static ulong Number(byte[] bytes, int offset, int count) =>
        bytes.AsSpan(offset, count).ToArray().Aggregate(0ul, (value, b) => value << 8 | b);

    private static ulong Crc(ReadOnlySpan<byte> bytes)
    {
        // 0xad93d23594c93659 with its bits in reverse order.
        const ulong Polynomial = 0x9A6C_9329_AC4B_C9B5;
        var register = ulong.MaxValue;
        foreach (var value in bytes)
        {
            register ^= value;
            for (var bit = 0; bit < 8; bit++) register = (register & 1) == 1 ? register >> 1 ^ Polynomial : register >> 1;
        }

        return ~register;
    }

    private static byte[] Tag(byte[] tagKey, byte[] segment, int shard, ulong cell, byte[] data)
    {
        // HKDF's second step for one block: HMAC(key, info ‖ 1).
        var key = HMACSHA256.HashData(tagKey, (byte[])[.. "oort segment tag v1\0"u8, .. segment, 1]);
        var nonce = new byte[12];
        BinaryPrimitives.WriteUInt32BigEndian(nonce, (uint)shard);
        BinaryPrimitives.WriteUInt64BigEndian(nonce.AsSpan(4), cell);
        var tag = new byte[16];
        using var aes = new AesGcm(key, 16);
        aes.Encrypt(nonce, Array.Empty<byte>(), Array.Empty<byte>(), tag, data);
        return tag;
    }

    private static int Multiply(int a, int b)
    {
        var product = 0;
        for (; b > 0; b >>= 1)
        {
            if ((b & 1) == 1) product ^= a;
            a <<= 1;
            if (a > 255) a ^= 0x11d;
        }

        return product;
    }

    private static int Inverse(int a) => Enumerable.Range(1, 255).First(b => Multiply(a, b) == 1);
}
