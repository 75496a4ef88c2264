using Oort.Objects.Budget;

namespace Oort.Objects.Reading;

/// <summary>Reads windows that are not in memory, and the next one while one is waited for or sent.</summary>
/// <remarks>
/// Used by one reader. At most two windows are held at a time: the one that is waited for or sent, and the one ahead. A window is a whole run of stripes only behind the first stripe,
/// while memory is plenty and the client keeps up; otherwise it is what is left of one stripe.
/// </remarks>
internal sealed class WindowReads(DataPath path, CancellationToken cancellationToken) : IAsyncDisposable
{
    private readonly CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
    private Reading? ahead;
    private bool hasRead;

    // The last window that was begun did not come at once: its store must be waited for, so reading ahead is worth its memory.
    private bool waits;

    /// <summary>The next window is being read, and <see cref="TakeAsync"/> must be called for it.</summary>
    public bool HasAhead => ahead is not null;

    /// <summary>The sealed bytes of a window, or of its first part. What comes behind it is begun, if the memory for it is there, before it is waited for: the way to a far store is then gone once for both.</summary>
    /// <param name="window">What comes behind that which was taken last.</param>
    /// <param name="next">The window behind it; null: none.</param>
    /// <param name="isPrompt">The client keeps up.</param>
    /// <param name="wait">How long to wait for memory.</param>
    public async ValueTask<WindowBytes> TakeAsync(ChunkWindow window, ChunkWindow? next, bool isPrompt, TimeSpan wait)
    {
        if (ahead is { } begun)
        {
            ahead = null;
            try
            {
                BeginBehind(begun.Window, window, next, isPrompt);
                return await begun.Bytes;
            }
            catch (OverloadedException)
            {
                // There was no memory to read ahead; there is the wait for it.
                Drop();
            }
        }
        // The first is short, so that the client has its first byte soon.
        var first = Begin(isPrompt && hasRead ? Fit(window) : window.InStripe(0), wait);
        hasRead = true;
        BeginBehind(first.Window, window, next, isPrompt);
        return await first.Bytes;
    }

    /// <summary>Gives up what is read ahead.</summary>
    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        stop.Dispose();
        Drop();
    }

    private void BeginBehind(ChunkWindow taken, ChunkWindow window, ChunkWindow? next, bool isPrompt)
    {
        if (!isPrompt || !waits) return;
        var behind = taken.ChunkCount < window.ChunkCount ? window.After(taken.ChunkCount) : next;
        if (behind is not null) ahead = Begin(Fit(behind), TimeSpan.Zero);
    }

    private Reading Begin(ChunkWindow window, TimeSpan wait)
    {
        var bytes = WindowBytes.ReadAsync(path, window, wait, stop.Token);
        waits = !bytes.IsCompleted;
        return new(window, bytes);
    }

    private ChunkWindow Fit(ChunkWindow window) => path.Buffers.Budget.IsPlenty(window.PayloadEnd - window.PayloadOffset) ? window : window.InStripe(0);

    private void Drop()
    {
        _ = ahead?.Bytes.ContinueWith(static task => { if (task.IsCompletedSuccessfully) task.Result.Dispose(); else _ = task.Exception; }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        ahead = null;
    }

    private sealed record Reading(ChunkWindow Window, Task<WindowBytes> Bytes);
}
