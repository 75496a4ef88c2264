using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Oort.Backends;
using Oort.Backends.Node;
using Oort.Metadata;
using Oort.Node.Protocol;
using Oort.Objects;
using Oort.Objects.Reputation;

namespace Oort.Gateway;

/// <summary>Does what a node's heartbeat asks for, one at a time for each node.</summary>
internal sealed partial class NodeFollower(IObjectSystem system, NodeMembership membership, NodeEndpoints endpoints, TimeProvider time, ILogger<NodeMembership> logger) : IAsyncDisposable
{
    /// <summary>Damaged shards of one node that are taken up within <see cref="s_toldFor"/>.</summary>
    private const int ToldCountMax = 256;

    private static readonly TimeSpan s_toldFor = TimeSpan.FromMinutes(10);

    /// <summary>How often it is written down how many changes a node's store has seen: what a disk lost in less time while every gateway was away is found by scrub and audits only.</summary>
    private static readonly TimeSpan s_changesKeptEvery = TimeSpan.FromMinutes(10);

    private readonly CancellationTokenSource _stopping = new();

    /// <summary>Begins the work that a node's last heartbeat asks for, unless it is at it.</summary>
    public void Follow(NodeMember member)
    {
        if (member.Work.IsCompleted) member.Work = Task.Run(() => FollowAsync(member, _stopping.Token), CancellationToken.None);
    }

