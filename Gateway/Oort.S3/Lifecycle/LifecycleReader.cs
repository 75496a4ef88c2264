using System.Globalization;

namespace Oort.S3;

/// <summary>Reads the body of PutBucketLifecycleConfiguration, in its present form and in the first one.</summary>
public static class LifecycleReader
{
    /// <summary>S3 API: PutBucketLifecycleConfiguration.</summary>
    public const int RuleCountMax = 1000;

    /// <summary>Tags of one filter; objects have no more.</summary>
    private const int TagCountMax = 10;

    /// <summary>Transitions of one rule to be read: more than there are classes, so that one too many gets its own error.</summary>
    private const int TransitionCountMax = 16;

    private static readonly string[] dates = ["yyyy-MM-dd", "yyyy-MM-dd'T'HH:mm:ss'Z'", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", "yyyy-MM-dd'T'HH:mm:sszzz", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFzzz"];

    /// <exception cref="S3Exception">MalformedXML; InvalidArgument, InvalidRequest: what <see cref="LifecycleRules"/> refuses.</exception>
    public static LifecycleConfiguration Parse(byte[] body)
    {
        var configuration = S3XmlReader.Parse(body, "LifecycleConfiguration", xml =>
        {
            var rules = new List<ConfiguredRule>();
            xml.Children(name =>
            {
                if (name != "Rule") throw S3XmlReader.Unknown(name);
                if (rules.Count == RuleCountMax) throw S3XmlReader.Malformed($"A lifecycle configuration has at most {RuleCountMax} rules.");
                rules.Add(ReadRule(xml));
            });
            return rules.Count > 0 ? new LifecycleConfiguration(rules) : throw S3XmlReader.Malformed("A lifecycle configuration has at least one rule.");
        });
        LifecycleRules.Check(configuration);
        return configuration;
    }

    private static ConfiguredRule ReadRule(S3XmlReader xml)
    {
        string? id = null, prefix = null, status = null;
        ConfiguredFilter? filter = null;
        ConfiguredExpiration? expiration = null;
        ConfiguredNoncurrentExpiration? noncurrentExpiration = null;
        AbortUploads? abort = null;
        var transitions = new List<ConfiguredTransition>();
        var noncurrent = new List<ConfiguredNoncurrentTransition>();
        xml.Children(name =>
        {
            switch (name)
            {
                case "ID": S3XmlReader.Once(ref id, xml.Text(), name); break;
                case "Prefix": S3XmlReader.Once(ref prefix, xml.Text(), name); break;
                case "Filter": S3XmlReader.Once(ref filter, ReadFilter(xml), name); break;
                case "Status": S3XmlReader.Once(ref status, xml.Text(), name); break;
                case "Transition": Add(transitions, ReadTransition(xml)); break;
                case "NoncurrentVersionTransition": Add(noncurrent, ReadNoncurrent(xml)); break;
                case "Expiration": S3XmlReader.Once(ref expiration, ReadExpiration(xml), name); break;
                case "NoncurrentVersionExpiration": S3XmlReader.Once(ref noncurrentExpiration, ReadNoncurrentExpiration(xml), name); break;
                case "AbortIncompleteMultipartUpload": S3XmlReader.Once(ref abort, ReadAbort(xml), name); break;
                default: throw S3XmlReader.Unknown(name);
            }
        });
        if (status is not ("Enabled" or "Disabled")) throw S3XmlReader.Malformed("The status of a rule is Enabled or Disabled.");
        if (filter is null && prefix is null) throw S3XmlReader.Malformed("A rule has a Filter or a Prefix.");
        if (filter is not null && prefix is not null) throw new S3Exception(S3Errors.InvalidRequest, LifecycleRules.PrefixBesideFilter);
        S3Documents.CheckText(id);
        S3Documents.CheckText(prefix);
        return new(id, status == "Enabled", filter ?? new(ConfiguredFilterForm.Prefix, prefix, null, null, []), transitions, noncurrent, expiration, noncurrentExpiration, abort?.Days);
    }

