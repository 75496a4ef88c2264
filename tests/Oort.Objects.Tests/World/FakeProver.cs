using System.Collections.Immutable;
using System.Security.Cryptography;
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
        var proof = new ShardProof(bytes.Length, SHA256.HashData(bytes), [.. leaves.Select(leaf => (ReadOnlyMemory<byte>)bytes.AsMemory(leaf * LeafSize, Math.Min(LeafSize, bytes.Length - leaf * LeafSize)))]);
        return Change?.Invoke(proof) ?? proof;
    }

    /// <summary>The "receipt" is the shard's hash, which is its "root" too.</summary>
    public async ValueTask<ShardReceipt> SignAsync(ShardId id, CancellationToken cancellationToken)
    {
        var bytes = await store.ReadAsync(id);
        var root = SHA256.HashData(bytes);
        return new(bytes.Length, root, root);
    }

    public ShardReceipt? ReadReceipt(ShardId id, ReadOnlyMemory<byte> signed) => signed.Length == 32 ? new(0, signed, signed) : null;
}
