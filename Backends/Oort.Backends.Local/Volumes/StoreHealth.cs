namespace Oort.Backends.Local;

/// <summary>Whether the store may still write. The first failure that forbids it stays until the store is opened again.</summary>
internal sealed class StoreHealth(string location)
{
    private BackendException? _failure;

    /// <summary>Why nothing is written any more, or null.</summary>
    public BackendException? Failure => Volatile.Read(ref _failure);

    public void ThrowIfFailed()
    {
        if (Failure is { } failure)
            throw Refusal(failure);
    }

    /// <summary>A new exception for each caller: one instance thrown twice would mix up their stacks.</summary>
    public BackendException Refusal(BackendException failure) => new(BackendErrorKind.ReadOnly, $"{location} takes no writes until it is opened again: {failure.Message}", failure);

    /// <summary>Forbids all writes from now on.</summary>
    public BackendException Fail(string what, Exception? cause)
    {
        var failure = new BackendException(BackendErrorKind.ReadOnly, $"{location}: {what}", cause);
        return Interlocked.CompareExchange(ref _failure, failure, null) ?? failure;
    }
}
