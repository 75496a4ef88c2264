namespace Oort.Backends.Arweave.Sending;

/// <summary>Cancels an exchange that stands still, and knows afterwards that it was this and not the caller.</summary>
internal sealed class StallWatch : IDisposable
{
    private readonly CancellationTokenSource stall;
    private readonly CancellationTokenSource both;
    private readonly CancellationToken caller;

    public StallWatch(TimeSpan patience, TimeProvider time, CancellationToken cancellationToken)
    {
        Patience = patience;
        caller = cancellationToken;
        stall = new CancellationTokenSource(patience, time);
        both = CancellationTokenSource.CreateLinkedTokenSource(stall.Token, cancellationToken);
    }

    public TimeSpan Patience { get; }

    public CancellationToken Token => both.Token;

    /// <summary>The exchange stood still, and the caller did not cancel.</summary>
    public bool HasStalled => stall.IsCancellationRequested && !caller.IsCancellationRequested;

    /// <summary>Something moved.</summary>
    public void Restart() => stall.CancelAfter(Patience);

    public void Dispose()
    {
        both.Dispose();
        stall.Dispose();
    }
}
