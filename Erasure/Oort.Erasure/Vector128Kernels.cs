using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Oort.Erasure;

/// <summary>The same kernels with portable 128-bit vectors (SSSE3, Arm's TBL), 16 bytes at a time. See <see cref="Avx2Kernels"/> for how they work.</summary>
/// <remarks>Run on x86-64 with AVX2 switched off; nobody has run them on Arm.</remarks>
internal static unsafe class Vector128Kernels
{
    /// <summary>Up to four outputs.</summary>
    /// <param name="tables">For each input, for each output that has tables: 16 products of low nibbles, 16 of high ones.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Group<TShape>(byte** inputs, int inputCount, byte** outputs, byte* tables, nuint begin, nuint end)
        where TShape : struct, IGroupShape
    {
        var mask = Vector128.Create((byte)0x0F);
        for (var i = begin; i < end; i += 16)
        {
            var a = Vector128<byte>.Zero;
            var b = a;
            var c = a;
            var d = a;
            var t = tables;
            for (var j = 0; j < inputCount; j++)
            {
                var x = Vector128.Load(inputs[j] + i);
                if (TShape.XorFirst) a ^= x;
                var high = Vector128.ShiftRightLogical(x, 4);
                x &= mask;
                if (!TShape.XorFirst)
                {
                    a ^= Multiply(t, x, high);
                    t += 32;
                }

                if (TShape.OutputCount > 1)
                {
                    b ^= Multiply(t, x, high);
                    t += 32;
                }

                if (TShape.OutputCount > 2)
                {
                    c ^= Multiply(t, x, high);
                    t += 32;
                }

                if (TShape.OutputCount > 3)
                {
                    d ^= Multiply(t, x, high);
                    t += 32;
                }
            }

            a.Store(outputs[0] + i);
            if (TShape.OutputCount > 1) b.Store(outputs[1] + i);
            if (TShape.OutputCount > 2) c.Store(outputs[2] + i);
            if (TShape.OutputCount > 3) d.Store(outputs[3] + i);
        }
    }

    /// <summary>P and Q.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Horner(byte** inputs, int inputCount, byte** outputs, nuint begin, nuint end)
    {
        var reduction = Vector128.Create((byte)(GaloisField.Polynomial & 0xFF));
        for (var i = begin; i < end; i += 16)
        {
            var p = Vector128.Load(inputs[inputCount - 1] + i);
            var q = p;
            for (var j = inputCount - 2; j >= 0; j--)
            {
                var x = Vector128.Load(inputs[j] + i);
                p ^= x;
                q = (q + q) ^ (Vector128.LessThan(q.AsSByte(), Vector128<sbyte>.Zero).AsByte() & reduction) ^ x;
            }

            p.Store(outputs[0] + i);
            q.Store(outputs[1] + i);
        }
    }

    // The indices are below 16, where every processor's shuffle means the same.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Multiply(byte* table, Vector128<byte> low, Vector128<byte> high) =>
        Vector128.ShuffleNative(Vector128.Load(table), low) ^ Vector128.ShuffleNative(Vector128.Load(table + 16), high);
}
