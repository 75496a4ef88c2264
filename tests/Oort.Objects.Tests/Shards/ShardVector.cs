using System.Globalization;
using Oort.Backends;
using Oort.Crypto;
using Oort.Objects.Shards;

namespace Oort.Objects.Tests.Shards;

/// <summary>A file of tests/vectors/shard (docs/formats/README.md, "Vectors").</summary>
internal sealed class ShardVector
{
    private readonly Dictionary<string, string> fields = [];

    private ShardVector(string path)
    {
        var lines = File.ReadAllLines(path);
        var split = Array.IndexOf(lines, "");
        foreach (var line in lines[..split])
            if (!line.StartsWith('#') && line.Split(": ", 2) is [var name, var value])
                fields.Add(name, value);
        Bytes = Convert.FromHexString(string.Concat(lines[(split + 1)..]));
    }

    internal byte[] Bytes { get; }

    internal string Expect => fields["expect"];

    internal byte[] TagKey => Convert.FromHexString(fields["tag-key"]);

    internal byte[] SegmentBytes => Convert.FromHexString(fields["segment"]);

    internal ShardId Id => new(SegmentId.Read(SegmentBytes), (byte)Number("shard"));

    internal Geometry Geometry => new(Number("k"), Number("m"));

    internal ShardLayout Layout => new(Geometry, Number("payload-length"));

    /// <summary>The segment's payload; only good shards give it.</summary>
    internal byte[] Payload => Convert.FromHexString(fields["payload"]);

    internal SegmentTagger CreateTagger() => new(TagKey, SegmentBytes);

    internal static IEnumerable<string> Names =>
        Directory.GetFiles(Path.Combine(Repository.Root, "tests", "vectors", "shard"), "*.txt").Select(Path.GetFileNameWithoutExtension).Order(StringComparer.Ordinal)!;

    internal static ShardVector Read(string name) => new(Path.Combine(Repository.Root, "tests", "vectors", "shard", name + ".txt"));

    private int Number(string name) => int.Parse(fields[name], CultureInfo.InvariantCulture);
}
