namespace Oort.Backends.Node;

/// <summary>Cancels a request of which nothing moves.</summary>
internal sealed class StallGuard : IDisposable
{
    private readonly TimeSpan _timeout;
    private readonly CancellationTokenSource _stall;
    private readonly CancellationTokenSource _linked;

    public StallGuard(TimeSpan timeout, TimeProvider time, CancellationToken caller)
    {
        _timeout = timeout;
        _stall = new(timeout, time);
        _linked = CancellationTokenSource.CreateLinkedTokenSource(_stall.Token, caller);
    }

    /// <summary>Cancelled by a stall or by the caller.</summary>
    public CancellationToken Token => _linked.Token;

    /// <summary>Whether it was a stall.</summary>
    public bool IsStalled => _stall.IsCancellationRequested;

    /// <summary>Something moved: the wait begins anew.</summary>
    public void Moved() => _stall.CancelAfter(_timeout);

    public void Dispose()
    {
        _linked.Dispose();
        _stall.Dispose();
    }
}
