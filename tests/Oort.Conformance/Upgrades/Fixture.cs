using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json;
using Oort.Conformance.Harness;

namespace Oort.Conformance.Upgrades;

/// <summary>What a program of some version left on its disks, kept for ever in <c>tests/fixtures</c> (docs/formats/README.md, Fixtures).</summary>
/// <param name="Name">Of its files: NAME.json, NAME.cluster.tar.gz, NAME.node.tar.gz.</param>
internal sealed record Fixture(string Name)
{
    /// <summary>Blocks of zeros at a volume's end say nothing (volume.md §1), and would make fixtures large.</summary>
    private const int BlockSize = 4096;

    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public static string Folder { get; } = Path.Combine(Path.GetDirectoryName(TestFiles.Interop)!, "fixtures");

    public static IEnumerable<Fixture> All => Directory.GetFiles(Folder, "*.json").Select(path => new Fixture(Path.GetFileNameWithoutExtension(path))).OrderBy(one => one.Name, StringComparer.Ordinal);

    public FixtureDescription Read() => JsonSerializer.Deserialize<FixtureDescription>(File.ReadAllBytes(Path.Combine(Folder, Name + ".json")), s_json)!;

    public void Write(FixtureDescription description) => File.WriteAllText(Path.Combine(Folder, Name + ".json"), JsonSerializer.Serialize(description, s_json) + "\n");

    /// <param name="part">"cluster" or "node".</param>
    public void Unpack(string part, string folder)
    {
        Directory.CreateDirectory(folder);
        using var file = File.OpenRead(PathOf(part));
        using var unzipped = new GZipStream(file, CompressionMode.Decompress);
        TarFile.ExtractToDirectory(unzipped, folder, overwriteFiles: false);
    }

    public void Pack(string part, string folder)
    {
        foreach (var volume in Directory.GetFiles(folder, "*.vol", SearchOption.AllDirectories)) TrimZeros(volume);
        using var file = File.Create(PathOf(part));
        using var zipped = new GZipStream(file, CompressionLevel.SmallestSize);
        TarFile.CreateFromDirectory(folder, zipped, includeBaseDirectory: false);
    }

    private string PathOf(string part) => Path.Combine(Folder, $"{Name}.{part}.tar.gz");

    private static void TrimZeros(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite);
        var block = new byte[BlockSize];
        var length = file.Length / BlockSize * BlockSize;
        for (; length > 0; length -= BlockSize)
        {
            file.Position = length - BlockSize;
            file.ReadExactly(block);
            if (block.AsSpan().ContainsAnyExcept((byte)0)) break;
        }

        file.SetLength(length);
    }
}

/// <summary>What a fixture holds.</summary>
/// <param name="Program">Version of the program that wrote it.</param>
/// <param name="Phrase">Recovery phrase of the cluster.</param>
/// <param name="NodePhrase">Recovery phrase of the cluster that the node is of.</param>
/// <param name="Formats">Versions of what it wrote, by the names of <see cref="FormatVersions"/>.</param>
/// <param name="Dump">All that clients saw of it (<see cref="WorldDump"/>).</param>
/// <param name="NodeDump">Likewise, of the cluster that is on the node alone.</param>
internal sealed record FixtureDescription(string Program, string Phrase, string NodePhrase, SortedDictionary<string, long> Formats, SortedDictionary<string, string> Dump, SortedDictionary<string, string> NodeDump);
