using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Oort.Node.Protocol;

/// <summary>What became of a heartbeat; the values are those of the wire.</summary>
public enum HeartbeatOutcome : byte
{
    Taken = 1,

    /// <summary>Of another session, or not newer than the last: send it again with this answer's session.</summary>
    Again = 2,

    /// <summary>Another process with the same key has spoken since.</summary>
    Contested = 3,
}

/// <summary>A gateway's signed answer to one heartbeat (docs/formats/node-membership.md §5).</summary>
/// <param name="Session">Goes into the next heartbeat.</param>
/// <param name="Clock">The gateway's clock, milliseconds since 1970.</param>
/// <param name="IntervalSeconds">Until the next heartbeat, 1 to 3,600.</param>
/// <param name="Message">For the node's log; at most <see cref="MembershipLimits.TextSizeMax"/> bytes, the rest is cut off.</param>
public sealed record HeartbeatAnswer(UInt128 Session, long Clock, HeartbeatOutcome Outcome, MembershipState State, int IntervalSeconds, string Message)
{
    /// <summary>Bytes of the longest answer.</summary>
    public const int SizeMax = MessageOffset + MembershipLimits.TextSizeMax + NodeIdentity.SignatureSize;

    internal const int KeyOffset = 8;
    internal const int SessionOffset = 99;
    internal const int ClockOffset = 115;
    internal const int OutcomeOffset = 123;
    internal const int StateOffset = 124;
    internal const int IntervalOffset = 125;
    internal const int MessageOffset = 127;

    private const int IntervalMax = 3600;

    private static ReadOnlySpan<byte> Magic => "OORTHBA1"u8;

    /// <summary>The answer's bytes, signed by the cluster's key for one heartbeat.</summary>
    public byte[] Sign(NodeIdentity cluster, ReadOnlySpan<byte> heartbeat)
    {
        var text = Encoding.UTF8.GetBytes(Message).AsSpan();
        if (text.Length > MembershipLimits.TextSizeMax)
        {
            var end = MembershipLimits.TextSizeMax;
            // Not in the middle of a character.
            while ((text[end] & 0xc0) == 0x80) end--;
            text = text[..end];
        }

        var bytes = new byte[MessageOffset + text.Length + NodeIdentity.SignatureSize];
        Magic.CopyTo(bytes);
        cluster.PublicKey.CopyTo(bytes.AsSpan(KeyOffset));
        BinaryPrimitives.WriteUInt128BigEndian(bytes.AsSpan(SessionOffset), Session);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(ClockOffset), Clock);
        bytes[OutcomeOffset] = (byte)Outcome;
        bytes[StateOffset] = (byte)State;
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(IntervalOffset), (ushort)Math.Clamp(IntervalSeconds, 1, IntervalMax));
        text.CopyTo(bytes.AsSpan(MessageOffset));
        cluster.Sign(Signed(heartbeat, bytes.AsSpan(0, MessageOffset + text.Length)), bytes.AsSpan(MessageOffset + text.Length));
        return bytes;
    }

    /// <summary>Reads an answer; false when it is none, or not signed by this cluster for this heartbeat.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, NodeId cluster, ReadOnlySpan<byte> heartbeat, [NotNullWhen(true)] out HeartbeatAnswer? answer)
    {
        answer = null;
        if (bytes.Length is < MessageOffset + NodeIdentity.SignatureSize or > SizeMax || !bytes.StartsWith(Magic)) return false;
        var key = bytes.Slice(KeyOffset, NodeIdentity.PublicKeySize);
        var interval = BinaryPrimitives.ReadUInt16BigEndian(bytes[IntervalOffset..]);
        var (outcome, state) = ((HeartbeatOutcome)bytes[OutcomeOffset], (MembershipState)bytes[StateOffset]);
        if (NodeId.OfKey(key) != cluster || interval is 0 or > IntervalMax || !Enum.IsDefined(outcome) || !Enum.IsDefined(state)) return false;
        var content = bytes[..^NodeIdentity.SignatureSize];
        if (!NodeIdentity.Verify(key, Signed(heartbeat, content), bytes[^NodeIdentity.SignatureSize..])) return false;
        answer = new(BinaryPrimitives.ReadUInt128BigEndian(bytes[SessionOffset..]), BinaryPrimitives.ReadInt64BigEndian(bytes[ClockOffset..]), outcome, state, interval, Encoding.UTF8.GetString(content[MessageOffset..]));
        return true;
    }

    private static byte[] Signed(ReadOnlySpan<byte> heartbeat, ReadOnlySpan<byte> content) => [.. SHA256.HashData(heartbeat), .. content];
}
