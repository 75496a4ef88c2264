using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Oort.Objects.Tests.World;

/// <summary>What the pages of journal and snapshot say of seals and checksums, written down once more: slow, with nothing of the product's.</summary>
internal static class NaiveCrypto
{
    /// <summary>The plaintext, or null: AES-256-GCM under Expand(key, label ‖ salt), nonce 4 zero bytes ‖ number (docs/formats/keyring.md §5).</summary>
    public static byte[]? Open(byte[] key, string label, byte[] salt, ulong number, byte[] associated, byte[] content)
    {
        if (content.Length < 16) return null;
        using var aes = new AesGcm(HKDF.Expand(HashAlgorithmName.SHA256, key, 32, [.. Encoding.ASCII.GetBytes(label), 0, .. salt]), 16);
        var nonce = new byte[12];
        BinaryPrimitives.WriteUInt64BigEndian(nonce.AsSpan(4), number);
        var plaintext = new byte[content.Length - 16];
        try
        {
            aes.Decrypt(nonce, content[..^16], content[^16..], plaintext, associated);
            return plaintext;
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }

    /// <summary>CRC-32C, bit by bit.</summary>
    public static ulong Crc(byte[] bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ ((crc & 1) == 1 ? 0x82F63B78 : 0);
        }

        return crc ^ uint.MaxValue;
    }

    /// <summary>A big-endian number; at most 8 bytes.</summary>
    public static ulong Number(byte[] bytes, int offset, int count) => bytes[offset..(offset + count)].Aggregate(0UL, (number, value) => (number << 8) | value);

    public static string Hex(byte[] bytes, int offset, int count) => Convert.ToHexStringLower(bytes, offset, count);
}
