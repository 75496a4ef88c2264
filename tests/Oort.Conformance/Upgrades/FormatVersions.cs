using System.Buffers.Binary;
using System.Text.Json;

namespace Oort.Conformance.Upgrades;

/// <summary>Reads of every file of a data directory and its stores which version of which format it is, by the pages in docs/formats alone.</summary>
internal static class FormatVersions
{
    public const string Schema = "schema";

    /// <summary>User version of a SQLite database: sqlite.org/fileformat2.html §1.3.</summary>
    public const int SchemaOffset = 60;

    public const int KeyringOffset = 8;

    /// <summary>The highest version of each format in a folder.</summary>
    /// <exception cref="InvalidDataException">A file is of no format that is known here.</exception>
    public static SortedDictionary<string, long> Scan(string folder)
    {
        var versions = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var path in Directory.GetFiles(folder, "*", SearchOption.AllDirectories))
        {
            var head = new byte[64];
            using (var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite)) head = head[..file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false)];
            if (Look(path, head) is not var (format, version)) continue;
            versions[format] = Math.Max(versions.GetValueOrDefault(format), version);
        }

        return versions;
    }

    private static (string, long)? Look(string path, byte[] head) => Path.GetFileName(path) switch
    {
        "lock" or "leave" or "root.key" or "root-credentials.json" or "node.key" => null,
        "metadata.db" => (Schema, U32(head, SchemaOffset)),
        "metadata.db-wal" or "metadata.db-shm" => null,
        "node.json" or "membership.json" or "caps.json" => (Path.GetFileName(path), JsonDocument.Parse(File.ReadAllBytes(path)).RootElement.GetProperty("version").GetInt64()),
        var name when path.Contains("/temp/", StringComparison.Ordinal) => null,
        _ => LookInside(path, head),
    };

    private static (string, long) LookInside(string path, byte[] head) => System.Text.Encoding.ASCII.GetString(head, 0, Math.Min(8, head.Length)) switch
    {
        "OORTSTO1" => ("store identity", U32(head, 8)),
        "OORTVOL1" => ("volume", U32(head, 8)),
        "OORTIDX1" => ("volume index", U32(head, 8)),
        "OORTKEYS" => ("keyring", head[KeyringOffset]),
        "OORTJRNL" => ("journal log", U16(head, 8)),
        "OORTSNAP" => ("snapshot part", U16(head, 8)),
        "OORTSNPM" => ("snapshot manifest", U16(head, 8)),
        "oort dat" => ("data directory", long.Parse(File.ReadLines(path).First().Split(' ')[^1], System.Globalization.CultureInfo.InvariantCulture)),
        var other => throw new InvalidDataException($"{path} begins with {other}, which is of no format that is known."),
    };

    private static long U16(byte[] head, int offset) => BinaryPrimitives.ReadUInt16BigEndian(head.AsSpan(offset));

    private static long U32(byte[] head, int offset) => BinaryPrimitives.ReadUInt32BigEndian(head.AsSpan(offset));
}
