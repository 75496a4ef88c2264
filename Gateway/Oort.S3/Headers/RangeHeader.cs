using System.Globalization;

namespace Oort.S3;

/// <summary>What a Range header means for an object of known size.</summary>
public enum RangeOutcome
{
    /// <summary>No range, or one that S3 ignores (another unit, several ranges, not well-formed): answer 200 with all bytes.</summary>
    Whole = 0,

    /// <summary>Answer 206 with the given bytes.</summary>
    Partial,

    /// <summary>Answer 416 InvalidRange with Content-Range "bytes */size".</summary>
    Unsatisfiable,
}

/// <summary>A range resolved against a size (RFC 9110 §14.1.2).</summary>
/// <param name="Offset">First byte.</param>
/// <param name="Length">Count of bytes.</param>
public readonly record struct ByteRange(RangeOutcome Outcome, long Offset, long Length)
{
    /// <summary>Value of Content-Range for a partial answer.</summary>
    public string ContentRange(long size) => string.Create(CultureInfo.InvariantCulture, $"bytes {Offset}-{Offset + Length - 1}/{size}");

    /// <summary>Resolves a Range header.</summary>
    /// <param name="header">Null for none.</param>
    /// <param name="size">Of the object, in bytes.</param>
    public static ByteRange Resolve(string? header, long size)
    {
        var whole = new ByteRange(RangeOutcome.Whole, 0, size);
        if (header is null || !TryParse(header, out var first, out var last))
            return whole;

        var unsatisfiable = new ByteRange(RangeOutcome.Unsatisfiable, 0, 0);
        if (first is null)
        {
            // "-n": the last n bytes; more than there are means all of them.
            var count = Math.Min(last!.Value, size);
            return count == 0 ? unsatisfiable : new ByteRange(RangeOutcome.Partial, size - count, count);
        }

        if (first >= size)
            return unsatisfiable;
        var end = Math.Min(last ?? long.MaxValue, size - 1);
        return new ByteRange(RangeOutcome.Partial, first.Value, end - first.Value + 1);
    }

    /// <summary>Reads x-amz-copy-source-range: strictly <c>bytes=first-last</c>, inside the source.</summary>
    /// <exception cref="S3Exception">InvalidArgument for another form, InvalidRange past the end.</exception>
    public static ByteRange ResolveCopySource(string header, long size)
    {
        if (!TryParse(header, out var first, out var last) || first is null || last is null)
            throw new S3Exception(S3Errors.InvalidArgument, "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy", ("ArgumentName", "x-amz-copy-source-range"), ("ArgumentValue", header));
        if (first >= size || last >= size)
            throw new S3Exception(S3Errors.InvalidRange, $"Range specified is not valid for source object of size: {size.ToString(CultureInfo.InvariantCulture)}");
        return new ByteRange(RangeOutcome.Partial, first.Value, last.Value - first.Value + 1);
    }

    // Exactly one range of the unit bytes. Numbers too large for a long saturate: they are past the end of any object.
    private static bool TryParse(string header, out long? first, out long? last)
    {
        (first, last) = (null, null);
        const string Unit = "bytes=";
        var text = header.AsSpan().Trim();
        if (!text.StartsWith(Unit, StringComparison.OrdinalIgnoreCase))
            return false;
        text = text[Unit.Length..].Trim();
        var dash = text.IndexOf('-');
        if (dash < 0 || text.Contains(','))
            return false;
        if (!TryParseNumber(text[..dash].Trim(), out first) || !TryParseNumber(text[(dash + 1)..].Trim(), out last))
            return false;
        return (first, last) switch
        {
            (null, null) => false,
            ({ } a, { } b) => a <= b,
            _ => true,
        };
    }

    private static bool TryParseNumber(ReadOnlySpan<char> text, out long? number)
    {
        number = null;
        if (text.IsEmpty)
            return true;
        if (text.ContainsAnyExceptInRange('0', '9'))
            return false;
        number = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : long.MaxValue;
        return true;
    }
}
