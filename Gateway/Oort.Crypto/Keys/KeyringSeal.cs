using System.Buffers.Binary;
using System.Diagnostics;
using System.Security.Cryptography;

namespace Oort.Crypto;

/// <summary>The keyring's envelope: a clear header, the sealed payload, a tag (docs/formats/keyring.md §3).</summary>
/// <remarks>Each sealing has a fresh random salt and from it a key of its own, so the nonce can be zero.</remarks>
internal static class KeyringSeal
{
    public const byte FormatVersion = 1;

    /// <summary>HKDF-SHA256 and AES-256-GCM.</summary>
    public const byte Suite = 1;

    public const int FormatVersionOffset = 8;
    public const int SuiteOffset = 9;
    public const int ReservedOffset = 10;
    public const int PayloadLengthOffset = 12;
    public const int IdentityOffset = 16;
    public const int GenerationOffset = 32;
    public const int SaltOffset = 40;
    public const int CheckOffset = 72;
    public const int HeaderSize = 88;

    public const int SaltSize = 32;
    public const int CheckSize = 16;
    public const int TagSize = 16;

    /// <summary>Some 20,000 key versions; far below the largest blob, and small enough to be read whole without thought.</summary>
    public const int PayloadSizeMax = 1024 * 1024;

    private const int NonceSize = 12;

    public static ReadOnlySpan<byte> Magic => "OORTKEYS"u8;

    public static byte[] Seal(ReadOnlySpan<byte> root, UInt128 identity, ulong generation, ReadOnlySpan<byte> salt, ReadOnlySpan<byte> payload)
    {
        Debug.Assert(salt.Length == SaltSize);
        if (payload.Length > PayloadSizeMax) throw new InvalidOperationException("The keyring is full: destroy old key versions first.");

        var result = new byte[HeaderSize + payload.Length + TagSize];
        var header = result.AsSpan(0, HeaderSize);
        Magic.CopyTo(header);
        header[FormatVersionOffset] = FormatVersion;
        header[SuiteOffset] = Suite;
        BinaryPrimitives.WriteInt32BigEndian(header[PayloadLengthOffset..], payload.Length);
        BinaryPrimitives.WriteUInt128BigEndian(header[IdentityOffset..], identity);
        BinaryPrimitives.WriteUInt64BigEndian(header[GenerationOffset..], generation);
        salt.CopyTo(header[SaltOffset..]);
        WriteCheck(root, salt, header.Slice(CheckOffset, CheckSize));

        Span<byte> nonce = stackalloc byte[NonceSize];
        nonce.Clear();
        using var aes = CreateAes(root, salt);
        aes.Encrypt(nonce, payload, result.AsSpan(HeaderSize, payload.Length), result.AsSpan(HeaderSize + payload.Length), header);
        return result;
    }

    /// <summary>Checks what can be checked without the root.</summary>
    public static KeyringError ReadHeader(ReadOnlySpan<byte> sealedBytes, out KeyringHeader header)
    {
        header = default;
        if (!sealedBytes.StartsWith(Magic)) return KeyringError.NotAKeyring;
        if (sealedBytes.Length < HeaderSize + TagSize) return KeyringError.Truncated;
        if (sealedBytes[FormatVersionOffset] != FormatVersion || sealedBytes[SuiteOffset] != Suite) return KeyringError.UnknownVersion;
        if (BinaryPrimitives.ReadUInt16BigEndian(sealedBytes[ReservedOffset..]) != 0) return KeyringError.UnknownVersion;
        var payloadLength = BinaryPrimitives.ReadUInt32BigEndian(sealedBytes[PayloadLengthOffset..]);
        if (payloadLength > PayloadSizeMax) return KeyringError.Damaged;
        if (sealedBytes.Length != HeaderSize + (int)payloadLength + TagSize) return KeyringError.Truncated;
        header = new(BinaryPrimitives.ReadUInt128BigEndian(sealedBytes[IdentityOffset..]),
            BinaryPrimitives.ReadUInt64BigEndian(sealedBytes[GenerationOffset..]));
        return KeyringError.None;
    }

    /// <summary>Opens the payload of bytes whose header <see cref="ReadHeader"/> accepted.</summary>
    /// <param name="payload">Fully overwritten; the caller clears it. As long as the sealed payload.</param>
    public static KeyringError OpenPayload(ReadOnlySpan<byte> root, ReadOnlySpan<byte> sealedBytes, Span<byte> payload)
    {
        var salt = sealedBytes.Slice(SaltOffset, SaltSize);
        Span<byte> check = stackalloc byte[CheckSize];
        WriteCheck(root, salt, check);
        if (!CryptographicOperations.FixedTimeEquals(check, sealedBytes.Slice(CheckOffset, CheckSize))) return KeyringError.WrongRoot;

        Span<byte> nonce = stackalloc byte[NonceSize];
        nonce.Clear();
        using var aes = CreateAes(root, salt);
        var isGenuine = aes.TryDecrypt(nonce, sealedBytes[HeaderSize..^TagSize], sealedBytes[^TagSize..], payload, sealedBytes[..HeaderSize]);
        return isGenuine ? KeyringError.None : KeyringError.Damaged;
    }

    /// <summary>Tells a wrong phrase from a damaged replica. It says nothing about the root: 256 random bits cannot be tried out.</summary>
    private static void WriteCheck(ReadOnlySpan<byte> root, ReadOnlySpan<byte> salt, Span<byte> check) =>
        KeyDerivation.FromRoot(root, salt, KeyDerivation.KeyringCheckLabel, check);

    private static IAesGcm CreateAes(ReadOnlySpan<byte> root, ReadOnlySpan<byte> salt)
    {
        Span<byte> key = stackalloc byte[KeyDerivation.KeySize];
        try
        {
            KeyDerivation.FromRoot(root, salt, KeyDerivation.KeyringSealLabel, key);
            return AesGcmKeys.Create(key);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }
}
