using Oort.Backends.Suite;
using Oort.Node;
using Oort.Simulation.Machines;
using Oort.Simulation.Scheduling;

namespace Oort.Simulation.Faults;

/// <summary>What can go wrong with a node, its disk and the way to it.</summary>
internal sealed class NodeFaults(World world, Operator @operator, Random random)
{
    public const string StaleDisk = "stale disk";

    /// <summary>A disk with fewer operations behind it may have been nobody's the tenth of them ago: it would be a blank one.</summary>
    private const int OldCount = 1_000;

    /// <summary>One that takes away nothing that was synced.</summary>
    public Ailment Transient(NodeMachine node)
    {
        var link = world.LinkTo(node);
        return random.Next(9) switch
        {
            0 => At(node, "crash", () => Crash(node), node.StartAsync),
            1 => At(node, "partition", () => link.Partition(random), link.Heal),
            2 => At(node, "connections break", link.Reset, Nothing),
            3 => Slow(node),
            4 => At(node, "hung node", () => node.IsHung = true, () =>
            {
                node.IsHung = false;
                link.Reset();
            }),
            5 => At(node, "hung disk", () => node.IsDiskHung = true, () =>
            {
                node.IsDiskHung = false;
                Crash(node);
                return node.StartAsync();
            }),
            6 => At(node, "wrong clock", () => node.Clock.Skew = TimeSpan.FromDays((random.NextDouble() * 800) - 400), () => node.Clock.Skew = default),
            7 => At(node, "lies", () => (node.Lie, node.MayFailAudits) = (new Lies(random).Tell, true), () => node.Lie = null),
            _ => At(node, "bad bits", () => (node.Disk.FlipOneIn, node.MayFailAudits) = (20, true), () => node.Disk.FlipOneIn = 0),
        };
    }

    /// <summary>One after which the disk no longer has what it had acknowledged.</summary>
    public Ailment Destructive(NodeMachine node) => random.Next(2) == 0 || node.Disk.Medium.OperationCount < OldCount ? Wipe(node) : GoBack(node);

    /// <summary>Two disks are exchanged: neither node must serve the other's.</summary>
    public Ailment Swap(NodeMachine node, NodeMachine other) => At(node, "disks swapped", async () =>
    {
        Crash(node);
        Crash(other);
        (node.Disk, other.Disk) = (other.Disk, node.Disk);
        await RefuseAsync(node);
        await RefuseAsync(other);
    }, async () =>
    {
        (node.Disk, other.Disk) = (other.Disk, node.Disk);
        await node.StartAsync();
        await other.StartAsync();
    }) with
    {
        Other = other,
    };

    /// <summary>A new disk in the place of a dead one. The operator says so.</summary>
    private Ailment Wipe(NodeMachine node)
    {
        var gone = node.Store?.Id;
        return At(node, "wiped disk", async () =>
        {
            Crash(node);
            node.Disk = node.NewDisk(new());
            node.MayFailAudits = true;
            await node.StartAsync();
        }, () => gone is { } id ? @operator.ReplaceAsync(id, node) : Task.CompletedTask) with
        {
            TakesOperator = true,
        };
    }

    /// <summary>The disk is put back to what it was some time ago: a snapshot, a backup, a cache that was not flushed though it said so.</summary>
    private Ailment GoBack(NodeMachine node) => At(node, StaleDisk, async () =>
    {
        var medium = node.Disk.Medium;
        var count = Math.Max(medium.OperationCount * 9 / 10, medium.OperationCount - random.Next(400));
        Crash(node);
        node.Disk = node.NewDisk(medium.Crash(count, CrashMode.Dropped));
        node.MayFailAudits = true;
        await node.StartAsync();
    }, Nothing);

    private Ailment Slow(NodeMachine node)
    {
        var before = node.ServiceTime;
        Action mend = Nothing;
        return At(node, "slow", () =>
        {
            mend = world.LinkTo(node).Slow(TimeSpan.FromMilliseconds(random.Next(400)), TimeSpan.FromMilliseconds(random.Next(400)), 200e3);
            node.ServiceTime = TimeSpan.FromMilliseconds(random.Next(3000));
        }, () =>
        {
            mend();
            node.ServiceTime = before;
        });
    }

    private void Crash(NodeMachine node)
    {
        var mode = (CrashMode)random.Next(3);
        var power = random.Next(2) == 0 ? NodePower.Off : NodePower.Dark;
        node.Crash(mode, power);
        // A machine that lost its power tells nobody.
        if (power == NodePower.Off) world.LinkTo(node).Reset();
        else world.LinkTo(node).Lose();
    }

    private static async Task RefuseAsync(NodeMachine node)
    {
        try
        {
            await node.StartAsync();
        }
        catch (NodeStartException)
        {
            return;
        }

        throw new SimulationException($"{node.Name} serves another node's disk.");
    }

    private static void Nothing()
    {
        // It is over as soon as it has happened.
    }

    private static Ailment At(NodeMachine node, string name, Action begin, Action end) => At(node, name, Async(begin), Async(end));

    private static Ailment At(NodeMachine node, string name, Action begin, Func<Task> end) => At(node, name, Async(begin), end);

    private static Ailment At(NodeMachine node, string name, Func<Task> begin, Action end) => At(node, name, begin, Async(end));

    private static Ailment At(NodeMachine node, string name, Func<Task> begin, Func<Task> end) => new(name, node, begin, end);

    private static Func<Task> Async(Action action) => () =>
    {
        action();
        return Task.CompletedTask;
    };
}
