using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Oort.Checksums;

/// <summary>Folding with carry-less multiplication (Gopal et al., "Fast CRC Computation Using PCLMULQDQ", Intel 2009).</summary>
/// <remarks>
/// Take 16 bytes as a polynomial L·x^64 + H (L: the first 8 bytes). D bits further on they weigh L·x^(64+D) + H·x^D, which is congruent
/// to L·(x^(64+D) mod P) + H·(x^D mod P): two multiplications of 64 bits, whose 128-bit sum is added to the 16 bytes that stand there.
/// Reflected operands give a product that is one bit lower than the reflected product, so the constants are x^(64+D−1) and x^(D−1).
/// What remains after the wide steps is folded 16 bytes at a time; the last 16 go through the sliced scalar code as if they were message, which
/// computes their remainder.
/// </remarks>
internal static partial class CrcEngine<TPolynomial>
{
    // Below four lanes there is nothing to fold side by side.
    private const int FoldLengthMin = 64;
    private const int WideLengthMin = 128;
    private const int WidestLengthMin = 256;

    private static readonly Vector128<ulong> fold16 = Constants(16);
    private static readonly Vector128<ulong> fold64 = Constants(64);
    private static readonly Vector128<ulong> fold32 = Constants(32);
    private static readonly Vector128<ulong> fold128 = Constants(128);
    private static readonly Vector128<ulong> fold256 = Constants(256);

    /// <summary>Four lanes of 16 bytes.</summary>
    /// <param name="data">At least <see cref="FoldLengthMin"/> bytes.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static ulong AppendFolded128(ulong register, ReadOnlySpan<byte> data)
    {
        ref var source = ref MemoryMarshal.GetReference(data);
        var end = (nuint)data.Length & ~(nuint)(FoldLengthMin - 1);
        var constants = fold64;
        var a = Vector128.LoadUnsafe(ref source).AsUInt64() ^ Vector128.CreateScalar(register);
        var b = Vector128.LoadUnsafe(ref source, 16).AsUInt64();
        var c = Vector128.LoadUnsafe(ref source, 32).AsUInt64();
        var d = Vector128.LoadUnsafe(ref source, 48).AsUInt64();
        for (nuint i = FoldLengthMin; i < end; i += FoldLengthMin)
        {
            a = Fold(a, constants) ^ Vector128.LoadUnsafe(ref source, i).AsUInt64();
            b = Fold(b, constants) ^ Vector128.LoadUnsafe(ref source, i + 16).AsUInt64();
            c = Fold(c, constants) ^ Vector128.LoadUnsafe(ref source, i + 32).AsUInt64();
            d = Fold(d, constants) ^ Vector128.LoadUnsafe(ref source, i + 48).AsUInt64();
        }

        constants = fold16;
        return Finish(Fold(Fold(Fold(a, constants) ^ b, constants) ^ c, constants) ^ d, data[(int)end..]);
    }

    /// <summary>Four lanes of 32 bytes.</summary>
    /// <param name="data">At least <see cref="WideLengthMin"/> bytes.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static ulong AppendFolded256(ulong register, ReadOnlySpan<byte> data)
    {
        ref var source = ref MemoryMarshal.GetReference(data);
        var end = (nuint)data.Length & ~(nuint)(WideLengthMin - 1);
        var constants = Vector256.Create(fold128, fold128);
        var a = Vector256.LoadUnsafe(ref source).AsUInt64() ^ Vector256.CreateScalar(register);
        var b = Vector256.LoadUnsafe(ref source, 32).AsUInt64();
        var c = Vector256.LoadUnsafe(ref source, 64).AsUInt64();
        var d = Vector256.LoadUnsafe(ref source, 96).AsUInt64();
        for (nuint i = WideLengthMin; i < end; i += WideLengthMin)
        {
            a = Fold(a, constants) ^ Vector256.LoadUnsafe(ref source, i).AsUInt64();
            b = Fold(b, constants) ^ Vector256.LoadUnsafe(ref source, i + 32).AsUInt64();
            c = Fold(c, constants) ^ Vector256.LoadUnsafe(ref source, i + 64).AsUInt64();
            d = Fold(d, constants) ^ Vector256.LoadUnsafe(ref source, i + 96).AsUInt64();
        }

        constants = Vector256.Create(fold32, fold32);
        var x = Fold(Fold(Fold(a, constants) ^ b, constants) ^ c, constants) ^ d;
        return Finish(Fold(x.GetLower(), fold16) ^ x.GetUpper(), data[(int)end..]);
    }

