using System.Globalization;
using System.Text;

namespace Oort.S3;

/// <summary>What S3 refuses of a lifecycle that is well formed (S3 API: PutBucketLifecycleConfiguration; user guide: "Transitioning objects using Amazon S3 Lifecycle").</summary>
internal static class LifecycleRules
{
    public const string PrefixBesideFilter = "Base level prefix cannot be used in Lifecycle V2, prefixes are only supported in the Filter.";

    private const int IdLengthMax = 255;
    private const int PrefixBytesMax = 1024;
    private const int NewerVersionsMax = 100;

    /// <summary>Days that an object lies in a class for infrequent access at least, and before it.</summary>
    private const int InfrequentDaysMin = 30;

    /// <summary>How far down a class is, from 1 on; 0: none that objects move to. Of two that are equally far down, neither leads to the other.</summary>
    public static int Depth(string storageClass) => storageClass switch
    {
        ['O', 'W', 'N', '_', >= '1' and <= '9' and var step] => step - '0',
        "STANDARD_IA" => 10,
        "INTELLIGENT_TIERING" => 20,
        "ONEZONE_IA" or "GLACIER_IR" => 30,
        "GLACIER" => 40,
        "DEEP_ARCHIVE" => 50,
        _ => 0,
    };

    /// <exception cref="S3Exception">InvalidArgument, InvalidRequest.</exception>
    public static void Check(LifecycleConfiguration configuration)
    {
        var ids = new HashSet<string>(StringComparer.Ordinal);
        var isFirstVersion = configuration.Rules[0].Filter.Form == ConfiguredFilterForm.Prefix;
        foreach (var rule in configuration.Rules)
        {
            if (rule.Filter.Form == ConfiguredFilterForm.Prefix != isFirstVersion)
                throw Request(isFirstVersion ? "Filter element can only be used in Lifecycle V2." : PrefixBesideFilter);
            if (rule.Id?.Length > IdLengthMax) throw Argument($"ID length should not exceed allowed limit of {IdLengthMax}");
            if (rule.Id is { Length: > 0 } id && !ids.Add(id)) throw Argument("Rule ID must be unique. Found same ID for more than one rule");
            CheckFilter(rule.Filter);
            if (!rule.Acts) throw Request("At least one action needs to be specified in a rule");
            CheckTransitions(rule, Describe(rule.Filter));
            CheckNoncurrent(rule, Describe(rule.Filter), isFirstVersion);
            CheckExpiration(rule, Describe(rule.Filter));
            CheckNoncurrentExpiration(rule, Describe(rule.Filter), isFirstVersion);
            CheckAbort(rule);
        }

        if (isFirstVersion) CheckOverlaps(configuration.Rules);
    }

    private static void CheckFilter(ConfiguredFilter filter)
    {
        if (filter.Prefix is not null && Encoding.UTF8.GetByteCount(filter.Prefix) > PrefixBytesMax) throw Request($"The maximum size of a prefix is {PrefixBytesMax}.");
        if (filter.SizeGreaterThan < 0) throw Request("'ObjectSizeGreaterThan' must not be negative.");
        if (filter.SizeLessThan < 1) throw Request("'ObjectSizeLessThan' must be greater than 0.");
        if (filter.SizeGreaterThan >= filter.SizeLessThan) throw Request("'ObjectSizeLessThan' has to be a value greater than 'ObjectSizeGreaterThan'.");
    }

    private static void CheckTransitions(ConfiguredRule rule, string filter)
    {
        var ordered = rule.Transitions.OrderBy(one => Depth(one.StorageClass)).ToList();
        if (ordered.Any(one => one.Days is null) && ordered.Any(one => one.Date is null))
            throw Request($"Found mixed 'Date' and 'Days' based Transition actions in lifecycle rule for filter '{filter}'");
        foreach (var one in ordered) CheckDays("Days", "Transition", one.StorageClass, one.Days ?? InfrequentDaysMin);
        for (var i = 1; i < ordered.Count; i++)
        {
            var (before, after) = (ordered[i - 1], ordered[i]);
            CheckWay("Transition", before.StorageClass, after.StorageClass, filter);
            CheckOrder(after.Date is null ? "Days" : "Date", "Transition", before.StorageClass, after.StorageClass, (after.Days - before.Days) ?? (after.Date!.Value.DayNumber - before.Date!.Value.DayNumber), filter);
        }
    }

