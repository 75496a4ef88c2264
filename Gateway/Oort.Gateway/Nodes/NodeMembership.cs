using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Oort.Backends;
using Oort.Backends.Node;
using Oort.Metadata;
using Oort.Node.Protocol;
using Oort.Objects;

namespace Oort.Gateway;

/// <summary>The cluster's storage nodes: who may join, who lives, and what their stores are to the object system (docs/formats/node-membership.md).</summary>
/// <remarks>
/// Whether a store is used is said by its probes; heartbeats say where it is, how it is, and what its owner wants. Which store is a node's, and whether it drains or was removed,
/// is in the rows of stores alone, so that there are no two truths.
/// </remarks>
internal sealed partial class NodeMembership : IAsyncDisposable
{
    private readonly IObjectSystem system;
    private readonly NodeEndpoints endpoints;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly NodeFollower _follower;
    private readonly ConcurrentDictionary<NodeId, NodeMember> _members = new();

    public NodeMembership(IObjectSystem system, NodeEndpoints endpoints, TimeProvider time, ILogger<NodeMembership> logger)
    {
        (this.system, this.endpoints, this.time, this.logger) = (system, endpoints, time, logger);
        Tokens = new(system.Metadata, endpoints, time);
        Joins = new(this, endpoints, time, logger);
        _follower = new(system, this, endpoints, time, logger);
        Heartbeats = new(this, endpoints, _follower, time);
    }

    public NodeJoins Joins { get; }

    public NodeHeartbeats Heartbeats { get; }

    public TokenBook Tokens { get; }

    /// <summary>Who the cluster is to its nodes.</summary>
    public NodeId Cluster => endpoints.Identity.Id;

