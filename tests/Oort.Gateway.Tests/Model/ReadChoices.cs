using System.Globalization;
using Oort.Shared;

namespace Oort.Gateway.Tests.Model;

/// <summary>Which bytes a GET or HEAD asks for, made from numbers so that the comparison parses no header.</summary>
/// <param name="Range">Value of Range, or null.</param>
/// <param name="Part">partNumber; 0: none.</param>
/// <param name="First">First byte; −1: the last <paramref name="Last"/> bytes.</param>
/// <param name="Last">Last byte; −1: to the end.</param>
/// <param name="IsIgnored">The range is not well-formed, and counts as none.</param>
internal sealed record WantedBytes(string? Range, int Part, long First, long Last, bool IsIgnored)
{
    private static readonly long[] places = [0, 1, 9, 10, 998, 1000, 4999, 65519, 65520, 65521, 131_039, 131_041, 299_999, 300_000, 1 << 30];

    private static readonly string[] malformed = ["bytes=7-3", "bytes=0-1,3-4", "bytes=a-b", "bytes=-", "chunks=0-1", "bytes=", "bytes=+1-2"];

    public string Query => Part > 0 ? $"partNumber={Part}" : "";

    public IEnumerable<(string, string)> Headers => Range is null ? [] : [("Range", Range)];

    public static WantedBytes Random(int random)
    {
        var first = places[random / 10 % places.Length];
        var last = first + places[random / 150 % places.Length];
        var part = random % 10 == 8 || random % 100 == 9 ? 1 + (random / 10 % 4) : 0;
        return (random % 10) switch
        {
            < 3 => new(null, 0, 0, -1, true),
            < 5 => new(string.Create(CultureInfo.InvariantCulture, $"bytes={first}-{last}"), 0, first, last, false),
            5 => new(string.Create(CultureInfo.InvariantCulture, $"bytes={first}-"), 0, first, -1, false),
            6 => new(string.Create(CultureInfo.InvariantCulture, $"bytes=-{first}"), 0, -1, first, false),
            7 => new(malformed[random / 10 % malformed.Length], 0, 0, -1, true),
            8 => new(null, part, 0, -1, true),
            _ => new("bytes=0-0", part, 0, 0, false),
        };
    }

    /// <summary>What it means for a version.</summary>
    public (Expected Expected, long Offset, long Length) Resolve(S3Model.Version version)
    {
        if (Part > 0) return Range is null ? ResolvePart(version) : (Expected.InvalidRequest, 0, 0);
        if (IsIgnored) return (new(200), 0, version.Size);
        if (First < 0)
        {
            var count = Math.Min(Last, version.Size);
            return count == 0 ? (Expected.InvalidRange, 0, 0) : (new(206), version.Size - count, count);
        }

        if (First >= version.Size) return (Expected.InvalidRange, 0, 0);
        var end = Last < 0 || Last >= version.Size ? version.Size - 1 : Last;
        return (new(206), First, end - First + 1);
    }

    private (Expected Expected, long Offset, long Length) ResolvePart(S3Model.Version version)
    {
        // An empty part leaves nothing behind that could carry its number; without any bytes the object is as one that was put whole.
        var offset = 0L;
        if (version.Size == 0 && Part == 1) return (new(200), 0, 0);
        foreach (var (number, content) in version.Parts)
        {
            // What was put whole is its own part 1.
            if (Math.Max(number, 1) == Part && content.Length > 0) return (new(206), offset, content.Length);
            offset += content.Length;
        }

        return (new(400, "InvalidPart"), 0, 0);
    }
}

/// <summary>Conditions of a read or of a copy's source.</summary>
internal sealed record ReadConditions(string? Match, string? NoneMatch, bool? ModifiedSince, bool? UnmodifiedSince)
{
    private const string LongAgo = "Sat, 01 Jan 2000 00:00:00 GMT";

    /// <summary>Far enough ahead that no test runs then; S3 takes a time in the future like any other here.</summary>
    private const string LongAhead = "Fri, 01 Jan 2100 00:00:00 GMT";

    /// <summary>Mostly none. The dates are long ago or long ahead, so that no clock decides.</summary>
    public static ReadConditions Random(string etag, int random) => (random % 16) switch
    {
        0 => new(etag, null, null, null),
        1 => new("none", null, null, null),
        2 => new(null, etag, null, null),
        3 => new(null, "none", null, null),
        4 => new("*", null, null, null),
        5 => new(null, null, random / 16 % 2 == 0, null),
        6 => new(null, null, null, random / 16 % 2 == 0),
        7 => new(etag, null, null, false),
        8 => new(null, etag, true, null),
        9 => new(null, "none", false, null),
        _ => new(null, null, null, null),
    };

    public IEnumerable<(string, string)> Headers(string prefix)
    {
        if (Match is not null) yield return (prefix + "If-Match", Match == "*" ? "*" : $"\"{Match}\"");
        if (NoneMatch is not null) yield return (prefix + "If-None-Match", $"\"{NoneMatch}\"");
        if (ModifiedSince is { } modified) yield return (prefix + "If-Modified-Since", modified ? LongAgo : LongAhead);
        if (UnmodifiedSince is { } unmodified) yield return (prefix + "If-Unmodified-Since", unmodified ? LongAhead : LongAgo);
    }

    /// <summary>200, 304 or 412. A tag that matches outweighs a date beside it (S3 API: GetObject, "If-Match", "If-None-Match").</summary>
    public int Decide(string etag)
    {
        if (Match is not null && Match != "*" && Match != etag) return 412;
        if (Match is null && UnmodifiedSince == false) return 412;
        if (NoneMatch is not null) return NoneMatch == etag ? 304 : 200;
        return ModifiedSince == false ? 304 : 200;
    }
}
