using System.Buffers;
using System.Collections.Immutable;
using System.Reflection;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Oort.Backends;
using Oort.Gateway.Imports;
using Oort.Gateway.Locks;
using Oort.Identity.Store;
using Oort.Metadata;
using Oort.Objects;
using Oort.Objects.Networks;
using Oort.Objects.Placement;
using Oort.Objects.Tiering;
using Oort.S3;

namespace Oort.Gateway;

/// <summary>An admin request that cannot be carried out, with its HTTP status.</summary>
public sealed class AdminRequestException(int status, string code, string message) : Exception(message)
{
    public int Status { get; } = status;

    public string Code { get; } = code;
}

/// <summary><c>/_oort/admin/v1</c>: JSON in, JSON out, signed like S3 by the root user (document: <c>openapi.json</c> there).</summary>
internal sealed class AdminApi(IObjectSystem system, GatewayOptions options, Func<string, IStoreEndpoint> openDisk, AdminJobs jobs, ImportService imports, NodeAdmin nodes, IdentityStore identities, AccountAdmin accounts, AccessAdmin access, ClockAdmin clock, NotificationAdmin notifications, TimeProvider time)
{
    /// <summary>Path under which it answers.</summary>
    public const string BasePath = "/_oort/admin/v1/";

    /// <summary>A request body larger than this is not one of ours.</summary>
    private const int BodySizeMax = 64 * 1024;

    private readonly long started = time.GetTimestamp();
    private readonly PlacementAdmin placement = new(system);
    private readonly AdminImports importing = new(imports, system.Metadata);
    private readonly NetworkAdmin networks = new(system);
    private readonly TieringAdmin tiering = new(system, new(system));
    private readonly CostAdmin costs = new(system);
    private readonly QuotaAdmin quotas = new(system.Metadata, identities);
    private readonly DurabilityAdmin durability = new(system, jobs);

    /// <summary>The program's version.</summary>
    public static string Version { get; } = typeof(AdminApi).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";

    /// <summary>Answers one authenticated request under <see cref="BasePath"/>.</summary>
    public async ValueTask HandleAsync(S3Request request, CancellationToken cancellationToken)
    {
        var http = request.Http;
        try
        {
            var answer = await AnswerAsync(request, http.Request.Path.Value![BasePath.Length..], cancellationToken);
            if (answer is MetadataBackup backup) await SendAsync(http, backup, cancellationToken);
            else await WriteAsync(http, StatusCodes.Status200OK, answer, cancellationToken);
        }
        catch (AdminRequestException e)
        {
            await WriteAsync(http, e.Status, new { code = e.Code, message = e.Message }, cancellationToken);
        }
        catch (KeyChangeException e)
        {
            await WriteAsync(http, StatusCodes.Status409Conflict, new { code = "KeyChangeRefused", message = e.Message }, cancellationToken);
        }
        catch (NetworkException e)
        {
            await WriteAsync(http, StatusCodes.Status409Conflict, new { code = "NetworkChangeRefused", message = e.Message }, cancellationToken);
        }
        catch (TierException e)
        {
            await WriteAsync(http, StatusCodes.Status409Conflict, new { code = "TierChangeRefused", message = e.Message }, cancellationToken);
        }
        catch (DiskChangeException e)
        {
            await WriteAsync(http, StatusCodes.Status409Conflict, new { code = "DiskChangeRefused", message = e.Message }, cancellationToken);
        }
        catch (Exception e) when (e is MetadataUnavailableException or ObjectUnavailableException)
        {
            await WriteAsync(http, StatusCodes.Status503ServiceUnavailable, new { code = "SlowDown", message = e.Message }, cancellationToken);
        }
    }

    /// <summary>Writes a JSON answer.</summary>
    public static Task WriteAsync(HttpContext http, int status, object answer, CancellationToken cancellationToken)
    {
        http.Response.StatusCode = status;
        return http.Response.WriteAsJsonAsync(answer, answer.GetType(), AdminJson.Options, cancellationToken);
    }

    private static async Task SendAsync(HttpContext http, MetadataBackup backup, CancellationToken cancellationToken)
    {
        await using (backup)
        {
            http.Response.ContentType = "application/octet-stream";
            http.Response.ContentLength = backup.Content.Length;
            http.Response.Headers[AdminJson.BackupGenerationHeader] = backup.Generation.ToString(System.Globalization.CultureInfo.InvariantCulture);
            await backup.Content.CopyToAsync(http.Response.Body, cancellationToken);
        }
    }

