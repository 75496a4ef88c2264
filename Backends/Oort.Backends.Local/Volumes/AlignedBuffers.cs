namespace Oort.Backends.Local;

/// <summary>Aligned buffers of one size, kept for the next who needs one: fresh memory costs more than what is done in it.</summary>
/// <param name="countMax">The most that are kept; how many are in use is bounded by those who use them.</param>
internal sealed class AlignedBuffers(int size, int countMax)
{
    private readonly Lock _lock = new();
    private readonly Stack<AlignedBuffer> _spare = new();

    public AlignedBuffer Rent()
    {
        lock (_lock)
        {
            if (_spare.TryPop(out var buffer))
                return buffer;
        }

        return new AlignedBuffer(size);
    }

    /// <summary>Takes back a buffer that nobody uses any more. What is in it is ciphertext.</summary>
    public void Return(AlignedBuffer buffer)
    {
        lock (_lock)
        {
            if (_spare.Count < countMax)
                _spare.Push(buffer);
        }
    }
}
