using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Oort.Erasure;

/// <summary>The kernel for processors with GFNI and AVX-512. Agrees byte for byte with <see cref="GaloisField"/>.</summary>
/// <remarks>
/// GF2P8AFFINEQB multiplies 64 bytes by an 8×8 matrix of bits each, and multiplication by a constant is such a matrix whatever the field's
/// polynomial (the plain multiplication GF2P8MULB is for AES's 0x11b only). So a product is one instruction and 8 bytes of table.
/// See <see cref="Avx2Kernels"/> for the rest.
/// </remarks>
internal static unsafe class Gfni512Kernels
{
    /// <summary>Up to four outputs, 128 bytes at a time.</summary>
    /// <param name="multipliers">For each input, for each output that is not XOR: its matrix of bits.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Group<TShape>(byte** inputs, int inputCount, byte** outputs, ulong* multipliers, nuint begin, nuint end)
        where TShape : struct, IGroupShape
    {
        for (var i = begin; i < end; i += 128)
        {
            var a0 = Vector512<byte>.Zero;
            var a1 = a0;
            var b0 = a0;
            var b1 = a0;
            var c0 = a0;
            var c1 = a0;
            var d0 = a0;
            var d1 = a0;
            var next = multipliers;
            for (var j = 0; j < inputCount; j++)
            {
                var source = inputs[j] + i;
                var x0 = Vector512.Load(source);
                var x1 = Vector512.Load(source + 64);
                if (TShape.XorFirst)
                {
                    a0 ^= x0;
                    a1 ^= x1;
                }
                else
                {
                    var multiplier = Vector512.Create(*next++).AsByte();
                    a0 ^= Gfni.V512.GaloisFieldAffineTransform(x0, multiplier, 0);
                    a1 ^= Gfni.V512.GaloisFieldAffineTransform(x1, multiplier, 0);
                }

                if (TShape.OutputCount > 1)
                {
                    var multiplier = Vector512.Create(*next++).AsByte();
                    b0 ^= Gfni.V512.GaloisFieldAffineTransform(x0, multiplier, 0);
                    b1 ^= Gfni.V512.GaloisFieldAffineTransform(x1, multiplier, 0);
                }

                if (TShape.OutputCount > 2)
                {
                    var multiplier = Vector512.Create(*next++).AsByte();
                    c0 ^= Gfni.V512.GaloisFieldAffineTransform(x0, multiplier, 0);
                    c1 ^= Gfni.V512.GaloisFieldAffineTransform(x1, multiplier, 0);
                }

                if (TShape.OutputCount > 3)
                {
                    var multiplier = Vector512.Create(*next++).AsByte();
                    d0 ^= Gfni.V512.GaloisFieldAffineTransform(x0, multiplier, 0);
                    d1 ^= Gfni.V512.GaloisFieldAffineTransform(x1, multiplier, 0);
                }
            }

            a0.Store(outputs[0] + i);
            a1.Store(outputs[0] + i + 64);
            if (TShape.OutputCount > 1)
            {
                b0.Store(outputs[1] + i);
                b1.Store(outputs[1] + i + 64);
            }

            if (TShape.OutputCount > 2)
            {
                c0.Store(outputs[2] + i);
                c1.Store(outputs[2] + i + 64);
            }

            if (TShape.OutputCount > 3)
            {
                d0.Store(outputs[3] + i);
                d1.Store(outputs[3] + i + 64);
            }
        }
    }
}