    private async ValueTask<object> AnswerAsync(S3Request request, string resource, CancellationToken cancellationToken)
    {
        switch (request.Http.Request.Method, resource.Split('/'))
        {
            case ("GET", ["status"]):
                return await StatusAsync(cancellationToken);
            case ("GET", ["disks"]):
                return await DisksAsync(cancellationToken);
            case ("POST", ["disks"]):
                await system.AddDiskAsync(openDisk(await DiskPathAsync(request, cancellationToken)), cancellationToken);
                return await DisksAsync(cancellationToken);
            case ("POST", ["disks", var name, "replace"]):
                await system.ReplaceDiskAsync(FindDisk(name), openDisk(await DiskPathAsync(request, cancellationToken)), cancellationToken);
                return await DisksAsync(cancellationToken);
            case ("POST", ["disks", var name, "drain"]):
                await system.DrainDiskAsync(FindDisk(name), cancellationToken);
                return await DisksAsync(cancellationToken);
            case ("GET", ["nodes"]):
                return nodes.List();
            case ("POST", ["nodes", "invite"]):
                return await nodes.InviteAsync(await BodyAsync<InviteRequest>(request, cancellationToken), cancellationToken);
            case ("GET", ["nodes", var name]):
                return await nodes.ShowAsync(name, cancellationToken);
            case ("POST", ["nodes", var name, "pause"]):
                return await nodes.PauseAsync(name, isPaused: true, cancellationToken);
            case ("POST", ["nodes", var name, "resume"]):
                return await nodes.PauseAsync(name, isPaused: false, cancellationToken);
            case ("POST", ["nodes", var name, "drain"]):
                return await nodes.DrainAsync(name, cancellationToken);
            case ("POST", ["nodes", var name, "remove"]):
                return await nodes.RemoveAsync(name, cancellationToken);
            case ("POST", ["nodes", var name, "replace"]):
                return await nodes.ReplaceAsync(name, cancellationToken);
            case ("GET", ["objects"]):
                return await ObjectAsync(request.Http.Request.Query, cancellationToken);
            case ("POST", ["scrub"]):
                var scrub = await BodyAsync<RepairRequest>(request, cancellationToken);
                return jobs.Start("scrub", async (report, stop) =>
                    await system.ScrubAsync(scrub.Repair, new Synchronous<ScrubProgress>(p => report(p.SegmentsDone, p.SegmentsTotal)), stop));
            case ("POST", ["fsck"]):
                var fsck = await BodyAsync<RepairRequest>(request, cancellationToken);
                return jobs.Start("fsck", async (report, stop) =>
                    await system.FsckAsync(fsck.Repair, new Synchronous<FsckProgress>(p => report(p.Done, p.Total)), stop));
            case ("POST", ["drill"]):
                return Drill(await BodyAsync<DrillRequest>(request, cancellationToken));
            case ("POST", ["metadata", "migrate"]):
                var target = (await BodyAsync<MigrateRequest>(request, cancellationToken)).To is { Length: > 0 } to ? to : throw new AdminRequestException(StatusCodes.Status400BadRequest, "InvalidArgument", "\"to\" must be the address of a PostgreSQL database: postgres://USER@HOST:PORT/DATABASE.");
                return jobs.Start("migrate", async (report, stop) =>
                    await system.MoveMetadataAsync(target, new Synchronous<MetadataMoveProgress>(p => report(p.RowsCopied, 0)), stop));
            case ("GET", ["networks"]):
                return await networks.ListAsync(cancellationToken);
            case ("POST", ["networks"]):
                return await networks.AddAsync(await BodyAsync<NetworkRequest>(request, cancellationToken), cancellationToken);
            case ("POST", ["networks", var name, "test"]):
                return await networks.TestAsync(name, cancellationToken);
            case ("POST", ["networks", var name, "drain"]):
                return await networks.DrainAsync(name, isDraining: true, cancellationToken);
            case ("POST", ["networks", var name, "resume"]):
                return await networks.DrainAsync(name, isDraining: false, cancellationToken);
            case ("DELETE", ["networks", var name]):
                return await networks.RemoveAsync(name, cancellationToken);
            case ("GET", ["tiers"]):
                return tiering.List();
            case ("PUT", ["tiers", var name]):
                return await tiering.SetAsync(name, await BodyAsync<TierRequest>(request, cancellationToken), cancellationToken);
            case ("POST", ["tiers", var name, "drain"]):
                return await tiering.DrainAsync(name, await BodyAsync<DrainTierRequest>(request, cancellationToken), cancellationToken);
            case ("POST", ["tiers", var name, "resume"]):
                return await tiering.ResumeAsync(name, cancellationToken);
            case ("DELETE", ["tiers", var name]):
                return await tiering.RemoveAsync(name, cancellationToken);
            case ("GET", ["buckets", var name]):
                return await tiering.ShowBucketAsync(name, cancellationToken);
            case ("POST", ["buckets", var name, "migrate"]):
                return await tiering.MigrateAsync(name, await BodyAsync<MigrateBucketRequest>(request, cancellationToken), cancellationToken);
            case ("DELETE", ["buckets", var name, "migrate"]):
                return await tiering.StopMigrationAsync(name, cancellationToken);
            case ("GET", ["placement"]):
                return placement.List();
            case ("GET", ["placement", "stores"]):
                return placement.Stores();
            case ("GET", ["placement", "policies", var name]):
                return placement.Show(name);
            case ("PUT", ["placement", "policies", var name]):
                return await placement.PutAsync(name, await BodyAsync<PolicyRequest>(request, cancellationToken, PlacementDocument.Json), cancellationToken);
            case ("DELETE", ["placement", "policies", var name]):
                return await placement.RemoveAsync(name, cancellationToken);
            case ("POST", ["placement", "check"]):
                return placement.Check(await BodyAsync<PolicyRequest>(request, cancellationToken, PlacementDocument.Json));
            case ("POST", ["placement", "assign"]):
                return await placement.AssignAsync(await BodyAsync<AssignRequest>(request, cancellationToken, PlacementDocument.Json), cancellationToken);
            case ("GET", ["placement", "stores", var store]):
                return placement.Store(FindDisk(store));
            case ("GET", ["placement", "rebalance"]):
                return system.GetStatus().Rebalance;
            case ("POST", ["placement", "rebalance"]):
                return await placement.RebalanceAsync(await BodyAsync<RebalanceRequest>(request, cancellationToken), cancellationToken);
            case ("POST", ["quote"]):
                return await costs.QuoteAsync(await BodyAsync<QuoteRequest>(request, cancellationToken), cancellationToken);
            case ("GET", ["cost"]):
                return await costs.ShowAsync(request.Http.Request.Query.TryGetValue("month", out var month) ? (string?)month : null, cancellationToken);
            case ("POST", ["cost", "count"]):
                return await costs.CountAsync(cancellationToken);
            case ("GET", ["budgets"]):
                return costs.Budgets();
            case ("PUT", ["budgets"]):
                return await costs.SetBudgetAsync(await BodyAsync<BudgetRequest>(request, cancellationToken), cancellationToken);
            case ("GET", ["usage"]):
                return await quotas.ListAsync(request.Http.Request.Query["after"].ToString(), cancellationToken);
            case ("GET", ["notifications"]):
                return await notifications.ListAsync(cancellationToken);
            case ("PUT", ["notifications", var name]):
                return await notifications.AddAsync(name, await BodyAsync<WebhookRequest>(request, cancellationToken), cancellationToken);
            case ("DELETE", ["notifications", var name]):
                return await notifications.RemoveAsync(name, cancellationToken);
            case ("GET", ["notifications", var name, "dead"]):
                return await notifications.DeadAsync(name, request.Http.Request.Query["after"].ToString(), cancellationToken);
            case ("POST", ["notifications", var name, "dead", var action]):
                return await notifications.ChangeDeadAsync(name, action, await BodyAsync<DeadLetterRequest>(request, cancellationToken), cancellationToken);
            case ("GET", ["quotas", var kind, var name]):
                return await quotas.ShowAsync(kind, name, cancellationToken);
            case ("PUT", ["quotas", var kind, var name]):
                return await quotas.SetAsync(kind, name, await BodyAsync<QuotaRequest>(request, cancellationToken), cancellationToken);
            case ("DELETE", ["quotas", var kind, var name]):
                return await quotas.SetAsync(kind, name, null, cancellationToken);
            case ("POST", ["durability"]):
                return durability.Survey(await BodyAsync<DurabilityRequest>(request, cancellationToken));
            case ("POST", ["durability", "what-if"]):
                return durability.WhatIf(await BodyAsync<WhatIfRequest>(request, cancellationToken));
            case ("POST", ["collect"]):
                return await system.CollectAsync(cancellationToken);
            case ("GET", ["metadata", "backup"]):
                return await system.BackupMetadataAsync(cancellationToken);
            case ("GET", ["keys"]):
                return await system.GetKeyStatusAsync(cancellationToken);
            case ("POST", ["keys", "rotate"]):
                var rotate = await BodyAsync<RotateRequest>(request, cancellationToken);
                if (rotate.DestroyAfterDays is { } days and not (>= 0 and <= RotateRequest.DaysMax))
                    throw new AdminRequestException(StatusCodes.Status400BadRequest, "InvalidArgument", $"\"destroyAfterDays\" is a number from 0 to {RotateRequest.DaysMax}.");
                await system.RotateKeyAsync(rotate.DestroyAfterDays is { } wait ? TimeSpan.FromDays(wait) : null, cancellationToken);
                return await system.GetKeyStatusAsync(cancellationToken);
            case ("POST", ["keys", var version, "destroy"]):
                if (!int.TryParse(version, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var number)) throw NotFound($"\"{version}\" is no key version; `oort key list` shows them.");
                await system.DestroyKeyAsync(number, cancellationToken);
                return await system.GetKeyStatusAsync(cancellationToken);
            case ("GET", ["clock"]):
                return await clock.ShowAsync(cancellationToken);
            case ("POST", ["clock", "confirm"]):
                return await clock.ConfirmAsync(await BodyAsync<ConfirmClockRequest>(request, cancellationToken), cancellationToken);
            case ("GET", ["kms"]):
                return NamedKeys();
            case ("POST", ["kms", "create"]):
                await system.CreateNamedKeyAsync((await BodyAsync<NamedKeyRequest>(request, cancellationToken)).Name ?? "", cancellationToken);
                return NamedKeys();
            case ("POST", ["kms", "rotate"]):
                await system.RotateNamedKeyAsync((await BodyAsync<NamedKeyRequest>(request, cancellationToken)).Name ?? "", cancellationToken);
                return NamedKeys();
            case ("POST", ["kms", "destroy"]):
                await system.DestroyNamedKeyAsync((await BodyAsync<NamedKeyRequest>(request, cancellationToken)).Name ?? "", cancellationToken);
                return NamedKeys();
            case ("GET", ["shred"]):
                return system.GetStatus().Shredding;
            case ("POST", ["shred"]):
                return jobs.Start("shred", async (_, stop) => await system.ShredAsync(stop));
            case ("GET", ["erased"]):
                return await ErasedAsync(request.Http.Request.Query, cancellationToken);
            case ("POST", ["snapshot"]):
                return new { generation = await system.SnapshotAsync(cancellationToken) };
            case ("POST", ["recovery", "confirm"]):
                await system.ConfirmRecoveryAsync(cancellationToken);
                return new { confirmed = true };
            case ("GET", ["imports"]):
                return await importing.ListAsync(cancellationToken);
            case ("POST", ["imports"]):
                return await importing.BeginAsync(await BodyAsync<ImportRequest>(request, cancellationToken), cancellationToken);
            case ("GET", ["imports", var bucket]):
                return await importing.ShowAsync(bucket, cancellationToken);
            case ("POST", ["imports", var bucket, var action]):
                return await importing.ChangeAsync(bucket, action, cancellationToken);
            case ("GET", ["accounts"]):
                return accounts.List();
            case ("POST", ["accounts"]):
                return await accounts.CreateAsync(await BodyAsync<NewAccountRequest>(request, cancellationToken), cancellationToken);
            case ("GET", ["accounts", var account]):
                return accounts.Show(account);
            case ("PATCH", ["accounts", var account]):
                return await accounts.ChangeAsync(account, await BodyAsync<AccountRequest>(request, cancellationToken), cancellationToken);
            case ("DELETE", ["accounts", var account]):
                return await accounts.DeleteAsync(account, cancellationToken);
            case ("POST", ["accounts", var account, "keys"]):
                return await accounts.AddKeyAsync(account, cancellationToken);
            case ("DELETE", ["accounts", var account, "keys", var key]):
                return await accounts.RemoveKeyAsync(account, key, cancellationToken);
            case ("POST", ["accounts", var account, "end-sessions"]):
                return await accounts.EndSessionsAsync(account, await BodyAsync<EndSessionsRequest>(request, cancellationToken), cancellationToken);
            case ("POST", ["access", "explain"]):
                return await access.ExplainAsync(request.Http, await BodyAsync<ExplainRequest>(request, cancellationToken), cancellationToken);
            case ("GET", ["jobs", var id]):
                return jobs.Find(id) ?? throw NotFound($"There is no job {id}; it may have ended long ago.");
            case ("GET", ["openapi.json"]):
                return OpenApi.Document;
            default:
                throw NotFound($"There is no {request.Http.Request.Method} {BasePath}{resource}; see {BasePath}openapi.json.");
        }
    }

