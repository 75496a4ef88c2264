using Oort.Backends;

namespace Oort.Objects.Tests.World;

/// <summary>Changes what a store holds, behind everyone's back.</summary>
internal static class Damage
{
    /// <summary>Flips one bit of a shard.</summary>
    public static Task FlipAsync(this IStore store, ShardId id, long offset) => ChangeAsync(store, id, bytes => bytes[offset] ^= 0x40);

    /// <summary>Cuts a shard off.</summary>
    public static async Task TruncateAsync(this IStore store, ShardId id, int length)
    {
        var bytes = await ReadAsync(store, id);
        await store.PutAsync(id, bytes.AsMemory(0, length), CancellationToken.None);
    }

    public static async Task<byte[]> ReadAsync(this IStore store, ShardId id)
    {
        var bytes = new byte[(await store.StatAsync(id, CancellationToken.None))!.Value];
        await store.ReadAsync(id, 0, bytes, CancellationToken.None);
        return bytes;
    }

    public static async Task<List<ShardInfo>> ShardsAsync(this IStore store)
    {
        var shards = new List<ShardInfo>();
        await foreach (var shard in store.ListAsync(CancellationToken.None)) shards.Add(shard);
        return shards;
    }

    private static async Task ChangeAsync(IStore store, ShardId id, Action<byte[]> change)
    {
        var bytes = await ReadAsync(store, id);
        change(bytes);
        await store.PutAsync(id, bytes, CancellationToken.None);
    }
}
