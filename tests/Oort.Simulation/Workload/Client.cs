using Oort.Backends;
using Oort.Metadata;
using Oort.Objects;
using Oort.Simulation.Scheduling;

namespace Oort.Simulation.Workload;

/// <summary>One client: the only one that writes its keys, one request after the other.</summary>
internal sealed class Client
{
    private static readonly int[] sizes = [0, 1, 100, 4096, 20_000, 65_520, 65_521, 200_000, 270_000, 700_000, 1_500_000];

    private readonly World world;
    private readonly Random random;
    private readonly int number;

    public Client(World world, int number, int keyCount)
    {
        (this.world, this.number) = (world, number);
        random = world.Simulator.Fork();
        Uploads = new(world, this, world.Simulator.Fork());
        Keys = [.. Enumerable.Range(0, keyCount).Select(key => new KeyState($"client{number}/key{key}"))];
    }

    public IReadOnlyList<KeyState> Keys { get; }

    public Uploads Uploads { get; }

    /// <summary>How long each acknowledged request took, in simulated time.</summary>
    public List<TimeSpan> Puts { get; } = [];

    public List<TimeSpan> Gets { get; } = [];

    /// <summary>Requests that failed, as they may while something is broken.</summary>
    public int Failures { get; private set; }

    /// <summary>The mean pause between two requests.</summary>
    public TimeSpan Pause { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Lengths of what is put.</summary>
    public int[] Sizes { get; init; } = sizes;

    /// <summary>Requests until the time has come.</summary>
    public async Task RunAsync(TimeSpan duration)
    {
        var end = world.Simulator.Now + duration.Ticks;
        while (world.Simulator.Now < end)
        {
            await world.Simulator.DelayAsync(Pause * 2 * random.NextDouble());
            var key = Keys[random.Next(Keys.Count)];
            switch (random.Next(14))
            {
                case < 4: await PutAsync(key); break;
                case < 9: await GetAsync(key); break;
                case < 13: await Uploads.StepAsync(key); break;
                default: await DeleteAsync(key); break;
            }
        }
    }

    public async Task PutAsync(KeyState key)
    {
        var content = new Content(random.Next(), Sizes[random.Next(Sizes.Length)]);
        key.Doubt(content);
        var begun = world.Simulator.Now;
        if (!await TryAsync($"PUT {key.Name} {content.Length}", async gateway =>
            {
                var outcome = await gateway.PutAsync(world.Bucket, key.Name, content.Bytes());
                if (outcome != CommitOutcome.Done) throw new SimulationException($"A PUT ended with {outcome}.");
            })) return;
        key.Acknowledge(content);
        Puts.Add(TimeSpan.FromTicks(world.Simulator.Now - begun));
    }

    public async Task DeleteAsync(KeyState key)
    {
        key.Doubt(null);
        if (await TryAsync($"DELETE {key.Name}", gateway => gateway.DeleteAsync(world.Bucket, key.Name))) key.Acknowledge(null);
    }

    public async Task GetAsync(KeyState key)
    {
        var begun = world.Simulator.Now;
        byte[]? read = null;
        if (!await TryAsync($"GET {key.Name}", async gateway => read = await gateway.GetAsync(world.Bucket, key.Name))) return;
        if (key.Check(read) is not null) Gets.Add(TimeSpan.FromTicks(world.Simulator.Now - begun));
    }

    /// <summary>Does a request at a gateway, if there is one.</summary>
    /// <returns>False: it failed, or the gateway died, in one of the ways in which it may.</returns>
    public async Task<bool> TryAsync(string what, Func<Machines.GatewayMachine, Task> request)
    {
        var simulator = world.Simulator;
        simulator.Trace.Add(simulator.Now, $"client{number} {what}");
        var reason = "no gateway";
        if (world.PickGateway(random) is { } gateway)
        {
            try
            {
                var doing = request(gateway);
                if (await Task.WhenAny(doing, gateway.Died) == doing)
                {
                    await doing;
                    simulator.Trace.Add(simulator.Now, $"client{number} done");
                    return true;
                }

                reason = "the gateway died";
                _ = doing.ContinueWith(static late => late.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            }
            catch (Exception e) when (e is ObjectUnavailableException or MetadataUnavailableException or OverloadedException or BackendException or VersionGoneException)
            {
                reason = e.GetType().Name;
                simulator.Trace.Note(simulator.Now, $"client{number}: {e.Message}");
            }
            catch (Exception e) when (gateway.IsDead && e is not SimulationException)
            {
                reason = "the gateway died";
            }
        }

        Failures++;
        simulator.Trace.Add(simulator.Now, $"client{number} failed: {reason}");
        return false;
    }
}