    private AdminJob Drill(DrillRequest request)
    {
        var what = new DrillOptions();
        what = what with { VersionsMax = request.Objects ?? what.VersionsMax, BytesMax = request.Bytes ?? what.BytesMax };
        if (what.VersionsMax is < 1 or > DrillOptions.VersionsLimit || what.BytesMax < 0)
            throw new AdminRequestException(StatusCodes.Status400BadRequest, "InvalidArgument", $"\"objects\" takes 1 to {DrillOptions.VersionsLimit}, \"bytes\" what is not negative.");
        return jobs.Start("drill", async (report, stop) => await system.DrillAsync(what, (_, done) => report(done, 0), stop));
    }

    private async ValueTask<StatusModel> StatusAsync(CancellationToken cancellationToken)
    {
        var status = system.GetStatus();
        var totals = await system.Metadata.GetTotalsAsync(cancellationToken);
        var disks = await system.ListDisksAsync(cancellationToken);
        var state = !status.CanWrite ? "read-only" : status.Stores.Any(s => s.Health != StoreHealth.Online) || totals.SegmentsNotFull > 0 || status.Networks.Any(network => network.Warnings.Any(warning => warning.IsUrgent)) || status.Spending.IsUsedUp ? "degraded" : "ok";
        return new StatusModel(
            Version, system.Cluster.ToString(), state, options.Region, status.Geometry.ToString(), time.GetElapsedTime(started).TotalSeconds, totals,
            new RepairModel(status.Repair.Queued + status.Repair.Running + disks.Sum(d => d.Refilling), status.Repair.Repaired, status.Repair.Failed, status.Repair.CopiesPending),
            new JournalModel(system.Metadata.CommittedGeneration, system.Metadata.JournalledGeneration, status.SnapshotGeneration),
            status.Rebalance, status.Collector, status.Warnings, [.. disks.Select(d => DiskModel.From(d.Store, d))], status.Drill, status.Cache);
    }