    private static void CheckNoncurrent(ConfiguredRule rule, string filter, bool isFirstVersion)
    {
        var ordered = rule.NoncurrentTransitions.OrderBy(one => Depth(one.StorageClass)).ToList();
        foreach (var one in ordered)
        {
            CheckDays("NoncurrentDays", "NoncurrentVersionTransition", one.StorageClass, one.Days);
            CheckNewer(one.NewerVersions, "NoncurrentVersionTransition", isFirstVersion);
        }

        for (var i = 1; i < ordered.Count; i++)
        {
            var (before, after) = (ordered[i - 1], ordered[i]);
            CheckWay("NoncurrentVersionTransition", before.StorageClass, after.StorageClass, filter);
            CheckOrder("NoncurrentDays", "NoncurrentVersionTransition", before.StorageClass, after.StorageClass, after.Days - before.Days, filter);
        }
    }

    private static void CheckExpiration(ConfiguredRule rule, string filter)
    {
        if (rule.Expiration is not { } expiration) return;
        if (expiration.Days < 1) throw Argument("'Days' for Expiration action must be a positive integer");
        if (expiration.ExpiredMarkers is not null) CheckWholeKeys(rule.Filter, "ExpiredObjectDeleteMarker");
        if (expiration.ExpiredMarkers is not null || rule.Transitions.Count == 0) return;
        if (rule.Transitions.Any(one => one.Days is null) != expiration.Days is null)
            throw Request($"Found mixed 'Date' and 'Days' based Expiration and Transition actions in lifecycle rule for filter '{filter}'");
        var element = expiration.Days is null ? "Date" : "Days";
        if (rule.Transitions.Any(one => one.Days >= expiration.Days || one.Date >= expiration.Date))
            throw Argument($"'{element}' in the Expiration action for filter '{filter}' must be greater than '{element}' in the Transition action");
    }

    private static void CheckNoncurrentExpiration(ConfiguredRule rule, string filter, bool isFirstVersion)
    {
        if (rule.NoncurrentExpiration is not { } expiration) return;
        if (expiration.Days < 1) throw Argument("'NoncurrentDays' for NoncurrentVersionExpiration action must be a positive integer");
        CheckNewer(expiration.NewerVersions, "NoncurrentVersionExpiration", isFirstVersion);
        if (rule.NoncurrentTransitions.Any(one => one.Days >= expiration.Days))
            throw Argument($"'NoncurrentDays' in the NoncurrentVersionExpiration action for filter '{filter}' must be greater than 'NoncurrentDays' in the NoncurrentVersionTransition action");
    }

    private static void CheckAbort(ConfiguredRule rule)
    {
        if (rule.AbortAfterDays is not { } days) return;
        if (days < 1) throw Argument("'DaysAfterInitiation' for AbortIncompleteMultipartUpload action must be a positive integer");
        CheckWholeKeys(rule.Filter, "AbortIncompleteMultipartUpload");
    }

    /// <summary>Uploads and delete markers have neither tags nor a size.</summary>
    private static void CheckWholeKeys(ConfiguredFilter filter, string action)
    {
        if (filter.Tags.Count > 0) throw Request($"{action} cannot be specified with Tags.");
        if (filter.SizeGreaterThan is not null || filter.SizeLessThan is not null) throw Request($"{action} cannot be specified with Object Size.");
    }

    private static void CheckNewer(int? newer, string action, bool isFirstVersion)
    {
        if (newer is null) return;
        if (isFirstVersion) throw Request("NewerNoncurrentVersions element can only be used in Lifecycle V2.");
        if (newer is < 1 or > NewerVersionsMax) throw Argument($"'NewerNoncurrentVersions' for {action} action must be between 1 and {NewerVersionsMax}");
    }

