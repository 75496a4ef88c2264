using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Oort.Node.Protocol;

/// <summary>A node's wish to join, proven with the token's secret and its own key (docs/formats/node-membership.md §4).</summary>
/// <remarks>Reading checks the node's signature; the proof is checked when the gateway knows which secret the token has.</remarks>
public sealed class JoinRequest
{
    internal const int TokenOffset = 8;
    internal const int KeyOffset = 24;
    internal const int ClusterOffset = 115;
    internal const int NonceOffset = 147;
    internal const int DetailsOffset = 179;

    private readonly byte[] _bytes;

    private JoinRequest(byte[] bytes, NodeDetails details)
    {
        _bytes = bytes;
        Details = details;
    }

    private static ReadOnlySpan<byte> Magic => "OORTJNQ1"u8;

    public UInt128 Token => BinaryPrimitives.ReadUInt128BigEndian(_bytes.AsSpan(TokenOffset));

    public NodeId Node => NodeId.OfKey(PublicKey);

    public ReadOnlySpan<byte> PublicKey => _bytes.AsSpan(KeyOffset, NodeIdentity.PublicKeySize);

    /// <summary>The cluster that the node means.</summary>
    public NodeId Cluster => NodeId.Read(_bytes.AsSpan(ClusterOffset));

    public ReadOnlySpan<byte> Nonce => _bytes.AsSpan(NonceOffset, JoinProof.NonceSize);

    public NodeDetails Details { get; }

    /// <summary>The bytes that are sent.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>A request that this node makes.</summary>
    /// <param name="nonce">32 random bytes, new for each request.</param>
    /// <exception cref="ArgumentException">The details are not as they must be, or too long.</exception>
    public static JoinRequest Create(NodeIdentity node, JoinToken token, NodeDetails details, ReadOnlySpan<byte> nonce)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(nonce.Length, JoinProof.NonceSize);
        if (details.Fault() is { } fault) throw new ArgumentException(fault, nameof(details));
        var json = details.Encode();
        var proofOffset = DetailsOffset + json.Length;
        var bytes = new byte[proofOffset + JoinProof.Size + NodeIdentity.SignatureSize];
        if (bytes.Length > MembershipLimits.MessageSizeMax) throw new ArgumentException("The details are too long.", nameof(details));
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt128BigEndian(bytes.AsSpan(TokenOffset), token.Id);
        node.PublicKey.CopyTo(bytes.AsSpan(KeyOffset));
        token.Cluster.Write(bytes.AsSpan(ClusterOffset));
        nonce.CopyTo(bytes.AsSpan(NonceOffset));
        json.CopyTo(bytes, DetailsOffset);
        JoinProof.OfNode(token.Secret.Span, bytes.AsSpan(0, proofOffset)).CopyTo(bytes, proofOffset);
        node.Sign(bytes.AsSpan(0, bytes.Length - NodeIdentity.SignatureSize), bytes.AsSpan(bytes.Length - NodeIdentity.SignatureSize));
        return new(bytes, details);
    }

    /// <summary>Reads a request and checks its signature.</summary>
    /// <param name="isSigned">False: it has the right form, and its key did not sign it.</param>
    public static bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out JoinRequest? request, out bool isSigned)
    {
        (request, isSigned) = (null, true);
        const int tail = JoinProof.Size + NodeIdentity.SignatureSize;
        if (bytes.Length is < DetailsOffset + tail or > MembershipLimits.MessageSizeMax || !bytes.StartsWith(Magic)) return false;
        if (!NodeDetails.TryRead(bytes[DetailsOffset..^tail], out var details)) return false;
        isSigned = NodeIdentity.Verify(bytes.Slice(KeyOffset, NodeIdentity.PublicKeySize), bytes[..^NodeIdentity.SignatureSize], bytes[^NodeIdentity.SignatureSize..]);
        if (!isSigned) return false;
        request = new(bytes.ToArray(), details);
        return true;
    }

    /// <summary>Whether whoever made this has the token's secret.</summary>
    public bool IsProven(ReadOnlySpan<byte> secret)
    {
        var proofOffset = _bytes.Length - JoinProof.Size - NodeIdentity.SignatureSize;
        return CryptographicOperations.FixedTimeEquals(JoinProof.OfNode(secret, _bytes.AsSpan(0, proofOffset)), _bytes.AsSpan(proofOffset, JoinProof.Size));
    }
}
