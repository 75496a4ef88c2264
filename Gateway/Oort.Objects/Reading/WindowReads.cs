using Oort.Objects.Budget;

namespace Oort.Objects.Reading;

/// <summary>Reads windows that are not in memory, and the next one while one is sent.</summary>
/// <remarks>Used by one reader. At most two windows are held at a time: the one that is sent, and the one ahead. A window is a whole run of stripes only behind the first stripe, while memory is plenty and the client keeps up; otherwise it is what is left of one stripe.</remarks>
internal sealed class WindowReads(DataPath path, CancellationToken cancellationToken) : IAsyncDisposable
{
    private readonly CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
    private Task<WindowBytes>? ahead;
    private bool hasRead;

    /// <summary>The next window is being read, and <see cref="TakeAsync"/> must be called for it.</summary>
    public bool HasAhead => ahead is not null;

    /// <summary>The last window that was begun did not come at once: its store must be waited for, so reading ahead is worth its memory.</summary>
    public bool Waits { get; private set; }

    /// <summary>Begins to read the next window, if the memory for it is there.</summary>
    /// <param name="next">What comes behind the window that was taken last; <see cref="TakeAsync"/> may then give the first part of it only.</param>
    public void Begin(ChunkWindow next)
    {
        ahead = WindowBytes.ReadAsync(path, Fit(next), TimeSpan.Zero, stop.Token);
        Waits = !ahead.IsCompleted;
    }

    /// <summary>The sealed bytes of a window, or of its first part; those that are read ahead, if any are.</summary>
    /// <param name="isPrompt">The client keeps up.</param>
    /// <param name="wait">How long to wait for memory.</param>
    public async ValueTask<WindowBytes> TakeAsync(ChunkWindow window, bool isPrompt, TimeSpan wait)
    {
        var read = ahead;
        ahead = null;
        try
        {
            if (read is not null) return await read;
        }
        catch (OverloadedException)
        {
            // There was no memory to read ahead; there is the wait for it.
        }
        // The first is short, so that the client has its first byte soon, and what follows is read meanwhile.
        read = WindowBytes.ReadAsync(path, isPrompt && hasRead ? Fit(window) : window.InStripe(0), wait, stop.Token);
        hasRead = true;
        Waits = !read.IsCompleted;
        return await read;
    }

    private ChunkWindow Fit(ChunkWindow window) => path.Buffers.Budget.IsPlenty(window.PayloadEnd - window.PayloadOffset) ? window : window.InStripe(0);

    /// <summary>Gives up what is read ahead.</summary>
    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        stop.Dispose();
        _ = ahead?.ContinueWith(static task => { if (task.IsCompletedSuccessfully) task.Result.Dispose(); else _ = task.Exception; }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }
}
