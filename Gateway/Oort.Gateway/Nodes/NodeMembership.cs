using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Threading.RateLimiting;
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
internal sealed partial class NodeMembership(IObjectSystem system, NodeEndpoints endpoints, TimeProvider time, ILogger<NodeMembership> logger) : IAsyncDisposable
{
    /// <summary>A node whose store is not yet open is asked to speak again at once: its next heartbeat tells it that it is.</summary>
    private const int JoiningIntervalSeconds = 1;

    /// <summary>Keys a second that are looked up because nobody here has heard of them: strangers can make as many as they like, and each costs a read of the metadata.</summary>
    private const int StrangersPerSecond = 100;

    /// <summary>Damaged shards of one node that are taken up within <see cref="s_toldFor"/>.</summary>
    private const int ToldCountMax = 256;

    private static readonly TimeSpan s_toldFor = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<NodeId, NodeMember> _members = new();
    private readonly UInt128 _session = BinaryPrimitives.ReadUInt128BigEndian(RandomNumberGenerator.GetBytes(16)) | 1;
    private readonly CancellationTokenSource _stopping = new();
    private readonly SemaphoreSlim _joining = new(1, 1);
    private readonly TokenBucketRateLimiter _strangers = NodeRequests.Limiter(StrangersPerSecond);

    public TokenBook Tokens { get; } = new(system.Metadata, endpoints, time);

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

    /// <summary>A node joins: 1. form, signature and proof, 2. the token is bound to it, 3. its record is durable, 4. the gateway's proof.</summary>
    /// <exception cref="NodeRefusedException">It may not.</exception>
    public async ValueTask<byte[]> JoinAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        // 1.
        if (!JoinRequest.TryRead(message.Span, out var request, out var isSigned))
            throw isSigned ? new NodeRefusedException(400, "BadMessage", "This is no request to join.") : new NodeRefusedException(403, "BadProof", "The request is not signed by the node's key.");
        if (request.Cluster != Cluster) throw new NodeRefusedException(403, "OtherCluster", "The token is of another cluster.");
        var secret = endpoints.SecretOf(request.Token);
        if (!request.IsProven(secret)) throw new NodeRefusedException(403, "BadProof", "The request is not made with the token's secret.");

        // 2.
        var given = await Tokens.UseAsync(request.Token, request.Node, cancellationToken);

        // 3.
        var details = Merge(request.Details, given);
        await _joining.WaitAsync(cancellationToken);
        try
        {
            await AdmitAsync(request, details, given, cancellationToken);
        }
        finally
        {
            _joining.Release();
        }