    private async ValueTask<DisksModel> DisksAsync(CancellationToken cancellationToken) =>
        new([.. (await system.ListDisksAsync(cancellationToken)).Select(d => DiskModel.From(d.Store, d))]);

    private StoreId FindDisk(string segment)
    {
        // The server decodes all of a path but an escaped slash, which would end the segment.
        var name = segment.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
        var path = Path.GetFullPath(name);
        var matches = system.Stores.GetStatus().Where(s => s.Id != StoreId.None && (s.Id.ToString() == name || Path.GetFullPath(s.Location) == path)).ToArray();
        return matches.Length == 1 ? matches[0].Id : throw NotFound($"There is no disk {name}; `oort disk list` shows ids and paths.");
    }

    private async ValueTask<ObjectModel> ObjectAsync(IQueryCollection query, CancellationToken cancellationToken)
    {
        var (bucketName, key) = (query["bucket"].ToString(), query["key"].ToString());
        var bucket = await system.Metadata.FindBucketAsync(bucketName, cancellationToken) ?? throw NotFound($"There is no bucket {bucketName}.");
        var versionId = query.TryGetValue("versionId", out var id) ? id.ToString() : null;
        var version = await system.Metadata.FindVersionAsync(bucket.Id, key, versionId, cancellationToken)
            ?? throw NotFound($"There is no {(versionId is null ? "" : $"version {versionId} of ")}s3://{bucketName}/{key}.");
        var data = await system.Objects.LocateAsync(version, cancellationToken);
        var stores = system.Stores.GetStatus().Where(s => s.Id != StoreId.None).ToDictionary(s => s.Id);
        var outside = system.GetNetworks().ToDictionary(network => network.Definition.Id, network => network.Definition.Name);
        return new ObjectModel(
            bucketName, key, version.IdText, version.IsLatest, version.IsDeleteMarker, version.Size, version.ETag, version.LastModified, version.StorageClass,
            await system.Objects.GetDurabilityAsync(version, cancellationToken), version.Body.Count(e => e.PartNumber > 0),
            [.. data.SelectMany(d => d.Segments.Values).DistinctBy(s => s.Id).OrderBy(s => s.Id).Select(s => Segment(s, stores, outside))])
        {
            Data = [.. data.Select(d => d.Data.Id.ToString()).Distinct()],
        };
    }

