namespace Oort.Erasure;

/// <summary>Which cells a reconstruction reads and which it makes: two sets of shard indices below 256.</summary>
internal readonly record struct LossPattern
{
    private readonly ulong read0, read1, read2, read3;
    private readonly ulong made0, made1, made2, made3;

    internal LossPattern(ReadOnlySpan<int> read, ReadOnlySpan<int> made)
    {
        Span<ulong> bits = stackalloc ulong[8];
        foreach (var index in read) bits[index >> 6] |= 1UL << index;
        foreach (var index in made) bits[4 + (index >> 6)] |= 1UL << index;
        (read0, read1, read2, read3) = (bits[0], bits[1], bits[2], bits[3]);
        (made0, made1, made2, made3) = (bits[4], bits[5], bits[6], bits[7]);
    }
}
