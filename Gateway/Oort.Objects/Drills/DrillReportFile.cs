using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Oort.Checksums;

namespace Oort.Objects.Drills;

/// <summary>What a look at a kept drill report showed.</summary>
internal enum DrillReportOutcome
{
    Ok,
    Truncated,
    BadMagic,
    UnknownVersion,
    BadChecksum,
    Malformed,
}

/// <summary>The last drill's report as a file of the data directory (docs/formats/drill-report.md).</summary>
internal static class DrillReportFile
{
    public const string FileName = "drill.report";

    public const int FormatVersion = 1;

    /// <summary>Bytes of a finding at most.</summary>
    public const int FindingSizeMax = 4096;

    internal const int FormatVersionOffset = 8;
    internal const int ReservedOffset = 10;
    internal const int FindingCountOffset = 12;
    internal const int StartedOffset = 16;
    internal const int DurationOffset = 24;
    internal const int GenerationOffset = 32;
    internal const int SnapshotGenerationOffset = 40;
    internal const int RecordsOffset = 48;
    internal const int VersionsOffset = 56;
    internal const int ReadBytesOffset = 64;
    internal const int SampledOffset = 72;
    internal const int ComparedOffset = 76;
    internal const int ChangedOffset = 80;
    internal const int ReadObjectsOffset = 84;

    private const int HeaderSize = 88;
    private const int ChecksumSize = 8;

    private static readonly UTF8Encoding s_text = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private static ReadOnlySpan<byte> Magic => "OORTDRIL"u8;

    public static byte[] ToBytes(DrillReport report)
    {
        var findings = report.Findings.Take(DrillReport.FindingsMax).Select(Cut).ToList();
        var bytes = new byte[HeaderSize + findings.Sum(finding => 2 + finding.Length) + ChecksumSize];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(FormatVersionOffset), FormatVersion);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(FindingCountOffset), findings.Count);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(StartedOffset), report.Started.ToUnixTimeMilliseconds());
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(DurationOffset), (long)report.Duration.TotalMilliseconds);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(GenerationOffset), report.Generation);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(SnapshotGenerationOffset), report.SnapshotGeneration);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(RecordsOffset), report.Records);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(VersionsOffset), report.Versions);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(ReadBytesOffset), report.ReadBytes);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(SampledOffset), report.Sampled);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(ComparedOffset), report.Compared);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(ChangedOffset), report.Changed);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(ReadObjectsOffset), report.ReadObjects);
        var offset = HeaderSize;
        foreach (var finding in findings)
        {
            BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(offset), (ushort)finding.Length);
            finding.CopyTo(bytes.AsSpan(offset + 2));
            offset += 2 + finding.Length;
        }
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(offset), Crc64Nvme.Compute(bytes.AsSpan(0, offset)));
        return bytes;
    }

    public static DrillReportOutcome Read(ReadOnlySpan<byte> source, out DrillReport? report)
    {
        report = null;
        if (source.Length < HeaderSize + ChecksumSize) return DrillReportOutcome.Truncated;
        if (!source.StartsWith(Magic)) return DrillReportOutcome.BadMagic;
        if (BinaryPrimitives.ReadUInt16BigEndian(source[FormatVersionOffset..]) != FormatVersion) return DrillReportOutcome.UnknownVersion;
        var body = source[..^ChecksumSize];
        if (BinaryPrimitives.ReadUInt64BigEndian(source[body.Length..]) != Crc64Nvme.Compute(body)) return DrillReportOutcome.BadChecksum;

        var started = BinaryPrimitives.ReadInt64BigEndian(source[StartedOffset..]);
        Span<long> numbers = stackalloc long[9];
        foreach (var (index, offset) in new[] { (0, DurationOffset), (1, RecordsOffset), (2, VersionsOffset), (3, ReadBytesOffset) }) numbers[index] = BinaryPrimitives.ReadInt64BigEndian(source[offset..]);
        foreach (var (index, offset) in new[] { (4, SampledOffset), (5, ComparedOffset), (6, ChangedOffset), (7, ReadObjectsOffset), (8, FindingCountOffset) }) numbers[index] = BinaryPrimitives.ReadInt32BigEndian(source[offset..]);
        if (BinaryPrimitives.ReadUInt16BigEndian(source[ReservedOffset..]) != 0 || numbers.ContainsAnyInRange(long.MinValue, -1) || (source[GenerationOffset] | source[SnapshotGenerationOffset]) > sbyte.MaxValue || numbers[8] > DrillReport.FindingsMax || numbers[0] > TimeSpan.MaxValue.Ticks / TimeSpan.TicksPerMillisecond
            || started < DateTimeOffset.MinValue.ToUnixTimeMilliseconds() || started > DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()) return DrillReportOutcome.Malformed;
        var outcome = ReadFindings(body[HeaderSize..], (int)numbers[8], out var findings);
        if (outcome != DrillReportOutcome.Ok) return outcome;
        report = new(
            DateTimeOffset.FromUnixTimeMilliseconds(started), TimeSpan.FromMilliseconds(numbers[0]),
            BinaryPrimitives.ReadUInt64BigEndian(source[GenerationOffset..]), BinaryPrimitives.ReadUInt64BigEndian(source[SnapshotGenerationOffset..]),
            numbers[1], numbers[2], (int)numbers[4], (int)numbers[5], (int)numbers[6], (int)numbers[7], numbers[3], findings);
        return DrillReportOutcome.Ok;
    }

    private static DrillReportOutcome ReadFindings(ReadOnlySpan<byte> source, int count, out ImmutableArray<string> findings)
    {
        findings = [];
        var read = ImmutableArray.CreateBuilder<string>(count);
        for (; count > 0; count--)
        {
            if (source.Length < 2) return DrillReportOutcome.Truncated;
            var length = BinaryPrimitives.ReadUInt16BigEndian(source);
            if (length > FindingSizeMax) return DrillReportOutcome.Malformed;
            if (source.Length < 2 + length) return DrillReportOutcome.Truncated;
            if (!TryDecode(source.Slice(2, length), out var text)) return DrillReportOutcome.Malformed;
            read.Add(text);
            source = source[(2 + length)..];
        }
        if (!source.IsEmpty) return DrillReportOutcome.Truncated;
        findings = read.ToImmutable();
        return DrillReportOutcome.Ok;
    }

    private static bool TryDecode(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out string? text)
    {
        try
        {
            text = s_text.GetString(bytes);
            return true;
        }
        catch (DecoderFallbackException)
        {
            text = null;
            return false;
        }
    }

    /// <summary>As many whole characters as have room.</summary>
    private static byte[] Cut(string text)
    {
        var bytes = new byte[FindingSizeMax];
        // Half a surrogate pair, which a key cannot have, would not come back; it is replaced as everywhere.
        Encoding.UTF8.GetEncoder().Convert(text, bytes, flush: true, out _, out var used, out _);
        return bytes[..used];
    }
}
