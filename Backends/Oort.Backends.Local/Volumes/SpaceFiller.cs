namespace Oort.Backends.Local;

/// <summary>Writes zeros ahead of small groups, so that the file system has nothing to note down when they are synced. Used by the writer's thread alone.</summary>
/// <remarks>
/// Space that is allocated and never was written reads as zeros only because the file system has marked it so; the first write to it changes that mark, and the sync then waits for
/// the file system's own journal as well. In space that holds zeros a group is one write and one flush. Measured with six files on one ext4: 52 µs of CPU and 4.2 changes of threads
/// for a group of 36 KiB become 45 µs and 3.1. Nothing changes for a reader: zeros are what he found there before.
/// </remarks>
internal sealed class SpaceFiller
{
    /// <summary>Zeros written at once: some 25 groups of 40 KiB.</summary>
    private const int FillSize = 1 << 20;

    /// <summary>Left of them when the next are written.</summary>
    private const int RestMin = 128 << 10;

    /// <summary>Small groups in a row before any zeros are written: between large shards they would be wasted.</summary>
    private const int RowMin = 8;

    // One for all stores: nobody writes to it.
    private static readonly Lazy<AlignedBuffer> s_zeros = new(static () =>
    {
        var buffer = new AlignedBuffer(FillSize);
        buffer.Span.Clear();
        return buffer;
    });

    private Volume? _volume;
    private long _filledEnd;
    private int _row;

    /// <summary>A group of another kind was written: one that reserves extents, or that goes past the page cache.</summary>
    public void Interrupt() => _row = 0;

    /// <summary>To be called when a small group has been answered: makes room for those that follow it.</summary>
    /// <exception cref="DiskException">The zeros could not be written.</exception>
    public void Follow(Volume volume)
    {
        if (_volume != volume)
            (_volume, _filledEnd, _row) = (volume, 0, 0);
        if (++_row < RowMin || _filledEnd - volume.End >= RestMin || !volume.File.CanWriteDirect)
            return;
        var start = Math.Max(_filledEnd, volume.End);
        // Only what is allocated: more space is not for this class to take.
        var length = (int)Math.Min(FillSize, volume.Allocated - start) & -DirectAlignment.Size;
        if (length <= 0)
            return;
        volume.File.WriteDirect(start, s_zeros.Value.Span[..length], []);
        _filledEnd = start + length;
    }
}
