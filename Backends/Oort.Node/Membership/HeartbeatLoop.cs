using System.Buffers.Binary;
using System.Reflection;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Oort.Backends;
using Oort.Node.Protocol;

namespace Oort.Node;

/// <summary>Tells every gateway that the node knows that it lives, until it ends or is told that it is no member any more (docs/formats/node-membership.md §5).</summary>
internal sealed partial class HeartbeatLoop : IAsyncDisposable
{
    /// <summary>Repetitions within one turn: sessions change only when a gateway starts.</summary>
    private const int AgainMax = 3;

    private static readonly TimeSpan s_pauseMax = TimeSpan.FromSeconds(60);

    private readonly NodeServices _services;
    private readonly SelfScrub _scrub;
    private readonly System.Net.IPEndPoint _listening;
    private readonly GatewayClient _client = new();
    private readonly ILogger _logger;
    private readonly Action _onGone;
    private readonly UInt128 _instance = BinaryPrimitives.ReadUInt128BigEndian(RandomNumberGenerator.GetBytes(16)) | 1;
    private readonly NodeId _cluster;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _running;
    private ulong _counter;
    private bool _isClockTold;
    private string _told = "";

    /// <param name="onGone">Called when the cluster has let the node go that its owner wanted back.</param>
    public HeartbeatLoop(NodeServices services, SelfScrub scrub, System.Net.IPEndPoint listening, MembershipFile membership, ILogger logger, Action onGone)
    {
        (_services, _scrub, _listening, _logger, _onGone) = (services, scrub, listening, logger, onGone);
        _cluster = NodeId.TryParse(membership.Cluster, out var cluster) ? cluster : default;
        _running = Task.WhenAll(membership.Urls.Select(url => Task.Run(() => RunAsync(new Uri(url)))));
    }

    internal static string Version { get; } = typeof(HeartbeatLoop).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
        _client.Dispose();
        _stopping.Dispose();
    }

    private async Task RunAsync(Uri gateway)
    {
        UInt128 session = 0;
        double? roundTrip = null;
        var pause = MembershipLimits.HeartbeatInterval;
        var isReached = true;
        try
        {
            while (true)
            {
                try
                {
                    HeartbeatAnswer answer;
                    var again = 0;
                    do
                    {
                        var begun = _services.Time.GetTimestamp();
                        answer = await BeatAsync(gateway, session, roundTrip);
                        roundTrip = _services.Time.GetElapsedTime(begun).TotalMilliseconds;
                        session = answer.Session;
                    }
                    while (answer.Outcome == HeartbeatOutcome.Again && ++again < AgainMax);
                    if (!isReached) LogReached(_logger, gateway);
                    isReached = true;
                    pause = TimeSpan.FromSeconds(answer.IntervalSeconds);
                    if (Heed(answer)) return;
                }
                catch (Exception e) when (e is GatewayRefusedException or BackendException)
                {
                    if (isReached) LogNotReached(_logger, e.Message);
                    isReached = false;
                    pause = pause * 2 < s_pauseMax ? pause * 2 : s_pauseMax;
                }

                await Task.Delay(pause, _services.Time, _stopping.Token);
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The node is being stopped.
        }
    }

    private async Task<HeartbeatAnswer> BeatAsync(Uri gateway, UInt128 session, double? roundTrip)
    {
        var membership = _services.Directory.Membership!;
        var report = await ReportAsync(await GatewayClient.AddressAsync(gateway, membership.Declaration.Advertise, _listening, _stopping.Token), roundTrip);
        var heartbeat = new Heartbeat(_cluster, _services.Identity.PublicKey.ToArray(), session, Interlocked.Increment(ref _counter), _instance, _services.Time.GetUtcNow().ToUnixTimeMilliseconds(), report).Sign(_services.Identity);
        var bytes = await _client.SendAsync(gateway, MembershipLimits.HeartbeatPath, heartbeat, _stopping.Token);
        return HeartbeatAnswer.TryRead(bytes, _cluster, heartbeat, out var answer) ? answer : throw new GatewayRefusedException($"{gateway} did not answer as this cluster's gateway.", isFinal: false);
    }

    private async Task<NodeReport> ReportAsync(string address, double? roundTrip)
    {
        var store = _services.Storage.Store;
        var report = new NodeReport
        {
            Address = address,
            Store = store?.Id.ToString(),
            Generation = _services.Directory.State.Generation,
            ShardCount = store?.ShardCount ?? 0,
            Changes = store?.ChangeCount,
            Version = Version,
            Requests = _services.Budget.RequestCount,
            RoundTripMilliseconds = roundTrip,
            IsLeaving = _services.Directory.IsLeaving,
        };
        if (store is null) return report;
        if (_scrub.Bad(MembershipLimits.BadShardCountMax) is { IsEmpty: false } bad) report = report with { BadShards = [.. bad.Select(shard => shard.ToString())] };
        try
        {
            var space = await _services.Storage.ProbeAsync(store, _stopping.Token);
            return report with { CapacityBytes = space.CapacityBytes, FreeBytes = space.FreeBytes, Refusal = Short(space.Refusal?.Reason) };
        }
        catch (BackendException e)
        {
            // Its disk is gone, or another is there.
            return report with { Store = null, Refusal = Short(e.Message) };
        }
    }

    /// <summary>Takes to heart what a gateway says. True: the node is let go.</summary>
    private bool Heed(HeartbeatAnswer answer)
    {
        var skew = TimeSpan.FromMilliseconds(_services.Time.GetUtcNow().ToUnixTimeMilliseconds() - answer.Clock);
        if (skew.Duration() > MembershipLimits.ClockSkewTold != _isClockTold)
        {
            _isClockTold = !_isClockTold;
            if (_isClockTold) LogClock(_logger, skew);
        }

        if (answer.Message != _told)
        {
            _told = answer.Message;
            if (_told.Length > 0) LogTold(_logger, _told);
        }

        var membership = _services.Directory.Membership!;
        if (membership.State != answer.State)
        {
            LogState(_logger, answer.State);
            _services.Directory.Remember(membership with { State = answer.State });
        }

        if (answer.State != MembershipState.Removed || !_services.Directory.IsLeaving) return false;
        _onGone();
        return true;
    }

    private static string? Short(string? text) => text is { Length: > MembershipLimits.TextSizeMax / 4 } ? text[..(MembershipLimits.TextSizeMax / 4)] : text;

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Reason} The node serves on, and tries again.")]
    private static partial void LogNotReached(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Gateway} answers again.")]
    private static partial void LogReached(ILogger logger, Uri gateway);

    [LoggerMessage(Level = LogLevel.Warning, Message = "This machine's clock differs from the gateway's by {Skew}.")]
    private static partial void LogClock(ILogger logger, TimeSpan skew);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The gateway says: {Message}")]
    private static partial void LogTold(ILogger logger, string message);

    [LoggerMessage(Level = LogLevel.Information, Message = "The node is now {State}.")]
    private static partial void LogState(ILogger logger, MembershipState state);
}
