using System.Buffers;
using System.Security.Cryptography;

namespace Oort.Objects.Budget;

/// <summary>A rented buffer. Its share of the budget goes back when it is disposed, exactly once.</summary>
public sealed class PooledBuffer : IMemoryOwner<byte>
{
    private readonly BufferPool pool;
    private readonly Memory<byte> rented;
    private BufferCharge charge;
    private bool isReturned;

    internal PooledBuffer(BufferPool pool, Memory<byte> rented, int size, BufferCharge charge)
    {
        this.pool = pool;
        this.rented = rented;
        this.charge = charge;
        Size = size;
    }

    /// <summary>Bytes that were asked for.</summary>
    public int Size { get; }

    public Memory<byte> Memory => Rented[..Size];

    public Span<byte> Span => Memory.Span;

    private Memory<byte> Rented => !Volatile.Read(ref isReturned) ? rented : throw new ObjectDisposedException(nameof(PooledBuffer));

    /// <summary>Overwrites everything: for buffers that may still hold plaintext.</summary>
    public void Clear() => CryptographicOperations.ZeroMemory(Span);

    /// <summary>Counts a buffer that was rented out of a reserved share against the whole budget from now on, even over its capacity: then others wait.</summary>
    internal void Charge()
    {
        if (charge != BufferCharge.None) return;
        pool.Budget.AcquireOver(Rented.Length);
        charge = BufferCharge.Request;
    }

    /// <summary>Gives the buffer back when <paramref name="users"/> has ended, however it ends: a store that hangs may touch it until then.</summary>
    public void DisposeAfter(Task users)
    {
        if (users.IsCompleted) Dispose();
        else _ = users.ContinueWith(static (_, self) => ((PooledBuffer)self!).Dispose(), this, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    public void Dispose()
    {
        if (!Interlocked.Exchange(ref isReturned, true)) pool.Return(rented, charge);
    }
}
