namespace Oort.Backends.Ipfs.Tests.Support;

/// <summary>Blocks in memory, by the naive names.</summary>
internal sealed class MemoryBlocks(IReadOnlyDictionary<string, byte[]> blocks) : IBlockSource
{
    public List<Cid> Asked { get; } = [];

    public ValueTask<ReadOnlyMemory<byte>> GetAsync(Cid cid, CancellationToken cancellationToken)
    {
        Asked.Add(cid);
        if (!blocks.TryGetValue(Convert.ToHexStringLower(cid.ToBytes()), out var block)) throw new BackendException(BackendErrorKind.NotFound, $"{cid} is not there.");
        Blocks.Check(cid, block, "memory");
        return ValueTask.FromResult<ReadOnlyMemory<byte>>(block);
    }
}
