using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Oort.Checksums;

/// <summary>Sixteen streams as twice eight.</summary>
/// <remarks>
/// Within a stream every step waits for the one before, so a vector unit idles most of the time even with one stream in each element: a second
/// group of eight, its steps between those of the first, costs less than half as much again.
/// </remarks>
internal static unsafe partial class Md5Engine
{
    /// <inheritdoc cref="Append8"/>
    /// <param name="states">Four rows (A, B, C, D) of <see cref="LaneCountMax"/> words.</param>
    /// <param name="sources">Sixteen.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Append16(uint* states, byte** sources, int blockCount)
    {
        var room = stackalloc byte[(2 * WordCount + 1) * sizeof(Vector256<uint>)];
        var m = (Vector256<uint>*)(((nint)room + sizeof(Vector256<uint>) - 1) & -sizeof(Vector256<uint>));
        var n = m + WordCount;
        var k = (uint*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(Sines));
        var a = Vector256.Load(states);
        var b = Vector256.Load(states + LaneCountMax);
        var c = Vector256.Load(states + 2 * LaneCountMax);
        var d = Vector256.Load(states + 3 * LaneCountMax);
        var e = Vector256.Load(states + 8);
        var f = Vector256.Load(states + LaneCountMax + 8);
        var g = Vector256.Load(states + 2 * LaneCountMax + 8);
        var h = Vector256.Load(states + 3 * LaneCountMax + 8);
        var end = (nint)blockCount * BlockSize;
        for (nint at = 0; at < end; at += BlockSize)
        {
            for (var i = 0; i < WordCount; i += 4)
            {
                Transpose(sources, at + i * sizeof(uint), m + i);
                Transpose(sources + 8, at + i * sizeof(uint), n + i);
            }

            var (a0, b0, c0, d0) = (a, b, c, d);
            var (e0, f0, g0, h0) = (e, f, g, h);

            for (var i = 0; i < WordCount; i += 4)
            {
                a = b + RotateLeft(a + m[i] + Vector256.Create(k[i]) + (d ^ (b & (c ^ d))), 7);
                e = f + RotateLeft(e + n[i] + Vector256.Create(k[i]) + (h ^ (f & (g ^ h))), 7);
                d = a + RotateLeft(d + m[i + 1] + Vector256.Create(k[i + 1]) + (c ^ (a & (b ^ c))), 12);
                h = e + RotateLeft(h + n[i + 1] + Vector256.Create(k[i + 1]) + (g ^ (e & (f ^ g))), 12);
                c = d + RotateLeft(c + m[i + 2] + Vector256.Create(k[i + 2]) + (b ^ (d & (a ^ b))), 17);
                g = h + RotateLeft(g + n[i + 2] + Vector256.Create(k[i + 2]) + (f ^ (h & (e ^ f))), 17);
                b = c + RotateLeft(b + m[i + 3] + Vector256.Create(k[i + 3]) + (a ^ (c & (d ^ a))), 22);
                f = g + RotateLeft(f + n[i + 3] + Vector256.Create(k[i + 3]) + (e ^ (g & (h ^ e))), 22);
            }

            for (var i = 0; i < WordCount; i += 4)
            {
                a = b + RotateLeft(a + m[(5 * i + 1) & 15] + Vector256.Create(k[i + 16]) + Vector256.AndNot(c, d) + (b & d), 5);
                e = f + RotateLeft(e + n[(5 * i + 1) & 15] + Vector256.Create(k[i + 16]) + Vector256.AndNot(g, h) + (f & h), 5);
                d = a + RotateLeft(d + m[(5 * i + 6) & 15] + Vector256.Create(k[i + 17]) + Vector256.AndNot(b, c) + (a & c), 9);
                h = e + RotateLeft(h + n[(5 * i + 6) & 15] + Vector256.Create(k[i + 17]) + Vector256.AndNot(f, g) + (e & g), 9);
                c = d + RotateLeft(c + m[(5 * i + 11) & 15] + Vector256.Create(k[i + 18]) + Vector256.AndNot(a, b) + (d & b), 14);
                g = h + RotateLeft(g + n[(5 * i + 11) & 15] + Vector256.Create(k[i + 18]) + Vector256.AndNot(e, f) + (h & f), 14);
                b = c + RotateLeft(b + m[(5 * i + 16) & 15] + Vector256.Create(k[i + 19]) + Vector256.AndNot(d, a) + (c & a), 20);
                f = g + RotateLeft(f + n[(5 * i + 16) & 15] + Vector256.Create(k[i + 19]) + Vector256.AndNot(h, e) + (g & e), 20);
            }

            for (var i = 0; i < WordCount; i += 4)
            {
                a = b + RotateLeft(a + m[(3 * i + 5) & 15] + Vector256.Create(k[i + 32]) + (c ^ d ^ b), 4);
                e = f + RotateLeft(e + n[(3 * i + 5) & 15] + Vector256.Create(k[i + 32]) + (g ^ h ^ f), 4);
                d = a + RotateLeft(d + m[(3 * i + 8) & 15] + Vector256.Create(k[i + 33]) + (b ^ c ^ a), 11);
                h = e + RotateLeft(h + n[(3 * i + 8) & 15] + Vector256.Create(k[i + 33]) + (f ^ g ^ e), 11);
                c = d + RotateLeft(c + m[(3 * i + 11) & 15] + Vector256.Create(k[i + 34]) + (a ^ b ^ d), 16);
                g = h + RotateLeft(g + n[(3 * i + 11) & 15] + Vector256.Create(k[i + 34]) + (e ^ f ^ h), 16);
                b = c + RotateLeft(b + m[(3 * i + 14) & 15] + Vector256.Create(k[i + 35]) + (d ^ a ^ c), 23);
                f = g + RotateLeft(f + n[(3 * i + 14) & 15] + Vector256.Create(k[i + 35]) + (h ^ e ^ g), 23);
            }

            for (var i = 0; i < WordCount; i += 4)
            {
                a = b + RotateLeft(a + m[(7 * i) & 15] + Vector256.Create(k[i + 48]) + (c ^ (b | ~d)), 6);
                e = f + RotateLeft(e + n[(7 * i) & 15] + Vector256.Create(k[i + 48]) + (g ^ (f | ~h)), 6);
                d = a + RotateLeft(d + m[(7 * i + 7) & 15] + Vector256.Create(k[i + 49]) + (b ^ (a | ~c)), 10);
                h = e + RotateLeft(h + n[(7 * i + 7) & 15] + Vector256.Create(k[i + 49]) + (f ^ (e | ~g)), 10);
                c = d + RotateLeft(c + m[(7 * i + 14) & 15] + Vector256.Create(k[i + 50]) + (a ^ (d | ~b)), 15);
                g = h + RotateLeft(g + n[(7 * i + 14) & 15] + Vector256.Create(k[i + 50]) + (e ^ (h | ~f)), 15);
                b = c + RotateLeft(b + m[(7 * i + 21) & 15] + Vector256.Create(k[i + 51]) + (d ^ (c | ~a)), 21);
                f = g + RotateLeft(f + n[(7 * i + 21) & 15] + Vector256.Create(k[i + 51]) + (h ^ (g | ~e)), 21);
            }

            a += a0;
            b += b0;
            c += c0;
            d += d0;
            e += e0;
            f += f0;
            g += g0;
            h += h0;
        }

        a.Store(states);
        b.Store(states + LaneCountMax);
        c.Store(states + 2 * LaneCountMax);
        d.Store(states + 3 * LaneCountMax);
        e.Store(states + 8);
        f.Store(states + LaneCountMax + 8);
        g.Store(states + 2 * LaneCountMax + 8);
        h.Store(states + 3 * LaneCountMax + 8);
    }
}
