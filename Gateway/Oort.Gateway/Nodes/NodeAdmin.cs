using System.Collections.Immutable;
using Microsoft.AspNetCore.Http;
using Oort.Node.Protocol;
using Oort.Objects;
using Oort.Objects.Reputation;

namespace Oort.Gateway;

/// <summary>Body of <c>POST nodes/invite</c>.</summary>
/// <param name="Urls">Where the node finds gateways; none: the public URL.</param>
/// <param name="ExpiresSeconds">60 to 2,592,000; null: a day.</param>
/// <param name="Vetting">Whether the node gets a small share of new shards only, until it has passed enough audits; null: it is trusted at once. Audited it is either way.</param>
public sealed record InviteRequest(ImmutableArray<string>? Urls, long? ExpiresSeconds, string? Operator, string? Country, string? Region, string? Network, double? PricePerTebibyteMonth, bool? Vetting = null);

/// <summary>Answer of <c>POST nodes/invite</c>. The token is shown this once.</summary>
public sealed record InviteModel(string Token, string Id, DateTimeOffset Expires, string Cluster, ImmutableArray<string> Urls);

/// <summary>A storage node in the admin API.</summary>
/// <param name="State">What it is to the cluster: "joining", "active", "paused", "draining", "suspended", "disqualified" or "removed".</param>
/// <param name="Health">Of its store by the probes of the data plane; empty while it has none.</param>
/// <param name="SilentSeconds">Since its last heartbeat; null: none since this gateway started.</param>
/// <param name="ClockSkewMilliseconds">Its clock minus the gateway's.</param>
/// <param name="Segments">Segments with a shard on it; only where one node is shown.</param>
/// <param name="Standing">"vetted", "vetting", "suspended" or "disqualified"; empty while it has no store.</param>
/// <param name="Audits">Null while it has no store; in the list without its events.</param>
public sealed record NodeModel(
    string Id, string Address, string State, string Health, string Reason, string Trouble, string Operator, string Country, string Region, string Network, double PricePerTebibyteMonth,
    long? CapacityBytes, long? FreeBytes, long? SpaceBytes, long ShardCount, string Version, int Requests, double LatencyMilliseconds, double? RoundTripMilliseconds, double Reputation,
    double? SilentSeconds, bool IsSilent, double ClockSkewMilliseconds, DateTimeOffset Since, string Token, string Store, long Generation, bool IsLeaving, long? Segments, ImmutableArray<NodeEventModel> Events, string Standing, NodeAuditModel? Audits);

/// <summary>What audits have shown of a node; scores lie between 0 and 1.</summary>
/// <param name="Fast">Of its last twenty audits or so; below 0.6 it is disqualified.</param>
/// <param name="Slow">Of its last thousand; below 0.96 it is disqualified.</param>
/// <param name="Patience">Of its answers in time; below 0.6 it is suspended.</param>
/// <param name="Online">Of its presence in the last 30 days; below 0.6 it is suspended.</param>
/// <param name="Owed">Shards that it gave no answer for in time, and is asked for again.</param>
/// <param name="Events">Newest first.</param>
public sealed record NodeAuditModel(DateTimeOffset Since, double Fast, double Slow, double Patience, double Online, long Count, int Owed, DateTimeOffset? SuspendedAt, ImmutableArray<ReputationEvent> Events)
{
    public static NodeAuditModel From(StoreReputation known) =>
        new(known.Since, known.Fast.Score, known.Slow.Score, known.Patience.Score, known.OnlineScore, known.AuditCount, known.Pending.Length, known.SuspendedAt, known.Events);
}

public sealed record NodeEventModel(DateTimeOffset At, string Text);

/// <summary>Answer of <c>GET nodes</c>.</summary>
/// <param name="HasPublicUrl">Whether tokens name the gateway's public URL where no other is said.</param>
public sealed record NodesModel(string Cluster, bool HasPublicUrl, ImmutableArray<NodeModel> Nodes);

/// <summary>The part of the admin API about storage nodes.</summary>
internal sealed class NodeAdmin(IObjectSystem system, NodeMembership membership, GatewayOptions options)
{
    private const long ExpiresDefault = 24 * 3600;
    private const long ExpiresMin = 60;
    private const long ExpiresMax = 30 * 24 * 3600;

    /// <summary>Of a node's id, as much as must be given: so much cannot be the same by chance in any cluster.</summary>
    private const int PrefixLengthMin = 8;

    public NodesModel List() => new(membership.Cluster.ToString(), options.PublicUrl is not null, [.. membership.Members.OrderBy(member => member.Record.Since).Select(member => Show(member, null)).Select(node => node with { Audits = node.Audits is { } audits ? audits with { Events = [] } : null })]);

    public async ValueTask<NodeModel> ShowAsync(string name, CancellationToken cancellationToken)
    {
        var member = Find(name);
        var disks = await system.ListDisksAsync(cancellationToken);
        return Show(member, member.Store is { } store ? disks.FirstOrDefault(disk => disk.Store.Id == store.Id)?.Segments : null);
    }

