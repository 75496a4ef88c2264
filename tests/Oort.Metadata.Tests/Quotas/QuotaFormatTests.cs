using System.Buffers.Binary;
using System.Text.RegularExpressions;
using Oort.Metadata.Tests.Changes;

namespace Oort.Metadata.Tests.Quotas;

/// <summary>Page, vectors and program say the same (docs/formats/quota.md).</summary>
public sealed partial class QuotaFormatTests
{
    private static string Folder => Path.Combine(Path.GetDirectoryName(ChangeVector.Folder)!, "quota");

    private static string Page => File.ReadAllText(Path.Combine(Folder, "..", "..", "..", "docs", "formats", "quota.md"));

    public static TheoryData<string> Vectors => [.. Directory.GetFiles(Folder, "*.txt").Select(path => Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Vectors))]
    public void Read_Vector_EndsAsItExpectsAndAsTheNaiveReaderSays(string name)
    {
        var (expect, bytes) = Load(name);
        Quota.TryRead(bytes, out var quota).ShouldBe(expect == "ok");
        (expect == "ok" ? quota : (Quota?)null).ShouldBe(ReadNaively(bytes));
        if (expect == "ok") quota.ToRecord().ShouldBe(bytes);
        else quota.ShouldBe(Quota.Closed);
    }

    [Fact]
    public void Page_Example_IsTheVectorAndTenGibibytes()
    {
        var bytes = Convert.FromHexString(WhiteSpace().Replace(Hex().Match(Page).Groups[1].Value, ""));
        bytes.ShouldBe(Load("bytes").Bytes);
        Quota.Read(bytes).ShouldBe(new(10L << 30, null));
    }

    [Fact]
    public void Page_Table_HasTheOffsetsOfTheProgram() =>
        Row().Matches(Page).Select(row => (int.Parse(row.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture), row.Groups[2].Value))
            .ShouldBe([(Quota.VersionOffset, "Version"), (Quota.FlagsOffset, "Flags"), (Quota.BytesOffset, "Bytes"), (Quota.ObjectsOffset, "Objects")]);

    [Fact]
    public void Read_EveryFlippedBitAndTruncation_IsReadAsTheNaiveReaderDoes()
    {
        foreach (var name in (string[])["bytes", "objects", "both", "most"])
        {
            var bytes = Load(name).Bytes;
            for (var length = 0; length < bytes.Length; length++) Quota.TryRead(bytes.AsSpan(0, length), out _).ShouldBeFalse();
            for (var bit = 0; bit < bytes.Length * 8; bit++)
            {
                var flipped = bytes.ToArray();
                flipped[bit / 8] ^= (byte)(1 << (bit % 8));
                (Quota.TryRead(flipped, out var quota) ? quota : (Quota?)null).ShouldBe(ReadNaively(flipped));
            }
        }
    }

    [Fact]
    public void Write_NoLimitOrOneBeyondTheHighest_IsABug()
    {
        Should.Throw<ArgumentException>(() => new Quota(null, null).ToRecord());
        Should.Throw<ArgumentException>(() => new Quota(-1, null).ToRecord());
        Should.Throw<ArgumentException>(() => new Quota(null, Quota.LimitMax + 1).ToRecord());
    }

    [Fact]
    public void Allows_AtTheLimit_AllowsWhatFitsAndWhatDoesNotGrow()
    {
        var quota = new Quota(100, 2);
        quota.Allows(new(1, 60), new(1, 40)).ShouldBeTrue();
        quota.Allows(new(1, 60), new(1, 41)).ShouldBeFalse();
        quota.Allows(new(2, 60), new(1, 1)).ShouldBeFalse();
        quota.Allows(new(9, 900), new(0, -1)).ShouldBeTrue();
        quota.Allows(new(9, 900), new(0, 1)).ShouldBeFalse();
        quota.Allows(new(9, 0), new(0, 100)).ShouldBeTrue("Objects do not grow.");
        quota.Allows(new(0, 1), new(1, long.MaxValue)).ShouldBeFalse();
        new Quota(null, 2).Allows(default, new(1, long.MaxValue)).ShouldBeTrue();
        Quota.Closed.Allows(default, new(1, 0)).ShouldBeFalse();
    }

    /// <summary>As the page has it, without a look at the program.</summary>
    private static Quota? ReadNaively(byte[] bytes)
    {
        if (bytes.Length != 18 || bytes[0] != 1 || bytes[1] is < 1 or > 3) return null;
        var (size, count) = (BinaryPrimitives.ReadUInt64BigEndian(bytes.AsSpan(2)), BinaryPrimitives.ReadUInt64BigEndian(bytes.AsSpan(10)));
        if (size > 1UL << 60 || count > 1UL << 60 || (bytes[1] == 2 && size != 0) || (bytes[1] == 1 && count != 0)) return null;
        return new(bytes[1] != 2 ? (long)size : null, bytes[1] != 1 ? (long)count : null);
    }

    private static (string Expect, byte[] Bytes) Load(string name)
    {
        var lines = File.ReadAllLines(Path.Combine(Folder, name + ".txt")).Where(line => !line.StartsWith('#')).ToArray();
        return (lines[0]["expect: ".Length..], Convert.FromHexString(string.Concat(lines.Skip(1)).Trim()));
    }

    [GeneratedRegex("```hex\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Hex();

    [GeneratedRegex(@"^\| (\d+) \| \d+ \| u\d+ \| (\w+) \|", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex("\\s+")]
    private static partial Regex WhiteSpace();
}
