using System.Globalization;
using Oort.Metadata;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>Which bytes of a version a GET or HEAD wants.</summary>
/// <param name="Bytes">Whole or partial; never unsatisfiable.</param>
/// <param name="Part">The part that was asked for by number; null for all else, also for "part 1" of an object that was put whole.</param>
/// <param name="PartCount">With <paramref name="Part"/>: how many parts there are.</param>
internal readonly record struct ReadRange(ByteRange Bytes, ObjectPart? Part, int PartCount)
{
    /// <summary>Reads Range and partNumber.</summary>
    /// <exception cref="S3Exception">InvalidRange (416), InvalidPart, InvalidArgument, or InvalidRequest when both are there.</exception>
    public static ReadRange Of(S3Request request, VersionRow version)
    {
        var range = request.Header("Range");
        if (request.Query("partNumber") is { } number)
        {
            if (range is not null) throw new S3Exception(S3Errors.InvalidRequest, "Cannot specify both Range header and partNumber query parameter");
            return OfPart(version, Arguments.Number(number, "partNumber", 1, Limits.PartCount));
        }

        var bytes = ByteRange.Resolve(range, version.Size);
        if (bytes.Outcome != RangeOutcome.Unsatisfiable) return new(bytes, null, 0);
        var size = version.Size.ToString(CultureInfo.InvariantCulture);
        throw new S3Exception(S3Errors.InvalidRange, null, ("RangeRequested", range!), ("ActualObjectSize", size)) { Headers = [("Content-Range", $"bytes */{size}")] };
    }

    private static ReadRange OfPart(VersionRow version, int number)
    {
        var parts = ObjectParts.Of(version);
        if (parts.Count == 0) return number == 1 ? new(Partial(0, version.Size), null, 0) : throw NoSuchPart(number, 1);
        foreach (var part in parts)
            if (part.Number == number) return new(Partial(part.Offset, part.Length), part, parts.Count);
        throw NoSuchPart(number, parts.Count);
    }

    /// <summary>A part without bytes has no range that a Content-Range could name, so it is answered 200.</summary>
    private static ByteRange Partial(long offset, long length) => new(length > 0 ? RangeOutcome.Partial : RangeOutcome.Whole, offset, length);

    private static S3Exception NoSuchPart(int number, int count) => new(
        S3Errors.InvalidPart,
        "The requested partnumber is not satisfiable",
        ("PartNumberRequested", number.ToString(CultureInfo.InvariantCulture)),
        ("ActualPartCount", count.ToString(CultureInfo.InvariantCulture)));
}
