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
        var a = Vector512.Load(states);
        var b = Vector512.Load(states + LaneCountMax);
        var c = Vector512.Load(states + 2 * LaneCountMax);
        var d = Vector512.Load(states + 3 * LaneCountMax);
        var end = (nint)blockCount * BlockSize;
        for (nint at = 0; at < end; at += BlockSize)
        {
            for (var i = 0; i < WordCount; i += 4) Transpose(sources, at + i * sizeof(uint), m + i);
            var (a0, b0, c0, d0) = (a, b, c, d);

            for (var i = 0; i < WordCount; i += 4)
            {
                a = b + Avx512F.RotateLeft(a + m[i] + Vector512.Create(k[i]) + Avx512F.TernaryLogic(b, c, d, F), 7);
                d = a + Avx512F.RotateLeft(d + m[i + 1] + Vector512.Create(k[i + 1]) + Avx512F.TernaryLogic(a, b, c, F), 12);
                c = d + Avx512F.RotateLeft(c + m[i + 2] + Vector512.Create(k[i + 2]) + Avx512F.TernaryLogic(d, a, b, F), 17);
                b = c + Avx512F.RotateLeft(b + m[i + 3] + Vector512.Create(k[i + 3]) + Avx512F.TernaryLogic(c, d, a, F), 22);
            }

            for (var i = 0; i < WordCount; i += 4)
            {
                a = b + Avx512F.RotateLeft(a + m[(5 * i + 1) & 15] + Vector512.Create(k[i + 16]) + Avx512F.TernaryLogic(b, c, d, G), 5);
                d = a + Avx512F.RotateLeft(d + m[(5 * i + 6) & 15] + Vector512.Create(k[i + 17]) + Avx512F.TernaryLogic(a, b, c, G), 9);
                c = d + Avx512F.RotateLeft(c + m[(5 * i + 11) & 15] + Vector512.Create(k[i + 18]) + Avx512F.TernaryLogic(d, a, b, G), 14);
                b = c + Avx512F.RotateLeft(b + m[(5 * i + 16) & 15] + Vector512.Create(k[i + 19]) + Avx512F.TernaryLogic(c, d, a, G), 20);
            }

            for (var i = 0; i < WordCount; i += 4)
            {
                a = b + Avx512F.RotateLeft(a + m[(3 * i + 5) & 15] + Vector512.Create(k[i + 32]) + Avx512F.TernaryLogic(b, c, d, H), 4);
                d = a + Avx512F.RotateLeft(d + m[(3 * i + 8) & 15] + Vector512.Create(k[i + 33]) + Avx512F.TernaryLogic(a, b, c, H), 11);
                c = d + Avx512F.RotateLeft(c + m[(3 * i + 11) & 15] + Vector512.Create(k[i + 34]) + Avx512F.TernaryLogic(d, a, b, H), 16);
                b = c + Avx512F.RotateLeft(b + m[(3 * i + 14) & 15] + Vector512.Create(k[i + 35]) + Avx512F.TernaryLogic(c, d, a, H), 23);
            }

            for (var i = 0; i < WordCount; i += 4)
            {
                a = b + Avx512F.RotateLeft(a + m[(7 * i) & 15] + Vector512.Create(k[i + 48]) + Avx512F.TernaryLogic(b, c, d, I), 6);
                d = a + Avx512F.RotateLeft(d + m[(7 * i + 7) & 15] + Vector512.Create(k[i + 49]) + Avx512F.TernaryLogic(a, b, c, I), 10);
                c = d + Avx512F.RotateLeft(c + m[(7 * i + 14) & 15] + Vector512.Create(k[i + 50]) + Avx512F.TernaryLogic(d, a, b, I), 15);
                b = c + Avx512F.RotateLeft(b + m[(7 * i + 21) & 15] + Vector512.Create(k[i + 51]) + Avx512F.TernaryLogic(c, d, a, I), 21);
            }

            a += a0;
            b += b0;
            c += c0;
            d += d0;
        }

        a.Store(states);
        b.Store(states + LaneCountMax);
        c.Store(states + 2 * LaneCountMax);
        d.Store(states + 3 * LaneCountMax);
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
}
