using System.Buffers.Binary;
using Oort.Checksums;
using Oort.Node.Protocol;
using Oort.Simulation.Network;

namespace Oort.Simulation.Faults;

/// <summary>What a node that lies answers when it is asked for bytes: all of it looks right to the protocol but the last.</summary>
internal sealed class Lies(Random random)
{
    /// <summary>It never says the truth; false: every other time.</summary>
    public bool IsConstant { get; init; }

    private byte[]? earlier;

    /// <summary>Changes an answer, or lets it be.</summary>
    /// <returns>Null: the connection breaks in the middle of it.</returns>
    public byte[]? Tell(ServerCall call, byte[] content)
    {
        if (call.Method != "GET" || call.StatusCode != 200 || call.Target == NodePaths.Status || content.Length <= NodeLimits.CheckSize || (random.Next(2) == 0 && !IsConstant)) return content;
        switch (random.Next(6))
        {
            case 0:
                return Sign(Flip(content[..^NodeLimits.CheckSize]));
            case 1:
                // Fewer bytes than there are.
                return Sign(content[..random.Next(content.Length - NodeLimits.CheckSize)]);
            case 2:
                // Something that it once had under another name.
                var other = earlier ?? content;
                earlier = content;
                return other;
            case 3:
                call.StatusCode = NodeErrors.StatusOf(NodeErrorCode.NotFound);
                call.Headers[NodeHeaders.Error] = NodeErrors.NameOf(NodeErrorCode.NotFound);
                return [];
            case 4:
                return Flip(content);
            default:
                return null;
        }
    }

    private static byte[] Sign(byte[] content)
    {
        var signed = new byte[content.Length + NodeLimits.CheckSize];
        content.CopyTo(signed, 0);
        BinaryPrimitives.WriteUInt64BigEndian(signed.AsSpan(content.Length), Crc64Nvme.Compute(content));
        return signed;
    }

    private byte[] Flip(byte[] content)
    {
        if (content.Length > 0) content[random.Next(content.Length)] ^= (byte)(1 << random.Next(8));
        return content;
    }
}
