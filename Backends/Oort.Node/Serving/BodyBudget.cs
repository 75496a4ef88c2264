using Oort.Node.Protocol;

namespace Oort.Node;

/// <summary>Bounds the bytes of bodies in memory and the requests under way. Who finds no room is told to come back, and nothing of his body is read.</summary>
internal sealed class BodyBudget(long bytesMax)
{
    /// <summary>Each holds a connection and a buffer or two.</summary>
    public const int RequestCountMax = 512;

    private long _free = bytesMax;
    private int _requests;

    /// <summary>Requests under way now.</summary>
    public int RequestCount => Volatile.Read(ref _requests);

    /// <exception cref="NodeRequestException">Throttled: no room.</exception>
    public Share EnterRequest()
    {
        if (Interlocked.Increment(ref _requests) <= RequestCountMax) return new(this, 0);
        Interlocked.Decrement(ref _requests);
        throw new NodeRequestException(NodeErrorCode.Throttled, $"{RequestCountMax} requests are under way already.");
    }

    /// <exception cref="NodeRequestException">Throttled: no room.</exception>
    public Share TakeBytes(long count)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        if (Interlocked.Add(ref _free, -count) >= 0) return new(this, count);
        Interlocked.Add(ref _free, count);
        throw new NodeRequestException(NodeErrorCode.Throttled, "The node's memory for bodies is used up.");
    }

    /// <summary>What was taken; given back once, by disposing. Zero bytes stand for a request.</summary>
    public readonly struct Share(BodyBudget budget, long bytes) : IDisposable
    {
        public void Dispose()
        {
            if (bytes == 0) Interlocked.Decrement(ref budget._requests);
            else Interlocked.Add(ref budget._free, bytes);
        }
    }
}
