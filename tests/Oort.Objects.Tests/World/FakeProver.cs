using System.Collections.Immutable;
using Oort.Backends;

namespace Oort.Objects.Tests.World;

/// <summary>Proves what a store holds, as a node does; or what a test makes of it.</summary>
internal sealed class FakeProver(IStore store) : IShardProver
{
    public int LeafSize => 1_024;

    /// <summary>Questions so far.</summary>
    public int Count { get; private set; }

    /// <summary>Changes an answer; null: it is honest.</summary>
    public Func<ShardProof, ShardProof>? Change { get; set; }

    public async ValueTask<ShardProof> ProveAsync(ShardId id, ImmutableArray<int> leaves, CancellationToken cancellationToken)
    {
        Count++;
        if (await store.StatAsync(id, cancellationToken) is null) throw new BackendException(BackendErrorKind.NotFound, "There is no such shard.");
        var bytes = await store.ReadAsync(id);
        var proof = new ShardProof(bytes.Length, new byte[32], [.. leaves.Select(leaf => (ReadOnlyMemory<byte>)bytes.AsMemory(leaf * LeafSize, Math.Min(LeafSize, bytes.Length - leaf * LeafSize)))]);
        return Change?.Invoke(proof) ?? proof;
    }
}
