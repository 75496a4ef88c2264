using System.Globalization;
using System.Text;
using Oort.Backends.Local;
using Oort.Backends.Suite;
using Oort.Backends.Tests.Local;
using Shouldly;
using Xunit;

namespace Oort.Backends.Tests.Formats;

/// <summary>Each file of tests/vectors/volume is a volume 1 of store 5, and says what opening it must give.</summary>
public sealed class VolumeVectorTests
{
    private static string Folder => Path.Combine(FormatPage.Root(), "tests", "vectors", "volume");

    public static TheoryData<string> Names => [.. Directory.GetFiles(Folder, "*.txt").Select(file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Open_Vector_GivesWhatItExpects(string name)
    {
        var (expected, volume) = Load(Path.Combine(Folder, name + ".txt"));
        var disk = StoreFixture.NewDisk();
        disk.SetFile(VolumeFormat.FileName(1), volume);

        (await DescribeAsync(disk)).ShouldBe(expected);
    }

    private static async Task<string> DescribeAsync(RecordingDisk disk)
    {
        try
        {
            await using var store = StoreFixture.Open(disk);
            var shards = await StoreFixture.ReadAllAsync(store);
            var text = shards.OrderBy(pair => pair.Key.Segment).Select(pair => $" {pair.Key}={Encoding.Latin1.GetString(pair.Value)}");
            return $"shards{string.Concat(text)}; damage {store.Damage.Count}";
        }
        catch (BackendException e) when (e.Kind == BackendErrorKind.Permanent)
        {
            return "refused";
        }
    }

    private static (string Expected, byte[] Volume) Load(string path)
    {
        var lines = File.ReadAllLines(path);
        var bytes = new byte[int.Parse(lines[1]["length: ".Length..], CultureInfo.InvariantCulture)];
        foreach (var line in lines.Skip(3))
            Convert.FromHexString(line[6..].Replace(" ", "", StringComparison.Ordinal)).CopyTo(bytes, int.Parse(line[..4], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
        return (lines[0]["expect: ".Length..], bytes);
    }
}
