using System.Collections.Immutable;

namespace Oort.Backends;

/// <summary>What a store signed about a shard that it was asked to prove.</summary>
/// <param name="Length">The shard's length in bytes, as the store has it.</param>
/// <param name="Root">Merkle root over all of it, 32 bytes; the leaves below lead to it.</param>
/// <param name="Leaves">The leaves that were asked for, in that order: <see cref="IShardProver.LeafSize"/> bytes each, of the shard's last leaf perhaps fewer.</param>
public sealed record ShardProof(long Length, ReadOnlyMemory<byte> Root, ImmutableArray<ReadOnlyMemory<byte>> Leaves);

/// <summary>What a store has signed that it holds of a shard: others can check it, too.</summary>
/// <param name="Length">The shard's length in bytes.</param>
/// <param name="Root">Merkle root over all of it, 32 bytes, made by the store.</param>
/// <param name="Signed">The receipt itself.</param>
public sealed record ShardReceipt(long Length, ReadOnlyMemory<byte> Root, ReadOnlyMemory<byte> Signed);

/// <summary>A store that can show that it holds a shard without sending it: a storage node.</summary>
public interface IShardProver
{
    /// <summary>Bytes of a leaf.</summary>
    int LeafSize { get; }

    /// <summary>Has the store open leaves of a shard. It must read all of the shard for that.</summary>
    /// <param name="leaves">0-based, ascending, each once; at most 64.</param>
    /// <returns>Checked: signed by the store for this question, each leaf in its place under the root. Whether they are the right bytes is for the caller to say.</returns>
    /// <exception cref="BackendException">NotFound: it does not have the shard. Corrupt: it answered something that is no proof.</exception>
    ValueTask<ShardProof> ProveAsync(ShardId id, ImmutableArray<int> leaves, CancellationToken cancellationToken);

    /// <summary>Has the store sign what it holds of a shard now.</summary>
    /// <exception cref="BackendException">As above.</exception>
    ValueTask<ShardReceipt> SignAsync(ShardId id, CancellationToken cancellationToken);

    /// <summary>Reads a receipt that was kept; null when this store has not signed it for this shard.</summary>
    ShardReceipt? ReadReceipt(ShardId id, ReadOnlyMemory<byte> signed);
}
