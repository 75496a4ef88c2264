using System.Collections.Immutable;
using Microsoft.AspNetCore.Http;
using Oort.Backends;
using Oort.Gateway.Operations;
using Oort.Metadata;
using Oort.Objects;
using Oort.Objects.Placement;
using Oort.Objects.Tiering;

namespace Oort.Gateway;

/// <summary>A storage class in the admin API.</summary>
/// <param name="IsArchive">Whether its objects are read only after they were restored.</param>
/// <param name="Policy">The placement policy of the class; of buckets for which another one holds, <c>GET buckets/{bucket}</c> says it.</param>
/// <param name="Networks">Outside networks that the policy names.</param>
/// <param name="State">"in use", "draining", or "drained".</param>
/// <param name="To">The class that what it has moves to; empty: it is in use.</param>
public sealed record TierModel(string StorageClass, bool IsArchive, string Policy, ImmutableArray<string> Networks, string State, string To);

/// <summary>Answer of <c>GET tiers</c>.</summary>
/// <param name="Activity">What this gateway has moved and restored since its start.</param>
public sealed record TiersModel(ImmutableArray<TierModel> Tiers, TieringStatus Activity);

/// <summary>Body of <c>PUT tiers/{class}</c>.</summary>
public sealed record TierRequest(string? Policy);

/// <summary>Body of <c>POST tiers/{class}/drain</c>.</summary>
/// <param name="To">The class that its objects get; null: STANDARD.</param>
public sealed record DrainTierRequest(string? To);

/// <summary>Body of <c>POST buckets/{bucket}/migrate</c>.</summary>
/// <param name="Policy">Is assigned to the bucket first; null: what is assigned holds.</param>
public sealed record MigrateBucketRequest(string? Policy);

/// <summary>Answer of <c>GET buckets/{bucket}</c>.</summary>
/// <param name="Places">Where new objects go, by storage class.</param>
/// <param name="PermanentStores">Networks among them that never delete.</param>
/// <param name="MigratingSince">Since when all of it is being brought to where the policies say; null: it is not.</param>
/// <param name="Pass">The pass over the bucket that this gateway made last, or makes; null: none since its start.</param>
public sealed record BucketModel(
    string Name, string Owner, DateTimeOffset Created, string Region, VersioningState Versioning, int LifecycleRules, ImmutableArray<ClassPlace> Places, ImmutableArray<string> PermanentStores,
    DateTimeOffset? MigratingSince, BucketTieringStatus? Pass);

/// <summary>The part of the admin API about storage classes and where buckets lie.</summary>
internal sealed class TieringAdmin(IObjectSystem system, PlacementAdmin placement)
{
    public TiersModel List() => new(
        [.. StorageClassOrder.All.Concat(StorageClassOrder.Own.Where(IsUsed)).Select(name =>
        {
            var policy = system.Stores.Placement.Document.PolicyFor(default, name);
            var given = system.Tiering.Tiers.Find(name);
            var state = given?.Role switch { null => "in use", TierRole.Draining => "draining", _ => "drained" };
            return new TierModel(name, StorageClassOrder.IsArchive(name), policy.Name, [.. policy.Networks.Select(share => share.Network)], state, given?.To ?? "");
        })],
        system.Tiering.Status);

    /// <summary>Whether a class of one's own has a policy, or is given up.</summary>
    private bool IsUsed(string name) =>
        system.Tiering.Tiers.Find(name) is not null || system.Stores.Placement.Document.PolicyFor(default, name).Name != system.Stores.Placement.Document.PolicyFor(default, StorageClasses.Standard).Name;

    /// <summary>Says which policy objects of a class come under.</summary>
    public async ValueTask<TiersModel> SetAsync(string storageClass, TierRequest request, CancellationToken cancellationToken)
    {
        if (request.Policy is not { Length: > 0 } policy) throw new AdminRequestException(StatusCodes.Status400BadRequest, "InvalidArgument", "\"policy\" is missing.");
        await placement.AssignAsync(new(null, Known(storageClass), policy), cancellationToken);
        return List();
    }

    public async ValueTask<TiersModel> DrainAsync(string storageClass, DrainTierRequest request, CancellationToken cancellationToken)
    {
        await system.Tiering.DrainAsync(Known(storageClass), request.To is { } to ? Known(to) : StorageClasses.Standard, cancellationToken);
        return List();
    }

    public async ValueTask<TiersModel> ResumeAsync(string storageClass, CancellationToken cancellationToken)
    {
        await system.Tiering.ResumeAsync(Known(storageClass), cancellationToken);
        return List();
    }

    /// <summary>Takes the policy away from a class in which nothing is left.</summary>
    public async ValueTask<TiersModel> RemoveAsync(string storageClass, CancellationToken cancellationToken)
    {
        if (system.Tiering.Tiers.Find(Known(storageClass)) is not { Role: TierRole.Drained })
            throw new TierException($"{storageClass} is not drained. `oort tier drain {storageClass}` moves what it has elsewhere; `oort tier list` shows when that is done.");
        await placement.AssignAsync(new(null, storageClass, null), cancellationToken);
        return List();
    }

    public async ValueTask<BucketModel> ShowBucketAsync(string name, CancellationToken cancellationToken)
    {
        var bucket = await FindAsync(name, cancellationToken);
        return new(
            bucket.Name, bucket.OwnerId, bucket.Created, bucket.Region, bucket.Versioning, RuleCount(bucket), BucketPlaces.Of(system.Stores, bucket.Id), BucketPlaces.Permanent(system.Stores, bucket.Id),
            system.Tiering.MigratingSince(bucket), system.Tiering.PassOf(bucket.Id));
    }

    public async ValueTask<BucketModel> MigrateAsync(string name, MigrateBucketRequest request, CancellationToken cancellationToken)
    {
        var bucket = await FindAsync(name, cancellationToken);
        if (request.Policy is { } policy) await placement.AssignAsync(new(name, null, policy), cancellationToken);
        if (!await system.Tiering.MigrateAsync(bucket.Id, cancellationToken)) throw NotFound(name);
        return await ShowBucketAsync(name, cancellationToken);
    }

    public async ValueTask<BucketModel> StopMigrationAsync(string name, CancellationToken cancellationToken)
    {
        if (!await system.Tiering.StopMigrationAsync((await FindAsync(name, cancellationToken)).Id, cancellationToken)) throw NotFound(name);
        return await ShowBucketAsync(name, cancellationToken);
    }

    /// <summary>A lifecycle that cannot be read has no rules that anything goes by.</summary>
    private static int RuleCount(BucketRow bucket)
    {
        try
        {
            return LifecycleDocument.Of(bucket)?.Rules.Length ?? 0;
        }
        catch (LifecycleFormatException)
        {
            return 0;
        }
    }

    private async ValueTask<BucketRow> FindAsync(string name, CancellationToken cancellationToken) => await system.Metadata.FindBucketAsync(name, cancellationToken) ?? throw NotFound(name);

    private static string Known(string storageClass) => StorageClasses.IsKnown(storageClass) ? storageClass : throw new AdminRequestException(StatusCodes.Status404NotFound, "NotFound", $"There is no storage class {storageClass}; `oort tier list` shows those there are.");

    private static AdminRequestException NotFound(string bucket) => new(StatusCodes.Status404NotFound, "NotFound", $"There is no bucket {bucket}.");
}