        // 4.
        return new JoinAnswer(endpoints.Identity.PublicKey.ToArray(), RandomNumberGenerator.GetBytes(JoinProof.NonceSize), Now).Encode(secret, request.Node, request.Nonce);
    }

    /// <summary>Writes the record of a node that may join: a new one; or, with another token than before, what it says now. One that was removed begins anew.</summary>
    private async ValueTask AdmitAsync(JoinRequest request, NodeDetails details, GivenToken given, CancellationToken cancellationToken)
    {
        var known = await LoadAsync(request.Node, cancellationToken);
        if (known?.Record.Token == given.Id) return;
        if (known is null)
        {
            var record = new NodeRecord { Id = request.Node.ToString(), Key = request.PublicKey.ToArray(), Details = details, Since = Now, Token = given.Id, IsAwaited = true, IsVetting = given.IsVetting };
            record = record.With(new(Now, $"Joined from {details.Address}."));
            await record.WriteAsync(system.Metadata, CancellationToken.None);
            Remember(request.Node, record);
        }
        else
        {
            var isNew = StateOf(known) == MembershipState.Removed;
            await ChangeAsync(
                known,
                record => record with { Details = details, Token = given.Id, IsVetting = given.IsVetting, IsAwaited = isNew || record.IsAwaited, IsPaused = !isNew && record.IsPaused, Since = isNew ? Now : record.Since },
                $"Joined again from {details.Address}.",
                cancellationToken);
            if (known.Store is { } store && !isNew) Attach(known, store.Id);
        }

        LogJoined(logger, request.Node, details.Address);
    }

    /// <summary>Takes a heartbeat, and begins in the background what it asks for.</summary>
    /// <exception cref="NodeRefusedException">It is none, or of nobody.</exception>
    public async ValueTask<byte[]> HearAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        if (!Heartbeat.TryRead(message.Span, out var heartbeat)) throw new NodeRefusedException(400, "BadMessage", "This is no heartbeat.");
        if (heartbeat.Cluster != Cluster) throw new NodeRefusedException(403, "OtherCluster", "The heartbeat is for another cluster.");
        if (!_members.ContainsKey(heartbeat.Node))
        {
            using var permit = _strangers.AttemptAcquire();
            if (!permit.IsAcquired) throw new NodeRefusedException(503, "SlowDown", "Too many nodes that this gateway does not know speak at once; come again.");
        }

        var member = await LoadAsync(heartbeat.Node, cancellationToken) ?? throw new NodeRefusedException(404, "UnknownNode", "No node with this key has joined this cluster.");
        if (!Heartbeat.IsSigned(message.Span, member.Record.Key)) throw new NodeRefusedException(403, "BadProof", "The heartbeat is not signed by the node's key.");

        var outcome = member.Take(heartbeat, _session, Now, time.GetTimestamp());
        if (outcome == HeartbeatOutcome.Taken)
        {
            ApplyPause(member);
            if (member.Work.IsCompleted) member.Work = Task.Run(() => FollowAsync(member, _stopping.Token), CancellationToken.None);
        }
        else if (outcome == HeartbeatOutcome.Contested)
        {
            await TroubleAsync(member, "Two processes use this node's key: one that another had followed spoke again.", cancellationToken);
        }

        var state = StateOf(member);
        var interval = state == MembershipState.Joining ? JoiningIntervalSeconds : (int)MembershipLimits.HeartbeatInterval.TotalSeconds;
        return new HeartbeatAnswer(_session, Now, outcome, state, interval, member.Trouble).Sign(endpoints.Identity, message.Span);
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

    /// <summary>A new store is begun on a node whose disk is empty for good; what the old one held is rebuilt onto it.</summary>
    public ValueTask ReplaceAsync(NodeMember member, CancellationToken cancellationToken) => ActAsync(
        member,
        async store =>
        {
            var replaced = await system.ReplaceDiskAsync(store, endpoints.At(AddressOf(member)), cancellationToken);
            Attach(member, replaced.Store.Id);
        },
        "Its disk was declared empty for good; a new store was begun on it.",
        cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await Task.WhenAll(_members.Values.Select(member => member.Work));
        _joining.Dispose();
        _strangers.Dispose();
        _stopping.Dispose();
    }

    /// <summary>What a heartbeat asks for: 1. what other gateways know of the node is taken over; 2. a node that joined gets its store opened; 3. an address that changed is remembered; 4. an owner who wants his machine back gets it; 5. shards that it found damaged are written anew; 6. what is wrong is recorded.</summary>
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
                ApplyPause(member);

                // 2.
                if (member.Record.IsAwaited)
                {
                    // What the node said is from before; the next heartbeat says what is on its disk now.
                    await OpenStoreAsync(member, stop);
                    await RecordTroubleAsync(member, "");
                    return;
                }

                if (member.Store is not { } store || system.Stores.Look(store.Id) is not { } found) return;
                await EnrolAsync(member, store.Id, stop);

                // 3. It may tell each gateway another address: this one keeps to what it was told, and writes it down once.
                if (report.Address != member.AddressKept)
                {
                    await system.RelocateDiskAsync(store.Id, endpoints.At(AddressOf(member, report.Address)).Location, stop);
                    if (report.Address != member.Record.Details.Address)
                        await WriteAsync(member, record => record with { Details = record.Details with { Address = report.Address } }, $"Moved from {member.Record.Details.Address} to {report.Address}.");
                    Attach(member, store.Id);
                    member.AddressKept = report.Address;
                }

                // 4.
                if (report.IsLeaving && found.Status.State == StoreState.Active)
                {
                    await system.DrainDiskAsync(store.Id, stop);
                    await WriteAsync(member, record => record, "Its owner wants it back: it hands its shards over.");
                }

                // 5.
                await HeedDamageAsync(member, report, store.Id, stop);

                // 6.
                await RecordTroubleAsync(member, TroubleOf(member, report, store.Id));
            }
            catch (Exception e) when (e is DiskChangeException or MetadataUnavailableException or BackendException)
            {
                LogFailed(logger, member.Id, e.Message);
                await RecordTroubleAsync(member, e.Message);
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

    private async ValueTask OpenStoreAsync(NodeMember member, CancellationToken stop)
    {
        var endpoint = endpoints.At(AddressOf(member, member.Report!.Address));
        var found = await endpoint.FindAsync(stop);
        var rows = await system.Metadata.ListStoresAsync(stop);
        var row = rows.FirstOrDefault(one => one.Id == found?.Id);
        if (row is { State: StoreState.Removed }) throw new DiskChangeException($"The node holds store {row.Id}, which was removed from this cluster; give it an empty --data directory and another token.");
        // A row without a note of it here: the gateway stopped in between.
        var id = row?.Id ?? (await system.AddDiskAsync(endpoint, stop)).Store.Id;
        await EnrolAsync(member, id, stop);
        await WriteAsync(member, record => record with { IsAwaited = false }, $"Its store {id} was opened at {endpoint.Address.Host}:{endpoint.Address.Port}.");
        Attach(member, id);
        LogOpened(logger, member.Id, id, endpoint.Location);
    }

    /// <summary>From now on the node's store is audited.</summary>
    private async ValueTask EnrolAsync(NodeMember member, StoreId store, CancellationToken stop)
    {
        if (system.Reputations.Find(store) is null) await system.Reputations.EnrolAsync(store, isVetted: !member.Record.IsVetting, stop);
    }

    private static string TroubleOf(NodeMember member, NodeReport report, StoreId store)
    {
        if (report.Store is null) return $"Its disk is empty, or not mounted; store {store} should be on it. Mount it, or when it is lost: oort node replace {member.Id.ToString()[..16]}.";
        if (report.Store != store.ToString()) return $"Another store ({report.Store}) is on its disk; it should be {store}.";
        if (report.BadShards is { Count: > 0 }) return "Its own scrub has found damaged shards; they are written anew.";
        return member.ClockSkew.Duration() > MembershipLimits.ClockSkewTold ? $"Its clock is {(member.ClockSkew > TimeSpan.Zero ? "ahead" : "behind")} by {Rounded(member.ClockSkew)}{(IsSkewed(member) ? "; it gets no new shards until it is right" : "")}." : "";
    }

    /// <summary>To one digit, so that a clock that drifts is not new trouble with every heartbeat.</summary>
    private static string Rounded(TimeSpan skew)
    {
        var seconds = skew.Duration().TotalSeconds;
        return seconds < 120 ? $"more than {Math.Pow(10, Math.Floor(Math.Log10(seconds))):0} s" : $"some {Math.Round(seconds / 60, MidpointRounding.AwayFromZero):0} min";
    }

    private async ValueTask TroubleAsync(NodeMember member, string trouble, CancellationToken cancellationToken)
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

    private async ValueTask RecordTroubleAsync(NodeMember member, string trouble)
    {
        if (member.Trouble == trouble) return;
        var before = member.Trouble;
        member.Trouble = trouble;
        if (trouble.Length > 0) LogTrouble(logger, member.Id, trouble);
        await WriteAsync(member, record => record, trouble.Length > 0 ? trouble : $"No longer: {before}");
    }

    private async ValueTask WriteAsync(NodeMember member, Func<NodeRecord, NodeRecord> change, string? what)
    {
        member.Record = await NodeRecord.ChangeAsync(system.Metadata, member.Record, record => what is null ? change(record) : change(record).With(new(Now, what)), CancellationToken.None);
    }

    /// <summary>The store is the node's: placement learns whose it is and where.</summary>
    private void Attach(NodeMember member, StoreId id)
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

    private void ApplyPause(NodeMember member)
    {
        if (member.Store is { } store) system.Stores.Pause(store.Id, IsPaused(member));
    }

    private static bool IsPaused(NodeMember member) => member.Record.IsPaused || IsSkewed(member);

    private static bool IsSkewed(NodeMember member) => member.ClockSkew.Duration() > MembershipLimits.ClockSkewMax;

    private static NodeAddress AddressOf(NodeMember member, string? address = null) =>
        NodeAddress.TryParse($"{member.Id}@{address ?? member.Record.Details.Address}", out var parsed) ? parsed : throw new BackendException(BackendErrorKind.Permanent, $"The node's address {address} is none.");

    /// <summary>What the token's maker said goes before what the node says.</summary>
    private static NodeDetails Merge(NodeDetails said, GivenToken given) => said with
    {
        Operator = given.Operator ?? said.Operator,
        Country = given.Country ?? said.Country,
        Region = given.Region ?? said.Region,
        Network = given.Network ?? said.Network,
        PricePerTebibyteMonth = given.PricePerTebibyteMonth ?? said.PricePerTebibyteMonth,
    };

    /// <summary>The member with this id, from memory or the metadata (another gateway may have let it in); null: nobody has joined with it.</summary>
    private async ValueTask<NodeMember?> LoadAsync(NodeId id, CancellationToken cancellationToken)
    {
        if (!_members.TryGetValue(id, out var member))
        {
            if (await ReadAsync(id, cancellationToken) is not { } record) return null;
            member = Remember(id, record);
        }

        if (member.Store is { } store && system.Stores.Look(store.Id) is not null) return member;
        // Its store may be known to the set by now: opened at the start, or by another gateway; or another gateway has begun a new one on it.
        if (system.Stores.GetStatus().FirstOrDefault(status => status.Location.StartsWith(id + "@", StringComparison.Ordinal)) is { } found) Attach(member, found.Id);
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

    private NodeMember Remember(NodeId id, NodeRecord record)
    {
        var member = _members.GetOrAdd(id, _ => new NodeMember(id, record));
        member.Record = record;
        return member;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Node {Node} joined; it is at {Address}.")]
    private static partial void LogJoined(ILogger logger, NodeId node, string address);

    [LoggerMessage(Level = LogLevel.Information, Message = "Node {Node}: its store {Store} was opened ({Location}).")]
    private static partial void LogOpened(ILogger logger, NodeId node, StoreId store, string location);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Node {Node} has found its shard {Shard} damaged; it is written anew.")]
    private static partial void LogDamage(ILogger logger, NodeId node, ShardId shard);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Node {Node}: {Trouble}")]
    private static partial void LogTrouble(ILogger logger, NodeId node, string trouble);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Node {Node}: {Reason}")]
    private static partial void LogFailed(ILogger logger, NodeId node, string reason);
}