    /// <remarks>S3 wants one condition, or And with several. Clients are about that put several beside each other, or beside And, and mean that all hold; that is how they are read.</remarks>
    private static ConfiguredFilter ReadFilter(S3XmlReader xml)
    {
        var single = new Conditions();
        Conditions? and = null;
        xml.Children(name =>
        {
            if (name != "And")
            {
                single.Read(xml, name);
                return;
            }

            var several = new Conditions();
            xml.Children(inner => several.Read(xml, inner));
            S3XmlReader.Once(ref and, several, name);
        });
        if (and is { Count: 0 }) throw S3XmlReader.Malformed("And has no condition.");
        and?.Add(single);
        return (and ?? single).ToFilter(and is null && single.Count <= 1 ? ConfiguredFilterForm.Single : ConfiguredFilterForm.And);
    }

    private static ConfiguredTransition ReadTransition(S3XmlReader xml)
    {
        string? storageClass = null, days = null, date = null;
        xml.Children(name =>
        {
            switch (name)
            {
                case "StorageClass": S3XmlReader.Once(ref storageClass, xml.Text(), name); break;
                case "Days": S3XmlReader.Once(ref days, xml.Text(), name); break;
                case "Date": S3XmlReader.Once(ref date, xml.Text(), name); break;
                default: throw S3XmlReader.Unknown(name);
            }
        });
        if (days is null == date is null) throw S3XmlReader.Malformed("A Transition has either Days or a Date.");
        return new(ReadClass(storageClass), days is null ? null : ReadNumber(days), date is null ? null : ReadDate(date));
    }

    private static ConfiguredNoncurrentTransition ReadNoncurrent(S3XmlReader xml)
    {
        string? storageClass = null, days = null, newer = null;
        xml.Children(name =>
        {
            switch (name)
            {
                case "StorageClass": S3XmlReader.Once(ref storageClass, xml.Text(), name); break;
                case "NoncurrentDays": S3XmlReader.Once(ref days, xml.Text(), name); break;
                case "NewerNoncurrentVersions": S3XmlReader.Once(ref newer, xml.Text(), name); break;
                default: throw S3XmlReader.Unknown(name);
            }
        });
        if (days is null) throw S3XmlReader.Malformed("A NoncurrentVersionTransition has NoncurrentDays.");
        return new(ReadClass(storageClass), ReadNumber(days), newer is null ? null : ReadNumber(newer));
    }

    private static ConfiguredExpiration ReadExpiration(S3XmlReader xml)
    {
        string? days = null, date = null, markers = null;
        xml.Children(name =>
        {
            switch (name)
            {
                case "Days": S3XmlReader.Once(ref days, xml.Text(), name); break;
                case "Date": S3XmlReader.Once(ref date, xml.Text(), name); break;
                case "ExpiredObjectDeleteMarker": S3XmlReader.Once(ref markers, xml.Text(), name); break;
                default: throw S3XmlReader.Unknown(name);
            }
        });
        if ((days is null ? 0 : 1) + (date is null ? 0 : 1) + (markers is null ? 0 : 1) != 1) throw S3XmlReader.Malformed("An Expiration has Days, a Date, or ExpiredObjectDeleteMarker, and one of them only.");
        return new(days is null ? null : ReadNumber(days), date is null ? null : ReadDate(date), markers is null ? null : ReadFlag(markers));
    }

    private static ConfiguredNoncurrentExpiration ReadNoncurrentExpiration(S3XmlReader xml)
    {
        string? days = null, newer = null;
        xml.Children(name =>
        {
            switch (name)
            {
                case "NoncurrentDays": S3XmlReader.Once(ref days, xml.Text(), name); break;
                case "NewerNoncurrentVersions": S3XmlReader.Once(ref newer, xml.Text(), name); break;
                default: throw S3XmlReader.Unknown(name);
            }
        });
        if (days is null) throw S3XmlReader.Malformed("A NoncurrentVersionExpiration has NoncurrentDays.");
        return new(ReadNumber(days), newer is null ? null : ReadNumber(newer));
    }

    private static AbortUploads ReadAbort(S3XmlReader xml)
    {
        string? days = null;
        xml.Children(name => S3XmlReader.Once(ref days, name == "DaysAfterInitiation" ? xml.Text() : throw S3XmlReader.Unknown(name), name));
        return new(days is null ? throw S3XmlReader.Malformed("AbortIncompleteMultipartUpload has DaysAfterInitiation.") : ReadNumber(days));
    }

