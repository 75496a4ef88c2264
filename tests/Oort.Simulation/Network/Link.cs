using Oort.Simulation.Scheduling;

namespace Oort.Simulation.Network;

/// <summary>The way between one gateway and one node, both ways.</summary>
internal sealed class Link(Simulator simulator, Random random, string name)
{
    private readonly List<Exchange> exchanges = [];

    public string Name => name;

    /// <summary>One way, without the time that the bytes themselves take.</summary>
    public TimeSpan Latency { get; set; } = TimeSpan.FromMilliseconds(0.5);

    /// <summary>Up to this much is added, by chance.</summary>
    public TimeSpan Jitter { get; set; } = TimeSpan.FromMilliseconds(0.5);

    public double BytesPerSecond { get; set; } = 100e6;

    /// <summary>Nothing comes through; what was sent comes when it is healed, as TCP sends it again and again.</summary>
    public bool IsPartitioned { get; private set; }

    /// <summary>There is a connection that can be used again.</summary>
    public bool IsConnected { get; set; }

    public Wire Up() => new(simulator, this);

    public Wire Down() => new(simulator, this);

    /// <summary>One in so many requests is cut off, or lost without a trace; 0: none.</summary>
    public int FaultOneIn { get; set; }

    /// <summary>Requests that met such a fault.</summary>
    public int FaultCount { get; private set; }

    public TimeSpan Delay() => Latency + (Jitter * random.NextDouble());

    public void Add(Exchange exchange)
    {
        exchanges.Add(exchange);
        if (FaultOneIn == 0 || random.Next(FaultOneIn) != 0) return;
        FaultCount++;
        simulator.After(4 * random.NextDouble() * Delay(), random.Next(2) == 0 ? exchange.Lose : () => exchange.Break("the connection was reset"));
    }

    public void Remove(Exchange exchange) => exchanges.Remove(exchange);

    public void Partition() => IsPartitioned = true;

    public void Heal()
    {
        IsPartitioned = false;
        foreach (var exchange in exchanges.ToArray()) exchange.Heal();
    }

    /// <summary>The other end is gone and tells nobody: what is under way hangs, and new requests need a new connection.</summary>
    public void Lose()
    {
        IsConnected = false;
        foreach (var exchange in exchanges.ToArray()) exchange.Lose();
    }

    /// <summary>All connections break; bytes on the way are lost.</summary>
    public void Reset()
    {
        IsConnected = false;
        foreach (var exchange in exchanges.ToArray()) exchange.Break("the connection was reset");
    }
}

/// <summary>One direction of one connection: bytes arrive late, in order, or never.</summary>
internal sealed class Wire(Simulator simulator, Link link)
{
    private readonly Queue<Action> held = new();
    private long freeAt;
    private long lastArrival;
    private bool isCut;

    /// <summary>Sends bytes that do something when they arrive.</summary>
    /// <returns>When the sender may send more, in simulated time from now.</returns>
    public TimeSpan Send(int bytes, Action arrive)
    {
        freeAt = Math.Max(freeAt, simulator.Now) + (long)(bytes / link.BytesPerSecond * TimeSpan.TicksPerSecond);
        lastArrival = Math.Max(lastArrival, freeAt + link.Delay().Ticks);
        simulator.At(lastArrival, () => Arrive(arrive));
        return TimeSpan.FromTicks(freeAt - simulator.Now);
    }

    /// <summary>What was held comes now.</summary>
    public void Heal()
    {
        while (held.TryDequeue(out var arrive)) simulator.After(link.Delay(), () => Arrive(arrive));
    }

    /// <summary>What is on the way never arrives.</summary>
    public void Cut() => isCut = true;

    private void Arrive(Action arrive)
    {
        if (isCut) return;
        if (link.IsPartitioned || held.Count > 0) held.Enqueue(arrive);
        else arrive();
    }
}
