using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Oort.Checksums;
using Oort.Objects.Drills;
using Oort.Objects.Tests.Hosting;
using Oort.Objects.Tests.Shards;
using Oort.Objects.Tests.World;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Drills;

/// <summary>The kept report of a drill: each file of tests/vectors/drill-report, and what a restart shows.</summary>
public sealed partial class DrillReportFileTests
{
    public static TheoryData<string> Names => [.. FormatVector.Names("drill-report", "*.txt")];

    [Theory]
    [MemberData(nameof(Names))]
    public void Reader_Vector_EndsAsItExpects(string name)
    {
        var vector = FormatVector.Read("drill-report", name);
        DrillReportFile.Read(vector.Bytes, out var report).ToString().ShouldBe(vector.Expect);
        (report is null).ShouldBe(vector.Expect != "Ok");
        if (report is null) return;
        Show(report).ShouldBe((vector["numbers"], string.Join('|', vector.All("finding"))));
        DrillReportFile.ToBytes(report).ShouldBe(vector.Bytes);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void NaiveReader_Vector_EndsAsItExpects(string name)
    {
        var vector = FormatVector.Read("drill-report", name);
        Naive(vector.Bytes).ShouldBe(vector.Expect == "Ok" ? (vector["numbers"], string.Join('|', vector.All("finding"))) : null);
    }

    [Fact]
    public void Reader_EveryFlippedByteAndTruncation_GivesNoReport()
    {
        var good = FormatVector.Read("drill-report", "one-finding").Bytes;
        for (var index = 0; index < good.Length; index++)
        {
            var flipped = good.ToArray();
            flipped[index] ^= 0x20;
            foreach (var damaged in new[] { flipped, good[..index] })
            {
                DrillReportFile.Read(damaged, out var report).ShouldNotBe(DrillReportOutcome.Ok);
                report.ShouldBeNull();
                Naive(damaged).ShouldBeNull();
            }
        }
    }

    [Fact]
    public void Writer_FindingsBeyondTheLimits_AreCutAtACharacter()
    {
        var report = new DrillReport(DateTimeOffset.UnixEpoch, TimeSpan.Zero, 0, 0, 0, 0, 0, 0, 0, 0, 0, [.. Enumerable.Repeat("a" + new string('é', 5_000), 150)]);
        DrillReportFile.Read(DrillReportFile.ToBytes(report), out var read).ShouldBe(DrillReportOutcome.Ok);
        read!.Findings.Length.ShouldBe(DrillReport.FindingsMax);
        read.Findings.ShouldAllBe(finding => finding == "a" + new string('é', 2_047));
    }

    [Fact]
    public void Page_Example_IsTheVectorsBytes()
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "formats", "drill-report.md"));
        var example = string.Concat(page.Split("```hex\n")[1].Split("```")[0].Split('\n').Select(line => First().Match(line).Value));
        Convert.FromHexString(example).ShouldBe(FormatVector.Read("drill-report", "one-finding").Bytes);
    }

    [Fact]
    public async Task Report_AfterARestart_IsStillShown()
    {
        await using var cluster = new TestCluster();
        DrillReport report;
        await using (var system = await cluster.OpenAsync())
        {
            system.GetStatus().Drill.ShouldBeNull();
            var bucket = await system.CreateBucketAsync("bucket");
            for (var i = 0; i < 5; i++) await system.PutAsync(bucket, $"key{i}", SystemActions.Content(i, 100));
            report = await system.DrillAsync(new(), null, CancellationToken.None);
        }
        var path = Path.Combine(cluster.DataDirectory, DrillReportFile.FileName);
        if (!OperatingSystem.IsWindows()) File.GetUnixFileMode(path).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await using (var system = await cluster.OpenAsync())
        {
            var shown = system.GetStatus().Drill.ShouldNotBeNull();
            Show(shown).ShouldBe(Show(report));
            shown.IsClean.ShouldBeTrue();
            shown.Compared.ShouldBe(5);
        }

        // Damage is no reason not to start.
        var bytes = File.ReadAllBytes(path);
        bytes[20] ^= 1;
        File.WriteAllBytes(path, bytes);
        await using (var system = await cluster.OpenAsync())
        {
            system.GetStatus().Drill.ShouldBeNull();
            await system.DrillAsync(new(), null, CancellationToken.None);
        }
        DrillReportFile.Read(File.ReadAllBytes(path), out _).ShouldBe(DrillReportOutcome.Ok);
    }

    [GeneratedRegex("^[0-9a-f]*")]
    private static partial Regex First();

    private static (string Numbers, string Findings) Show(DrillReport report) =>
        (string.Create(CultureInfo.InvariantCulture, $"{report.Started.ToUnixTimeMilliseconds()} {(long)report.Duration.TotalMilliseconds} {report.Generation} {report.SnapshotGeneration} {report.Records} {report.Versions} {report.ReadBytes} {report.Sampled} {report.Compared} {report.Changed} {report.ReadObjects}"),
            string.Join('|', report.Findings));

    /// <summary>Reads by the page alone; null where it is to be rejected.</summary>
    private static (string Numbers, string Findings)? Naive(byte[] file)
    {
        if (file.Length < 96 || Encoding.ASCII.GetString(file.AsSpan(0, 8)) != "OORTDRIL" || file[8] != 0 || file[9] != 1 || file[10] + file[11] != 0) return null;
        if (BinaryPrimitives.ReadUInt64BigEndian(file.AsSpan(file.Length - 8)) != Crc64Nvme.Compute(file.AsSpan(0, file.Length - 8))) return null;
        var numbers = new List<long>();
        for (var at = 16; at < 72; at += 8) numbers.Add(BinaryPrimitives.ReadInt64BigEndian(file.AsSpan(at)));
        for (var at = 72; at < 88; at += 4) numbers.Add(BinaryPrimitives.ReadInt32BigEndian(file.AsSpan(at)));
        if (numbers.Skip(1).Any(number => number < 0) || numbers[0] > 253402300799999) return null;
        var findings = new List<string>();
        var offset = 88;
        for (var count = BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(12)); count > 0; count--)
        {
            var length = offset + 2 <= file.Length - 8 ? file[offset] * 256 + file[offset + 1] : int.MaxValue / 2;
            if (length > 4096 || offset + 2 + length > file.Length - 8 || findings.Count == 100) return null;
            var text = Encoding.UTF8.GetString(file, offset + 2, length);
            if (text.Contains('\uFFFD', StringComparison.Ordinal)) return null;
            findings.Add(text);
            offset += 2 + length;
        }
        return offset == file.Length - 8 ? (string.Join(' ', numbers), string.Join('|', findings)) : null;
    }
}
