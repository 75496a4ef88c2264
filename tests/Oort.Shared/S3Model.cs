using System.Text;
using Oort.Metadata;

namespace Oort.Shared;

/// <summary>One bucket by S3's semantics in the plainest C#: lists and loops, no indexes, nothing derived. What metadata engines and whole gateways are compared with.</summary>
internal sealed class S3Model
{
    internal sealed class Version
    {
        public required string Key { get; init; }
        public required int Serial { get; init; }
        public bool IsNull { get; init; }
        public bool IsMarker { get; init; }
        public long Size { get; init; }
        public string ETag { get; init; } = "";

        /// <summary>The id that the engine gave it; unknown (empty) for some null versions.</summary>
        public string Id { get; set; } = "";

        /// <summary>What a listing or a header names it by.</summary>
        public string IdText => IsNull ? "null" : Id;

        /// <summary>The bytes by parts, as a comparison of whole gateways needs them: part number (0: not from an upload) and content. Empty where only metadata is compared.</summary>
        public IReadOnlyList<(int Number, byte[] Content)> Parts { get; set; } = [];

        /// <summary>User metadata; compared where there is a gateway.</summary>
        public string Note { get; set; } = "";

        public ObjectLock Lock { get; set; }
    }

    internal sealed class Upload
    {
        public required string Key { get; init; }
        public required UploadId Id { get; init; }
        public SortedDictionary<int, (string ETag, long Size)> Parts { get; } = [];

        public string Note { get; init; } = "";
    }

    private int serial;

    public VersioningState Versioning { get; set; }

    /// <summary>Whether versions can be locked; then versioning stays on.</summary>
    public bool Locks { get; set; }

    /// <summary>Retentions that end later hold.</summary>
    public DateTimeOffset Now { get; init; }

    /// <summary>In order of their making.</summary>
    public List<Version> Versions { get; } = [];

    public List<Upload> Uploads { get; } = [];

    /// <summary>What the bucket may hold; null: no limit.</summary>
    public Quota? Quota { get; set; }

    /// <summary>What it holds, counted anew.</summary>
    public Usage Used => new(Versions.Count, Versions.Sum(version => version.Size) + Uploads.Sum(upload => upload.Parts.Values.Sum(part => part.Size)));

    /// <summary>Whether there is room for a change: what it would make of <see cref="Used"/> is within the quota, or no more than it is.</summary>
    public bool HasRoom(Usage after) => Quota is not { } quota || (Holds(quota.Bytes, Used.Bytes, after.Bytes) && Holds(quota.Objects, Used.Objects, after.Objects));

    private static bool Holds(long? limit, long before, long after) => limit is null || after <= limit || after <= before;

    public Version? Newest(string key) => Versions.Where(version => version.Key == key).MaxBy(version => version.Serial);

    public Version? Current(string key) => Newest(key) is { IsMarker: false } version ? version : null;

    public static CommitOutcome Check(Version? current, WriteConditions conditions)
    {
        if (current is { IsMarker: true }) current = null;
        if (current is null) return conditions.IfMatch is null ? CommitOutcome.Done : CommitOutcome.NoSuchKey;
        if (conditions.IfMatch is { } match && match != "*" && match != current.ETag) return CommitOutcome.PreconditionFailed;
        if (conditions.IfNoneMatch is { } none && (none == "*" || none == current.ETag)) return CommitOutcome.PreconditionFailed;
        return CommitOutcome.Done;
    }

    public (CommitOutcome Outcome, Version? Made) Put(string key, long size, string etag, WriteConditions conditions)
    {
        var outcome = Check(Newest(key), conditions);
        if (outcome != CommitOutcome.Done) return (outcome, null);
        return HasRoom(With(key, size)) ? (outcome, Add(key, size, etag, isMarker: false)) : (CommitOutcome.QuotaExceeded, null);
    }

    /// <summary>Result: the marker made, or null.</summary>
    public (CommitOutcome Outcome, Version? Marker) Delete(string key, WriteConditions conditions)
    {
        if (Newest(key) is { IsMarker: true } && conditions.IfMatch is { } match && match != "*") return (CommitOutcome.PreconditionFailed, null);
        var outcome = Check(Newest(key), conditions);
        if (outcome != CommitOutcome.Done) return (outcome, null);
        if (Versioning != VersioningState.Unversioned) return (outcome, Add(key, 0, "", isMarker: true));
        Versions.RemoveAll(version => version.Key == key);
        return (outcome, null);
    }

    public (CommitOutcome Outcome, bool WasMarker) DeleteVersion(string key, string id, WriteConditions conditions, bool bypassesGovernance = false)
    {
        var version = Find(key, id);
        var outcome = Check(version, conditions);
        if (outcome != CommitOutcome.Done) return (outcome, false);
        if (version is not null && (version.Lock.Hold == LegalHold.On || (IsRetained(version) && !(bypassesGovernance && version.Lock.Retention.Mode == RetentionMode.Governance)))) return (CommitOutcome.Locked, false);
        if (version is not null) Versions.Remove(version);
        return (outcome, version is { IsMarker: true });
    }

