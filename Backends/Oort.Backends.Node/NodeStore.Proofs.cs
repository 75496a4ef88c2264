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
}
