using Oort.Objects.Budget;

namespace Oort.Objects.Packs;

/// <summary>A sealed small body that waits for its pack. Owns the buffer until the pack has copied it.</summary>
/// <remarks>
/// Who waits for its place goes on in the thread of the flush, one after the other: what follows is to queue a commit, and sixty changes of threads would cost more
/// than the sixty commits. It must not block. (After a failure or a cancellation more may follow: that has a thread of its own.)
/// </remarks>
internal sealed class PackEntry(PooledBuffer content) : IDisposable
{
    private readonly TaskCompletionSource<PackPlace> placed = new();
    private volatile bool isCancelled;

    /// <summary>Its sealed chunks.</summary>
    public ReadOnlyMemory<byte> Content => content.Memory;

    public int Length => content.Size;

    /// <summary>Nobody waits any more: it need not be written.</summary>
    public bool IsCancelled => isCancelled;

    public Task<PackPlace> Placed => placed.Task;

    /// <summary>Lets go of whoever waits. It may be placed all the same; then nobody will commit it.</summary>
    public void Cancel(CancellationToken cancellationToken)
    {
        isCancelled = true;
        placed.TrySetCanceled(cancellationToken);
    }

    public void Complete(PackPlace place)
    {
        if (!placed.TrySetResult(place)) place.Use?.Dispose();
    }

    public void Fail(Exception failure)
    {
        if (!placed.Task.IsCompleted) ThreadPool.UnsafeQueueUserWorkItem(static told => told.Placed.TrySetException(told.Failure), (Placed: placed, Failure: failure), preferLocal: false);
    }

    /// <summary>Gives the buffer back.</summary>
    public void Dispose() => content.Dispose();
}