    public CommitOutcome SetVersioning(VersioningState state)
    {
        if (Locks && state != VersioningState.Enabled) return CommitOutcome.BucketLocked;
        Versioning = state;
        return CommitOutcome.Done;
    }

    /// <summary>From now on versions can be locked.</summary>
    public CommitOutcome StartLocks()
    {
        if (Versioning != VersioningState.Enabled) return CommitOutcome.BucketLocked;
        Locks = true;
        return CommitOutcome.Done;
    }

    public CommitOutcome Retain(string key, string id, LockTerm term, bool bypassesGovernance)
    {
        if (Find(key, id) is not { IsMarker: false } version) return CommitOutcome.NoSuchVersion;
        var isLonger = term.Mode == version.Lock.Retention.Mode && term.Until >= version.Lock.Retention.Until;
        if (IsRetained(version) && !isLonger && !(bypassesGovernance && version.Lock.Retention.Mode == RetentionMode.Governance)) return CommitOutcome.Locked;
        version.Lock = version.Lock with { Retention = term };
        return CommitOutcome.Done;
    }

    public CommitOutcome Hold(string key, string id, LegalHold hold)
    {
        if (Find(key, id) is not { IsMarker: false } version) return CommitOutcome.NoSuchVersion;
        version.Lock = version.Lock with { Hold = hold };
        return CommitOutcome.Done;
    }

    public Version? Find(string key, string id) =>
        Versions.SingleOrDefault(version => version.Key == key && (id == "null" ? version.IsNull : !version.IsNull && version.Id == id));

    public (CommitOutcome Outcome, Version? Made) Complete(Upload? upload, string key, (int Number, string ETag, long Size)[] chosen, string etag, WriteConditions conditions)
    {
        if (upload is null || !Uploads.Contains(upload)) return (CommitOutcome.NoSuchUpload, null);
        var outcome = Check(Newest(key), conditions);
        if (outcome != CommitOutcome.Done) return (outcome, null);
        foreach (var (number, partETag, size) in chosen)
            if (!upload.Parts.TryGetValue(number, out var part) || part != (partETag, size)) return (CommitOutcome.Conflict, null);
        if (!HasRoom(With(key, chosen.Sum(part => part.Size) - upload.Parts.Values.Sum(part => part.Size)))) return (CommitOutcome.QuotaExceeded, null);
        Uploads.Remove(upload);
        return (CommitOutcome.Done, Add(key, chosen.Sum(part => part.Size), etag, isMarker: false));
    }

    /// <summary>What a listing shows: keys and common prefixes after a marker, in byte order, each cut to a page.</summary>
    public static (List<string> Items, bool IsTruncated) List(IEnumerable<string> keys, string prefix, string delimiter, string after, int limit)
    {
        // A marker hides what is not after it; one that is itself a common prefix hides all under it.
        var items = keys.Where(key => StartsWith(key, prefix)).Select(key => (Key: key, Item: Roll(key, prefix, delimiter)))
            .Where(pair => Compare(pair.Key, after) > 0 && pair.Item != after)
            .Select(pair => pair.Item).Distinct().Order(Comparer<string>.Create(Compare)).ToList();
        return limit == 0 ? ([], false) : (items.Take(limit).ToList(), items.Count > limit);
    }

    public static int Compare(string left, string right) => Encoding.UTF8.GetBytes(left).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(right));

    /// <summary>The common prefix that a key falls under, or the key itself.</summary>
    public static string Roll(string key, string prefix, string delimiter)
    {
        if (delimiter.Length == 0) return key;
        var at = key.IndexOf(delimiter, prefix.Length, StringComparison.Ordinal);
        return at < 0 ? key : key[..(at + delimiter.Length)];
    }

    private bool IsRetained(Version version) => version.Lock.Retention.Mode != RetentionMode.None && version.Lock.Retention.Until > Now;

    private static bool StartsWith(string key, string prefix) => key.StartsWith(prefix, StringComparison.Ordinal);

    /// <summary>What the bucket would hold with another version of a key.</summary>
    private Usage With(string key, long bytes)
    {
        var replaced = Versioning == VersioningState.Enabled ? [] : Versions.Where(version => version.Key == key && version.IsNull).ToList();
        return new(Used.Objects + 1 - replaced.Count, Used.Bytes + bytes - replaced.Sum(version => version.Size));
    }

    private Version Add(string key, long size, string etag, bool isMarker)
    {
        var isNull = Versioning != VersioningState.Enabled;
        if (isNull) Versions.RemoveAll(version => version.Key == key && version.IsNull);
        var made = new Version { Key = key, Serial = ++serial, IsNull = isNull, IsMarker = isMarker, Size = size, ETag = etag };
        Versions.Add(made);
        return made;
    }
}
