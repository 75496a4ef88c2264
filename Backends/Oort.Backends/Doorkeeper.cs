namespace Oort.Backends;

/// <summary>Counts how often the same was asked for lately, so that a cache takes in only what is asked for again (the doorkeeper of TinyLFU, Einziger and others, 2017, with a count).</summary>
/// <remarks>
/// Thread-safe, without a lock: what two callers overwrite for one another is a request forgotten. A table of four bytes a place, of which the latest that falls on it has each; seldom
/// two have the same hash and count as one.
/// </remarks>
/// <param name="bits">Places, as a power of two; at most 22.</param>
public sealed class Doorkeeper(int bits)
{
    /// <summary>The largest count.</summary>
    public const int CountMax = 3;

    // Lower bits of the hash, and in the last two the count: never 0, which is nobody's.
    private readonly uint[] places = new uint[1 << bits];

    /// <summary>Counts a request.</summary>
    /// <param name="hash">Of what is asked for: good in its upper 46 bits, as multiplicative hashing makes it (<see cref="Mix"/>).</param>
    /// <returns>How often it was asked for lately, with this time: 1 to <see cref="CountMax"/>.</returns>
    public int Count(ulong hash)
    {
        ref var place = ref places[hash >> (64 - bits)];
        var tag = (uint)(hash >> 16) & ~3u;
        var known = Volatile.Read(ref place);
        var count = (known & ~3u) == tag ? Math.Min(CountMax, (known & 3) + 1) : 1;
        Volatile.Write(ref place, tag | count);
        return (int)count;
    }

    /// <summary>Multiplicative hashing, of which the upper bits are good: neighbours, which are asked for together, do not forget each other.</summary>
    public static ulong Mix(ulong value) => value * 0x9E37_79B9_7F4A_7C15;
}
