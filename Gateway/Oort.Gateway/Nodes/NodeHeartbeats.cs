using System.Buffers.Binary;
using System.Security.Cryptography;
using Oort.Node.Protocol;

namespace Oort.Gateway;

/// <summary>Takes the heartbeats of nodes and answers them (docs/formats/node-membership.md §5); what they ask for is done by <see cref="NodeFollower"/>, in the background.</summary>
internal sealed class NodeHeartbeats(NodeMembership membership, NodeEndpoints endpoints, NodeFollower follower, TimeProvider time)
{
    /// <summary>A node whose store is not yet open is asked to speak again at once: its next heartbeat tells it that it is.</summary>
    private const int JoiningIntervalSeconds = 1;

    /// <summary>Keys a second that are looked up because nobody here has heard of them: strangers can make as many as they like, and each costs a read of the metadata.</summary>
    private const int StrangersPerSecond = 100;

    private readonly UInt128 _session = BinaryPrimitives.ReadUInt128BigEndian(RandomNumberGenerator.GetBytes(16)) | 1;
    private readonly RateLimit _strangers = new(StrangersPerSecond, time);

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Takes a heartbeat, and begins in the background what it asks for.</summary>
    /// <exception cref="NodeRefusedException">It is none, or of nobody.</exception>
    public async ValueTask<byte[]> HearAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        if (!Heartbeat.TryRead(message.Span, out var heartbeat)) throw new NodeRefusedException(400, "BadMessage", "This is no heartbeat.");
        if (heartbeat.Cluster != membership.Cluster) throw new NodeRefusedException(403, "OtherCluster", "The heartbeat is for another cluster.");
        if (!membership.Knows(heartbeat.Node) && !_strangers.TryTake()) throw new NodeRefusedException(503, "SlowDown", "Too many nodes that this gateway does not know speak at once; come again.");

        var member = await membership.LoadAsync(heartbeat.Node, cancellationToken) ?? throw new NodeRefusedException(404, "UnknownNode", "No node with this key has joined this cluster.");
        if (!Heartbeat.IsSigned(message.Span, member.Record.Key)) throw new NodeRefusedException(403, "BadProof", "The heartbeat is not signed by the node's key.");

        var outcome = member.Take(heartbeat, _session, Now, time.GetTimestamp());
        if (outcome == HeartbeatOutcome.Taken)
        {
            membership.ApplyPause(member);
            follower.Follow(member);
        }
        else if (outcome == HeartbeatOutcome.Contested)
        {
            await membership.TroubleAsync(member, "Two processes use this node's key: one that another had followed spoke again.", cancellationToken);
        }

        var state = membership.StateOf(member);
        var interval = state == MembershipState.Joining ? JoiningIntervalSeconds : (int)MembershipLimits.HeartbeatInterval.TotalSeconds;
        return new HeartbeatAnswer(_session, Now, outcome, state, interval, member.Trouble).Sign(endpoints.Identity, message.Span);
    }
}