    /// <summary>Four lanes of 64 bytes.</summary>
    /// <param name="data">At least <see cref="WidestLengthMin"/> bytes.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static ulong AppendFolded512(ulong register, ReadOnlySpan<byte> data)
    {
        ref var source = ref MemoryMarshal.GetReference(data);
        var end = (nuint)data.Length & ~(nuint)(WidestLengthMin - 1);
        var constants = Repeat(fold256);
        var a = Vector512.LoadUnsafe(ref source).AsUInt64() ^ Vector512.CreateScalar(register);
        var b = Vector512.LoadUnsafe(ref source, 64).AsUInt64();
        var c = Vector512.LoadUnsafe(ref source, 128).AsUInt64();
        var d = Vector512.LoadUnsafe(ref source, 192).AsUInt64();
        for (nuint i = WidestLengthMin; i < end; i += WidestLengthMin)
        {
            a = Fold(a, constants) ^ Vector512.LoadUnsafe(ref source, i).AsUInt64();
            b = Fold(b, constants) ^ Vector512.LoadUnsafe(ref source, i + 64).AsUInt64();
            c = Fold(c, constants) ^ Vector512.LoadUnsafe(ref source, i + 128).AsUInt64();
            d = Fold(d, constants) ^ Vector512.LoadUnsafe(ref source, i + 192).AsUInt64();
        }

        constants = Repeat(fold64);
        var x = Fold(Fold(Fold(a, constants) ^ b, constants) ^ c, constants) ^ d;
        var near = fold16;
        var y = Fold(x.GetLower().GetLower(), near) ^ x.GetLower().GetUpper();
        y = Fold(y, near) ^ x.GetUpper().GetLower();
        y = Fold(y, near) ^ x.GetUpper().GetUpper();
        return Finish(y, data[(int)end..]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> Fold(Vector128<ulong> x, Vector128<ulong> constants) =>
        Pclmulqdq.CarrylessMultiply(x, constants, 0x00) ^ Pclmulqdq.CarrylessMultiply(x, constants, 0x11);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> Fold(Vector256<ulong> x, Vector256<ulong> constants) =>
        Pclmulqdq.V256.CarrylessMultiply(x, constants, 0x00) ^ Pclmulqdq.V256.CarrylessMultiply(x, constants, 0x11);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> Fold(Vector512<ulong> x, Vector512<ulong> constants) =>
        Pclmulqdq.V512.CarrylessMultiply(x, constants, 0x00) ^ Pclmulqdq.V512.CarrylessMultiply(x, constants, 0x11);

    private static Vector512<ulong> Repeat(Vector128<ulong> constants) =>
        Vector512.Create(Vector256.Create(constants, constants), Vector256.Create(constants, constants));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static ulong Finish(Vector128<ulong> rest, ReadOnlySpan<byte> tail)
    {
        var near = fold16;
        while (tail.Length >= 16)
        {
            rest = Fold(rest, near) ^ Vector128.Create(tail).AsUInt64();
            tail = tail[16..];
        }

        Span<byte> message = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(message, rest[0]);
        BinaryPrimitives.WriteUInt64LittleEndian(message[8..], rest[1]);
        return AppendSliced(AppendSliced(0, message), tail);
    }

    /// <summary>The multipliers of the first and the second 8 bytes for a fold by a number of bytes, as 64-bit reflected polynomials.</summary>
    private static Vector128<ulong> Constants(int distance) => Vector128.Create(
        CrcAlgebra<TPolynomial>.PowerOfX(distance * 8 + 63) << (64 - TPolynomial.Width),
        CrcAlgebra<TPolynomial>.PowerOfX(distance * 8 - 1) << (64 - TPolynomial.Width));
}