    private static void CheckDays(string element, string action, string storageClass, int days)
    {
        if (days < 0) throw Argument($"'{element}' for {action} action must be nonnegative");
        if (storageClass is "STANDARD_IA" or "ONEZONE_IA" && days < InfrequentDaysMin)
            throw Argument($"'{element}' in {action} action must be greater than or equal to {InfrequentDaysMin} for storageClass '{storageClass}'");
    }

    /// <summary>Two classes of one rule, the first not further down: there must be a way from it to the second.</summary>
    private static void CheckWay(string action, string before, string after, string filter)
    {
        if (before == after) throw Request($"'StorageClass' must be different for '{action}' actions in same 'Rule' with filter '{filter}'");
        if (Depth(before) == Depth(after)) throw Request($"'{action}' actions cannot lead from '{before}' to '{after}' in same 'Rule' with filter '{filter}'");
    }

    /// <summary>The class further down comes later, and by 30 days where the one before has a shortest stay.</summary>
    private static void CheckOrder(string element, string action, string before, string after, int gap, string filter)
    {
        var isStay = before is "STANDARD_IA" or "ONEZONE_IA" or "INTELLIGENT_TIERING" && Depth(after) >= Depth("GLACIER");
        if (gap >= (isStay ? InfrequentDaysMin : 1)) return;
        var how = isStay ? $"{InfrequentDaysMin} days more than" : "greater than";
        throw Argument($"'{element}' in the '{action}' action for StorageClass '{after}' for filter '{filter}' must be {how} '{element}' in the '{action}' action for StorageClass '{before}'");
    }

    /// <summary>Rules of the first version are for disjoint sets of keys, as far as they do the same.</summary>
    private static void CheckOverlaps(IReadOnlyList<ConfiguredRule> rules)
    {
        CheckOverlaps(rules.Where(rule => rule.Transitions.Count > 0), "Transition");
        CheckOverlaps(rules.Where(rule => rule.NoncurrentTransitions.Count > 0), "NoncurrentVersionTransition");
        CheckOverlaps(rules.Where(rule => rule.Expiration is not null), "Expiration");
        CheckOverlaps(rules.Where(rule => rule.NoncurrentExpiration is not null), "NoncurrentVersionExpiration");
        CheckOverlaps(rules.Where(rule => rule.AbortAfterDays is not null), "AbortIncompleteMultipartUpload");
    }

    private static void CheckOverlaps(IEnumerable<ConfiguredRule> rules, string action)
    {
        // In ordinal order a prefix stands before all that begin with it, and the next one after it begins with it if any does.
        string? before = null;
        foreach (var prefix in rules.Where(rule => rule.IsEnabled).Select(rule => rule.Filter.Prefix!).Order(StringComparer.Ordinal))
        {
            if (before is not null && prefix.StartsWith(before, StringComparison.Ordinal)) throw Request($"Found overlapping prefixes '{before}' and '{prefix}' for same action type '{action}'");
            before = prefix;
        }
    }

    private static string Describe(ConfiguredFilter filter)
    {
        var parts = new List<string>();
        if (filter.Prefix is not null) parts.Add($"prefix={filter.Prefix}");
        parts.AddRange(filter.Tags.Select(tag => $"{tag.Key}={tag.Value}"));
        if (filter.SizeGreaterThan is { } above) parts.Add(string.Create(CultureInfo.InvariantCulture, $"objectsizegreaterthan={above}"));
        if (filter.SizeLessThan is { } below) parts.Add(string.Create(CultureInfo.InvariantCulture, $"objectsizelessthan={below}"));
        return $"({string.Join(" and ", parts)})";
    }

    private static S3Exception Argument(string message) => new(S3Errors.InvalidArgument, message);

    private static S3Exception Request(string message) => new(S3Errors.InvalidRequest, message);
}
