namespace Oort.Backends.Local;

/// <summary>Long reads of what is not in memory go past the page cache, until the same is read for the third time.</summary>
/// <remarks>
/// Thread-safe. Most long reads are done once: a restore, a check, a repair. Filling the page cache for them costs more than reading (pages must be found, and on a virtual machine often
/// be had from the host first) and drives out what others read again. What is read a third time is worth it. Where the system cannot say what is in memory, everything goes through the cache.
/// </remarks>
/// <param name="threadCount">How many threads read at a time.</param>
internal sealed class LongReads(int threadCount)
{
    /// <summary>The shortest long read, in bytes: a cell. For shorter ones the cache, which reads ahead, is the better way.</summary>
    public const int LengthMin = 64 << 10;

    /// <summary>Reads of the same place that pass the cache by.</summary>
    private const int DirectCount = 2;

    /// <summary>Places remembered, as a power of two: reads of 128 KiB of 4 GiB.</summary>
    private const int PlaceBits = 15;

    private const int CopySize = (128 << 10) + DirectAlignment.Size;

    private readonly AlignedBuffers _copies = new(CopySize, threadCount);

    private readonly Doorkeeper _places = new(PlaceBits);

    /// <summary>Whether to try the page cache. False for a long read of what it does not hold: even trying would begin to fill it.</summary>
    public static bool MayBeCached(Volume volume, long offset, int count) => count < LengthMin || volume.File.IsCached(offset, count);

    /// <summary>Reads what is not in memory.</summary>
    /// <returns>As <see cref="IDiskFile.Read"/>.</returns>
    public int Read(Volume volume, long offset, Span<byte> destination) =>
        _places.Count(Doorkeeper.Mix((ulong)offset ^ ((ulong)volume.Number << 44))) <= DirectCount ? ReadDirect(volume.File, offset, destination) : volume.File.Read(offset, destination);

    /// <summary>Reads the whole blocks around the bytes into a buffer of its own and copies: shards begin at a block, their cells do not.</summary>
    private int ReadDirect(IDiskFile file, long offset, Span<byte> destination)
    {
        var copy = _copies.Rent();
        try
        {
            var done = 0;
            while (done < destination.Length)
            {
                var skip = (int)((offset + done) % DirectAlignment.Size);
                var wanted = Math.Min(destination.Length - done, copy.Size - skip);
                var blocks = copy.Span[..((skip + wanted + DirectAlignment.Size - 1) / DirectAlignment.Size * DirectAlignment.Size)];
                var had = Math.Clamp(file.ReadDirect(offset + done - skip, blocks) - skip, 0, wanted);
                copy.Span.Slice(skip, had).CopyTo(destination[done..]);
                done += had;
                if (had < wanted)
                    break;
            }

            return done;
        }
        finally
        {
            _copies.Return(copy);
        }
    }
}
