using System.Buffers.Binary;
using Oort.Crypto.Tests.Ciphers;

namespace Oort.Crypto.Tests.Keys;

/// <summary>A reader of sealed keyrings and wrapped keys written from docs/formats/keyring.md and segment.md alone, over another library.</summary>
internal sealed class NaiveKeyring
{
    public ulong Generation { get; private init; }
    public int LastKeyVersion { get; private set; }
    public SortedDictionary<int, byte[]> KeyEncryptionKeys { get; } = [];

    public static NaiveKeyring Read(byte[] bytes, byte[] root)
    {
        if (!bytes[..8].AsSpan().SequenceEqual("OORTKEYS"u8) || bytes[8] != 1 || bytes[9] != 1) throw new InvalidDataException("header");
        var length = BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(12));
        var salt = bytes[40..72];
        if (!Oracle.Hkdf(root, salt, [.. "oort keyring check v1\0"u8], 16).AsSpan().SequenceEqual(bytes.AsSpan(72, 16))) throw new InvalidDataException("root");
        var key = Oracle.Hkdf(root, salt, [.. "oort keyring seal v1\0"u8], 32);
        var payload = Oracle.Open(key, new byte[12], bytes[..88], bytes[88..(88 + length + 16)]);

        var keyring = new NaiveKeyring { Generation = BinaryPrimitives.ReadUInt64BigEndian(bytes.AsSpan(32)) };
        for (var at = 0; at < payload.Length;)
        {
            var tag = BinaryPrimitives.ReadUInt16BigEndian(payload.AsSpan(at));
            var size = BinaryPrimitives.ReadInt32BigEndian(payload.AsSpan(at + 2));
            var value = payload[(at + 6)..(at + 6 + size)];
            at += 6 + size;
            if (tag == 5) keyring.LastKeyVersion = BinaryPrimitives.ReadInt32BigEndian(value);
            if (tag == 6) keyring.KeyEncryptionKeys.Add(BinaryPrimitives.ReadInt32BigEndian(value), value[12..44]);
        }
        return keyring;
    }

    public byte[] Unwrap(int version, byte[] dataId, byte[] wrapped)
    {
        var key = Oracle.HkdfExpand(KeyEncryptionKeys[version], [.. "oort data key v1\0"u8, .. dataId]);
        return Oracle.Open(key, wrapped[..12], [0, 0, 0, (byte)version, .. dataId], wrapped[12..]);
    }
}
