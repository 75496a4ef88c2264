using Oort.Backends.Suite;
using Oort.Simulation.Machines;
using Oort.Simulation.Scheduling;

namespace Oort.Simulation.Faults;

/// <summary>Nodes come, go and are replaced while other things break.</summary>
internal sealed class Membership(World world, Operator @operator, Random random)
{
    /// <summary>With fewer, 4+2 has no place for a shard; a cluster does not let the node go.</summary>
    public const int CountMin = 6;

    /// <summary>With more, new segments are 6+3, which two dead nodes and those that are slow leave less of.</summary>
    public const int CountMax = 8;

    private readonly HashSet<NodeMachine> leaving = [];

    /// <summary>A join while there is room for one, a leave while there is one too many; by chance where both may be.</summary>
    /// <param name="well">Members to which nothing has happened.</param>
    public Ailment? Change(IReadOnlyList<NodeMachine> well)
    {
        var count = world.Members.Count(node => !leaving.Contains(node));
        var candidates = count > CountMin ? well.Where(node => !leaving.Contains(node)).ToList() : [];
        if (candidates.Count > 0 && (count == CountMax || random.Next(2) == 0)) return Leave(candidates[random.Next(candidates.Count)]);
        return count < CountMax ? Join() : null;
    }

    /// <summary>The whole machine is gone, and another one is put in its place.</summary>
    public Ailment? Replace(NodeMachine node)
    {
        if (node.Store?.Id is not { } gone) return null;
        return new("machine lost", node, () =>
        {
            node.Crash(CrashMode.Dropped, NodePower.Dark);
            world.LinkTo(node).Lose();
            return Task.CompletedTask;
        }, async () =>
        {
            var other = world.NewNode();
            await other.StartAsync();
            await @operator.ReplaceAsync(gone, other);
            world.Members[world.Members.IndexOf(node)] = other;
        })
        {
            TakesOperator = true,
        };
    }

    /// <summary>A node lies until audits have found it out. Then it is let go, and where that leaves too few, another one comes first.</summary>
    public Ailment Liar(NodeMachine node) => new("liar", node, () =>
    {
        leaving.Add(node);
        (node.Lie, node.MayFailAudits) = (new Lies(random) { IsConstant = true }.Tell, true);
        return Task.CompletedTask;
    }, async () =>
    {
        if (world.Members.Count <= CountMin)
        {
            var other = world.NewNode();
            await other.StartAsync();
            await @operator.JoinAsync(other);
            world.Members.Add(other);
        }

        await @operator.LetGoAsync(node);
    })
    {
        TakesOperator = true,
        ChangesMembers = true,
    };

    private Ailment Join()
    {
        var node = world.NewNode();
        world.Joining.Add(node);
        return new("join", node, node.StartAsync, async () =>
        {
            await @operator.JoinAsync(node);
            world.Joining.Remove(node);
            world.Members.Add(node);
        })
        {
            TakesOperator = true,
            LeavesWell = true,
            ChangesMembers = true,
        };
    }

    private Ailment Leave(NodeMachine node) => new("leave", node, () => Task.FromResult(leaving.Add(node)), () => @operator.LeaveAsync(node))
    {
        TakesOperator = true,
        LeavesWell = true,
        ChangesMembers = true,
    };
}
