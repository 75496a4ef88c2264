using System.Collections.Concurrent;
using System.Collections.Immutable;
using Oort.Access.Policies;
using Oort.Gateway.Access.Lists;
using Oort.Metadata;

namespace Oort.Gateway.Access;

/// <summary>What a bucket itself says about who may do what to it, read from its settings.</summary>
/// <param name="Policy">Null: it has none.</param>
/// <param name="Fault">Why the settings cannot be read; null: they can. In doubt nobody is let in.</param>
internal sealed record BucketAccess(PolicyDocument? Policy, PublicAccessBlock Block, string? Fault)
{
    /// <summary>Whether lists count, and for whom.</summary>
    public ObjectOwnership Ownership { get; init; }

    /// <summary>The bucket's own list, where lists count.</summary>
    public AccessList List { get; init; } = AccessList.Empty;
}

/// <summary>Keeps what was read of buckets' settings, so that a policy is parsed once and not for each request. Thread-safe.</summary>
internal sealed class BucketAccessCache
{
    /// <summary>A policy of 20 KiB takes some 100 KiB when it is parsed; buckets without one are not kept.</summary>
    private const int CountMax = 1_000;

    private static readonly BucketAccess plain = new(null, PublicAccessBlock.All, null);

    private readonly ConcurrentDictionary<BucketId, (ImmutableArray<byte> Setting, PublicAccessBlock Block, BucketAccess Access)> known = new();

    public BucketAccess Of(BucketRow bucket)
    {
        if (bucket.Settings.IsEmpty) return plain;
        var ownership = ObjectOwnership.BucketOwnerEnforced;
        try
        {
            ownership = ObjectOwnerships.Of(bucket);
            var access = PolicyOf(bucket);
            return ownership == ObjectOwnership.BucketOwnerEnforced ? access : access with { Ownership = ownership, List = AccessLists.Of(bucket) };
        }
        catch (Exception failure) when (failure is PolicyException or MetadataFormatException)
        {
            return new(null, PublicAccessBlock.All, failure.Message) { Ownership = ownership };
        }
    }

    private BucketAccess PolicyOf(BucketRow bucket)
    {
        var block = PublicAccessBlocks.Of(bucket);
        if (!bucket.Settings.TryGetValue(BucketPolicy.SettingName, out var setting)) return new(null, block, null);
        if (known.TryGetValue(bucket.Id, out var found) && found.Block == block && found.Setting.AsSpan().SequenceEqual(setting.AsSpan())) return found.Access;
        var access = new BucketAccess(PolicyDocument.ParseOfBucket(bucket.Name, BucketPolicy.TextOf(bucket)), block, null);
        // Which ones are used most is not worth knowing: there is room for all of nearly every cluster.
        if (known.Count >= CountMax) known.Clear();
        known[bucket.Id] = (setting, block, access);
        return access;
    }
}
