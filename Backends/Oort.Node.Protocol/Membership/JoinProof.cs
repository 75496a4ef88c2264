using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Oort.Node.Protocol;

/// <summary>The HMACs of a join (docs/formats/node-membership.md §2 and §4).</summary>
public static class JoinProof
{
    /// <summary>Bytes of a proof.</summary>
    public const int Size = 32;

    /// <summary>Bytes of the nonces of both sides.</summary>
    public const int NonceSize = 32;

    /// <summary>The secret of a token: who has the cluster's token key can always say it again, so that nobody has to keep it.</summary>
    /// <param name="tokenKey">32 secret bytes.</param>
    public static byte[] SecretOf(ReadOnlySpan<byte> tokenKey, UInt128 token, NodeId cluster)
    {
        Span<byte> named = stackalloc byte[16 + NodeId.Size];
        BinaryPrimitives.WriteUInt128BigEndian(named, token);
        cluster.Write(named[16..]);
        return HMACSHA256.HashData(tokenKey, named);
    }

    internal static byte[] OfNode(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> message) => Compute(secret, "oort join node v1\0"u8, message, []);

    internal static byte[] OfGateway(ReadOnlySpan<byte> secret, NodeId node, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> message)
    {
        Span<byte> asked = stackalloc byte[NodeId.Size + NonceSize];
        node.Write(asked);
        nonce.CopyTo(asked[NodeId.Size..]);
        return Compute(secret, "oort join gateway v1\0"u8, asked, message);
    }

    private static byte[] Compute(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> label, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, secret);
        hmac.AppendData(label);
        hmac.AppendData(first);
        hmac.AppendData(second);
        return hmac.GetHashAndReset();
    }
}
