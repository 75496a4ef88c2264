using System.Globalization;

namespace Oort.S3;

/// <summary>Reads the body of PutBucketLifecycleConfiguration, in its present form and in the first one.</summary>
/// <remarks>An action that is not implemented is refused when all else has been found right: it must not be taken for carried out.</remarks>
public static class LifecycleReader
{
    /// <summary>S3 API: PutBucketLifecycleConfiguration.</summary>
    public const int RuleCountMax = 1000;

    /// <summary>Tags of one filter; objects have no more.</summary>
    private const int TagCountMax = 10;

    /// <summary>Transitions of one rule to be read: more than there are classes, so that one too many gets its own error.</summary>
    private const int TransitionCountMax = 16;

    private static readonly string[] dates = ["yyyy-MM-dd", "yyyy-MM-dd'T'HH:mm:ss'Z'", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", "yyyy-MM-dd'T'HH:mm:sszzz", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFzzz"];

    /// <exception cref="S3Exception">MalformedXML; InvalidArgument, InvalidRequest: what <see cref="LifecycleRules"/> refuses; NotImplemented: names the action.</exception>
    public static LifecycleConfiguration Parse(byte[] body)
    {
        string? missing = null;
        var configuration = S3XmlReader.Parse(body, "LifecycleConfiguration", xml =>
        {
            var rules = new List<ConfiguredRule>();
            xml.Children(name =>
            {
                if (name != "Rule") throw S3XmlReader.Unknown(name);
                if (rules.Count == RuleCountMax) throw S3XmlReader.Malformed($"A lifecycle configuration has at most {RuleCountMax} rules.");
                rules.Add(ReadRule(xml, ref missing));
            });
            return rules.Count > 0 ? new LifecycleConfiguration(rules) : throw S3XmlReader.Malformed("A lifecycle configuration has at least one rule.");
        });
        LifecycleRules.Check(configuration, missing is not null);
        return missing is null ? configuration : throw new S3Exception(S3Errors.NotImplemented, $"The lifecycle action {missing} is not implemented.");
    }

    private static ConfiguredRule ReadRule(S3XmlReader xml, ref string? missing)
    {
        string? id = null, prefix = null, status = null, other = null;
        ConfiguredFilter? filter = null;
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
                case "Expiration" or "NoncurrentVersionExpiration" or "AbortIncompleteMultipartUpload":
                    other ??= name;
                    xml.Skip();
                    break;
                default: throw S3XmlReader.Unknown(name);
            }
        });
        missing ??= other;
        if (status is not ("Enabled" or "Disabled")) throw S3XmlReader.Malformed("The status of a rule is Enabled or Disabled.");
        if (filter is null && prefix is null) throw S3XmlReader.Malformed("A rule has a Filter or a Prefix.");
        if (filter is not null && prefix is not null) throw new S3Exception(S3Errors.InvalidRequest, LifecycleRules.PrefixBesideFilter);
        S3Documents.CheckText(id);
        S3Documents.CheckText(prefix);
        return new(id, status == "Enabled", filter ?? new(ConfiguredFilterForm.Prefix, prefix, null, null, []), transitions, noncurrent);
    }

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
        if (single.Count + (and is null ? 0 : 1) > 1) throw S3XmlReader.Malformed("A Filter has one condition, or And with several.");
        if (and is { Count: 0 }) throw S3XmlReader.Malformed("And has no condition.");
        return (and ?? single).ToFilter(and is null ? ConfiguredFilterForm.Single : ConfiguredFilterForm.And);
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

    /// <summary>The conditions of a Filter, or of And in it.</summary>
    private sealed class Conditions
    {
        private readonly List<S3Tag> tags = [];
        private string? prefix, greater, less;

        public int Count => tags.Count + (prefix is null ? 0 : 1) + (greater is null ? 0 : 1) + (less is null ? 0 : 1);

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
