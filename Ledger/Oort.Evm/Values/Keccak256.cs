using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Oort.Evm;

/// <summary>Keccak-256 as Ethereum has it: the sponge of FIPS 202 with rate 136, and the padding of the contest (0x01) where SHA3-256 has 0x06.</summary>
/// <remarks>One instance is one message at a time and is not thread-safe; <see cref="Hash(ReadOnlySpan{byte})"/> is.</remarks>
public sealed class Keccak256
{
    public const int Size = 32;

    private const int Rate = 136;
    private const int LaneCount = 25;
    private const byte PaddingFirst = 0x01;
    private const byte PaddingLast = 0x80;

    private readonly ulong[] state = new ulong[LaneCount];
    private readonly byte[] block = new byte[Rate];
    private int blockLength;

    /// <summary>The hash of one message.</summary>
    public static EvmHash Hash(ReadOnlySpan<byte> data)
    {
        Span<ulong> state = stackalloc ulong[LaneCount];
        state.Clear();
        var rest = Absorb(state, data);
        Span<byte> last = stackalloc byte[Rate];
        last.Clear();
        rest.CopyTo(last);
        return Squeeze(state, last, rest.Length);
    }

    /// <summary>Takes more of the message.</summary>
    public void Append(ReadOnlySpan<byte> data)
    {
        if (blockLength > 0)
        {
            var taken = Math.Min(Rate - blockLength, data.Length);
            data[..taken].CopyTo(block.AsSpan(blockLength));
            blockLength += taken;
            data = data[taken..];
            if (blockLength < Rate) return;
            Absorb(state, block);
        }

        var rest = Absorb(state, data);
        rest.CopyTo(block);
        blockLength = rest.Length;
    }

    /// <summary>The hash of what was appended. The next message begins empty.</summary>
    public EvmHash Finish()
    {
        block.AsSpan(blockLength).Clear();
        var hash = Squeeze(state, block, blockLength);
        Clear();
        return hash;
    }