    public async ValueTask<InviteModel> InviteAsync(InviteRequest request, CancellationToken cancellationToken)
    {
        var seconds = request.ExpiresSeconds ?? ExpiresDefault;
        if (seconds is < ExpiresMin or > ExpiresMax) throw Bad($"A token lives from {ExpiresMin} to {ExpiresMax} seconds.");
        string[] texts = request.Urls is { IsDefaultOrEmpty: false } given ? [.. given] : options.PublicUrl is { } known ? [known.AbsoluteUri] : throw Bad("Say under which URL nodes reach the gateway: --url URL.");
        var urls = texts.Select(text => Uri.TryCreate(text, UriKind.Absolute, out var url) && JoinToken.IsUrl(url) ? url : throw Bad($"{text} is not a URL of a gateway such as http://gateway.example.org:9000.")).ToImmutableArray();
        if (urls.Length > JoinToken.UrlCountMax) throw Bad($"A token names at most {JoinToken.UrlCountMax} URLs.");
        var about = new NodeDetails { Address = "any:1", Operator = request.Operator, Country = request.Country, Region = request.Region, Network = request.Network, PricePerTebibyteMonth = request.PricePerTebibyteMonth };
        if (about.Fault() is { } fault) throw Bad(fault);
        var token = await membership.Tokens.GiveAsync(TimeSpan.FromSeconds(seconds), urls, about, request.Vetting ?? false, cancellationToken);
        return new(token.Encode(), token.Id.ToString("x32", null), DateTimeOffset.FromUnixTimeMilliseconds(token.Expires), token.Cluster.ToString(), [.. urls.Select(url => url.AbsoluteUri)]);
    }

    public async ValueTask<NodeModel> PauseAsync(string name, bool isPaused, CancellationToken cancellationToken)
    {
        var member = Find(name);
        if (!isPaused && membership.StateOf(member) is MembershipState.Draining or MembershipState.Removed) throw new AdminRequestException(StatusCodes.Status409Conflict, "NodeIsLeaving", "The node is leaving, which does not end before it is gone; then it can join anew.");
        if (member.Record.IsPaused != isPaused)
            await membership.ChangeAsync(member, record => record with { IsPaused = isPaused }, isPaused ? "Paused by an operator." : "Resumed by an operator.", cancellationToken);
        return await ShowAsync(name, cancellationToken);
    }

    public async ValueTask<NodeModel> DrainAsync(string name, CancellationToken cancellationToken)
    {
        await membership.ActAsync(Find(name), store => system.DrainDiskAsync(store, cancellationToken), "Drained by an operator: it hands its shards over.", cancellationToken);
        return await ShowAsync(name, cancellationToken);
    }

    public async ValueTask<NodeModel> RemoveAsync(string name, CancellationToken cancellationToken)
    {
        var member = Find(name);
        if (member.Store is null) await membership.ChangeAsync(member, record => record with { IsAwaited = false }, "Removed by an operator before its store was opened.", cancellationToken);
        else await membership.ActAsync(member, store => system.GiveUpDiskAsync(store, cancellationToken), "Removed by an operator as gone for good; what it held is rebuilt elsewhere.", cancellationToken);
        return await ShowAsync(name, cancellationToken);
    }

    public async ValueTask<NodeModel> ReplaceAsync(string name, CancellationToken cancellationToken)
    {
        await membership.ReplaceAsync(Find(name), cancellationToken);
        return await ShowAsync(name, cancellationToken);
    }

    private NodeModel Show(NodeMember member, long? segments)
    {
        var (record, report) = (member.Record, member.Report);
        var found = member.Store is { } store ? system.Stores.Look(store.Id) : null;
        var known = member.Store is { } audited ? system.Reputations.Find(audited.Id) : null;
        var traits = found?.Descriptor.Traits;
        var silence = membership.SilenceOf(member);
        var state = membership.StateOf(member);
        return new(
            record.Id, record.Details.Address, DiskModel.Lower(state), found is { } one ? DiskModel.Lower(one.Status.Health) : "", found?.Status.Reason ?? "", member.Trouble,
            record.Details.Operator ?? "", record.Details.Country ?? "", record.Details.Region ?? "", traits?.Network ?? record.Details.Network ?? "", record.Details.PricePerTebibyteMonth ?? 0,
            found?.Status.Space.CapacityBytes ?? report?.CapacityBytes, found?.Status.Space.FreeBytes ?? report?.FreeBytes, record.Details.SpaceBytes, report?.ShardCount ?? 0, report?.Version ?? record.Details.Version ?? "", report?.Requests ?? 0,
            found?.Descriptor.LatencyMilliseconds ?? 0, report?.RoundTripMilliseconds, found?.Descriptor.Reputation ?? 0,
            silence?.TotalSeconds, state != MembershipState.Removed && (silence is null || silence > MembershipLimits.SilenceMax), member.ClockSkew.TotalMilliseconds,
            DateTimeOffset.FromUnixTimeMilliseconds(record.Since), record.Token, found is null ? "" : member.Store!.Id.ToString(), report?.Generation ?? 0, report?.IsLeaving ?? false, segments,
            [.. record.Events.Select(happened => new NodeEventModel(DateTimeOffset.FromUnixTimeMilliseconds(happened.At), happened.Text))],
            known is null ? "" : DiskModel.Lower(known.Standing), known is null ? null : NodeAuditModel.From(known));
    }

    private NodeMember Find(string name)
    {
        var found = name.Length >= PrefixLengthMin ? membership.Members.Where(member => member.Record.Id.StartsWith(name, StringComparison.OrdinalIgnoreCase)).ToArray() : [];
        return found.Length == 1 ? found[0] : throw new AdminRequestException(StatusCodes.Status404NotFound, "NotFound", $"There is no node {name}; `oort node list` shows their ids, of which the first {PrefixLengthMin} digits or more are enough.");
    }

    private static AdminRequestException Bad(string message) => new(StatusCodes.Status400BadRequest, "InvalidArgument", message);
}
