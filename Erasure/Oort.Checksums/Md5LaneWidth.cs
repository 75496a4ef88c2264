using System.Runtime.Intrinsics.X86;

namespace Oort.Checksums;

/// <summary>How many streams an instruction takes.</summary>
internal enum Md5LaneWidth
{
    /// <summary>No vectors.</summary>
    One,

    /// <summary>AVX2; in pairs sixteen.</summary>
    Eight,

    /// <summary>AVX-512.</summary>
    Sixteen,
}

internal static class Md5LaneWidths
{
    /// <summary>The widest that this processor has.</summary>
    public static Md5LaneWidth Widest { get; } =
        Avx512F.IsSupported ? Md5LaneWidth.Sixteen : Avx2.IsSupported ? Md5LaneWidth.Eight : Md5LaneWidth.One;

    /// <summary>All that this processor has.</summary>
    public static IEnumerable<Md5LaneWidth> Supported => Enum.GetValues<Md5LaneWidth>().Where(width => width <= Widest);

    /// <summary>How many streams go side by side.</summary>
    public static int LaneCount(this Md5LaneWidth width) => width == Md5LaneWidth.One ? 1 : Md5Engine.LaneCountMax;
}