    private async ValueTask<ErasedModel> ErasedAsync(IQueryCollection query, CancellationToken cancellationToken)
    {
        if (query.TryGetValue("data", out var text))
        {
            if (!UInt128.TryParse(text.ToString(), System.Globalization.NumberStyles.AllowHexSpecifier, System.Globalization.CultureInfo.InvariantCulture, out var data))
                throw new AdminRequestException(StatusCodes.Status400BadRequest, "InvalidArgument", "A data id has 32 hexadecimal digits.");
            return ErasedModel.From(await system.FindErasedAsync(new DataId(data), 0, cancellationToken));
        }

        if (!VersionId.TryParse(query["versionId"].ToString(), out var version)) throw new AdminRequestException(StatusCodes.Status400BadRequest, "InvalidArgument", "A data id or a version id is needed; a null version has none of its own.");
        return ErasedModel.From(await system.FindErasedAsync(null, version.Generation, cancellationToken));
    }

    private static SegmentModel Segment(SegmentRow segment, Dictionary<StoreId, StoreStatus> stores, Dictionary<StoreId, string> networks) => new(
        segment.Id.ToString(), segment.Geometry.ToString(), segment.IsFull ? "full" : "quorum", segment.PayloadLength,
        [.. segment.Shards.Select((store, index) => new ShardModel(
            index,
            index < segment.Geometry.DataShards ? "data" : "parity",
            store == StoreId.None ? "" : store.ToString(),
            stores.TryGetValue(store, out var status) ? status.Location : networks.GetValueOrDefault(store, ""),
            store == StoreId.None ? "missing" : networks.ContainsKey(store) ? "outside" : status is null ? "unknown disk" : DiskModel.Lower(status.Health)))]);

