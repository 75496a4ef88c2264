using System.Buffers;
using System.Collections.Concurrent;
using Microsoft.AspNetCore.Connections;

namespace Oort.Node;

/// <summary>Gives the server large pinned blocks: a body then comes in few system calls, and an answer goes in records of full length. In the server's own blocks of 4 KiB each record had no more.</summary>
/// <remarks>Thread-safe. How many blocks a connection can hold is bounded by the server's limits; an idle one holds none.</remarks>
internal sealed class NodeBlocks : MemoryPool<byte>, IMemoryPoolFactory<byte>
{
    /// <summary>Bytes of a block: four records.</summary>
    public const int BlockSize = 64 * 1024;

    /// <summary>Blocks that are kept for the next, 8 MiB; what a crowd leaves beyond is given back.</summary>
    private const int KeptCountMax = 128;

    private readonly ConcurrentStack<byte[]> _kept = new();
    private int _keptCount;

    public override int MaxBufferSize => BlockSize;

    public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => this;

    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, BlockSize);
        if (!_kept.TryPop(out var bytes)) return new Block(this, GC.AllocateUninitializedArray<byte>(BlockSize, pinned: true));
        Interlocked.Decrement(ref _keptCount);
        return new Block(this, bytes);
    }

    /// <summary>Each part of the server disposes what it takes for a pool of its own; this one goes with the process.</summary>
    protected override void Dispose(bool disposing)
    {
    }

    private void Return(byte[] bytes)
    {
        if (Interlocked.Increment(ref _keptCount) <= KeptCountMax) _kept.Push(bytes);
        else Interlocked.Decrement(ref _keptCount);
    }

    private sealed class Block(NodeBlocks pool, byte[] bytes) : IMemoryOwner<byte>
    {
        private byte[]? _bytes = bytes;

        public Memory<byte> Memory => _bytes ?? throw new ObjectDisposedException(nameof(Block));

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _bytes, null) is { } back) pool.Return(back);
        }
    }
}
