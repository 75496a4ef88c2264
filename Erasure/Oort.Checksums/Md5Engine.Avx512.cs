using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Oort.Checksums;

/// <summary>Sixteen streams side by side, one in each 32-bit element of 512-bit registers.</summary>
internal static unsafe partial class Md5Engine
{
    // The round functions as tables of VPTERNLOGD: bit 4b + 2c + d of each is the function's value.
    private const byte F = 0b1100_1010;
    private const byte G = 0b1110_0100;
    private const byte H = 0b1001_0110;
    private const byte I = 0b0011_1001;

    /// <inheritdoc cref="Append8"/>
    /// <param name="states">Four rows (A, B, C, D) of <see cref="LaneCountMax"/> words.</param>
    /// <param name="sources">Sixteen.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Append16Wide(uint* states, byte** sources, int blockCount)
    {
        var room = stackalloc byte[(WordCount + 1) * sizeof(Vector512<uint>)];
        var m = (Vector512<uint>*)(((nint)room + sizeof(Vector512<uint>) - 1) & -sizeof(Vector512<uint>));
        var k = (uint*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(Sines));
        var v = LoadWide(states);
        var v0 = v;
        var end = (nint)blockCount * BlockSize;
        for (nint at = 0; at < end; at += BlockSize)
        {
            for (var i = 0; i < WordCount; i += 4) Transpose(sources, at + i * sizeof(uint), m + i);
            RoundF(ref v, m, k, 0); RoundF(ref v, m, k, 2); RoundF(ref v, m, k, 4); RoundF(ref v, m, k, 6);
            RoundF(ref v, m, k, 8); RoundF(ref v, m, k, 10); RoundF(ref v, m, k, 12); RoundF(ref v, m, k, 14);
            RoundG(ref v, m, k, 0); RoundG(ref v, m, k, 2); RoundG(ref v, m, k, 4); RoundG(ref v, m, k, 6);
            RoundG(ref v, m, k, 8); RoundG(ref v, m, k, 10); RoundG(ref v, m, k, 12); RoundG(ref v, m, k, 14);
            RoundH(ref v, m, k, 0); RoundH(ref v, m, k, 2); RoundH(ref v, m, k, 4); RoundH(ref v, m, k, 6);
            RoundH(ref v, m, k, 8); RoundH(ref v, m, k, 10); RoundH(ref v, m, k, 12); RoundH(ref v, m, k, 14);
            RoundI(ref v, m, k, 0); RoundI(ref v, m, k, 2); RoundI(ref v, m, k, 4); RoundI(ref v, m, k, 6);
            RoundI(ref v, m, k, 8); RoundI(ref v, m, k, 10); RoundI(ref v, m, k, 12); RoundI(ref v, m, k, 14);
            End(ref v, ref v0);
        }

        StoreWide(v, states);
    }

