using System.Buffers.Binary;
using System.Text.RegularExpressions;
using Oort.Metadata.Tests.Changes;

namespace Oort.Metadata.Tests.Locks;

/// <summary>Pages, vectors and program say the same (docs/formats/object-lock.md, bucket-lock.md, lock-clock.md).</summary>
public sealed partial class LockFormatTests
{
    private static readonly string[] formats = ["object-lock", "bucket-lock", "lock-clock"];

    private static string Root => Path.GetDirectoryName(ChangeVector.Folder)!;

    public static TheoryData<string, string> Vectors =>
        [.. from format in formats from path in Directory.GetFiles(Path.Combine(Root, format), "*.txt").Order(StringComparer.Ordinal) select (format, Path.GetFileNameWithoutExtension(path))];

    [Theory]
    [MemberData(nameof(Vectors))]
    public void Read_Vector_EndsAsItExpectsAndIsWrittenAgain(string format, string name)
    {
        var (expect, bytes) = Load(format, name);
        var read = Read(format, bytes);
        (read is null ? "reject" : "ok").ShouldBe(expect);
        ReadNaively(format, bytes).ShouldBe(expect == "ok");
        if (read is not null) read.ShouldBe(bytes);
    }

    [Theory]
    [InlineData("object-lock", "governance")]
    [InlineData("bucket-lock", "days")]
    [InlineData("lock-clock", "mark")]
    public void Page_Example_IsTheVector(string format, string name) =>
        Convert.FromHexString(WhiteSpace().Replace(Hex().Match(Page(format)).Groups[1].Value, "")).ShouldBe(Load(format, name).Bytes);

    [Fact]
    public void Pages_Tables_HaveTheOffsetsOfTheProgram()
    {
        Offsets("object-lock").ShouldBe([(ObjectLock.VersionOffset, "Version"), (ObjectLock.ModeOffset, "Mode"), (ObjectLock.HoldOffset, "Hold"), (ObjectLock.UntilOffset, "Until")]);
        Offsets("bucket-lock").ShouldBe([(BucketLock.VersionOffset, "Version"), (BucketLock.ModeOffset, "Mode"), (BucketLock.UnitOffset, "Unit"), (BucketLock.CountOffset, "Count")]);
        Offsets("lock-clock").ShouldBe([(LockClock.VersionOffset, "Version"), (LockClock.MarkOffset, "Mark")]);
    }

    [Fact]
    public void Read_EveryFlippedBitAndTruncation_IsReadAsTheNaiveReaderDoes()
    {
        foreach (var (format, name) in ((string, string)[])[("object-lock", "governance"), ("object-lock", "hold-on"), ("bucket-lock", "days"), ("bucket-lock", "plain"), ("lock-clock", "mark")])
        {
            var bytes = Load(format, name).Bytes;
            for (var length = 0; length < bytes.Length; length++) Read(format, bytes[..length]).ShouldBeNull();
            for (var bit = 0; bit < bytes.Length * 8; bit++)
            {
                var flipped = bytes.ToArray();
                flipped[bit / 8] ^= (byte)(1 << (bit % 8));
                (Read(format, flipped) is not null).ShouldBe(ReadNaively(format, flipped), $"{format} {name}, bit {bit}");
            }
        }
    }

    [Fact]
    public void Of_AnAttributeOrSettingThatIsNone_IsAFault()
    {
        Should.Throw<MetadataFormatException>(() => ObjectLock.Of(ObjectAttributes.Empty with { Extensions = ObjectAttributes.Empty.Extensions.SetItem(ObjectLock.Extension, [1]) }));
        var bucket = new BucketRow { Id = default, Name = "b", OwnerId = "o", Created = default, Region = "r" };
        Should.Throw<MetadataFormatException>(() => BucketLock.Of(bucket with { Settings = bucket.Settings.SetItem(BucketLock.SettingName, [1]) }));
        BucketLock.Of(bucket).ShouldBeNull();
        Should.Throw<ArgumentException>(() => ObjectLock.None.ToRecord());
    }

