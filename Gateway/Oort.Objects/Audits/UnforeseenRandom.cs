using System.Buffers.Binary;

namespace Oort.Objects.Audits;

/// <summary>Random numbers that nobody can work out from those before: a node that could would keep just what it is asked for.</summary>
/// <param name="fill">Fills a buffer with what cannot be guessed.</param>
internal sealed class UnforeseenRandom(Action<Span<byte>> fill) : Random
{
    public override int Next(int maxValue) => (int)NextInt64(maxValue);

    public override long NextInt64(long maxValue) => (long)(NextDouble() * maxValue);

    public override double NextDouble()
    {
        // 53 bits, as many as a double holds.
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        fill(bytes);
        return (BinaryPrimitives.ReadUInt64BigEndian(bytes) >> 11) * (1.0 / (1UL << 53));
    }
}
