using System.Security.Cryptography;

namespace Oort.Backends.Ipfs.Tests.Support;

/// <summary>Items, and the loop that takes their steps and stores them.</summary>
internal static class Items
{
    public static NetworkItem Of(byte[] bytes, int id = 7) => new() { Id = new((UInt128)id), Length = bytes.Length, Sha256 = SHA256.HashData(bytes) };

    /// <summary>Takes steps until the item is in a state; each is taken twice, as after a crash before it was stored.</summary>
    public static async Task<NetworkItem> UntilAsync(this INetworkBackend backend, NetworkItem item, byte[] bytes, ItemState end, HangingTime time)
    {
        for (var i = 0; i < 30; i++)
        {
            if (item.State == end) return item;
            time.TurnTo(item.NextStep);
            item = await backend.StoredAsync(item, bytes);
        }

        throw new InvalidOperationException($"The item is {item.State} after 30 steps, and not {end}.");
    }

    /// <summary>One step taken twice, and checked as who stores it does.</summary>
    public static async Task<NetworkItem> StoredAsync(this INetworkBackend backend, NetworkItem item, byte[] bytes)
    {
        item = ItemStates.Resumed(item);
        await backend.StepAsync(item, new ArraySource(bytes), CancellationToken.None);
        return ItemStates.Worked(item, await backend.StepAsync(item, new ArraySource(bytes), CancellationToken.None));
    }

    public static Task<BackendException> FailsAsync(this INetworkBackend backend, NetworkItem item, byte[] bytes) =>
        Should.ThrowAsync<BackendException>(async () => await backend.StepAsync(item, new ArraySource(bytes), CancellationToken.None));

    public static async Task<byte[]> ReadAsync(this INetworkBackend backend, NetworkItem item, long offset, int count)
    {
        var bytes = new byte[count];
        return bytes[..await backend.ReadAsync(item.Receipt!, offset, bytes, CancellationToken.None)];
    }
}
