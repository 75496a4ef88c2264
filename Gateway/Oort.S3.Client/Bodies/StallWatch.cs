namespace Oort.S3.Client;

/// <summary>Cancels an exchange that stands still, and knows afterwards that it was this and not the caller.</summary>
internal sealed class StallWatch : IDisposable
{
    private readonly CancellationTokenSource stall;
    private readonly CancellationTokenSource both;
    private readonly TimeSpan patience;
    private readonly CancellationToken caller;

    public StallWatch(TimeSpan patience, TimeProvider time, CancellationToken cancellationToken)
    {
        this.patience = patience;
        caller = cancellationToken;
        stall = new CancellationTokenSource(patience, time);
        both = CancellationTokenSource.CreateLinkedTokenSource(stall.Token, cancellationToken);
    }

    public CancellationToken Token => both.Token;

    public TimeSpan Patience => patience;

    /// <summary>The exchange stood still, and the caller did not cancel.</summary>
    public bool HasStalled => stall.IsCancellationRequested && !caller.IsCancellationRequested;

    /// <summary>Something moved.</summary>
    public void Restart() => stall.CancelAfter(patience);

    /// <summary>Somebody else gave up.</summary>
    public void Abort() => both.Cancel();

    public void Dispose()
    {
        both.Dispose();
        stall.Dispose();
    }
}
