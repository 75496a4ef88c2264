using System.Buffers.Binary;
using System.Collections.Immutable;
using Oort.Metadata;

namespace Oort.Objects.Tiering;

/// <summary>What a bucket's own settings say of passes that it needs (docs/formats/tiers.md §3): a version byte and a time.</summary>
internal static class BucketMarks
{
    /// <summary>Some version of the bucket was restored, or is to be. Renewed by requests, so that a pass that finds none knows whether one came meanwhile.</summary>
    public const string Restores = "restores";

    /// <summary>All that is in the bucket is to lie where its placement policies say now. The time is when that was asked for.</summary>
    public const string Migration = "migration";

    public const byte Version = 1;

    public const int TimeOffset = 1;

    /// <summary>Bytes of a mark.</summary>
    public const int Size = 9;

    /// <summary>The mark's time; null: it is not set. One that cannot be read is as old as can be.</summary>
    public static DateTimeOffset? Of(BucketRow bucket, string name)
    {
        if (!bucket.Settings.TryGetValue(name, out var bytes)) return null;
        if (bytes.Length != Size || bytes[0] != Version) return DateTimeOffset.UnixEpoch;
        var milliseconds = BinaryPrimitives.ReadInt64BigEndian(bytes.AsSpan()[TimeOffset..]);
        return milliseconds is < 0 or > 253_402_300_799_999 ? DateTimeOffset.UnixEpoch : DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);
    }

    public static BucketRow Set(BucketRow bucket, string name, DateTimeOffset time)
    {
        var bytes = new byte[Size];
        bytes[0] = Version;
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(TimeOffset), time.ToUnixTimeMilliseconds());
        return bucket with { Settings = bucket.Settings.SetItem(name, [.. bytes]) };
    }

    /// <summary>Takes a mark away, if it is still the one that was seen.</summary>
    public static async ValueTask RemoveAsync(IMetadataStore metadata, BucketRow seen, string name, CancellationToken cancellationToken)
    {
        var bytes = seen.Settings.GetValueOrDefault(name, []);
        await metadata.UpdateBucketAsync(seen.Id, row => row.Settings.TryGetValue(name, out var present) && present.AsSpan().SequenceEqual(bytes.AsSpan()) ? row with { Settings = row.Settings.Remove(name) } : row, cancellationToken);
    }
}
