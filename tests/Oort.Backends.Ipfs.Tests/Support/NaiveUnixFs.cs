using System.Numerics;
using System.Security.Cryptography;

namespace Oort.Backends.Ipfs.Tests.Support;

/// <summary>The same formats a second time, written for the eye alone: names as hex of their bytes, trees from the top down, everything in memory.</summary>
internal static class NaiveUnixFs
{
    /// <summary>All blocks of a file by name.</summary>
    public static (string Root, Dictionary<string, byte[]> Blocks) Build(byte[] file, UnixFsProfile profile)
    {
        var blocks = new Dictionary<string, byte[]>();
        var depth = 0;
        long span = profile.ChunkSize;
        for (; span < file.Length; span *= profile.LinkCountMax) depth++;
        return (Tree(file, depth, span).Name, blocks);

        (string Name, long DagSize) Tree(byte[] bytes, int height, long width)
        {
            if (height == 0) return profile.HasRawLeaves ? Store(bytes, "0155", 0) : Store(Node([], bytes), "0170", 0);
            var below = width / profile.LinkCountMax;
            var links = new List<(string, long, long)>();
            for (var at = 0L; at < bytes.Length; at += below)
            {
                var child = bytes[(int)at..(int)Math.Min(bytes.Length, at + below)];
                var (name, size) = Tree(child, height - 1, below);
                links.Add((name, child.Length, size));
            }

            return Store(Node(links, []), "0170", links.Sum(link => link.Item3));
        }

        (string, long) Store(byte[] block, string codec, long below)
        {
            var name = (profile.IsVersion0 && codec == "0170" ? "" : codec) + "1220" + Convert.ToHexStringLower(SHA256.HashData(block));
            blocks[name] = block;
            return (name, below + block.Length);
        }
    }

    private static byte[] Node(List<(string Name, long FileSize, long DagSize)> links, byte[] data)
    {
        var node = new List<byte>();
        foreach (var (name, _, dagSize) in links)
        {
            var hash = Convert.FromHexString(name);
            node.AddRange(Run(0x12, [.. Run(0x0a, hash), 0x12, 0x00, 0x18, .. Number(dagSize)]));
        }

        List<byte> file = [0x08, 0x02];
        if (data.Length > 0) file.AddRange(Run(0x12, data));
        file.Add(0x18);
        file.AddRange(Number(data.Length + links.Sum(link => link.FileSize)));
        foreach (var (_, fileSize, _) in links) file.AddRange([0x20, .. Number(fileSize)]);
        node.AddRange(Run(0x0a, [.. file]));
        return [.. node];
    }

    /// <summary>Names of the links of a dag-pb block, found by its fields alone.</summary>
    public static List<string> Links(byte[] node)
    {
        var names = new List<string>();
        foreach (var (tag, run) in Fields(node)) if (tag == 0x12) names.Add(Convert.ToHexStringLower(Fields(run).Single(field => field.Tag == 0x0a).Run));
        return names;
    }

    /// <summary>Bytes of a file under its root.</summary>
    public static byte[] Read(string root, IReadOnlyDictionary<string, byte[]> blocks)
    {
        var block = blocks[root];
        if (root.StartsWith("0155", StringComparison.Ordinal)) return block;
        var links = Links(block);
        if (links.Count > 0) return [.. links.SelectMany(link => Read(link, blocks))];
        var file = Fields(block).Single(field => field.Tag == 0x0a).Run;
        return Fields(file).Where(field => field.Tag == 0x12).Select(field => field.Run).SingleOrDefault([]);
    }

    /// <summary>Blocks of a CAR in their order, hashes not looked at.</summary>
    public static List<(string Name, byte[] Block)> ReadCar(byte[] car)
    {
        var blocks = new List<(string, byte[])>();
        var at = 0;
        var headerSize = Take();
        at += headerSize;
        while (at < car.Length)
        {
            var size = Take();
            var section = car[at..(at + size)];
            var nameSize = section[0] == 0x12 ? 34 : 36;
            blocks.Add((Convert.ToHexStringLower(section[..nameSize]), section[nameSize..]));
            at += size;
        }

        return blocks;

        int Take()
        {
            var value = 0;
            for (var shift = 0; ; shift += 7)
            {
                var next = car[at++];
                value |= (next & 0x7f) << shift;
                if (next < 0x80) return value;
            }
        }
    }

    public static byte[] WriteCar(string root, IEnumerable<(string Name, byte[] Block)> blocks)
    {
        var name = Convert.FromHexString(root);
        byte[] header = [0xa2, 0x65, .. "roots"u8, 0x81, 0xd8, 0x2a, 0x58, (byte)(name.Length + 1), 0x00, .. name, 0x67, .. "version"u8, 0x01];
        var car = new MemoryStream();
        car.Write([.. Number(header.Length), .. header]);
        foreach (var (blockName, block) in blocks)
        {
            byte[] cid = Convert.FromHexString(blockName);
            car.Write([.. Number(cid.Length + block.Length), .. cid]);
            car.Write(block);
        }

        return car.ToArray();
    }

    /// <summary>By division of one large number.</summary>
    public static string Base58(byte[] bytes)
    {
        const string alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
        var number = new BigInteger(bytes, isUnsigned: true, isBigEndian: true);
        var text = "";
        for (; number > 0; number /= 58) text = alphabet[(int)(number % 58)] + text;
        return new string('1', bytes.TakeWhile(value => value == 0).Count()) + text;
    }

    /// <summary>By a text of bits.</summary>
    public static string Base32(byte[] bytes)
    {
        var bits = string.Concat(bytes.Select(value => Convert.ToString(value, 2).PadLeft(8, '0')));
        while (bits.Length % 5 != 0) bits += "0";
        return string.Concat(bits.Chunk(5).Select(five => "abcdefghijklmnopqrstuvwxyz234567"[Convert.ToInt32(new string(five), 2)]));
    }

    /// <summary>A name's text as the gateway and the node are asked by it.</summary>
    public static string Text(string name) => name.StartsWith("12", StringComparison.Ordinal) ? Base58(Convert.FromHexString(name)) : "b" + Base32(Convert.FromHexString(name));

    private static List<(byte Tag, byte[] Run)> Fields(byte[] message)
    {
        var fields = new List<(byte, byte[])>();
        for (var at = 0; at < message.Length;)
        {
            var tag = message[at++];
            long value = 0;
            for (var shift = 0; ; shift += 7)
            {
                var next = message[at++];
                value |= (long)(next & 0x7f) << shift;
                if (next < 0x80) break;
            }

            if ((tag & 7) != 2) continue;
            fields.Add((tag, message[at..(at + (int)value)]));
            at += (int)value;
        }

        return fields;
    }

    private static byte[] Run(byte tag, byte[] bytes) => [tag, .. Number(bytes.Length), .. bytes];

    private static byte[] Number(long value)
    {
        var bytes = new List<byte>();
        for (; value >= 0x80; value >>= 7) bytes.Add((byte)(value | 0x80));
        bytes.Add((byte)value);
        return [.. bytes];
    }
}
