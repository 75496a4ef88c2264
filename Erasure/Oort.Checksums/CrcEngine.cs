using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Oort.Checksums;

/// <summary>Moves a CRC register over bytes. The scalar methods are the definition; the vectorized ones must agree with them.</summary>
/// <remarks>The register is the CRC without its final inversion, in the low <c>Width</c> bits.</remarks>
internal static partial class CrcEngine<TPolynomial> where TPolynomial : struct, ICrcPolynomial
{
    private const int SliceCount = 8;

    // [256·s + b]: what byte b does to the register when s more bytes follow it.
    private static readonly ulong[] slices = CreateSlices();

    /// <summary>Appends with the fastest path this machine has.</summary>
    internal static ulong Append(ulong register, ReadOnlySpan<byte> data)
    {
        if (Pclmulqdq.V512.IsSupported && data.Length >= WidestLengthMin) return AppendFolded512(register, data);
        if (Pclmulqdq.V256.IsSupported && Avx2.IsSupported && data.Length >= WideLengthMin) return AppendFolded256(register, data);
        if (Pclmulqdq.IsSupported && data.Length >= FoldLengthMin) return AppendFolded128(register, data);
        return AppendSliced(register, data);
    }

    /// <summary>The definition: bit by bit.</summary>
    internal static ulong AppendBitwise(ulong register, ReadOnlySpan<byte> data)
    {
        foreach (var value in data)
        {
            register ^= value;
            for (var bit = 0; bit < 8; bit++) register = CrcAlgebra<TPolynomial>.TimesX(register);
        }

        return register;
    }

    /// <summary>Eight bytes a step: their contributions to the register eight bytes on are independent and looked up side by side.</summary>
    /// <remarks>Fully optimised from the first call: the last 16 bytes of every folded buffer come here too.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static ulong AppendSliced(ulong register, ReadOnlySpan<byte> data)
    {
        var table = slices;
        while (data.Length >= SliceCount)
        {
            var x = BinaryPrimitives.ReadUInt64LittleEndian(data) ^ register;
            register = table[7 * 256 + (byte)x]
                ^ table[6 * 256 + (byte)(x >> 8)]
                ^ table[5 * 256 + (byte)(x >> 16)]
                ^ table[4 * 256 + (byte)(x >> 24)]
                ^ table[3 * 256 + (byte)(x >> 32)]
                ^ table[2 * 256 + (byte)(x >> 40)]
                ^ table[1 * 256 + (byte)(x >> 48)]
                ^ table[(int)(x >> 56)];
            data = data[SliceCount..];
        }

        foreach (var value in data) register = (register >> 8) ^ table[(byte)register ^ value];
        return register;
    }

    private static ulong[] CreateSlices()
    {
        var table = new ulong[SliceCount * 256];
        for (var value = 0; value < 256; value++) table[value] = AppendBitwise(0, [(byte)value]);
        for (var i = 256; i < table.Length; i++) table[i] = (table[i - 256] >> 8) ^ table[(byte)table[i - 256]];
        return table;
    }
}
