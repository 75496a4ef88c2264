using System.Collections.Immutable;
using System.Security.Cryptography;
using Oort.Node.Protocol;

namespace Oort.Backends.Node;

/// <content>Proofs of possession.</content>
public sealed partial class NodeStore : IShardProver
{
    IShardProver? IStore.Prover => this;

    int IShardProver.LeafSize => MerkleTree.LeafSize;

    /// <inheritdoc/>
    public async ValueTask<ShardProof> ProveAsync(ShardId id, ImmutableArray<int> leaves, CancellationToken cancellationToken)
    {
        ThrowIfDisposed();
        var answer = await ChallengeAsync(new Challenge(NameOf(id), RandomNumberGenerator.GetBytes(Challenge.NonceSize), leaves), cancellationToken);
        return new(answer.Length, answer.Root, [.. answer.Leaves.Select(leaf => leaf.Content)]);
    }

    /// <inheritdoc/>
    public async ValueTask<ShardReceipt> SignAsync(ShardId id, CancellationToken cancellationToken)
    {
        ThrowIfDisposed();
        return await _client.SendAsync(HttpMethod.Get, NodePaths.ReceiptOf(NameOf(id)), null, async response =>
            ReadReceipt(id, await response.ReadCheckedAsync(StorageReceipt.Size)) ?? throw response.Wrong("the receipt is not signed by this node for this shard and store"), cancellationToken);
    }

    /// <inheritdoc/>
    public ShardReceipt? ReadReceipt(ShardId id, ReadOnlyMemory<byte> signed) =>
        StorageReceipt.TryRead(signed.Span, out var receipt) && receipt.Node == _client.Address.Id && receipt.Shard == NameOf(id) && receipt.Store == Id.Value
            ? new(receipt.Length, receipt.Root, signed)
            : null;
}
