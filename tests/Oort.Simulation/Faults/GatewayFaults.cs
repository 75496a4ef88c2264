using Oort.Backends.Suite;
using Oort.Simulation.Machines;

namespace Oort.Simulation.Faults;

/// <summary>What can go wrong with a gateway's own machine.</summary>
internal sealed class GatewayFaults(World world, Random random)
{
    private const double YearMinutes = 365 * 24 * 60;

    public Ailment Any(GatewaySite site) => random.Next(5) switch
    {
        0 => At("gateway crash", site, () => site.Crash(), site.Begin),
        1 => At("gateway power cut", site, () => site.Crash(random.Next(2) == 0 ? CrashMode.Dropped : CrashMode.Torn), site.Begin),
        2 => At("gateway clock jumps", site, () => site.Clock.Skew += Jump(), () => Right(site)),
        3 => At("gateway clock drifts", site, () => site.Clock.Drift = random.NextDouble() - 0.5, () => Right(site)),
        _ => At("gateway clock jumps, then power cut", site, () =>
        {
            site.Clock.Skew += Jump();
            site.Crash(CrashMode.Dropped);
        }, () =>
        {
            // It starts with the wrong date, which is put right later, with all clocks.
            site.Begin();
        }),
    };

    /// <summary>All clocks are right again: they jump.</summary>
    public void Right()
    {
        foreach (var site in world.Gateways) Right(site);
    }

    private static void Right(GatewaySite site)
    {
        site.Clock.Drift = 0;
        site.Clock.Skew = default;
    }

    /// <summary>Minutes to a year, forwards or backwards, each order of magnitude as likely as another.</summary>
    private TimeSpan Jump() => TimeSpan.FromMinutes(Math.Pow(YearMinutes, random.NextDouble())) * (random.Next(2) == 0 ? 1 : -1);

    private static Ailment At(string name, GatewaySite site, Action begin, Action end) => new(name, null, Ailment.Async(begin), Ailment.Async(end)) { Gateway = site };
}
