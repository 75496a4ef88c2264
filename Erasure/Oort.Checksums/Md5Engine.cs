using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Oort.Checksums;

/// <summary>MD5's compression of whole blocks (RFC 1321 §3.4): this file is the definition, one stream at a time.</summary>
/// <remarks>
/// Every step needs the result of the one before, so its speed is the length of that chain: and, add, rotate, add. Hence the forms here differ
/// from the RFC's where that takes the newest word through fewer operations: F(b, c, d) = d ^ (b &amp; (c ^ d)), and G(b, c, d) =
/// (c &amp; ~d) + (b &amp; d), whose halves have no bit in common, so that the first half is added before b is known. Message words are
/// little-endian, as are all processors that this runs on.
/// </remarks>
internal static unsafe partial class Md5Engine
{
    /// <summary>Bytes that one compression takes.</summary>
    internal const int BlockSize = 64;

    /// <summary>Compresses whole blocks into a state.</summary>
    /// <param name="blocks">A multiple of <see cref="BlockSize"/> bytes.</param>
    internal static void Append(ref Md5State state, ReadOnlySpan<byte> blocks)
    {
        fixed (byte* source = blocks) Append(ref state, source, blocks.Length / BlockSize);
    }

    /// <summary>Compresses that many blocks into a state.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Append(ref Md5State state, byte* source, int blockCount)
    {
        ref var k = ref MemoryMarshal.GetReference(Sines);
        var s = state;
        var s0 = s;
        var m = (uint*)source;
        for (var end = source + (nint)blockCount * BlockSize; m < end;)
        {
            RoundF(ref s, m, ref k, 0); RoundF(ref s, m, ref k, 4); RoundF(ref s, m, ref k, 8); RoundF(ref s, m, ref k, 12);
            RoundG(ref s, m, ref k, 0); RoundG(ref s, m, ref k, 4); RoundG(ref s, m, ref k, 8); RoundG(ref s, m, ref k, 12);
            RoundH(ref s, m, ref k, 0); RoundH(ref s, m, ref k, 4); RoundH(ref s, m, ref k, 8); RoundH(ref s, m, ref k, 12);
            RoundI(ref s, m, ref k, 0); RoundI(ref s, m, ref k, 4); RoundI(ref s, m, ref k, 8); RoundI(ref s, m, ref k, 12);
            End(ref s, ref s0, ref m);
        }

        state = s;
    }

    /// <summary>Ends a block: adds the state before it (RFC 1321 §3.4), and goes to the next one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void End(ref Md5State s, ref Md5State s0, ref uint* m)
    {
        s.A += s0.A;
        s.B += s0.B;
        s.C += s0.C;
        s.D += s0.D;
        s0 = s;
        m += WordCount;
    }

    // Steps i … i + 3 of each round. With i a constant (0, 4, 8 or 12), so are the places of words and sines.

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void RoundF(ref Md5State s, uint* m, ref uint k, int i)
    {
        s.A = s.B + BitOperations.RotateLeft(s.A + m[i] + Unsafe.Add(ref k, i) + (s.D ^ (s.B & (s.C ^ s.D))), 7);
        s.D = s.A + BitOperations.RotateLeft(s.D + m[i + 1] + Unsafe.Add(ref k, i + 1) + (s.C ^ (s.A & (s.B ^ s.C))), 12);
        s.C = s.D + BitOperations.RotateLeft(s.C + m[i + 2] + Unsafe.Add(ref k, i + 2) + (s.B ^ (s.D & (s.A ^ s.B))), 17);
        s.B = s.C + BitOperations.RotateLeft(s.B + m[i + 3] + Unsafe.Add(ref k, i + 3) + (s.A ^ (s.C & (s.D ^ s.A))), 22);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void RoundG(ref Md5State s, uint* m, ref uint k, int i)
    {
        s.A = s.B + BitOperations.RotateLeft(s.A + m[(5 * i + 1) & 15] + Unsafe.Add(ref k, i + 16) + (s.C & ~s.D) + (s.B & s.D), 5);
        s.D = s.A + BitOperations.RotateLeft(s.D + m[(5 * i + 6) & 15] + Unsafe.Add(ref k, i + 17) + (s.B & ~s.C) + (s.A & s.C), 9);
        s.C = s.D + BitOperations.RotateLeft(s.C + m[(5 * i + 11) & 15] + Unsafe.Add(ref k, i + 18) + (s.A & ~s.B) + (s.D & s.B), 14);
        s.B = s.C + BitOperations.RotateLeft(s.B + m[(5 * i + 16) & 15] + Unsafe.Add(ref k, i + 19) + (s.D & ~s.A) + (s.C & s.A), 20);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void RoundH(ref Md5State s, uint* m, ref uint k, int i)
    {
        s.A = s.B + BitOperations.RotateLeft(s.A + m[(3 * i + 5) & 15] + Unsafe.Add(ref k, i + 32) + (s.C ^ s.D ^ s.B), 4);
        s.D = s.A + BitOperations.RotateLeft(s.D + m[(3 * i + 8) & 15] + Unsafe.Add(ref k, i + 33) + (s.B ^ s.C ^ s.A), 11);
        s.C = s.D + BitOperations.RotateLeft(s.C + m[(3 * i + 11) & 15] + Unsafe.Add(ref k, i + 34) + (s.A ^ s.B ^ s.D), 16);
        s.B = s.C + BitOperations.RotateLeft(s.B + m[(3 * i + 14) & 15] + Unsafe.Add(ref k, i + 35) + (s.D ^ s.A ^ s.C), 23);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void RoundI(ref Md5State s, uint* m, ref uint k, int i)
    {
        s.A = s.B + BitOperations.RotateLeft(s.A + m[(7 * i) & 15] + Unsafe.Add(ref k, i + 48) + (s.C ^ (s.B | ~s.D)), 6);
        s.D = s.A + BitOperations.RotateLeft(s.D + m[(7 * i + 7) & 15] + Unsafe.Add(ref k, i + 49) + (s.B ^ (s.A | ~s.C)), 10);
        s.C = s.D + BitOperations.RotateLeft(s.C + m[(7 * i + 14) & 15] + Unsafe.Add(ref k, i + 50) + (s.A ^ (s.D | ~s.B)), 15);
        s.B = s.C + BitOperations.RotateLeft(s.B + m[(7 * i + 21) & 15] + Unsafe.Add(ref k, i + 51) + (s.D ^ (s.C | ~s.A)), 21);
    }
}
