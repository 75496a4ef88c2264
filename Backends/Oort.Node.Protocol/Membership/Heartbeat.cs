using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace Oort.Node.Protocol;

/// <summary>A node's signed word that it lives, and how (docs/formats/node-membership.md §5).</summary>
/// <param name="Cluster">The cluster that is meant: what is said to one is nothing to another.</param>
/// <param name="PublicKey">The node's key.</param>
/// <param name="Session">The gateway's, from its last answer; 0 when it is not known.</param>
/// <param name="Counter">Ascends in a process.</param>
/// <param name="Instance">Random, one for each start of the node.</param>
/// <param name="Time">The node's clock, milliseconds since 1970.</param>
public sealed record Heartbeat(NodeId Cluster, ReadOnlyMemory<byte> PublicKey, UInt128 Session, ulong Counter, UInt128 Instance, long Time, NodeReport Report)
{
    internal const int ClusterOffset = 8;
    internal const int KeyOffset = 40;
    internal const int SessionOffset = 131;
    internal const int CounterOffset = 147;
    internal const int InstanceOffset = 155;
    internal const int TimeOffset = 171;
    internal const int ReportOffset = 179;

    private static ReadOnlySpan<byte> Magic => "OORTHBT1"u8;

    public NodeId Node => NodeId.OfKey(PublicKey.Span);

    /// <summary>The bytes of a heartbeat, signed; <see cref="PublicKey"/> is the signer's.</summary>
    /// <exception cref="ArgumentException">The report is too long.</exception>
    public byte[] Sign(NodeIdentity node)
    {
        var json = Report.Encode();
        var signatureOffset = ReportOffset + json.Length;
        if (signatureOffset + NodeIdentity.SignatureSize > MembershipLimits.MessageSizeMax) throw new ArgumentException("The report is too long.");
        var bytes = new byte[signatureOffset + NodeIdentity.SignatureSize];
        Magic.CopyTo(bytes);
        Cluster.Write(bytes.AsSpan(ClusterOffset));
        node.PublicKey.CopyTo(bytes.AsSpan(KeyOffset));
        BinaryPrimitives.WriteUInt128BigEndian(bytes.AsSpan(SessionOffset), Session);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(CounterOffset), Counter);
        BinaryPrimitives.WriteUInt128BigEndian(bytes.AsSpan(InstanceOffset), Instance);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(TimeOffset), Time);
        json.CopyTo(bytes, ReportOffset);
        node.Sign(bytes.AsSpan(0, signatureOffset), bytes.AsSpan(signatureOffset));
        return bytes;
    }

    /// <summary>Reads a heartbeat without checking its signature, which costs more than looking whether the node is known.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out Heartbeat? heartbeat)
    {
        heartbeat = null;
        if (bytes.Length is < ReportOffset + NodeIdentity.SignatureSize or > MembershipLimits.MessageSizeMax || !bytes.StartsWith(Magic)) return false;
        var time = BinaryPrimitives.ReadInt64BigEndian(bytes[TimeOffset..]);
        if (time < 0 || !NodeReport.TryRead(bytes[ReportOffset..^NodeIdentity.SignatureSize], out var report)) return false;
        heartbeat = new(NodeId.Read(bytes[ClusterOffset..]), bytes.Slice(KeyOffset, NodeIdentity.PublicKeySize).ToArray(), BinaryPrimitives.ReadUInt128BigEndian(bytes[SessionOffset..]),
            BinaryPrimitives.ReadUInt64BigEndian(bytes[CounterOffset..]), BinaryPrimitives.ReadUInt128BigEndian(bytes[InstanceOffset..]), time, report);
        return true;
    }

    /// <summary>Whether a key signed the bytes of a heartbeat.</summary>
    public static bool IsSigned(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> publicKey) =>
        NodeIdentity.Verify(publicKey, bytes[..^NodeIdentity.SignatureSize], bytes[^NodeIdentity.SignatureSize..]);
}