    [Fact]
    public void From_DaysAndYears_AreThoseOfTheCalendar()
    {
        var leap = new DateTimeOffset(2028, 2, 29, 12, 0, 0, TimeSpan.Zero);
        new BucketLock(RetentionMode.Governance, RetentionUnit.Days, 1).From(leap).ShouldBe(new(RetentionMode.Governance, leap.AddDays(1)));
        new BucketLock(RetentionMode.Compliance, RetentionUnit.Years, 1).From(leap).ShouldBe(new(RetentionMode.Compliance, new DateTimeOffset(2029, 2, 28, 12, 0, 0, TimeSpan.Zero)));
        BucketLock.Plain.From(leap).ShouldBe(LockTerm.None);
    }

    [Fact]
    public void At_AClockBehindAheadAndFarAhead_GoesOnStandsStillOrPauses()
    {
        var mark = new DateTimeOffset(2026, 11, 24, 0, 0, 0, TimeSpan.Zero);
        var setting = LockClock.Encode(mark);
        LockClock.At(setting, mark.AddHours(24)).ShouldBe(new(mark.AddHours(24), false, mark));
        LockClock.At(setting, mark.AddYears(-20)).ShouldBe(new(mark, false, mark));
        LockClock.At(setting, mark.AddHours(24).AddMilliseconds(1)).ShouldBe(new(mark, true, mark));
        LockClock.At(null, mark).ShouldBe(new(DateTimeOffset.UnixEpoch, true, null));
        LockClock.At([1, 2], mark).ShouldBe(new(DateTimeOffset.UnixEpoch, true, null));
        LockClock.Start(setting, mark.AddDays(-1)).ShouldBe(mark);
        LockClock.Start(setting, mark.AddYears(1)).ShouldBe(mark.AddYears(1));
        LockClock.Start(null, mark).ShouldBe(mark);
    }

    /// <summary>What was read, written again; null: rejected.</summary>
    private static byte[]? Read(string format, byte[] bytes) => format switch
    {
        "object-lock" => ObjectLock.TryRead(bytes, out var found) ? found.ToRecord() : null,
        "bucket-lock" => BucketLock.TryRead(bytes, out var rule) ? rule.ToRecord() : null,
        _ => LockClock.TryRead(bytes, out var mark) ? LockClock.Encode(mark) : null,
    };

    /// <summary>As the pages have it, without a look at the program.</summary>
    private static bool ReadNaively(string format, byte[] bytes)
    {
        const long last = 253402300799999;
        if (bytes.Length == 0 || bytes[0] != 1) return false;
        switch (format)
        {
            case "object-lock":
                if (bytes.Length != 11 || bytes[1] > 2 || bytes[2] > 2) return false;
                var until = BinaryPrimitives.ReadInt64BigEndian(bytes.AsSpan(3));
                return bytes[1] == 0 ? until == 0 && bytes[2] > 0 : until is >= 1 and <= last;
            case "bucket-lock":
                if (bytes.Length != 7 || bytes[1] > 2 || bytes[2] > 2 || (bytes[1] == 0) != (bytes[2] == 0)) return false;
                var count = BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(3));
                return bytes[2] == 0 ? count == 0 : count >= 1 && count <= (bytes[2] == 1 ? 36_500 : 100);
            default:
                return bytes.Length == 9 && BinaryPrimitives.ReadInt64BigEndian(bytes.AsSpan(1)) is >= 0 and <= last;
        }
    }

    private static string Page(string format) => File.ReadAllText(Path.Combine(Root, "..", "..", "docs", "formats", format + ".md"));

    private static IEnumerable<(int, string)> Offsets(string format) =>
        Row().Matches(Page(format)).Select(row => (int.Parse(row.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture), row.Groups[2].Value));

    private static (string Expect, byte[] Bytes) Load(string format, string name)
    {
        var lines = File.ReadAllLines(Path.Combine(Root, format, name + ".txt")).Where(line => !line.StartsWith('#')).ToArray();
        return (lines[0]["expect: ".Length..], Convert.FromHexString(string.Concat(lines.Skip(1)).Trim()));
    }

    [GeneratedRegex("```hex\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Hex();

    [GeneratedRegex(@"^\| (\d+) \| \d+ \| [ui]\d+ \| (\w+) \|", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex("\\s+")]
    private static partial Regex WhiteSpace();
}
