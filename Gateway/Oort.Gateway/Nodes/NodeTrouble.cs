using Oort.Backends;
using Oort.Metadata;
using Oort.Node.Protocol;
using Oort.Objects;

namespace Oort.Gateway;

/// <summary>What is wrong with a node, in a sentence for its operator with the way out. The same trouble is the same sentence with each heartbeat, so that it is recorded once.</summary>
internal static class NodeTrouble
{
    /// <summary>Why a disqualified node gets no store again.</summary>
    public const string Disqualified = "The node was disqualified, which holds for its key and not for its disk. It can join as another node: with an empty --data directory and another token.";

    /// <summary>Empty: nothing.</summary>
    /// <param name="found">The node's store, as the object system sees it.</param>
    public static string Of(NodeMember member, NodeReport report, StoreId store, (StoreStatus Status, StoreDescriptor Descriptor) found)
    {
        if (report.Store is null) return $"Its disk is empty, or not mounted; store {store} should be on it. Mount it, or when it is lost: oort node replace {member.Id.ToString()[..16]}.";
        if (report.Store != store.ToString()) return $"Another store ({report.Store}) is on its disk; it should be {store}.";
        if (report.BadShards is { Count: > 0 }) return "Its own scrub has found damaged shards; they are written anew.";
        if (member.ClockSkew.Duration() > MembershipLimits.ClockSkewTold)
            return $"Its clock is {(member.ClockSkew > TimeSpan.Zero ? "ahead" : "behind")} by {Rounded(member.ClockSkew)}{(IsSkewed(member) ? "; it gets no new shards until it is right" : "")}.";
        if (found.Status.Health == StoreHealth.Full) return "It is full: it gets no new shards until there is room on it. Give it more space, or add nodes.";
        // A refusal that ends by itself is the owner's hours, every day anew.
        return found.Status.Space.Refusal is { EndsByReopening: true } refusal ? $"It takes no new shards: {refusal.Reason}" : "";
    }

    /// <summary>Whether a node's clock is so wrong that it gets no new shards.</summary>
    public static bool IsSkewed(NodeMember member) => member.ClockSkew.Duration() > MembershipLimits.ClockSkewMax;

    /// <summary>To one digit, so that a clock that drifts is not new trouble with every heartbeat.</summary>
    private static string Rounded(TimeSpan skew)
    {
        var seconds = skew.Duration().TotalSeconds;
        return seconds < 120 ? $"more than {Math.Pow(10, Math.Floor(Math.Log10(seconds))):0} s" : $"some {Math.Round(seconds / 60, MidpointRounding.AwayFromZero):0} min";
    }
}
