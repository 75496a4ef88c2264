using System.Buffers;
using Microsoft.AspNetCore.Connections;
using Oort.Objects.Budget;

namespace Oort.Gateway;

/// <summary>Gives Kestrel large pinned blocks, so that a body arrives in few system calls: 64 KiB blocks take a third of the CPU of Kestrel's own 4 KiB.</summary>
internal sealed class BlockPoolFactory(BufferPool buffers) : IMemoryPoolFactory<byte>
{
    public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => new BlockPool(buffers);
}

/// <summary>Blocks of one size out of the buffers of the whole process.</summary>
/// <remarks>
/// Kestrel cannot be made to wait for a block, so it gets them over the budget: what connections hold, objects wait for. A connection's own limits
/// (<see cref="ConnectionBuffers"/>) bound how much that is.
/// </remarks>
internal sealed class BlockPool(BufferPool buffers) : MemoryPool<byte>
{
    /// <summary>Bytes of a block: beyond 64 KiB a connection gains little and an idle one costs more.</summary>
    public const int BlockSize = 64 * 1024;

    public override int MaxBufferSize => BlockSize;

    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, BlockSize);
        return buffers.RentForConnection(BlockSize);
    }

    /// <summary>The buffers are the process's; nothing of them is this pool's own.</summary>
    protected override void Dispose(bool disposing)
    {
    }
}
