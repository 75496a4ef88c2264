using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Oort.Node.Protocol;

/// <summary>A gateway's proof to a node that joined (docs/formats/node-membership.md §4).</summary>
/// <param name="PublicKey">The cluster's key.</param>
/// <param name="Nonce">32 random bytes.</param>
/// <param name="Clock">The gateway's clock, milliseconds since 1970.</param>
public sealed record JoinAnswer(ReadOnlyMemory<byte> PublicKey, ReadOnlyMemory<byte> Nonce, long Clock)
{
    /// <summary>Bytes of an answer.</summary>
    public const int Size = ProofOffset + JoinProof.Size;

    internal const int KeyOffset = 8;
    internal const int NonceOffset = 99;
    internal const int ClockOffset = 131;
    internal const int ProofOffset = 139;

    private static ReadOnlySpan<byte> Magic => "OORTJNA1"u8;

    /// <summary>The bytes of an answer to a request.</summary>
    /// <param name="node">The node that asked.</param>
    /// <param name="nodeNonce">The request's nonce.</param>
    public byte[] Encode(ReadOnlySpan<byte> secret, NodeId node, ReadOnlySpan<byte> nodeNonce)
    {
        var bytes = new byte[Size];
        Magic.CopyTo(bytes);
        PublicKey.Span.CopyTo(bytes.AsSpan(KeyOffset, NodeIdentity.PublicKeySize));
        Nonce.Span.CopyTo(bytes.AsSpan(NonceOffset, JoinProof.NonceSize));
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(ClockOffset), Clock);
        JoinProof.OfGateway(secret, node, nodeNonce, bytes.AsSpan(0, ProofOffset)).CopyTo(bytes, ProofOffset);
        return bytes;
    }

    /// <summary>Reads an answer; false when it is none, is of another cluster than the token's, or fits another request.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, JoinToken token, NodeId node, ReadOnlySpan<byte> nodeNonce, [NotNullWhen(true)] out JoinAnswer? answer)
    {
        answer = null;
        if (bytes.Length != Size || !bytes.StartsWith(Magic)) return false;
        var key = bytes.Slice(KeyOffset, NodeIdentity.PublicKeySize);
        if (NodeId.OfKey(key) != token.Cluster) return false;
        if (!CryptographicOperations.FixedTimeEquals(JoinProof.OfGateway(token.Secret.Span, node, nodeNonce, bytes[..ProofOffset]), bytes[ProofOffset..])) return false;
        answer = new(key.ToArray(), bytes.Slice(NonceOffset, JoinProof.NonceSize).ToArray(), BinaryPrimitives.ReadInt64BigEndian(bytes[ClockOffset..]));
        return true;
    }
}
