using System.Runtime.InteropServices;

namespace Oort.Crypto;

/// <summary>What Oort calls of OpenSSL 3 directly (EVP_EncryptInit(3)). Functions give 1 on success.</summary>
internal static unsafe partial class Libcrypto
{
    /// <summary>EVP_CTRL_AEAD_GET_TAG and EVP_CTRL_AEAD_SET_TAG.</summary>
    public const int GetTag = 0x10;
    public const int SetTag = 0x11;

    // The name under which .NET's own cryptography loads it, so that it is the same copy.
    private const string Library = "libcrypto.so.3";

    private static readonly string[] needed =
    [
        "EVP_CIPHER_fetch", "EVP_CIPHER_CTX_new", "EVP_CIPHER_CTX_free", "EVP_CIPHER_CTX_ctrl",
        "EVP_EncryptInit_ex", "EVP_EncryptUpdate", "EVP_EncryptFinal_ex", "EVP_DecryptInit_ex", "EVP_DecryptUpdate", "EVP_DecryptFinal_ex", "ERR_clear_error",
    ];

    [LibraryImport(Library, EntryPoint = "EVP_CIPHER_fetch", StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint FetchCipher(nint libraryContext, string algorithm, string? properties);

    [LibraryImport(Library, EntryPoint = "EVP_CIPHER_CTX_new")]
    public static partial nint NewContext();

    [LibraryImport(Library, EntryPoint = "EVP_CIPHER_CTX_free")]
    public static partial void FreeContext(nint context);

    [LibraryImport(Library, EntryPoint = "EVP_CIPHER_CTX_ctrl")]
    public static partial int Control(nint context, int type, int argument, byte* bytes);

    /// <summary>Sets cipher and key, or only the nonce where the others are null.</summary>
    [LibraryImport(Library, EntryPoint = "EVP_EncryptInit_ex")]
    public static partial int EncryptInit(nint context, nint cipher, nint engine, byte* key, byte* nonce);

    /// <summary>Encrypts, or takes in associated data where there is no destination.</summary>
    [LibraryImport(Library, EntryPoint = "EVP_EncryptUpdate")]
    public static partial int EncryptUpdate(nint context, byte* destination, int* written, byte* source, int length);

    [LibraryImport(Library, EntryPoint = "EVP_EncryptFinal_ex")]
    public static partial int EncryptFinal(nint context, byte* destination, int* written);

    [LibraryImport(Library, EntryPoint = "EVP_DecryptInit_ex")]
    public static partial int DecryptInit(nint context, nint cipher, nint engine, byte* key, byte* nonce);

    [LibraryImport(Library, EntryPoint = "EVP_DecryptUpdate")]
    public static partial int DecryptUpdate(nint context, byte* destination, int* written, byte* source, int length);

    /// <summary>Compares the tag, in constant time; not 1 when it differs.</summary>
    [LibraryImport(Library, EntryPoint = "EVP_DecryptFinal_ex")]
    public static partial int DecryptFinal(nint context, byte* destination, int* written);

    [LibraryImport(Library, EntryPoint = "ERR_clear_error")]
    public static partial void ClearErrors();

    /// <summary>Whether the library and all that is called of it are there.</summary>
    public static bool TryLoad() =>
        NativeLibrary.TryLoad(Library, typeof(Libcrypto).Assembly, null, out var library)
        && Array.TrueForAll(needed, name => NativeLibrary.TryGetExport(library, name, out _));
}
