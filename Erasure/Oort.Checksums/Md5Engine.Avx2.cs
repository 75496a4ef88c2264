using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Oort.Checksums;

/// <summary>Eight streams side by side, one in each 32-bit element of 256-bit registers.</summary>
internal static unsafe partial class Md5Engine
{
    /// <summary>The most streams that one call takes.</summary>
    internal const int LaneCountMax = 16;

    // 32-bit words of a block.
    private const int WordCount = BlockSize / sizeof(uint);

    /// <summary>Compresses blocks of several streams into their states.</summary>
    /// <param name="states">Four rows (A, B, C, D) of <see cref="LaneCountMax"/> words, of which the first eight are used.</param>
    /// <param name="sources">Where the streams' blocks begin, at any alignment: eight, all readable for that many blocks.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Append8(uint* states, byte** sources, int blockCount)
    {
        var room = stackalloc byte[(WordCount + 1) * sizeof(Vector256<uint>)];
        var m = (Vector256<uint>*)(((nint)room + sizeof(Vector256<uint>) - 1) & -sizeof(Vector256<uint>));
        var k = (uint*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(Sines));
        var a = Vector256.Load(states);
        var b = Vector256.Load(states + LaneCountMax);
        var c = Vector256.Load(states + 2 * LaneCountMax);
        var d = Vector256.Load(states + 3 * LaneCountMax);
        var end = (nint)blockCount * BlockSize;
        for (nint at = 0; at < end; at += BlockSize)
        {
            for (var i = 0; i < WordCount; i += 4) Transpose(sources, at + i * sizeof(uint), m + i);
            var (a0, b0, c0, d0) = (a, b, c, d);

            for (var i = 0; i < WordCount; i += 4)
            {
                a = b + RotateLeft(a + m[i] + Vector256.Create(k[i]) + (d ^ (b & (c ^ d))), 7);
                d = a + RotateLeft(d + m[i + 1] + Vector256.Create(k[i + 1]) + (c ^ (a & (b ^ c))), 12);
                c = d + RotateLeft(c + m[i + 2] + Vector256.Create(k[i + 2]) + (b ^ (d & (a ^ b))), 17);
                b = c + RotateLeft(b + m[i + 3] + Vector256.Create(k[i + 3]) + (a ^ (c & (d ^ a))), 22);
            }

            for (var i = 0; i < WordCount; i += 4)
            {
                a = b + RotateLeft(a + m[(5 * i + 1) & 15] + Vector256.Create(k[i + 16]) + Vector256.AndNot(c, d) + (b & d), 5);
                d = a + RotateLeft(d + m[(5 * i + 6) & 15] + Vector256.Create(k[i + 17]) + Vector256.AndNot(b, c) + (a & c), 9);
                c = d + RotateLeft(c + m[(5 * i + 11) & 15] + Vector256.Create(k[i + 18]) + Vector256.AndNot(a, b) + (d & b), 14);
                b = c + RotateLeft(b + m[(5 * i + 16) & 15] + Vector256.Create(k[i + 19]) + Vector256.AndNot(d, a) + (c & a), 20);
            }

            for (var i = 0; i < WordCount; i += 4)
            {
                a = b + RotateLeft(a + m[(3 * i + 5) & 15] + Vector256.Create(k[i + 32]) + (c ^ d ^ b), 4);
                d = a + RotateLeft(d + m[(3 * i + 8) & 15] + Vector256.Create(k[i + 33]) + (b ^ c ^ a), 11);
                c = d + RotateLeft(c + m[(3 * i + 11) & 15] + Vector256.Create(k[i + 34]) + (a ^ b ^ d), 16);
                b = c + RotateLeft(b + m[(3 * i + 14) & 15] + Vector256.Create(k[i + 35]) + (d ^ a ^ c), 23);
            }

            for (var i = 0; i < WordCount; i += 4)
            {
                a = b + RotateLeft(a + m[(7 * i) & 15] + Vector256.Create(k[i + 48]) + (c ^ (b | ~d)), 6);
                d = a + RotateLeft(d + m[(7 * i + 7) & 15] + Vector256.Create(k[i + 49]) + (b ^ (a | ~c)), 10);
                c = d + RotateLeft(c + m[(7 * i + 14) & 15] + Vector256.Create(k[i + 50]) + (a ^ (d | ~b)), 15);
                b = c + RotateLeft(b + m[(7 * i + 21) & 15] + Vector256.Create(k[i + 51]) + (d ^ (c | ~a)), 21);
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

    /// <summary>Loads four words of each of eight streams and writes them as four vectors, one a word.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose(byte** sources, nint at, Vector256<uint>* words)
    {
        var x0 = LoadFirstAndFifth(sources, at);
        var x1 = LoadFirstAndFifth(sources + 1, at);
        var x2 = LoadFirstAndFifth(sources + 2, at);
        var x3 = LoadFirstAndFifth(sources + 3, at);
        var low01 = Avx2.UnpackLow(x0, x1).AsUInt64();
        var low23 = Avx2.UnpackLow(x2, x3).AsUInt64();
        var high01 = Avx2.UnpackHigh(x0, x1).AsUInt64();
        var high23 = Avx2.UnpackHigh(x2, x3).AsUInt64();
        words[0] = Avx2.UnpackLow(low01, low23).AsUInt32();
        words[1] = Avx2.UnpackHigh(low01, low23).AsUInt32();
        words[2] = Avx2.UnpackLow(high01, high23).AsUInt32();
        words[3] = Avx2.UnpackHigh(high01, high23).AsUInt32();
    }

    /// <summary>Four words of the first and the fifth stream.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> LoadFirstAndFifth(byte** sources, nint at) =>
        Avx2.InsertVector128(Vector128.Load((uint*)(sources[0] + at)).ToVector256Unsafe(), Vector128.Load((uint*)(sources[4] + at)), 1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> RotateLeft(Vector256<uint> value, int count) => (value << count) | (value >>> (32 - count));

    /// <summary>|sin(i + 1)| in 32 bits after the point (RFC 1321 §3.4).</summary>
    private static ReadOnlySpan<uint> Sines =>
    [
        0xD76AA478, 0xE8C7B756, 0x242070DB, 0xC1BDCEEE, 0xF57C0FAF, 0x4787C62A, 0xA8304613, 0xFD469501,
        0x698098D8, 0x8B44F7AF, 0xFFFF5BB1, 0x895CD7BE, 0x6B901122, 0xFD987193, 0xA679438E, 0x49B40821,
        0xF61E2562, 0xC040B340, 0x265E5A51, 0xE9B6C7AA, 0xD62F105D, 0x02441453, 0xD8A1E681, 0xE7D3FBC8,
        0x21E1CDE6, 0xC33707D6, 0xF4D50D87, 0x455A14ED, 0xA9E3E905, 0xFCEFA3F8, 0x676F02D9, 0x8D2A4C8A,
        0xFFFA3942, 0x8771F681, 0x6D9D6122, 0xFDE5380C, 0xA4BEEA44, 0x4BDECFA9, 0xF6BB4B60, 0xBEBFBC70,
        0x289B7EC6, 0xEAA127FA, 0xD4EF3085, 0x04881D05, 0xD9D4D039, 0xE6DB99E5, 0x1FA27CF8, 0xC4AC5665,
        0xF4292244, 0x432AFF97, 0xAB9423A7, 0xFC93A039, 0x655B59C3, 0x8F0CCC92, 0xFFEFF47D, 0x85845DD1,
        0x6FA87E4F, 0xFE2CE6E0, 0xA3014314, 0x4E0811A1, 0xF7537E82, 0xBD3AF235, 0x2AD7D2BB, 0xEB86D391,
    ];
}
