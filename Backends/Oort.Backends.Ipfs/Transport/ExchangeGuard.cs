namespace Oort.Backends.Ipfs;

/// <summary>Cancels an exchange of which nothing moves, or that takes too long although it moves.</summary>
internal sealed class ExchangeGuard : IDisposable
{
    private readonly TimeSpan stallTimeout;
    private readonly TimeSpan requestTimeout;
    private readonly CancellationTokenSource stall;
    private readonly CancellationTokenSource whole;
    private readonly CancellationTokenSource linked;

    public ExchangeGuard(TimeSpan stallTimeout, TimeSpan requestTimeout, TimeProvider time, CancellationToken caller)
    {
        this.stallTimeout = stallTimeout;
        this.requestTimeout = requestTimeout;
        stall = new(stallTimeout, time);
        whole = new(requestTimeout, time);
        linked = CancellationTokenSource.CreateLinkedTokenSource(stall.Token, whole.Token, caller);
        Caller = caller;
    }

    public CancellationToken Token => linked.Token;

    public CancellationToken Caller { get; }

    /// <summary>Why it was cancelled; null: it was not, or by the caller.</summary>
    public string? Reason =>
        stall.IsCancellationRequested ? $"nothing moved for {stallTimeout}" : whole.IsCancellationRequested ? $"it took longer than {requestTimeout}" : null;

    /// <summary>Something moved: the wait begins anew.</summary>
    public void Moved() => stall.CancelAfter(stallTimeout);

    public void Dispose()
    {
        linked.Dispose();
        stall.Dispose();
        whole.Dispose();
    }
}
