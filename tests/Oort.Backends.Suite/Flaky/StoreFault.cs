namespace Oort.Backends.Suite;

/// <summary>How a call goes wrong.</summary>
public enum FaultMode
{
    /// <summary>It throws and has done nothing.</summary>
    Fail,

    /// <summary>It does its work, then throws: the answer was lost.</summary>
    FailAfterDoing,

    /// <summary>It returns as if it had worked and has done nothing (writes only; a read throws instead).</summary>
    PretendDone,

    /// <summary>The first byte of what is read comes back with its lowest bit flipped (reads of shards, blobs, logs).</summary>
    FlipBit,

    /// <summary>A read returns half of what it should (reads of shards and logs).</summary>
    ShortRead,
}

/// <summary>One fault in waiting: lets some matching calls pass, then spoils some.</summary>
/// <param name="operations">Which calls it is for.</param>
/// <param name="mode">What it does to them.</param>
/// <param name="kind">The kind of the exception it throws.</param>
/// <param name="skip">How many matching calls pass first.</param>
/// <param name="times">How many are spoilt then; <see cref="int.MaxValue"/> for all.</param>
internal sealed class StoreFault(StoreOperations operations, FaultMode mode, BackendErrorKind kind, int skip, int times)
{
    private int _skip = skip;
    private int _times = times;

    public FaultMode Mode => mode;

    public BackendErrorKind Kind => kind;

    /// <summary>Whether it is for such calls and has not spoilt all that it should.</summary>
    public bool IsFor(StoreOperations operation) => (operations & operation) != 0 && _times != 0;

    /// <summary>Counts a call; true when this one is to be spoilt. Not thread-safe.</summary>
    public bool Strikes(StoreOperations operation)
    {
        if ((operations & operation) == 0 || _times == 0)
            return false;
        if (_skip > 0)
        {
            _skip--;
            return false;
        }

        if (_times != int.MaxValue)
            _times--;
        return true;
    }
}
