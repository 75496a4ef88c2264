namespace Oort.Backends.Node;

/// <summary>Bounds the short shards that are collected in memory at a time, by all writers of a store; more go by uploads.</summary>
internal sealed class CollectingPlaces
{
    /// <summary>Of at most 512 KiB each.</summary>
    public const int CountMax = 64;

    private int _taken;

    public bool TryTake()
    {
        if (Interlocked.Increment(ref _taken) <= CountMax) return true;
        Interlocked.Decrement(ref _taken);
        return false;
    }

    public void Return() => Interlocked.Decrement(ref _taken);
}
