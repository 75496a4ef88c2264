using System.Collections.Concurrent;
using Oort.Backends;
using Oort.Objects.Budget;
using Oort.Objects.Reading;

namespace Oort.Objects.Networks;

/// <summary>Reads items on outside networks in aligned blocks, which are kept for a while: a request there costs and takes far longer than its bytes, and who reads one cell of a shard mostly reads the next.</summary>
/// <remarks>
/// Thread-safe. Those who want a block at the same time share one request. Nothing of a block is verified here: who finds that some of it is not what was put says so by
/// <see cref="Doubt"/>, and nothing that the network has given up to then is given again. Without memory for a block, the bytes themselves are asked for.
/// </remarks>
/// <param name="buffers">Its budget is charged for what is kept and for blocks under way.</param>
/// <param name="bytesMax">Bytes to keep at most; less than a block: nothing is read in blocks.</param>
internal sealed class NetworkBlocks(BufferPool buffers, long bytesMax)
{
    /// <summary>Bytes of a block: 16 cells; what IPFS nodes have to send at least. From a cloud it takes some 10 ms longer than a cell, and a single cell of it costs 16 times the bytes.</summary>
    public const int BlockSize = 1024 * 1024;

    /// <summary>Blocks of one read at most: reads that take more are long enough by themselves.</summary>
    private const int BlockCountMax = 4;

    private readonly SharedReads<BlockName> reads = new();
    private readonly KeptBytes<BlockName> kept = new(buffers, bytesMax);

    /// <summary>Of each network how often it was doubted. One entry a network.</summary>
    private readonly ConcurrentDictionary<StoreId, int> doubts = new();

    /// <summary>Reads a part of an item.</summary>
    /// <param name="length">The item's.</param>
    /// <param name="destination">The part lies within the item.</param>
    /// <param name="read">Asks the network: offset in the item, where to, and a token that is cancelled when nobody waits any more.</param>
    /// <returns>Bytes read: fewer than asked for when the network gave fewer.</returns>
    public async ValueTask<int> ReadAsync(StoreId network, ItemId item, long length, long offset, Memory<byte> destination, Func<long, Memory<byte>, CancellationToken, ValueTask<int>> read, CancellationToken cancellationToken)
    {
        var (first, last) = (offset / BlockSize, (offset + destination.Length - 1) / BlockSize);
        if (bytesMax < BlockSize || last - first >= BlockCountMax) return await read(offset, destination, cancellationToken);
        var doubt = doubts.GetValueOrDefault(network);
        var blocks = new Task<StripeBytes>[last - first + 1];
        for (var i = 0; i < blocks.Length; i++) blocks[i] = TakeAsync(new(network, item, doubt, first + i), length, read, cancellationToken);
        try
        {
            await Task.WhenAll(blocks);
            for (var i = 0; i < blocks.Length; i++)
            {
                var begin = (first + i) * BlockSize;
                var (from, to) = (Math.Max(offset, begin), Math.Min(offset + destination.Length, begin + BlockSize));
                (await blocks[i]).Payload[(int)(from - begin)..(int)(to - begin)].CopyTo(destination[(int)(from - offset)..]);
            }

            return destination.Length;
        }
        catch (OverloadedException)
        {
            return await read(offset, destination, cancellationToken);
        }
        finally
        {
            foreach (var block in blocks)
                if (block.IsCompletedSuccessfully) block.Result.Dispose();
        }
    }

    /// <summary>Nothing that the network has given so far is given again.</summary>
    public void Doubt(StoreId network)
    {
        doubts.AddOrUpdate(network, 1, static (_, count) => count + 1);
        kept.Drop(block => block.Network == network);
    }

    /// <exception cref="OverloadedException">There is no memory for a block now.</exception>
    private Task<StripeBytes> TakeAsync(BlockName name, long length, Func<long, Memory<byte>, CancellationToken, ValueTask<int>> read, CancellationToken cancellationToken)
    {
        if (kept.TryLend(name, out var lent)) return Task.FromResult(lent);
        var offset = name.Number * BlockSize;
        var size = (int)Math.Min(BlockSize, length - offset);
        return reads.ReadAsync(name, TimeSpan.Zero, ReadBlockAsync, (bytes, _) =>
        {
            if (doubts.GetValueOrDefault(name.Network) == name.Doubt) kept.Keep(name, bytes.Span);
        }, cancellationToken);

        async ValueTask<StripeBytes> ReadBlockAsync(CancellationToken stop)
        {
            if (!buffers.TryRent(size, out var buffer)) throw new OverloadedException($"No {size} bytes of buffers are free.");
            try
            {
                var count = await read(offset, buffer.Memory, stop);
                if (count != size) throw new BackendException(BackendErrorKind.Corrupt, $"The network gave {count} bytes where {size} were asked for.");
                return StripeBytes.Of(buffer);
            }
            catch
            {
                buffer.Dispose();
                throw;
            }
        }
    }

    /// <param name="Doubt">How often the network was doubted before it was asked.</param>
    /// <param name="Number">Within the item.</param>
    private readonly record struct BlockName(StoreId Network, ItemId Item, int Doubt, long Number);
}
