namespace Oort.Backends.Ipfs;

/// <summary>Where blocks come from.</summary>
internal interface IBlockSource
{
    /// <summary>A block whose hash was checked.</summary>
    /// <exception cref="BackendException">NotFound: it is not there. Corrupt: other bytes came for it.</exception>
    ValueTask<ReadOnlyMemory<byte>> GetAsync(Cid cid, CancellationToken cancellationToken);
}

/// <summary>What a block may be.</summary>
internal static class Blocks
{
    /// <summary>The longest that nodes exchange (Kubo: "produced block is over 2MiB").</summary>
    public const int SizeMax = 2 << 20;

    /// <exception cref="BackendException">Corrupt: these are not the bytes that the name is of.</exception>
    public static void Check(Cid cid, ReadOnlySpan<byte> block, string place)
    {
        if (!cid.Names(block)) throw new BackendException(BackendErrorKind.Corrupt, $"{place} gave {block.Length} bytes for block {cid} that have another hash.");
    }
}
