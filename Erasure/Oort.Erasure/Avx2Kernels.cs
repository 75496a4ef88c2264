using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Oort.Erasure;

/// <summary>The kernels for AVX2. Each agrees byte for byte with <see cref="GaloisField"/>.</summary>
/// <remarks>
/// A product c·x is looked up by halves: c·x = c·(x's low nibble) + c·(x's high nibble), and 16 products fit the 16 bytes that VPSHUFB
/// looks up at once. Fully optimised from the first call: in the JIT's first tier these loops run at a twentieth of their speed.
/// Pointers, not spans: no bounds checks in the loops. Loads and stores need no alignment.
/// </remarks>
internal static unsafe class Avx2Kernels
{
    /// <summary>Up to four outputs, 64 bytes at a time: as much as the registers hold, so that each table is loaded once for 64 bytes.</summary>
    /// <param name="tables">For each input, for each output that has tables: 16 products of low nibbles, 16 of high ones.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Group<TShape>(byte** inputs, int inputCount, byte** outputs, byte* tables, nuint begin, nuint end)
        where TShape : struct, IGroupShape
    {
        var mask = Vector256.Create((byte)0x0F);
        for (var i = begin; i < end; i += 64)
        {
            var a0 = Vector256<byte>.Zero;
            var a1 = a0;
            var b0 = a0;
            var b1 = a0;
            var c0 = a0;
            var c1 = a0;
            var d0 = a0;
            var d1 = a0;
            var t = tables;
            for (var j = 0; j < inputCount; j++)
            {
                var source = inputs[j] + i;
                var x0 = Avx.LoadVector256(source);
                var x1 = Avx.LoadVector256(source + 32);
                if (TShape.XorFirst)
                {
                    a0 = Avx2.Xor(a0, x0);
                    a1 = Avx2.Xor(a1, x1);
                }

                var h0 = Avx2.And(Avx2.ShiftRightLogical(x0.AsUInt16(), 4).AsByte(), mask);
                var h1 = Avx2.And(Avx2.ShiftRightLogical(x1.AsUInt16(), 4).AsByte(), mask);
                x0 = Avx2.And(x0, mask);
                x1 = Avx2.And(x1, mask);
                if (!TShape.XorFirst)
                {
                    var low = Avx2.BroadcastVector128ToVector256(t);
                    var high = Avx2.BroadcastVector128ToVector256(t + 16);
                    a0 = Avx2.Xor(Avx2.Xor(a0, Avx2.Shuffle(low, x0)), Avx2.Shuffle(high, h0));
                    a1 = Avx2.Xor(Avx2.Xor(a1, Avx2.Shuffle(low, x1)), Avx2.Shuffle(high, h1));
                    t += 32;
                }

                if (TShape.OutputCount > 1)
                {
                    var low = Avx2.BroadcastVector128ToVector256(t);
                    var high = Avx2.BroadcastVector128ToVector256(t + 16);
                    b0 = Avx2.Xor(Avx2.Xor(b0, Avx2.Shuffle(low, x0)), Avx2.Shuffle(high, h0));
                    b1 = Avx2.Xor(Avx2.Xor(b1, Avx2.Shuffle(low, x1)), Avx2.Shuffle(high, h1));
                    t += 32;
                }

                if (TShape.OutputCount > 2)
                {
                    var low = Avx2.BroadcastVector128ToVector256(t);
                    var high = Avx2.BroadcastVector128ToVector256(t + 16);
                    c0 = Avx2.Xor(Avx2.Xor(c0, Avx2.Shuffle(low, x0)), Avx2.Shuffle(high, h0));
                    c1 = Avx2.Xor(Avx2.Xor(c1, Avx2.Shuffle(low, x1)), Avx2.Shuffle(high, h1));
                    t += 32;
                }

                if (TShape.OutputCount > 3)
                {
                    var low = Avx2.BroadcastVector128ToVector256(t);
                    var high = Avx2.BroadcastVector128ToVector256(t + 16);
                    d0 = Avx2.Xor(Avx2.Xor(d0, Avx2.Shuffle(low, x0)), Avx2.Shuffle(high, h0));
                    d1 = Avx2.Xor(Avx2.Xor(d1, Avx2.Shuffle(low, x1)), Avx2.Shuffle(high, h1));
                    t += 32;
                }
            }

            Avx.Store(outputs[0] + i, a0);
            Avx.Store(outputs[0] + i + 32, a1);
            if (TShape.OutputCount > 1)
            {
                Avx.Store(outputs[1] + i, b0);
                Avx.Store(outputs[1] + i + 32, b1);
            }

            if (TShape.OutputCount > 2)
            {
                Avx.Store(outputs[2] + i, c0);
                Avx.Store(outputs[2] + i + 32, c1);
            }

            if (TShape.OutputCount > 3)
            {
                Avx.Store(outputs[3] + i, d0);
                Avx.Store(outputs[3] + i + 32, d1);
            }
        }
    }

