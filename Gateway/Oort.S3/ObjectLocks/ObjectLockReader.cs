using System.Globalization;

namespace Oort.S3;

/// <summary>Body of PutObjectLockConfiguration.</summary>
/// <param name="Mode">Of the default retention; null: there is none.</param>
/// <param name="Days">One of days and years is there with a mode.</param>
public sealed record ObjectLockDocument(string? Mode, int? Days, int? Years);

/// <summary>Body of PutObjectRetention.</summary>
/// <param name="Mode">Null, together with the date: the retention is taken away.</param>
public sealed record RetentionDocument(string? Mode, DateTimeOffset? Until);

/// <summary>Reads the documents of S3's object lock.</summary>
public static class ObjectLockReader
{
    public const string Governance = "GOVERNANCE";
    public const string Compliance = "COMPLIANCE";

    private static readonly string[] forms = ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd'T'HH:mmK", "yyyyMMdd'T'HHmmssK"];

    /// <exception cref="S3Exception">MalformedXML; InvalidRetentionPeriod: not a positive number that the limits allow.</exception>
    /// <param name="daysMax">Longest period in days.</param>
    /// <param name="yearsMax">Longest period in years.</param>
    public static ObjectLockDocument ParseConfiguration(byte[] body, int daysMax, int yearsMax) => S3XmlReader.Parse(body, "ObjectLockConfiguration", xml =>
    {
        string? enabled = null;
        ObjectLockDocument? rule = null;
        xml.Children(name =>
        {
            switch (name)
            {
                case "ObjectLockEnabled": S3XmlReader.Once(ref enabled, xml.Text(), name); break;
                case "Rule": S3XmlReader.Once(ref rule, ReadRule(xml, daysMax, yearsMax), name); break;
                default: throw S3XmlReader.Unknown(name);
            }
        });
        return enabled == "Enabled" ? rule ?? new ObjectLockDocument(null, null, null) : throw S3XmlReader.Malformed("ObjectLockEnabled must be Enabled.");
    });

    /// <exception cref="S3Exception">MalformedXML.</exception>
    public static RetentionDocument ParseRetention(byte[] body) => S3XmlReader.Parse(body, "Retention", static xml =>
    {
        string? mode = null;
        string? date = null;
        xml.Children(name =>
        {
            switch (name)
            {
                case "Mode": S3XmlReader.Once(ref mode, xml.Text(), name); break;
                case "RetainUntilDate": S3XmlReader.Once(ref date, xml.Text(), name); break;
                default: throw S3XmlReader.Unknown(name);
            }
        });
        if (mode is null != date is null) throw S3XmlReader.Malformed("Mode and RetainUntilDate come together.");
        if (mode is not (null or Governance or Compliance)) throw S3XmlReader.Malformed($"Mode is {Governance} or {Compliance}.");
        if (date is null) return new RetentionDocument(null, null);
        return ParseDate(date) is { } until ? new RetentionDocument(mode, until) : throw S3XmlReader.Malformed("RetainUntilDate is written as in ISO 8601.");
    });

    /// <returns>Whether the hold is on.</returns>
    /// <exception cref="S3Exception">MalformedXML.</exception>
    public static bool ParseLegalHold(byte[] body) => S3XmlReader.Parse(body, "LegalHold", static xml =>
    {
        string? status = null;
        xml.Children(name =>
        {
            if (name != "Status") throw S3XmlReader.Unknown(name);
            S3XmlReader.Once(ref status, xml.Text(), name);
        });
        return status switch
        {
            "ON" => true,
            "OFF" => false,
            _ => throw S3XmlReader.Malformed("Status is ON or OFF."),
        };
    });

    /// <summary>A time as ISO 8601 writes it, to the millisecond; without a zone it is UTC.</summary>
    /// <returns>Null: it is none.</returns>
    public static DateTimeOffset? ParseDate(string text) =>
        DateTimeOffset.TryParseExact(text.Trim(), forms, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
            ? DateTimeOffset.FromUnixTimeMilliseconds(time.ToUnixTimeMilliseconds())
            : null;

    /// <summary>A time as headers have it, with milliseconds.</summary>
    public static string FormatDate(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private static ObjectLockDocument ReadRule(S3XmlReader xml, int daysMax, int yearsMax)
    {
        ObjectLockDocument? retention = null;
        xml.Children(name =>
        {
            if (name != "DefaultRetention") throw S3XmlReader.Unknown(name);
            S3XmlReader.Once(ref retention, ReadDefault(xml, daysMax, yearsMax), name);
        });
        return retention ?? throw S3XmlReader.Malformed("The element DefaultRetention is missing.");
    }

    private static ObjectLockDocument ReadDefault(S3XmlReader xml, int daysMax, int yearsMax)
    {
        string? mode = null;
        string? days = null;
        string? years = null;
        xml.Children(name =>
        {
            switch (name)
            {
                case "Mode": S3XmlReader.Once(ref mode, xml.Text(), name); break;
                case "Days": S3XmlReader.Once(ref days, xml.Text(), name); break;
                case "Years": S3XmlReader.Once(ref years, xml.Text(), name); break;
                default: throw S3XmlReader.Unknown(name);
            }
        });
        if (mode is not (Governance or Compliance)) throw S3XmlReader.Malformed($"Mode is {Governance} or {Compliance}.");
        if (days is null == years is null) throw S3XmlReader.Malformed("One of Days and Years is needed.");
        return new ObjectLockDocument(mode, ReadPeriod(days, daysMax), ReadPeriod(years, yearsMax));
    }

    private static int? ReadPeriod(string? text, int max)
    {
        if (text is null) return null;
        if (!long.TryParse(text.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var period)) throw S3XmlReader.Malformed("Days and Years are whole numbers.");
        if (period <= 0) throw new S3Exception(S3Errors.InvalidRetentionPeriod);
        return period <= max ? (int)period : throw new S3Exception(S3Errors.InvalidRetentionPeriod, "Default retention period is too large");
    }
}
