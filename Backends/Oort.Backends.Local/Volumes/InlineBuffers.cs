using System.Diagnostics.CodeAnalysis;

namespace Oort.Backends.Local;

/// <summary>Memory in which short shards are collected, of one size, and never more than <see cref="CountMax"/> of them: the gateway's budget knows nothing of it.</summary>
/// <remarks>Thread-safe. Made as they are needed, and kept: fresh memory costs more than what is done in it.</remarks>
internal sealed class InlineBuffers(int size)
{
    /// <summary>At most 4 MiB a store with buffers of 512 KiB: a full group. Shards that come when all are in use get extents instead, which take no memory.</summary>
    public const int CountMax = 8;

    private readonly Lock _lock = new();
    private readonly Stack<byte[]> _spare = new();
    private int _count;

    /// <summary>Gives one, unless all are in use.</summary>
    public bool TryRent([NotNullWhen(true)] out byte[]? buffer)
    {
        lock (_lock)
        {
            if (_spare.TryPop(out buffer))
                return true;
            if (_count == CountMax)
                return false;
            _count++;
        }

        buffer = GC.AllocateUninitializedArray<byte>(size);
        return true;
    }

    /// <summary>Takes back a buffer that nobody uses any more. What is in it is ciphertext.</summary>
    public void Return(byte[] buffer)
    {
        lock (_lock)
            _spare.Push(buffer);
    }
}