    private void Clear()
    {
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(state.AsSpan()));
        CryptographicOperations.ZeroMemory(block);
        blockLength = 0;
    }

    /// <summary>Takes whole blocks. Result: what is left, less than a block.</summary>
    private static ReadOnlySpan<byte> Absorb(Span<ulong> state, ReadOnlySpan<byte> data)
    {
        for (; data.Length >= Rate; data = data[Rate..])
        {
            for (var lane = 0; lane < Rate / sizeof(ulong); lane++) state[lane] ^= BinaryPrimitives.ReadUInt64LittleEndian(data[(lane * sizeof(ulong))..]);
            Permute(state);
        }

        return data;
    }

    /// <summary>Pads the last block, which is zero from <paramref name="length"/> on, and reads the hash.</summary>
    private static EvmHash Squeeze(Span<ulong> state, Span<byte> last, int length)
    {
        last[length] = PaddingFirst;
        last[Rate - 1] |= PaddingLast;
        Absorb(state, last);
        Span<byte> hash = stackalloc byte[Size];
        for (var lane = 0; lane < Size / sizeof(ulong); lane++) BinaryPrimitives.WriteUInt64LittleEndian(hash[(lane * sizeof(ulong))..], state[lane]);
        return new(hash);
    }

    private static ReadOnlySpan<ulong> RoundConstants =>
    [
        0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000, 0x000000000000808b, 0x0000000080000001,
        0x8000000080008081, 0x8000000000008009, 0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
        0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003, 0x8000000000008002, 0x8000000000000080,
        0x000000000000800a, 0x800000008000000a, 0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
    ];

    /// <summary>Keccak-f[1600] (FIPS 202 §3.2). Lane (x, y) is a[x + 5y]; all lanes are locals, so that the compiler holds what it can in registers.</summary>
    private static void Permute(Span<ulong> a)
    {
        ulong a0 = a[0], a1 = a[1], a2 = a[2], a3 = a[3], a4 = a[4];
        ulong a5 = a[5], a6 = a[6], a7 = a[7], a8 = a[8], a9 = a[9];
        ulong a10 = a[10], a11 = a[11], a12 = a[12], a13 = a[13], a14 = a[14];
        ulong a15 = a[15], a16 = a[16], a17 = a[17], a18 = a[18], a19 = a[19];
        ulong a20 = a[20], a21 = a[21], a22 = a[22], a23 = a[23], a24 = a[24];

        foreach (var constant in RoundConstants)
        {
            // θ: each lane takes the parity of two columns.
            var c0 = a0 ^ a5 ^ a10 ^ a15 ^ a20;
            var c1 = a1 ^ a6 ^ a11 ^ a16 ^ a21;
            var c2 = a2 ^ a7 ^ a12 ^ a17 ^ a22;
            var c3 = a3 ^ a8 ^ a13 ^ a18 ^ a23;
            var c4 = a4 ^ a9 ^ a14 ^ a19 ^ a24;
            var d0 = c4 ^ BitOperations.RotateLeft(c1, 1);
            var d1 = c0 ^ BitOperations.RotateLeft(c2, 1);
            var d2 = c1 ^ BitOperations.RotateLeft(c3, 1);
            var d3 = c2 ^ BitOperations.RotateLeft(c4, 1);
            var d4 = c3 ^ BitOperations.RotateLeft(c0, 1);

            // ρ and π: b[y, 2x + 3y] is lane (x, y), rotated.
            var b0 = a0 ^ d0;
            var b1 = BitOperations.RotateLeft(a6 ^ d1, 44);
            var b2 = BitOperations.RotateLeft(a12 ^ d2, 43);
            var b3 = BitOperations.RotateLeft(a18 ^ d3, 21);
            var b4 = BitOperations.RotateLeft(a24 ^ d4, 14);
            var b5 = BitOperations.RotateLeft(a3 ^ d3, 28);
            var b6 = BitOperations.RotateLeft(a9 ^ d4, 20);
            var b7 = BitOperations.RotateLeft(a10 ^ d0, 3);
            var b8 = BitOperations.RotateLeft(a16 ^ d1, 45);
            var b9 = BitOperations.RotateLeft(a22 ^ d2, 61);
            var b10 = BitOperations.RotateLeft(a1 ^ d1, 1);
            var b11 = BitOperations.RotateLeft(a7 ^ d2, 6);
            var b12 = BitOperations.RotateLeft(a13 ^ d3, 25);
            var b13 = BitOperations.RotateLeft(a19 ^ d4, 8);
            var b14 = BitOperations.RotateLeft(a20 ^ d0, 18);
            var b15 = BitOperations.RotateLeft(a4 ^ d4, 27);
            var b16 = BitOperations.RotateLeft(a5 ^ d0, 36);
            var b17 = BitOperations.RotateLeft(a11 ^ d1, 10);
            var b18 = BitOperations.RotateLeft(a17 ^ d2, 15);
            var b19 = BitOperations.RotateLeft(a23 ^ d3, 56);
            var b20 = BitOperations.RotateLeft(a2 ^ d2, 62);
            var b21 = BitOperations.RotateLeft(a8 ^ d3, 55);
            var b22 = BitOperations.RotateLeft(a14 ^ d4, 39);
            var b23 = BitOperations.RotateLeft(a15 ^ d0, 41);
            var b24 = BitOperations.RotateLeft(a21 ^ d1, 2);

            // χ along the rows, and ι.
            a0 = b0 ^ (~b1 & b2) ^ constant;
            a1 = b1 ^ (~b2 & b3);
            a2 = b2 ^ (~b3 & b4);
            a3 = b3 ^ (~b4 & b0);
            a4 = b4 ^ (~b0 & b1);
            a5 = b5 ^ (~b6 & b7);
            a6 = b6 ^ (~b7 & b8);
            a7 = b7 ^ (~b8 & b9);
            a8 = b8 ^ (~b9 & b5);
            a9 = b9 ^ (~b5 & b6);
            a10 = b10 ^ (~b11 & b12);
            a11 = b11 ^ (~b12 & b13);
            a12 = b12 ^ (~b13 & b14);
            a13 = b13 ^ (~b14 & b10);
            a14 = b14 ^ (~b10 & b11);
            a15 = b15 ^ (~b16 & b17);
            a16 = b16 ^ (~b17 & b18);
            a17 = b17 ^ (~b18 & b19);
            a18 = b18 ^ (~b19 & b15);
            a19 = b19 ^ (~b15 & b16);
            a20 = b20 ^ (~b21 & b22);
            a21 = b21 ^ (~b22 & b23);
            a22 = b22 ^ (~b23 & b24);
            a23 = b23 ^ (~b24 & b20);
            a24 = b24 ^ (~b20 & b21);
        }

        a[0] = a0; a[1] = a1; a[2] = a2; a[3] = a3; a[4] = a4;
        a[5] = a5; a[6] = a6; a[7] = a7; a[8] = a8; a[9] = a9;
        a[10] = a10; a[11] = a11; a[12] = a12; a[13] = a13; a[14] = a14;
        a[15] = a15; a[16] = a16; a[17] = a17; a[18] = a18; a[19] = a19;
        a[20] = a20; a[21] = a21; a[22] = a22; a[23] = a23; a[24] = a24;
    }
}
