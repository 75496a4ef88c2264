using Oort.Objects.Budget;

namespace Oort.Objects.Reading;

/// <summary>Reads windows that are not in memory, and the next one while one is sent.</summary>
/// <remarks>Used by one reader. At most two windows are held at a time: the one that is sent, and the one ahead.</remarks>
internal sealed class WindowReads(DataPath path, CancellationToken cancellationToken) : IAsyncDisposable
{
    private readonly CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
    private Task<WindowBytes>? ahead;

    /// <summary>The next window is being read, and <see cref="TakeAsync"/> must be called for it.</summary>
    public bool HasAhead => ahead is not null;

    /// <summary>The last window that was begun did not come at once: its store must be waited for, so reading ahead is worth its memory.</summary>
    public bool Waits { get; private set; }

    /// <summary>Begins to read the next window, if the memory for it is there.</summary>
    public void Begin(ChunkWindow next)
    {
        ahead = WindowBytes.ReadAsync(path, next, TimeSpan.Zero, stop.Token);
        Waits = !ahead.IsCompleted;
    }

    /// <summary>The sealed bytes of a window; those that are read ahead, if any are.</summary>
    /// <param name="wait">How long to wait for memory.</param>
    public async ValueTask<WindowBytes> TakeAsync(ChunkWindow window, TimeSpan wait)
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
        read = WindowBytes.ReadAsync(path, window, wait, stop.Token);
        Waits = !read.IsCompleted;
        return await read;
    }

    /// <summary>Gives up what is read ahead.</summary>
    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        stop.Dispose();
        _ = ahead?.ContinueWith(static task => { if (task.IsCompletedSuccessfully) task.Result.Dispose(); else _ = task.Exception; }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }
}