    // Steps i and i + 1 of each round. With i a constant (even, up to 14), so are the choice and the places of words and sines.

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void RoundF(ref WideState s, Vector512<uint>* m, uint* k, int i)
    {
        if ((i & 2) == 0)
        {
            s.A = s.B + Avx512F.RotateLeft(s.A + m[i] + Vector512.Create(k[i]) + Avx512F.TernaryLogic(s.B, s.C, s.D, F), 7);
            s.D = s.A + Avx512F.RotateLeft(s.D + m[i + 1] + Vector512.Create(k[i + 1]) + Avx512F.TernaryLogic(s.A, s.B, s.C, F), 12);
        }
        else
        {
            s.C = s.D + Avx512F.RotateLeft(s.C + m[i] + Vector512.Create(k[i]) + Avx512F.TernaryLogic(s.D, s.A, s.B, F), 17);
            s.B = s.C + Avx512F.RotateLeft(s.B + m[i + 1] + Vector512.Create(k[i + 1]) + Avx512F.TernaryLogic(s.C, s.D, s.A, F), 22);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void RoundG(ref WideState s, Vector512<uint>* m, uint* k, int i)
    {
        if ((i & 2) == 0)
        {
            s.A = s.B + Avx512F.RotateLeft(s.A + m[(5 * i + 1) & 15] + Vector512.Create(k[i + 16]) + Avx512F.TernaryLogic(s.B, s.C, s.D, G), 5);
            s.D = s.A + Avx512F.RotateLeft(s.D + m[(5 * i + 6) & 15] + Vector512.Create(k[i + 17]) + Avx512F.TernaryLogic(s.A, s.B, s.C, G), 9);
        }
        else
        {
            s.C = s.D + Avx512F.RotateLeft(s.C + m[(5 * i + 1) & 15] + Vector512.Create(k[i + 16]) + Avx512F.TernaryLogic(s.D, s.A, s.B, G), 14);
            s.B = s.C + Avx512F.RotateLeft(s.B + m[(5 * i + 6) & 15] + Vector512.Create(k[i + 17]) + Avx512F.TernaryLogic(s.C, s.D, s.A, G), 20);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void RoundH(ref WideState s, Vector512<uint>* m, uint* k, int i)
    {
        if ((i & 2) == 0)
        {
            s.A = s.B + Avx512F.RotateLeft(s.A + m[(3 * i + 5) & 15] + Vector512.Create(k[i + 32]) + Avx512F.TernaryLogic(s.B, s.C, s.D, H), 4);
            s.D = s.A + Avx512F.RotateLeft(s.D + m[(3 * i + 8) & 15] + Vector512.Create(k[i + 33]) + Avx512F.TernaryLogic(s.A, s.B, s.C, H), 11);
        }
        else
        {
            s.C = s.D + Avx512F.RotateLeft(s.C + m[(3 * i + 5) & 15] + Vector512.Create(k[i + 32]) + Avx512F.TernaryLogic(s.D, s.A, s.B, H), 16);
            s.B = s.C + Avx512F.RotateLeft(s.B + m[(3 * i + 8) & 15] + Vector512.Create(k[i + 33]) + Avx512F.TernaryLogic(s.C, s.D, s.A, H), 23);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void RoundI(ref WideState s, Vector512<uint>* m, uint* k, int i)
    {
        if ((i & 2) == 0)
        {
            s.A = s.B + Avx512F.RotateLeft(s.A + m[(7 * i) & 15] + Vector512.Create(k[i + 48]) + Avx512F.TernaryLogic(s.B, s.C, s.D, I), 6);
            s.D = s.A + Avx512F.RotateLeft(s.D + m[(7 * i + 7) & 15] + Vector512.Create(k[i + 49]) + Avx512F.TernaryLogic(s.A, s.B, s.C, I), 10);
        }
        else
        {
            s.C = s.D + Avx512F.RotateLeft(s.C + m[(7 * i) & 15] + Vector512.Create(k[i + 48]) + Avx512F.TernaryLogic(s.D, s.A, s.B, I), 15);
            s.B = s.C + Avx512F.RotateLeft(s.B + m[(7 * i + 7) & 15] + Vector512.Create(k[i + 49]) + Avx512F.TernaryLogic(s.C, s.D, s.A, I), 21);
        }
    }

    /// <summary>Ends a block: adds the states before it (RFC 1321 §3.4).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void End(ref WideState s, ref WideState s0)
    {
        s.A += s0.A;
        s.B += s0.B;
        s.C += s0.C;
        s.D += s0.D;
        s0 = s;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static WideState LoadWide(uint* states) => new()
    {
        A = Vector512.Load(states),
        B = Vector512.Load(states + LaneCountMax),
        C = Vector512.Load(states + 2 * LaneCountMax),
        D = Vector512.Load(states + 3 * LaneCountMax),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreWide(WideState state, uint* states)
    {
        state.A.Store(states);
        state.B.Store(states + LaneCountMax);
        state.C.Store(states + 2 * LaneCountMax);
        state.D.Store(states + 3 * LaneCountMax);
    }

    /// <summary>Loads four words of each of sixteen streams and writes them as four vectors, one a word.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose(byte** sources, nint at, Vector512<uint>* words)
    {
        var x0 = LoadEveryFourth(sources, at);
        var x1 = LoadEveryFourth(sources + 1, at);
        var x2 = LoadEveryFourth(sources + 2, at);
        var x3 = LoadEveryFourth(sources + 3, at);
        var low01 = Avx512F.UnpackLow(x0, x1).AsUInt64();
        var low23 = Avx512F.UnpackLow(x2, x3).AsUInt64();
        var high01 = Avx512F.UnpackHigh(x0, x1).AsUInt64();
        var high23 = Avx512F.UnpackHigh(x2, x3).AsUInt64();
        words[0] = Avx512F.UnpackLow(low01, low23).AsUInt32();
        words[1] = Avx512F.UnpackHigh(low01, low23).AsUInt32();
        words[2] = Avx512F.UnpackLow(high01, high23).AsUInt32();
        words[3] = Avx512F.UnpackHigh(high01, high23).AsUInt32();
    }

    /// <summary>Four words of the first, fifth, ninth and thirteenth stream.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> LoadEveryFourth(byte** sources, nint at)
    {
        var x = Vector128.Load((uint*)(sources[0] + at)).ToVector256Unsafe().ToVector512Unsafe();
        x = Avx512F.InsertVector128(x, Vector128.Load((uint*)(sources[4] + at)), 1);
        x = Avx512F.InsertVector128(x, Vector128.Load((uint*)(sources[8] + at)), 2);
        return Avx512F.InsertVector128(x, Vector128.Load((uint*)(sources[12] + at)), 3);
    }

    /// <summary>The states of sixteen streams.</summary>
    private struct WideState
    {
        public Vector512<uint> A;
        public Vector512<uint> B;
        public Vector512<uint> C;
        public Vector512<uint> D;
    }
}
