using System.Runtime.InteropServices;

namespace Oort.Evm;

/// <summary>libsecp256k1's binary interface (secp256k1.h and secp256k1_recovery.h of version 0.2.0).</summary>
internal static unsafe partial class Libsecp256k1
{
    /// <summary>SECP256K1_CONTEXT_SIGN and _VERIFY: what every version takes; since 0.2.0 all contexts can both.</summary>
    public const uint ContextForAll = 0x301;

    /// <summary>SECP256K1_EC_UNCOMPRESSED.</summary>
    public const uint Uncompressed = 2;

    /// <summary>secp256k1_pubkey: opaque, of this size.</summary>
    public const int PublicKeySize = 64;

    /// <summary>secp256k1_ecdsa_recoverable_signature: opaque, of this size.</summary>
    public const int RecoverableSignatureSize = 65;

    private const string Library = "libsecp256k1.so.1";

    [LibraryImport(Library, EntryPoint = "secp256k1_context_create")]
    public static partial nint CreateContext(uint flags);

    [LibraryImport(Library, EntryPoint = "secp256k1_context_randomize")]
    public static partial int RandomizeContext(nint context, byte* seed);

    [LibraryImport(Library, EntryPoint = "secp256k1_ec_pubkey_create")]
    public static partial int CreatePublicKey(nint context, byte* publicKey, byte* secret);

    [LibraryImport(Library, EntryPoint = "secp256k1_ec_pubkey_serialize")]
    public static partial int SerializePublicKey(nint context, byte* output, nuint* length, byte* publicKey, uint flags);

    [LibraryImport(Library, EntryPoint = "secp256k1_ecdsa_sign_recoverable")]
    public static partial int Sign(nint context, byte* signature, byte* digest, byte* secret, nint nonceFunction, nint nonceData);

    [LibraryImport(Library, EntryPoint = "secp256k1_ecdsa_recoverable_signature_serialize_compact")]
    public static partial int SerializeSignature(nint context, byte* compact, int* recoveryId, byte* signature);

    [LibraryImport(Library, EntryPoint = "secp256k1_ecdsa_recoverable_signature_parse_compact")]
    public static partial int ParseSignature(nint context, byte* signature, byte* compact, int recoveryId);

    [LibraryImport(Library, EntryPoint = "secp256k1_ecdsa_recover")]
    public static partial int Recover(nint context, byte* publicKey, byte* signature, byte* digest);

    /// <summary>Whether the library and all that is called of it are there: builds without the recovery module exist.</summary>
    public static bool TryLoad()
    {
        if (!NativeLibrary.TryLoad(Library, typeof(Libsecp256k1).Assembly, null, out var library)) return false;
        string[] names =
        [
            "secp256k1_context_create", "secp256k1_context_randomize", "secp256k1_ec_pubkey_create", "secp256k1_ec_pubkey_serialize", "secp256k1_ecdsa_sign_recoverable",
            "secp256k1_ecdsa_recoverable_signature_serialize_compact", "secp256k1_ecdsa_recoverable_signature_parse_compact", "secp256k1_ecdsa_recover",
        ];
        return names.All(name => NativeLibrary.TryGetExport(library, name, out _));
    }
}
