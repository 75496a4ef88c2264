using System.Collections.Immutable;
using Oort.Metadata.Changes;
using Oort.Metadata.Records;

namespace Oort.Metadata.Writing;

/// <summary>Versions that those who act by age have perhaps passed, and that have to be looked at again. Noted in buckets that are acted on by age only.</summary>
internal sealed partial class WriteSession
{
    /// <summary>A version goes: the one below it may become the newest, or one above it be all that is left of the key.</summary>
    private void RevisitKey(BucketId bucket, ReadOnlySpan<byte> keyBytes)
    {
        if (FindBucket(bucket) is { } row && row.Versioning != VersioningState.Unversioned && row.Settings.ContainsKey(AgeSettings.Rules))
            tables.Revisits.Add(bucket, new(Now, RecordReader.DecodeText(keyBytes), 0));
    }

    /// <summary>What a version carries changes: other rules may take it.</summary>
    private void RevisitVersion(VersionRow old, VersionRow row)
    {
        if (IsSame(old.Attributes.Extensions, row.Attributes.Extensions)) return;
        if (FindBucket(row.Bucket) is { } bucket && bucket.Settings.ContainsKey(AgeSettings.Rules)) tables.Revisits.Add(row.Bucket, new(Now, row.Key, row.Id.Generation));
    }

    /// <summary>A replay brings progress without the revisits that were noted with it.</summary>
    private void ForgetRevisits(string setting)
    {
        if (isReplay && AgeSettings.BucketOf(setting) is { } bucket) tables.Revisits.RemoveStamp(bucket);
    }

    private static bool IsSame(ImmutableSortedDictionary<string, ImmutableArray<byte>> one, ImmutableSortedDictionary<string, ImmutableArray<byte>> other) =>
        ReferenceEquals(one, other) || (one.Count == other.Count && one.All(pair => other.TryGetValue(pair.Key, out var value) && value.AsSpan().SequenceEqual(pair.Value.AsSpan())));
}