    private static bool ReadFlag(string text) => text.Trim() switch
    {
        "true" or "1" => true,
        "false" or "0" => false,
        _ => throw S3XmlReader.Malformed("A flag is true or false."),
    };

    private static string ReadClass(string? text) =>
        text is not null && LifecycleRules.Depth(text) > 0 ? text : throw S3XmlReader.Malformed("The storage class of a transition is none that objects move to.");

    private static int ReadNumber(string text) =>
        int.TryParse(text.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : throw S3XmlReader.Malformed("A whole number was expected.");

    private static DateOnly ReadDate(string text)
    {
        if (!DateTimeOffset.TryParseExact(text.Trim(), dates, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time))
            throw S3XmlReader.Malformed("A date is written as in ISO 8601.");
        return time.TimeOfDay == TimeSpan.Zero ? DateOnly.FromDateTime(time.UtcDateTime) : throw new S3Exception(S3Errors.InvalidArgument, "'Date' must be at midnight GMT");
    }

    private static void Add<T>(List<T> list, T one)
    {
        if (list.Count == TransitionCountMax) throw S3XmlReader.Malformed("A rule has too many transitions.");
        list.Add(one);
    }

    /// <summary>An AbortIncompleteMultipartUpload.</summary>
    private sealed record AbortUploads(int Days);

    /// <summary>The conditions of a Filter, or of And in it.</summary>
    private sealed class Conditions
    {
        private readonly List<S3Tag> tags = [];
        private string? prefix, greater, less;

        public int Count => tags.Count + (prefix is null ? 0 : 1) + (greater is null ? 0 : 1) + (less is null ? 0 : 1);

        /// <summary>Takes over others: all hold.</summary>
        public void Add(Conditions other)
        {
            var (one, two) = (prefix, other.prefix);
            if (one is null || (two is not null && two.StartsWith(one, StringComparison.Ordinal))) prefix = two ?? one;
            else if (two is not null && !one.StartsWith(two, StringComparison.Ordinal)) throw S3XmlReader.Malformed("No key has both prefixes of the filter.");
            if (other.greater is { } above) S3XmlReader.Once(ref greater, above, "ObjectSizeGreaterThan");
            if (other.less is { } below) S3XmlReader.Once(ref less, below, "ObjectSizeLessThan");
            other.tags.ForEach(AddTag);
        }

        public void Read(S3XmlReader xml, string name)
        {
            switch (name)
            {
                case "Prefix": S3XmlReader.Once(ref prefix, xml.Text(), name); break;
                case "ObjectSizeGreaterThan": S3XmlReader.Once(ref greater, xml.Text(), name); break;
                case "ObjectSizeLessThan": S3XmlReader.Once(ref less, xml.Text(), name); break;
                case "Tag": AddTag(S3Documents.ReadTag(xml, name)); break;
                default: throw S3XmlReader.Unknown(name);
            }
        }

        public ConfiguredFilter ToFilter(ConfiguredFilterForm form)
        {
            S3Documents.CheckText(prefix);
            return new(form, prefix, ReadSize(greater), ReadSize(less), tags);
        }

        private void AddTag(S3Tag tag)
        {
            if (tags.Count == TagCountMax) throw new S3Exception(S3Errors.InvalidRequest, $"A filter has at most {TagCountMax} tags.");
            if (tags.Any(other => other.Key == tag.Key)) throw new S3Exception(S3Errors.InvalidRequest, "Duplicate Tag Keys are not allowed.");
            if (tag.Key.Length is 0 or > S3Headers.TagKeyLengthMax) throw new S3Exception(S3Errors.InvalidTag, "The TagKey you have provided is invalid", ("TagKey", tag.Key));
            if (tag.Value.Length > S3Headers.TagValueLengthMax) throw new S3Exception(S3Errors.InvalidTag, "The TagValue you have provided is invalid", ("TagKey", tag.Key));
            S3Documents.CheckText(tag.Key);
            S3Documents.CheckText(tag.Value);
            tags.Add(tag);
        }

        private static long? ReadSize(string? text) =>
            text is null ? null
            : long.TryParse(text.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var size) ? size
            : throw S3XmlReader.Malformed("A whole number was expected.");
    }
}
