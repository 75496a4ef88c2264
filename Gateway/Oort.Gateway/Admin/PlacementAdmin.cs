using System.Collections.Immutable;
using Microsoft.AspNetCore.Http;
using Oort.Backends;
using Oort.Objects;
using Oort.Objects.Placement;
using Oort.Objects.Reputation;

namespace Oort.Gateway;

/// <summary>Body of <c>PUT placement/policies/{name}</c> and <c>POST placement/check</c>.</summary>
/// <param name="Force">Stores the policy although the stores that are there cannot keep it.</param>
/// <param name="Revision">The revision that the caller has seen: with another one nothing is changed. Null: whichever there is.</param>
public sealed record PolicyRequest(PlacementPolicy? Policy, bool Force = false, long? Revision = null);

/// <summary>Body of <c>POST placement/assign</c>.</summary>
/// <param name="Bucket">The bucket's name; null: all buckets.</param>
/// <param name="StorageClass">Null: all classes.</param>
/// <param name="Policy">Null: takes the assignment away.</param>
/// <param name="Revision">As in <see cref="PolicyRequest"/>.</param>
public sealed record AssignRequest(string? Bucket, string? StorageClass, string? Policy, long? Revision = null);

/// <summary>What a policy means with the present stores.</summary>
/// <param name="Placeable">Shards of a segment that find a place within the rules, with all eligible stores there.</param>
/// <param name="Placed">Segments placed since the start.</param>
/// <param name="Short">Of these, those that a rule was broken for, or that lack shards because of one.</param>
public sealed record PlacementReportModel(string Policy, string Geometry, int Eligible, int Usable, int Placeable, ImmutableArray<string> Unmet, double PricePerTebibyteMonth, long Placed, long Short)
{
    public static PlacementReportModel From(PlacementReport report, PlacerStatus? status = null) => new(
        report.Policy, report.Geometry.ToString(), report.Eligible, report.Usable, report.Placeable, report.Unmet, report.PricePerTebibyteMonth, status?.Placed ?? 0, status?.Short ?? 0);
}

/// <summary>Body of <c>POST placement/rebalance</c>.</summary>
/// <param name="Action">"start", "pause" or "resume".</param>
public sealed record RebalanceRequest(string? Action);

/// <summary>Answer of <c>GET placement</c>.</summary>
public sealed record PlacementModel(long Revision, ImmutableArray<PlacementPolicy> Policies, ImmutableArray<AssignRequest> Assignments, ImmutableArray<PlacementReportModel> Reports);

/// <summary>A store with everything that placement knows of it.</summary>
public sealed record StoreModel(string Id, string Location, string State, StoreTraits Traits, long? FreeBytes, long? CapacityBytes, double LatencyMilliseconds, double Reputation);

/// <summary>A store with what audits have shown of it.</summary>
/// <param name="Reputation">Null where it is not audited.</param>
public sealed record StoreDetailModel(StoreModel Store, StoreReputation? Reputation);

/// <summary>Answer of <c>GET placement/stores</c>.</summary>
public sealed record StoresModel(ImmutableArray<StoreModel> Stores);

/// <summary>The part of the admin API about placement policies.</summary>
internal sealed class PlacementAdmin(IObjectSystem system)
{
    private PlacementBook Book => system.Stores.Placement;

    public PlacementModel List()
    {
        var document = Book.Document;
        var policies = Policies(document);
        var status = Book.Status.ToDictionary(one => one.Policy);
        return new(
            document.Revision,
            policies,
            [.. document.Assignments.Select(one => new AssignRequest(one.BucketName, one.StorageClass, one.Policy))],
            [.. policies.Select(policy => PlacementReportModel.From(PlacementCheck.Run(system.Stores, policy), status.GetValueOrDefault(policy.Name)))]);
    }

    public StoresModel Stores() => new([.. system.Stores.Describe().Select(Model)]);

    public StoreDetailModel Store(StoreId id) => new(Model(system.Stores.Describe().Single(store => store.Id == id)), system.Reputations.Find(id));

    public PlacementPolicy Show(string name) =>
        Policies(Book.Document).FirstOrDefault(policy => policy.Name == name) ?? throw new AdminRequestException(StatusCodes.Status404NotFound, "NotFound", $"There is no placement policy {name}; `oort placement list` shows those there are.");

    /// <summary>What a policy means with the present stores.</summary>
    public PlacementReportModel Check(PolicyRequest request) => PlacementReportModel.From(PlacementCheck.Run(system.Stores, Valid(request.Policy)));

    public async ValueTask<PlacementReportModel> PutAsync(string name, PolicyRequest request, CancellationToken cancellationToken)
    {
        var policy = Valid(request.Policy is { } given ? given with { Name = name } : null);
        var report = PlacementCheck.Run(system.Stores, policy);
        if (!request.Force && !report.Unmet.IsEmpty)
            throw new AdminRequestException(StatusCodes.Status409Conflict, "PlacementUnmet", $"The stores that are there cannot keep the policy {name}: {string.Join(" ", report.Unmet)} With --force it is set all the same.");
        await ChangeAsync(document => document with { Policies = document.Policies.SetItem(name, policy) }, request.Revision, cancellationToken);
        return PlacementReportModel.From(report);
    }

