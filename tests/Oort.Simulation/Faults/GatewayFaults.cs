using Oort.Backends.Suite;

namespace Oort.Simulation.Faults;

/// <summary>What can go wrong with the gateway's own machine.</summary>
internal sealed class GatewayFaults(World world, Random random)
{
    private const double YearMinutes = 365 * 24 * 60;

    public Ailment Any() => random.Next(5) switch
    {
        0 => At("gateway crash", () => world.CrashGateway(), world.BeginGateway),
        1 => At("gateway power cut", () => world.CrashGateway(random.Next(2) == 0 ? CrashMode.Dropped : CrashMode.Torn), world.BeginGateway),
        2 => At("gateway clock jumps", () => world.GatewayClock.Skew += Jump(), Right),
        3 => At("gateway clock drifts", () => world.GatewayClock.Drift = random.NextDouble() - 0.5, Right),
        _ => At("gateway clock jumps, then power cut", () =>
        {
            world.GatewayClock.Skew += Jump();
            world.CrashGateway(CrashMode.Dropped);
        }, () =>
        {
            // It starts with the wrong date, which is put right later, with all clocks.
            world.BeginGateway();
        }),
    };

    /// <summary>All clocks are right again: they jump.</summary>
    public void Right()
    {
        world.GatewayClock.Drift = 0;
        world.GatewayClock.Skew = default;
    }

    /// <summary>Minutes to a year, forwards or backwards, each order of magnitude as likely as another.</summary>
    private TimeSpan Jump() => TimeSpan.FromMinutes(Math.Pow(YearMinutes, random.NextDouble())) * (random.Next(2) == 0 ? 1 : -1);

    private static Ailment At(string name, Action begin, Action end) => new(name, null, Async(begin), Async(end));

    private static Func<Task> Async(Action action) => () =>
    {
        action();
        return Task.CompletedTask;
    };
}
