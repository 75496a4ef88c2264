using System.Runtime.InteropServices;

namespace Oort.Checksums;

/// <summary>OpenSSL's SHA-256 without the layers above it.</summary>
/// <remarks>
/// These calls have been deprecated since OpenSSL 3.0, in favour of ones that look the algorithm up each time; they are part of its binary interface as long as the library's
/// name ends in 3, and <see cref="TryLoad"/> finds out whether they are there. A call here costs 70 ns for 64 bytes, the platform's 500.
/// </remarks>
internal static unsafe partial class Libcrypto
{
    // The name under which .NET's own cryptography loads it, so that it is the same copy.
    private const string Library = "libcrypto.so.3";

    [LibraryImport(Library, EntryPoint = "SHA256_Init")]
    public static partial int Init(Sha256Context* context);

    [LibraryImport(Library, EntryPoint = "SHA256_Update")]
    public static partial int Update(Sha256Context* context, byte* data, nuint length);

    [LibraryImport(Library, EntryPoint = "SHA256_Final")]
    public static partial int Final(byte* hash, Sha256Context* context);

    /// <summary>Whether the library and all that is called of it are there.</summary>
    public static bool TryLoad()
    {
        if (!NativeLibrary.TryLoad(Library, typeof(Libcrypto).Assembly, null, out var library)) return false;
        return NativeLibrary.TryGetExport(library, "SHA256_Init", out _)
            && NativeLibrary.TryGetExport(library, "SHA256_Update", out _)
            && NativeLibrary.TryGetExport(library, "SHA256_Final", out _);
    }
}
