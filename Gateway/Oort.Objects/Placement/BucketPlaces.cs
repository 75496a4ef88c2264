using System.Collections.Immutable;
using Oort.Backends;
using Oort.Metadata;
using Oort.Objects.Tiering;

namespace Oort.Objects.Placement;

/// <summary>Where new objects of a bucket go, by storage class.</summary>
/// <param name="Policy">Name of the placement policy, in full.</param>
/// <param name="Networks">Outside networks that it names.</param>
public sealed record ClassPlace(string StorageClass, string Policy, ImmutableArray<string> Networks);

/// <summary>What placement policies mean for one bucket.</summary>
public static class BucketPlaces
{
    public static ImmutableArray<ClassPlace> Of(StoreSet stores, BucketId bucket) => [.. StorageClassOrder.All.Select(name =>
    {
        var policy = stores.Placement.Document.PolicyFor(bucket, name);
        return new ClassPlace(name, policy.Name, [.. policy.Networks.Select(share => share.Network)]);
    })];

    /// <summary>Networks that shards of the bucket may go to and that never delete: what is deleted there stays, as noise without its key.</summary>
    public static ImmutableArray<string> Permanent(StoreSet stores, BucketId bucket)
    {
        var permanent = stores.Networks.Values.Where(network => network.Backend?.Traits.Retention == Retention.Permanent).Select(network => network.Definition.Name).ToHashSet(StringComparer.Ordinal);
        return permanent.Count == 0 ? [] : [.. Of(stores, bucket).SelectMany(place => place.Networks).Where(permanent.Contains).Distinct().Order(StringComparer.Ordinal)];
    }
}
