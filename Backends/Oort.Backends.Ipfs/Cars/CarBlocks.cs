namespace Oort.Backends.Ipfs;

/// <summary>The blocks of a CAR for who walks its tree in the order in which they come (order=dfs). Not thread-safe.</summary>
/// <remarks>Blocks that come before they are wanted are held, up to a limit, and then the oldest forgotten: a gateway may send more than was asked for.</remarks>
internal sealed class CarBlocks(CarReader reader, string place) : IBlockSource
{
    /// <summary>Bytes held: eight leaves of the longest kind.</summary>
    private const long HeldSizeMax = 8L * Blocks.SizeMax;

    /// <summary>Blocks held, however short.</summary>
    private const int HeldCountMax = 4096;

    private readonly LinkedList<(Cid Cid, ReadOnlyMemory<byte> Block)> held = [];
    private long heldSize;

    public async ValueTask<ReadOnlyMemory<byte>> GetAsync(Cid cid, CancellationToken cancellationToken)
    {
        for (var entry = held.First; entry is not null; entry = entry.Next)
        {
            // It stays: the same block may be wanted again, and with dups=n comes once.
            if (entry.Value.Cid == cid) return entry.Value.Block;
        }

        while (await reader.NextAsync(cancellationToken) is { } next)
        {
            Hold(next);
            if (next.Cid == cid) return next.Block;
        }

        // A gateway that loses a block has begun with 200 already; all that it can do is to stop (trustless gateway specification, CAR responses).
        throw new BackendException(BackendErrorKind.Transient, $"The CAR from {place} ended without block {cid}.");
    }

    private void Hold((Cid Cid, ReadOnlyMemory<byte> Block) next)
    {
        held.AddLast(next);
        heldSize += next.Block.Length;
        while (held.Count > 1 && (heldSize > HeldSizeMax || held.Count > HeldCountMax))
        {
            heldSize -= held.First!.Value.Block.Length;
            held.RemoveFirst();
        }
    }
}