    public async ValueTask<PlacementModel> RemoveAsync(string name, CancellationToken cancellationToken)
    {
        if (!Book.Document.Policies.ContainsKey(name)) throw new AdminRequestException(StatusCodes.Status404NotFound, "NotFound", $"There is no placement policy {name} that could be removed.");
        if (Book.Document.Assignments.Any(one => one.Policy == name) && name != PlacementPolicy.DefaultName)
            throw new AdminRequestException(StatusCodes.Status409Conflict, "PlacementRefused", $"The policy {name} is assigned; `oort placement list` shows to what. Assign another first, or take it away with `oort placement assign --none`.");
        await ChangeAsync(document => document with { Policies = document.Policies.Remove(name) }, null, cancellationToken);
        return List();
    }

    public async ValueTask<PlacementModel> AssignAsync(AssignRequest request, CancellationToken cancellationToken)
    {
        var bucket = request.Bucket is not { } bucketName ? null : await system.Metadata.FindBucketAsync(bucketName, cancellationToken)
            ?? throw new AdminRequestException(StatusCodes.Status404NotFound, "NotFound", $"There is no bucket {bucketName}.");
        if (request.StorageClass is { } storageClass && !Operations.StorageClasses.IsKnown(storageClass))
            throw new AdminRequestException(StatusCodes.Status400BadRequest, "InvalidArgument", $"There is no storage class {storageClass}.");
        await ChangeAsync(document =>
        {
            var others = document.Assignments.Where(one => one.Bucket != bucket?.Id || one.StorageClass != request.StorageClass);
            return document with { Assignments = [.. others, .. request.Policy is { } policy ? (PolicyAssignment[])[new(bucket?.Id, bucket?.Name, request.StorageClass, policy)] : []] };
        }, request.Revision, cancellationToken);
        return List();
    }

    public async ValueTask<RebalanceStatus> RebalanceAsync(RebalanceRequest request, CancellationToken cancellationToken)
    {
        switch (request.Action)
        {
            case "start":
                system.AskRebalance();
                break;
            case "pause" or "resume":
                await system.PauseRebalanceAsync(request.Action == "pause", cancellationToken);
                break;
            default:
                throw new AdminRequestException(StatusCodes.Status400BadRequest, "InvalidArgument", "\"action\" must be \"start\", \"pause\" or \"resume\".");
        }

        return system.GetStatus().Rebalance;
    }

    private static StoreModel Model(StoreDescriptor store) => new(
        store.Id.ToString(), store.Location, store.State, store.Traits, store.Space.FreeBytes, store.Space.CapacityBytes, store.LatencyMilliseconds, store.Reputation);

    private static ImmutableArray<PlacementPolicy> Policies(PlacementDocument document) =>
        document.Policies.ContainsKey(PlacementPolicy.DefaultName) ? [.. document.Policies.Values] : [PlacementPolicy.Default, .. document.Policies.Values];

    private PlacementPolicy Valid(PlacementPolicy? policy)
    {
        if (policy is null) throw new AdminRequestException(StatusCodes.Status400BadRequest, "InvalidArgument", "\"policy\" is missing.");
        if (policy.StoreFilter is { } named) policy = policy with { StoreFilter = new([.. named.Use.Select(StoreIdOf)], [.. named.Avoid.Select(StoreIdOf)]) };
        return PolicyRules.Problems(policy).FirstOrDefault() is { } problem ? throw new AdminRequestException(StatusCodes.Status400BadRequest, "InvalidArgument", problem) : policy;
    }

    /// <summary>The id of a store that may be called by its location; what is neither stays, to be told.</summary>
    private string StoreIdOf(string name)
    {
        var found = system.Stores.Describe().Where(store => store.Location == name || (Path.IsPathFullyQualified(name) && Path.GetFullPath(store.Location) == Path.GetFullPath(name))).Select(store => store.Id.ToString()).ToList();
        return found.Count == 1 ? found[0] : name;
    }

    private async ValueTask ChangeAsync(Func<PlacementDocument, PlacementDocument> change, long? revision, CancellationToken cancellationToken)
    {
        try
        {
            await Book.ChangeAsync(system.Metadata, change, cancellationToken, revision);
        }
        catch (PlacementConflictException e)
        {
            throw new AdminRequestException(StatusCodes.Status409Conflict, "PlacementConflict", e.Message);
        }
        catch (PlacementPolicyException e)
        {
            throw new AdminRequestException(StatusCodes.Status409Conflict, "PlacementRefused", e.Message);
        }
    }
}
