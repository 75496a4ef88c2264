using Oort.Objects.Budget;

namespace Oort.Objects.Packs;

/// <summary>A sealed small body that waits for its pack. Owns the buffer until the pack has copied it.</summary>
internal sealed class PackEntry(PooledBuffer content) : IDisposable
{
    private readonly TaskCompletionSource<PackPlace> placed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool isCancelled;

    /// <summary>Its sealed chunks.</summary>
    public ReadOnlyMemory<byte> Content => content.Memory;

    public int Length => content.Size;

    /// <summary>Nobody waits any more: it need not be written.</summary>
    public bool IsCancelled => isCancelled;

    public Task<PackPlace> Placed => placed.Task;

    public void Cancel() => isCancelled = true;

    public void Complete(PackPlace place) => placed.TrySetResult(place);

    public void Fail(Exception failure)
    {
        // Whoever was cancelled does not look at it.
        if (placed.TrySetException(failure)) _ = placed.Task.Exception;
    }

    /// <summary>Gives the buffer back.</summary>
    public void Dispose() => content.Dispose();
}
