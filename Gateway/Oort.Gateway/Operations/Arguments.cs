using System.Globalization;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>Numbers and choices in queries and headers, refused as S3 refuses them.</summary>
internal static class Arguments
{
    /// <summary>A page size: absent means <paramref name="limit"/>, more is cut down to it.</summary>
    /// <exception cref="S3Exception">InvalidArgument: not a number from 0 to 2^31 − 1.</exception>
    public static int PageSize(S3Request request, string name, int limit = Limits.Page)
    {
        // A parameter without a value is as none: some clients send "max-keys=".
        if (request.Query(name) is not { Length: > 0 } text) return limit;
        return Math.Min(limit, Number(text, name, 0, int.MaxValue));
    }

    /// <summary>A whole number in decimal digits between two bounds.</summary>
    public static int Number(string text, string argumentName, int least, int most)
    {
        // NumberStyles.None: digits only, so no sign and no space.
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most) return number;
        throw Invalid(argumentName, text, $"Argument {argumentName} must be an integer between {least} and {most}");
    }

    public static bool TryParseSize(string text, out long size) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out size);

    /// <summary>encoding-type: absent, or "url".</summary>
    /// <returns>Whether names are to be percent-encoded.</returns>
    public static bool IsUrlEncoded(S3Request request) => request.Query("encoding-type") switch
    {
        null or "" => false,
        var text when text.Equals("url", StringComparison.OrdinalIgnoreCase) => true,
        var text => throw Invalid("encoding-type", text, "Invalid Encoding Method specified in Request"),
    };

    public static S3Exception Invalid(string argumentName, string value, string message) =>
        new(S3Errors.InvalidArgument, message, ("ArgumentName", argumentName), ("ArgumentValue", value));
}