    private static async ValueTask<string> DiskPathAsync(S3Request request, CancellationToken cancellationToken)
    {
        var body = await BodyAsync<DiskRequest>(request, cancellationToken);
        return body.Path is { Length: > 0 } path && Path.IsPathFullyQualified(path)
            ? path
            : throw new AdminRequestException(StatusCodes.Status400BadRequest, "InvalidArgument", "\"path\" must be an absolute path of a directory on the gateway's machine.");
    }

    private static async ValueTask<T> BodyAsync<T>(S3Request request, CancellationToken cancellationToken, JsonSerializerOptions? options = null)
    {
        if (request.ContentLength is not (> 0 and <= BodySizeMax))
            throw new AdminRequestException(StatusCodes.Status400BadRequest, "InvalidArgument", "A JSON body of at most 64 KiB with a Content-Length is expected.");
        var read = await request.Body.ReadAtLeastAsync((int)request.ContentLength + 1, cancellationToken);
        try
        {
            return JsonSerializer.Deserialize<T>(read.Buffer.ToArray(), options ?? AdminJson.Options) ?? throw new JsonException("It is null.");
        }
        catch (JsonException e)
        {
            throw new AdminRequestException(StatusCodes.Status400BadRequest, "InvalidArgument", $"The JSON body cannot be read: {e.Message}");
        }
        finally
        {
            request.Body.AdvanceTo(read.Buffer.End);
        }
    }

    private object NamedKeys() => new { keys = system.ListNamedKeys().Select(static key => new NamedKeyModel(key.Name, key.Version, key.Created, key.Rotated)).ToArray() };

    private static AdminRequestException NotFound(string message) => new(StatusCodes.Status404NotFound, "NotFound", message);

    /// <summary>Tells progress on the worker's own thread, in order.</summary>
    private sealed class Synchronous<T>(Action<T> report) : IProgress<T>
    {
        public void Report(T value) => report(value);
    }
}
