using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Oort.Erasure;

/// <summary>The families of kernels, slowest first. All give the same bytes.</summary>
internal enum KernelLevel
{
    /// <summary>The definition.</summary>
    Scalar,

    /// <summary>Table look-ups in portable 128-bit vectors.</summary>
    Vector128,

    /// <summary>Table look-ups in 256-bit vectors.</summary>
    Avx2,

    /// <summary>Multiplication by a constant as one instruction, on 512 bits.</summary>
    Gfni512,
}

internal static class KernelLevels
{
    /// <summary>The best level of this machine.</summary>
    internal static KernelLevel Best =>
        KernelLevel.Gfni512.IsSupported() ? KernelLevel.Gfni512
        : KernelLevel.Avx2.IsSupported() ? KernelLevel.Avx2
        : KernelLevel.Vector128.IsSupported() ? KernelLevel.Vector128
        : KernelLevel.Scalar;

    internal static bool IsSupported(this KernelLevel level) => level switch
    {
        KernelLevel.Gfni512 => Gfni.V512.IsSupported && Avx512BW.IsSupported,
        KernelLevel.Avx2 => Avx2.IsSupported,
        KernelLevel.Vector128 => Vector128.IsHardwareAccelerated,
        _ => true,
    };

    /// <summary>The kernels of a level do a multiple of so many bytes.</summary>
    internal static int Width(this KernelLevel level) => level switch
    {
        KernelLevel.Gfni512 or KernelLevel.Avx2 => 128,
        KernelLevel.Vector128 => 16,
        _ => 1,
    };
}
