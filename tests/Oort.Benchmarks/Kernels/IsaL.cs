using System.Reflection;
using System.Runtime.InteropServices;

namespace Oort.Benchmarks.Kernels;

/// <summary>Intel's storage library as the yardstick, where Debian's package libisal2 is installed.</summary>
internal static unsafe partial class IsaL
{
    private const string Library = "libisal.so.2";

    internal static bool IsPresent { get; } = NativeLibrary.TryLoad(Library, Assembly.GetExecutingAssembly(), null, out _);

    /// <summary>Expands coefficients (rows × k, row after row) to 32 bytes each.</summary>
    [LibraryImport(Library, EntryPoint = "ec_init_tables")]
    internal static partial void InitTables(int k, int rows, byte* coefficients, byte* tables);

    [LibraryImport(Library, EntryPoint = "ec_encode_data")]
    internal static partial void EncodeData(int length, int k, int rows, byte* tables, byte** data, byte** parity);

    /// <summary>The path it takes on processors without AVX-512.</summary>
    [LibraryImport(Library, EntryPoint = "ec_encode_data_avx2")]
    internal static partial void EncodeDataAvx2(int length, int k, int rows, byte* tables, byte** data, byte** parity);

    /// <summary>2.30 has no CRC-64/NVME; this reflected CRC-64 is the same work with another constant.</summary>
    [LibraryImport(Library, EntryPoint = "crc64_ecma_refl")]
    internal static partial ulong Crc64EcmaReflected(ulong seed, byte* data, ulong length);

    /// <summary>The same with 128-bit folding, as on processors without AVX-512.</summary>
    [LibraryImport(Library, EntryPoint = "crc64_ecma_refl_by8")]
    internal static partial ulong Crc64EcmaReflected128(ulong seed, byte* data, ulong length);

    [LibraryImport(Library, EntryPoint = "crc32_gzip_refl")]
    internal static partial uint Crc32Gzip(uint seed, byte* data, ulong length);

    /// <summary>CRC-32C without the inversions.</summary>
    [LibraryImport(Library, EntryPoint = "crc32_iscsi")]
    internal static partial uint Crc32Iscsi(byte* data, int length, uint seed);
}
