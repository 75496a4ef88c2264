using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Oort.Objects.Audits;

/// <summary>Random numbers that nobody can work out from those before: a node that could would keep just what it is asked for.</summary>
internal sealed class UnforeseenRandom : Random
{
    public override int Next(int maxValue) => maxValue <= 1 ? 0 : RandomNumberGenerator.GetInt32(maxValue);

    public override long NextInt64(long maxValue) => (long)(NextDouble() * maxValue);

    public override double NextDouble()
    {
        // 53 bits, as many as a double holds.
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        RandomNumberGenerator.Fill(bytes);
        return (BinaryPrimitives.ReadUInt64BigEndian(bytes) >> 11) * (1.0 / (1UL << 53));
    }
}