    /// <summary>Ends what is under way.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await Task.WhenAll(membership.Members.Select(member => member.Work));
        _stopping.Dispose();
    }

    /// <summary>
    /// 1. What other gateways know of the node is taken over. 2. A node that joined gets its store opened. 3. An address that changed is remembered. 4. An owner who wants his machine back gets it.
    /// 5. Shards that it found damaged, or that its disk has lost, are written anew. 6. What is wrong is recorded.
    /// </summary>
    private async Task FollowAsync(NodeMember member, CancellationToken stop)
    {
        try
        {
            await member.Changing.WaitAsync(stop);
            try
            {
                var report = member.Report!;
                // 1.
                if (await NodeRecord.ReadAsync(system.Metadata, member.Id, stop) is { } known) member.Record = known;
                membership.ApplyPause(member);

                // 2.
                if (member.Record.IsAwaited)
                {
                    // What the node said is from before; the next heartbeat says what is on its disk now.
                    await OpenStoreAsync(member, stop);
                    await membership.RecordTroubleAsync(member, "");
                    return;
                }

                if (member.Store is not { } store || system.Stores.Look(store.Id) is not { } found) return;
                await EnrolAsync(member, store.Id, stop);

                // 3. It may tell each gateway another address: this one keeps to what it was told, and writes it down once.
                if (report.Address != member.AddressKept)
                {
                    await system.RelocateDiskAsync(store.Id, endpoints.At(NodeMembership.AddressOf(member, report.Address)).Location, stop);
                    if (report.Address != member.Record.Details.Address)
                        await membership.WriteAsync(member, record => record with { Details = record.Details with { Address = report.Address } }, $"Moved from {member.Record.Details.Address} to {report.Address}.");
                    membership.Attach(member, store.Id);
                    member.AddressKept = report.Address;
                }

                // 4.
                if (report.IsLeaving && found.Status.State == StoreState.Active)
                {
                    await system.DrainDiskAsync(store.Id, stop);
                    await membership.WriteAsync(member, record => record, "Its owner wants it back: it hands its shards over.");
                }

                // 5.
                await HeedDamageAsync(member, report, store.Id, stop);
                await HeedLossAsync(member, report, store.Id, stop);

                // 6.
                await membership.RecordTroubleAsync(member, NodeTrouble.Of(member, report, store.Id, found));
            }
            catch (Exception e) when (e is DiskChangeException or MetadataUnavailableException or BackendException or ReputationFormatException)
            {
                LogFailed(logger, member.Id, e.Message);
                await membership.RecordTroubleAsync(member, e.Message);
            }
            finally
            {
                member.Changing.Release();
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The gateway is being stopped; the next heartbeat after its start asks again.
        }
        catch (Exception e) when (e is MetadataUnavailableException or InvalidDataException)
        {
            LogFailed(logger, member.Id, e.Message);
        }
    }

    /// <summary>From now on the node's store is audited. What is thought of the node stays: another disk does not make it another node.</summary>
    public async ValueTask EnrolAsync(NodeMember member, StoreId store, CancellationToken stop)
    {
        if (system.Reputations.Find(store) is null) await system.Reputations.EnrolAsync(store, isVetted: !member.Record.IsVetting, await FindReputationAsync(member, stop), stop);
    }

    /// <summary>What is thought of a node by the stores that it has or had: of the one that was audited most, since each begins with what was known of those before. Null: nothing.</summary>
    public async ValueTask<StoreReputation?> FindReputationAsync(NodeMember member, CancellationToken stop) =>
        (await system.Metadata.ListStoresAsync(stop)).Where(row => IsOf(row, member)).Select(row => system.Reputations.Find(row.Id)).OfType<StoreReputation>().MaxBy(known => (known.Standing == StoreStanding.Disqualified, known.AuditCount));

    /// <summary>Has shards repaired that the node's own scrub found damaged. It says so until they are; one shard is taken up once in a while, and so many in all: a node cannot keep the cluster busy by saying much.</summary>
    private async ValueTask HeedDamageAsync(NodeMember member, NodeReport report, StoreId store, CancellationToken stop)
    {
        foreach (var (shard, at) in member.Told.ToArray())
            if (time.GetElapsedTime(at) > s_toldFor) member.Told.Remove(shard);
        foreach (var name in report.BadShards ?? [])
        {
            if (!ShardId.TryParse(name, out var shard) || member.Told.ContainsKey(shard) || member.Told.Count >= ToldCountMax) continue;
            member.Told.Add(shard, time.GetTimestamp());
            if (await system.ReportDamageAsync(store, shard, stop)) LogDamage(logger, member.Id, shard);
        }
    }

    /// <summary>The changes that a store has made durable never become fewer, except on a disk that was put back to an earlier state: what it had since then is looked for at once, and written anew.</summary>
    private async ValueTask HeedLossAsync(NodeMember member, NodeReport report, StoreId store, CancellationToken stop)
    {
        if (report.Changes is not { } changes || report.Store != store.ToString()) return;
        var kept = member.Record.ChangesOf is { } of && of == report.Store ? member.Record.Changes : 0;
        var most = Math.Max(kept, member.ChangesOf == store ? member.Changes : 0);
        if (changes < most)
        {
            // Whoever says so all the time keeps nobody busy; and more than one look takes is looked for later, when that much has been mended.
            if (member.LossHeededAt != 0 && time.GetElapsedTime(member.LossHeededAt) < s_toldFor) return;
            // It speaks before its store has been opened again: the next heartbeat is as good.
            if (system.Stores.Look(store) is not { Status.Health: StoreHealth.Online }) return;
            var (lost, isAll) = await system.CheckStoreAsync(store, stop);
            member.LossHeededAt = time.GetTimestamp();
            await membership.WriteAsync(
                member,
                record => isAll ? record with { Changes = changes, ChangesOf = report.Store } : record,
                $"Its disk was put back to an earlier state: {most - changes} changes are gone from it. {lost} shards that it should have are written anew{(isAll ? "" : ", then it is looked for more")}.");
            LogLoss(logger, member.Id, most - changes, lost);
            if (!isAll) return;
        }
        else if (changes > kept && (member.ChangesKeptAt == 0 || time.GetElapsedTime(member.ChangesKeptAt) >= s_changesKeptEvery))
        {
            await membership.WriteAsync(member, record => record with { Changes = changes, ChangesOf = report.Store }, null);
            member.ChangesKeptAt = time.GetTimestamp();
        }

        (member.Changes, member.ChangesOf) = (changes, store);
    }

    private async ValueTask OpenStoreAsync(NodeMember member, CancellationToken stop)
    {
        if (await FindReputationAsync(member, stop) is { Standing: StoreStanding.Disqualified }) throw new DiskChangeException(NodeTrouble.Disqualified);
        var endpoint = endpoints.At(NodeMembership.AddressOf(member, member.Report!.Address));
        var found = await endpoint.FindAsync(stop);
        var rows = await system.Metadata.ListStoresAsync(stop);
        var row = rows.FirstOrDefault(one => one.Id == found?.Id);
        if (row is { State: StoreState.Removed }) throw new DiskChangeException($"The node holds store {row.Id}, which was removed from this cluster; give it an empty --data directory and another token.");
        if (row is not null && !IsOf(row, member)) throw new DiskChangeException($"The node says that it holds store {row.Id}, which is at {row.Location}; give it an empty --data directory and another token.");
        // A row without a note of it here: the gateway stopped in between.
        var id = row?.Id ?? (await system.AddDiskAsync(endpoint, stop)).Store.Id;
        await EnrolAsync(member, id, stop);
        await membership.WriteAsync(member, record => record with { IsAwaited = false }, $"Its store {id} was opened at {endpoint.Address.Host}:{endpoint.Address.Port}.");
        membership.Attach(member, id);
        LogOpened(logger, member.Id, id, endpoint.Location);
    }

    private static bool IsOf(StoreRow row, NodeMember member) => row.Location.StartsWith(member.Id + "@", StringComparison.Ordinal);

    [LoggerMessage(Level = LogLevel.Information, Message = "Node {Node}: its store {Store} was opened ({Location}).")]
    private static partial void LogOpened(ILogger logger, NodeId node, StoreId store, string location);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Node {Node} has found its shard {Shard} damaged; it is written anew.")]
    private static partial void LogDamage(ILogger logger, NodeId node, ShardId shard);

    [LoggerMessage(Level = LogLevel.Error, Message = "Node {Node}: its disk was put back to an earlier state, {Changes} changes ago; {Count} shards that it should have are written anew.")]
    private static partial void LogLoss(ILogger logger, NodeId node, long changes, long count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Node {Node}: {Reason}")]
    private static partial void LogFailed(ILogger logger, NodeId node, string reason);
}