    public IReadOnlyCollection<NodeMember> Members => [.. _members.Values];

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Loads what is known of the nodes. What cannot be read is told, and does not keep the gateway from starting.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var row in await system.Metadata.ListStoresAsync(cancellationToken))
            if (NodeAddress.TryParse(row.Location, out var address)) await LoadAsync(address.Id, cancellationToken);
        foreach (var id in await Tokens.ListNodesAsync(cancellationToken)) await LoadAsync(id, cancellationToken);
    }

    /// <summary>What a node is to the cluster now.</summary>
    public MembershipState StateOf(NodeMember member)
    {
        if (member.Store is not { } store || system.Stores.Look(store.Id) is not { } found) return member.Record.IsAwaited ? MembershipState.Joining : MembershipState.Removed;
        if (found.Status.State == StoreState.Draining) return MembershipState.Draining;
        return found.Descriptor.State switch
        {
            "disqualified" => MembershipState.Disqualified,
            "suspended" => MembershipState.Suspended,
            _ => IsPaused(member) ? MembershipState.Paused : MembershipState.Active,
        };
    }

    /// <summary>How long nothing was heard of a node; null: nothing since this gateway started.</summary>
    public TimeSpan? SilenceOf(NodeMember member) => member.HeardAt == 0 ? null : time.GetElapsedTime(member.HeardAt);

    /// <summary>Changes a node's record, with a word about why; durable when it returns.</summary>
    public async ValueTask ChangeAsync(NodeMember member, Func<NodeRecord, NodeRecord> change, string? what, CancellationToken cancellationToken)
    {
        await member.Changing.WaitAsync(cancellationToken);
        try
        {
            await WriteAsync(member, change, what);
        }
        finally
        {
            member.Changing.Release();
        }

        ApplyPause(member);
    }

    /// <summary>Does something to a node's store while nothing else does, and records it.</summary>
    public async ValueTask ActAsync(NodeMember member, Func<StoreId, ValueTask> act, string what, CancellationToken cancellationToken)
    {
        await member.Changing.WaitAsync(cancellationToken);
        try
        {
            var store = member.Store ?? throw new AdminRequestException(409, "NoStore", "The node has no store in this cluster.");
            await act(store.Id);
            await WriteAsync(member, record => record, what);
        }
        finally
        {
            member.Changing.Release();
        }
    }

    /// <summary>A new store is begun on a node whose disk is empty for good; what the old one held is rebuilt onto it. What is thought of the node stays as it was.</summary>
    /// <exception cref="AdminRequestException">It has no store, or is disqualified.</exception>
    public ValueTask ReplaceAsync(NodeMember member, CancellationToken cancellationToken) => ActAsync(
        member,
        async store =>
        {
            if (system.Reputations.Find(store) is { Standing: StoreStanding.Disqualified }) throw new AdminRequestException(409, "NodeIsDisqualified", NodeTrouble.Disqualified);
            var replaced = await system.ReplaceDiskAsync(store, endpoints.At(AddressOf(member)), cancellationToken);
            Attach(member, replaced.Store.Id);
            // A crash before this: the next heartbeat does it.
            await _follower.EnrolAsync(member, replaced.Store.Id, CancellationToken.None);
        },
        "Its disk was declared empty for good; a new store was begun on it.",
        cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _follower.DisposeAsync();
        Joins.Dispose();
    }

    /// <summary>Records trouble as soon as nothing else changes the record.</summary>
    public async ValueTask TroubleAsync(NodeMember member, string trouble, CancellationToken cancellationToken)
    {
        await member.Changing.WaitAsync(cancellationToken);
        try
        {
            await RecordTroubleAsync(member, trouble);
        }
        finally
        {
            member.Changing.Release();
        }
    }

    /// <summary>Records what is wrong with a node, or that it no longer is; what was recorded last is not recorded again. The caller holds <see cref="NodeMember.Changing"/>.</summary>
    public async ValueTask RecordTroubleAsync(NodeMember member, string trouble)
    {
        if (member.Trouble == trouble) return;
        var before = member.Trouble;
        member.Trouble = trouble;
        if (trouble.Length > 0) LogTrouble(logger, member.Id, trouble);
        await WriteAsync(member, record => record, trouble.Length > 0 ? trouble : $"No longer: {before}");
    }

    /// <summary>Changes a node's record; durable when it returns. The caller holds <see cref="NodeMember.Changing"/>.</summary>
    /// <param name="what">What happened, for the node's operator; null: nothing that he would ask about.</param>
    public async ValueTask WriteAsync(NodeMember member, Func<NodeRecord, NodeRecord> change, string? what)
    {
        member.Record = await NodeRecord.ChangeAsync(system.Metadata, member.Record, record => what is null ? change(record) : change(record).With(new(Now, what)), CancellationToken.None);
    }

    /// <summary>The store is the node's: placement learns whose it is and where.</summary>
    public void Attach(NodeMember member, StoreId id)
    {
        member.Store = new(id);
        var (details, address) = (member.Record.Details, AddressOf(member));
        system.Stores.DescribeAs(id, new()
        {
            Kind = "node",
            Operator = details.Operator ?? "",
            Network = details.Network ?? NodeNetwork.Of(address.Host),
            Region = details.Region ?? "",
            Country = details.Country ?? "",
            Machine = address.Host,
            Device = member.Id.ToString(),
            PricePerTebibyteMonth = details.PricePerTebibyteMonth ?? 0,
        });
        ApplyPause(member);
    }

    /// <summary>Whether the node gets new shards.</summary>
    public void ApplyPause(NodeMember member)
    {
        if (member.Store is { } store) system.Stores.Pause(store.Id, IsPaused(member));
    }

    private static bool IsPaused(NodeMember member) => member.Record.IsPaused || NodeTrouble.IsSkewed(member);

    /// <summary>Where a node is.</summary>
    /// <param name="address">Null: where it was last.</param>
    public static NodeAddress AddressOf(NodeMember member, string? address = null) =>
        NodeAddress.TryParse($"{member.Id}@{address ?? member.Record.Details.Address}", out var parsed) ? parsed : throw new BackendException(BackendErrorKind.Permanent, $"The node's address {address} is none.");

    /// <summary>The member with this id, from memory or the metadata (another gateway may have let it in); null: nobody has joined with it.</summary>
    public async ValueTask<NodeMember?> LoadAsync(NodeId id, CancellationToken cancellationToken)
    {
        if (!_members.TryGetValue(id, out var member))
        {
            if (await ReadAsync(id, cancellationToken) is not { } record) return null;
            member = Remember(id, record);
        }

        if (member.Store is { } store && system.Stores.Look(store.Id) is not null) return member;
        // Its store may be known to the set by now: opened at the start, or by another gateway; or another gateway has begun a new one on it.
        // Of two, where a replacement broke off, the one that was audited: the other has yet to take its place.
        if (system.Stores.GetStatus().Where(status => status.Location.StartsWith(id + "@", StringComparison.Ordinal)).MaxBy(status => system.Reputations.Find(status.Id) is not null) is { } found) Attach(member, found.Id);
        return member;
    }

    private async ValueTask<NodeRecord?> ReadAsync(NodeId id, CancellationToken cancellationToken)
    {
        try
        {
            return await NodeRecord.ReadAsync(system.Metadata, id, cancellationToken);
        }
        catch (InvalidDataException e)
        {
            LogFailed(logger, id, e.Message);
            return null;
        }
    }

    /// <summary>Whether this gateway has heard of a node.</summary>
    public bool Knows(NodeId id) => _members.ContainsKey(id);

    /// <summary>A new member; durable when it returns.</summary>
    public async ValueTask AddAsync(NodeId id, NodeRecord record)
    {
        await record.WriteAsync(system.Metadata, CancellationToken.None);
        Remember(id, record);
    }

    private NodeMember Remember(NodeId id, NodeRecord record)
    {
        var member = _members.GetOrAdd(id, _ => new NodeMember(id, record));
        member.Record = record;
        return member;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Node {Node}: {Trouble}")]
    private static partial void LogTrouble(ILogger logger, NodeId node, string trouble);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Node {Node}: {Reason}")]
    private static partial void LogFailed(ILogger logger, NodeId node, string reason);
}
