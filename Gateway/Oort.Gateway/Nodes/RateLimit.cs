namespace Oort.Gateway;

/// <summary>So many a second, and as many at once; nobody waits.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class RateLimit(int perSecond, TimeProvider time)
{
    private readonly Lock _lock = new();
    private double _left = perSecond;
    private long _lookedAt = time.GetTimestamp();

    /// <summary>Whether one more may come now.</summary>
    public bool TryTake()
    {
        lock (_lock)
        {
            var now = time.GetTimestamp();
            _left = Math.Min(perSecond, _left + (time.GetElapsedTime(_lookedAt, now).TotalSeconds * perSecond));
            _lookedAt = now;
            if (_left < 1) return false;
            _left--;
            return true;
        }
    }
}