    /// <summary>One output, the sum of all inputs, 128 bytes at a time.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Xor(byte** inputs, int inputCount, byte** outputs, nuint begin, nuint end)
    {
        for (var i = begin; i < end; i += 128)
        {
            var a = Avx.LoadVector256(inputs[0] + i);
            var b = Avx.LoadVector256(inputs[0] + i + 32);
            var c = Avx.LoadVector256(inputs[0] + i + 64);
            var d = Avx.LoadVector256(inputs[0] + i + 96);
            for (var j = 1; j < inputCount; j++)
            {
                var source = inputs[j] + i;
                a = Avx2.Xor(a, Avx.LoadVector256(source));
                b = Avx2.Xor(b, Avx.LoadVector256(source + 32));
                c = Avx2.Xor(c, Avx.LoadVector256(source + 64));
                d = Avx2.Xor(d, Avx.LoadVector256(source + 96));
            }

            Avx.Store(outputs[0] + i, a);
            Avx.Store(outputs[0] + i + 32, b);
            Avx.Store(outputs[0] + i + 64, c);
            Avx.Store(outputs[0] + i + 96, d);
        }
    }

    /// <summary>P, the sum of all inputs, and Q, the sum of 2^j·input j, by Horner's rule from the last input: q ← 2·q + x.</summary>
    /// <remarks>2·q is a shift; where the highest bit was set (the byte is negative), 0x1d is added, which is x^8 modulo the polynomial.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Horner(byte** inputs, int inputCount, byte** outputs, nuint begin, nuint end)
    {
        var zero = Vector256<sbyte>.Zero;
        var reduction = Vector256.Create((byte)(GaloisField.Polynomial & 0xFF));
        for (var i = begin; i < end; i += 128)
        {
            var last = inputs[inputCount - 1] + i;
            var p0 = Avx.LoadVector256(last);
            var p1 = Avx.LoadVector256(last + 32);
            var p2 = Avx.LoadVector256(last + 64);
            var p3 = Avx.LoadVector256(last + 96);
            var q0 = p0;
            var q1 = p1;
            var q2 = p2;
            var q3 = p3;
            for (var j = inputCount - 2; j >= 0; j--)
            {
                var source = inputs[j] + i;
                var x0 = Avx.LoadVector256(source);
                var x1 = Avx.LoadVector256(source + 32);
                var x2 = Avx.LoadVector256(source + 64);
                var x3 = Avx.LoadVector256(source + 96);
                p0 = Avx2.Xor(p0, x0);
                p1 = Avx2.Xor(p1, x1);
                p2 = Avx2.Xor(p2, x2);
                p3 = Avx2.Xor(p3, x3);
                var carry0 = Avx2.And(Avx2.CompareGreaterThan(zero, q0.AsSByte()).AsByte(), reduction);
                var carry1 = Avx2.And(Avx2.CompareGreaterThan(zero, q1.AsSByte()).AsByte(), reduction);
                var carry2 = Avx2.And(Avx2.CompareGreaterThan(zero, q2.AsSByte()).AsByte(), reduction);
                var carry3 = Avx2.And(Avx2.CompareGreaterThan(zero, q3.AsSByte()).AsByte(), reduction);
                q0 = Avx2.Xor(Avx2.Xor(Avx2.Add(q0, q0), carry0), x0);
                q1 = Avx2.Xor(Avx2.Xor(Avx2.Add(q1, q1), carry1), x1);
                q2 = Avx2.Xor(Avx2.Xor(Avx2.Add(q2, q2), carry2), x2);
                q3 = Avx2.Xor(Avx2.Xor(Avx2.Add(q3, q3), carry3), x3);
            }

            Avx.Store(outputs[0] + i, p0);
            Avx.Store(outputs[0] + i + 32, p1);
            Avx.Store(outputs[0] + i + 64, p2);
            Avx.Store(outputs[0] + i + 96, p3);
            Avx.Store(outputs[1] + i, q0);
            Avx.Store(outputs[1] + i + 32, q1);
            Avx.Store(outputs[1] + i + 64, q2);
            Avx.Store(outputs[1] + i + 96, q3);
        }
    }
}
