namespace Oort.Backends.Filecoin;

/// <summary>Ends a request that gets no further.</summary>
internal sealed class StallWatch : IDisposable
{
    private readonly CancellationTokenSource stalled;
    private readonly CancellationTokenSource either;
    private readonly CancellationToken cancelled;
    private TimeSpan patience;

    public StallWatch(TimeSpan patience, TimeProvider time, CancellationToken cancellationToken)
    {
        this.patience = patience;
        cancelled = cancellationToken;
        stalled = new(patience, time);
        either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, stalled.Token);
    }

    public CancellationToken Token => either.Token;

    /// <summary>It got further, and has so long until it does again.</summary>
    public void Restart(TimeSpan until)
    {
        patience = until;
        stalled.CancelAfter(until);
    }

    /// <summary>Runs a part of a request; what goes wrong on the way comes out as <see cref="BackendException"/>.</summary>
    /// <param name="upload">What is sent, if it may fail by itself.</param>
    public async Task<T> RunAsync<T>(Func<Task<T>> part, string call, PdpUploadContent? upload = null)
    {
        try
        {
            return await part();
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
        {
            cancelled.ThrowIfCancellationRequested();
            if (upload?.SourceFailure is { } source) throw new BackendException(source.Kind, source.Message, e);
            var what = stalled.IsCancellationRequested ? $"got no further for {patience.TotalSeconds} seconds" : $"failed: {e.Message}";
            throw new BackendException(BackendErrorKind.Transient, $"{call} {what.TrimEnd('.')}. It is tried again by itself.", e);
        }
    }

    public void Dispose()
    {
        either.Dispose();
        stalled.Dispose();
    }
}
