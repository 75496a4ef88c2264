using Xunit;

namespace Oort.Conformance.Chaos;

/// <summary>Makes faults, one after the other, and mends each after a while: as many nodes are away at a time as the code can lose, and one gateway of two.</summary>
/// <remarks>What is done follows from the seed; what it meets does not.</remarks>
internal sealed class Faults(ChaosCluster cluster, int seed)
{
    /// <summary>Nodes that nothing can be read from at the same time: the parity shards of 4+2.</summary>
    private const int AwayMax = 2;

    private static readonly Fault[] s_deck =
    [
        Fault.KillNode, Fault.KillNode, Fault.KillNode, Fault.HangLink, Fault.HangLink, Fault.CutLink, Fault.CutLink, Fault.DelayLink, Fault.DelayLink, Fault.SlowLink, Fault.KillGateway, Fault.KillGateway, Fault.CrashDatabase,
    ];

    /// <summary>How long a gateway is started again and again while what it needs comes back.</summary>
    private static readonly TimeSpan s_startPatience = TimeSpan.FromMinutes(3);

    private readonly Random _random = new(seed);
    private readonly List<Task> _healing = [];
    private readonly HashSet<int> _away = [];
    private readonly HashSet<int> _bad = [];
    private bool _isGatewayAway;
    private bool _isDatabaseAway;

    private enum Fault
    {
        KillNode,
        HangLink,
        CutLink,
        DelayLink,
        SlowLink,
        KillGateway,
        CrashDatabase,
    }

    /// <summary>Whether each kind came at least once.</summary>
    public bool IsDeckDealt { get; private set; }

    /// <summary>Goes on until it is told to stop; then everything has been mended.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            while (true)
            {
                foreach (var fault in Shuffled())
                {
                    await Task.Delay(_random.Next(200, 1200), stop);
                    Begin(fault);
                }

                IsDeckDealt = true;
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            await Task.WhenAll(_healing);
        }
    }

    private Fault[] Shuffled()
    {
        var deck = s_deck.ToArray();
        _random.Shuffle(deck);
        return deck;
    }

    private void Begin(Fault fault)
    {
        var (node, other) = (_random.Next(cluster.Nodes.Count), _random.Next(cluster.Gateways.Count));
        var seconds = 0.5 + _random.NextDouble() * 3.5;
        TestContext.Current.SendDiagnosticMessage("{0} node {1}, gateway {2}, {3:0.0} s", fault, node, other, seconds);
        lock (_healing)
        {
            var work = fault switch
            {
                Fault.KillNode when TakeAway(node) => KillNodeAsync(node, seconds),
                Fault.HangLink when TakeAway(node) => HangAsync(node, seconds),
                Fault.DelayLink when _bad.Add(node) => DelayAsync(node, TimeSpan.FromMilliseconds(_random.Next(5, 150)), seconds),
                Fault.SlowLink when _bad.Add(node) => SlowAsync(node, _random.Next(256, 2048) * 1024, seconds),
                Fault.KillGateway when !_isGatewayAway => KillGatewayAsync(other, seconds / 2),
                Fault.CrashDatabase when !_isDatabaseAway => CrashDatabaseAsync(seconds / 4),
                _ => null,
            };
            if (work is not null) _healing.Add(work);
            else cluster.Nodes[node].Link.CutAll();
        }
    }

    private bool TakeAway(int node) => _away.Count < AwayMax && _away.Add(node);

    private async Task KillNodeAsync(int node, double seconds)
    {
        await cluster.Nodes[node].KillAsync();
        await PauseAsync(seconds);
        await cluster.Nodes[node].HealAsync();
        // It is to take part again before the next one goes.
        await PauseAsync(1);
        Forget(() => _away.Remove(node));
    }

    private async Task HangAsync(int node, double seconds)
    {
        cluster.Nodes[node].Link.IsHung = true;
        await PauseAsync(seconds);
        cluster.Nodes[node].Link.IsHung = false;
        await PauseAsync(1);
        Forget(() => _away.Remove(node));
    }

    private async Task DelayAsync(int node, TimeSpan delay, double seconds)
    {
        cluster.Nodes[node].Link.Delay = delay;
        await PauseAsync(seconds);
        cluster.Nodes[node].Link.Delay = TimeSpan.Zero;
        Forget(() => _bad.Remove(node));
    }

    private async Task SlowAsync(int node, int bytesPerSecond, double seconds)
    {
        cluster.Nodes[node].Link.BytesPerSecond = bytesPerSecond;
        await PauseAsync(seconds);
        cluster.Nodes[node].Link.BytesPerSecond = 0;
        Forget(() => _bad.Remove(node));
    }

    private async Task KillGatewayAsync(int gateway, double seconds)
    {
        _isGatewayAway = true;
        await cluster.Gateways[gateway].Process!.KillAsync();
        await PauseAsync(seconds);
        var begun = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                await cluster.Gateways[gateway].StartAsync();
                break;
            }
            catch (InvalidOperationException e) when (TimeProvider.System.GetElapsedTime(begun) < s_startPatience)
            {
                // Database or nodes are away, too: it says so and ends; who runs it starts it again.
                TestContext.Current.SendDiagnosticMessage("{0}", e.Message);
                await PauseAsync(1);
            }
        }

        Forget(() => _isGatewayAway = false);
    }

    private async Task CrashDatabaseAsync(double seconds)
    {
        _isDatabaseAway = true;
        await cluster.Postgres.StopAsync(crash: true);
        await PauseAsync(seconds);
        await cluster.Postgres.RestartAsync();
        Forget(() => _isDatabaseAway = false);
    }

    private void Forget(Action forget)
    {
        lock (_healing) forget();
    }

    private static Task PauseAsync(double seconds) => Task.Delay(TimeSpan.FromSeconds(seconds));
}
