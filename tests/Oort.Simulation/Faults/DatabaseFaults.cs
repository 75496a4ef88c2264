using Oort.Simulation.Databases;

namespace Oort.Simulation.Faults;

/// <summary>What can go wrong between gateways and the database that they share, and with its server.</summary>
internal sealed class DatabaseFaults(World world, Relay database, Random random)
{
    /// <summary>One request, or answer, in so many is lost.</summary>
    private const int LostOneIn = 8;

    public Ailment Any() => random.Next(6) switch
    {
        0 => At("database connections cut", Cut, Nothing),
        1 => At("database requests lost", () => Each(access => access.LoseRequestOneIn = LostOneIn), () => Each(access => access.LoseRequestOneIn = 0)),
        2 => At("database answers lost", () => Each(access => access.LoseAnswerOneIn = LostOneIn), () => Each(access => access.LoseAnswerOneIn = 0)),
        3 => At("database away", () => database.Away(), () => database.Back()),
        4 => At("database slow", () => database.Latency = TimeSpan.FromMilliseconds(random.Next(20, 2_000)), () => database.Latency = Relay.LatencyDefault),
        _ => At("database clock jumps", () => database.Clock.Skew = TimeSpan.FromMinutes(random.Next(-5, 6)), () => database.Clock.Skew = default),
    };

    private void Cut() => Each(database.Cut);

    private void Each(Action<DatabaseAccess> act)
    {
        foreach (var site in world.Gateways)
            if (site.Access is { IsClosed: false } access) act(access);
    }

    private static void Nothing()
    {
        // It is over as soon as it has happened.
    }

    private static Ailment At(string name, Action begin, Action end) => new(name, null, Ailment.Async(begin), Ailment.Async(end)) { IsOfDatabase = true };
}
