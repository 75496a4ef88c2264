using System.Diagnostics;
using System.Security.Cryptography;
using Oort.Checksums;

namespace Oort.Crypto;

/// <summary>How one key comes from another (docs/formats/keyring.md §5): HKDF-SHA256, RFC 5869, with one label for each use.</summary>
/// <remarks>
/// Keys of the keyring are 256 uniformly random bits, which RFC 5869 §3.3 lets serve as PRK without the extract step; so a derived
/// key costs one HMAC, which matters where every small object pays for one. The root, which people type in, takes both steps.
/// A label ends in a zero byte and is followed by a context of fixed length, so no two (label, context) pairs are one byte string.
/// </remarks>
internal static class KeyDerivation
{
    /// <summary>Size of every key, in bytes.</summary>
    public const int KeySize = 32;

    private const int ContextSizeMax = 64;

    public static ReadOnlySpan<byte> DataKeyLabel => "oort data key v1\0"u8;
    public static ReadOnlySpan<byte> CustomerKeyLabel => "oort customer key v1\0"u8;
    public static ReadOnlySpan<byte> NamedKeyLabel => "oort named key v1\0"u8;
    public static ReadOnlySpan<byte> CustomerDigestLabel => "oort customer digest v1\0"u8;
    public static ReadOnlySpan<byte> CustomerCheckLabel => "oort customer check v1\0"u8;
    public static ReadOnlySpan<byte> SegmentTagLabel => "oort segment tag v1\0"u8;
    public static ReadOnlySpan<byte> JournalLabel => "oort journal v1\0"u8;
    public static ReadOnlySpan<byte> SnapshotLabel => "oort snapshot v1\0"u8;
    public static ReadOnlySpan<byte> SecretLabel => "oort secret v1\0"u8;
    public static ReadOnlySpan<byte> KeyringSealLabel => "oort keyring seal v1\0"u8;
    public static ReadOnlySpan<byte> KeyringCheckLabel => "oort keyring check v1\0"u8;
    public static ReadOnlySpan<byte> ClusterKeyLabel => "oort cluster key v1\0"u8;
    public static ReadOnlySpan<byte> JoinTokenLabel => "oort join token v1\0"u8;

    /// <summary>HKDF-Expand with <paramref name="key"/> as PRK and label ‖ context as info.</summary>
    /// <param name="destination">32 bytes, the first block of the expansion: HMAC(PRK, info ‖ 1). Fully overwritten with the derived key; the caller clears it.</param>
    public static void Expand(ReadOnlySpan<byte> key, ReadOnlySpan<byte> label, ReadOnlySpan<byte> context, Span<byte> destination)
    {
        Debug.Assert(key.Length == KeySize && destination.Length == KeySize && context.Length <= ContextSizeMax && label[^1] == 0);
        Span<byte> info = stackalloc byte[label.Length + context.Length + 1];
        label.CopyTo(info);
        context.CopyTo(info[label.Length..]);
        info[^1] = 1;
        HmacSha256.Compute(key, info, destination);
    }

    /// <summary>HKDF with both steps, for keys from the root.</summary>
    public static void FromRoot(ReadOnlySpan<byte> root, ReadOnlySpan<byte> salt, ReadOnlySpan<byte> label, Span<byte> destination) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, root, destination, salt, label);

    /// <summary>An AES-256-GCM context under a derived key; the key's own bytes do not outlive the call.</summary>
    public static IAesGcm ExpandToAes(ReadOnlySpan<byte> key, ReadOnlySpan<byte> label, ReadOnlySpan<byte> context)
    {
        Span<byte> derived = stackalloc byte[KeySize];
        try
        {
            Expand(key, label, context, derived);
            return AesGcmKeys.Create(derived);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(derived);
        }
    }
}
