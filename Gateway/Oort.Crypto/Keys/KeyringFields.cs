using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Oort.Crypto;

/// <summary>The keyring's payload: fields of tag, length and value, big-endian (docs/formats/keyring.md §4).</summary>
internal static class KeyringFields
{
    /// <summary>Tag and length before each value.</summary>
    public const int FieldHeaderSize = 6;

    /// <summary>Version, time and key; a newer program may append to it.</summary>
    public const int KeyEncryptionKeySize = 4 + 8 + KeyDerivation.KeySize;

    public const ushort CreatedTag = 1;
    public const ushort JournalKeyTag = 2;
    public const ushort SnapshotKeyTag = 3;
    public const ushort TagKeyTag = 4;
    public const ushort LastKeyVersionTag = 5;
    public const ushort KeyEncryptionKeyTag = 6;
    public const ushort NamedKeyTag = 8;

    /// <summary>Length of the name, version and time; the name and the key are besides.</summary>
    public const int NamedKeyHeadSize = 1 + 4 + 8;

    /// <summary>Encodes into a buffer that the caller clears.</summary>
    public static byte[] Encode(KeyringContents contents)
    {
        var size = Size(contents);
        var payload = GC.AllocateUninitializedArray<byte>(size, pinned: true);
        var rest = payload.AsSpan();
        BinaryPrimitives.WriteInt64BigEndian(Begin(ref rest, CreatedTag, 8), contents.Created.ToUnixTimeMilliseconds());
        contents.JournalKey.Span.CopyTo(Begin(ref rest, JournalKeyTag, KeyDerivation.KeySize));
        contents.SnapshotKey.Span.CopyTo(Begin(ref rest, SnapshotKeyTag, KeyDerivation.KeySize));
        contents.TagKey.Span.CopyTo(Begin(ref rest, TagKeyTag, KeyDerivation.KeySize));
        BinaryPrimitives.WriteInt32BigEndian(Begin(ref rest, LastKeyVersionTag, 4), contents.LastKeyVersion);
        foreach (var key in contents.KeyEncryptionKeys)
        {
            var value = Begin(ref rest, KeyEncryptionKeyTag, KeyEncryptionKeySize + key.Unknown.Length);
            BinaryPrimitives.WriteInt32BigEndian(value, key.Version);
            BinaryPrimitives.WriteInt64BigEndian(value[4..], key.Created.ToUnixTimeMilliseconds());
            key.Key.Span.CopyTo(value[12..]);
            key.Unknown.CopyTo(value[KeyEncryptionKeySize..]);
        }
        foreach (var key in contents.NamedKeys) WriteNamed(Begin(ref rest, NamedKeyTag, SizeOf(key)), key);
        foreach (var (tag, value) in contents.UnknownFields)
            value.CopyTo(Begin(ref rest, tag, value.Length));
        return payload;
    }

    /// <summary>Decodes an authenticated payload, or returns null when it breaks a rule of the format.</summary>
    public static KeyringContents? Decode(ReadOnlySpan<byte> payload)
    {
        DateTimeOffset? created = null;
        int? lastVersion = null;
        SecretBytes? journal = null, snapshot = null, tags = null;
        var keys = new List<KeyEncryptionKey>();
        var named = new List<NamedKey>();
        var unknown = new List<(ushort, byte[])>();
        var wellFormed = true;

        while (wellFormed && !payload.IsEmpty)
        {
            if (!TryTake(ref payload, out var tag, out var value))
            {
                wellFormed = false;
                break;
            }
            switch (tag)
            {
                case CreatedTag:
                    wellFormed = created is null && value.Length == 8 && TryTime(value, out created);
                    break;
                case JournalKeyTag:
                    wellFormed = TryKey(value, ref journal);
                    break;
                case SnapshotKeyTag:
                    wellFormed = TryKey(value, ref snapshot);
                    break;
                case TagKeyTag:
                    wellFormed = TryKey(value, ref tags);
                    break;
                case LastKeyVersionTag:
                    wellFormed = lastVersion is null && value.Length == 4;
                    if (wellFormed) lastVersion = BinaryPrimitives.ReadInt32BigEndian(value);
                    break;
                case KeyEncryptionKeyTag:
                    wellFormed = TryKeyEncryptionKey(value, keys);
                    break;
                case NamedKeyTag:
                    wellFormed = TryNamedKey(value, named);
                    break;
                default:
                    unknown.Add((tag, value.ToArray()));
                    break;
            }
        }

        if (wellFormed && created is not null && journal is not null && snapshot is not null && tags is not null
            && keys.Count > 0 && lastVersion >= keys[^1].Version)
        {
            return new()
            {
                Created = created.Value,
                JournalKey = journal,
                SnapshotKey = snapshot,
                TagKey = tags,
                LastKeyVersion = lastVersion.Value,
                KeyEncryptionKeys = keys,
                NamedKeys = named,
                UnknownFields = unknown,
            };
        }

        journal?.Dispose();
        snapshot?.Dispose();
        tags?.Dispose();
        foreach (var key in keys) key.Dispose();
        foreach (var key in named) key.Dispose();
        foreach (var (_, value) in unknown) CryptographicOperations.ZeroMemory(value);
        return null;
    }

    private static int Size(KeyringContents contents)
    {
        var size = (5 * FieldHeaderSize) + 8 + (3 * KeyDerivation.KeySize) + 4;
        foreach (var key in contents.KeyEncryptionKeys) size += FieldHeaderSize + KeyEncryptionKeySize + key.Unknown.Length;
        foreach (var key in contents.NamedKeys) size += FieldHeaderSize + SizeOf(key);
        foreach (var (_, value) in contents.UnknownFields) size += FieldHeaderSize + value.Length;
        return size;
    }

    private static Span<byte> Begin(ref Span<byte> rest, ushort tag, int length)
    {
        BinaryPrimitives.WriteUInt16BigEndian(rest, tag);
        BinaryPrimitives.WriteInt32BigEndian(rest[2..], length);
        var value = rest.Slice(FieldHeaderSize, length);
        rest = rest[(FieldHeaderSize + length)..];
        return value;
    }

    private static bool TryTake(ref ReadOnlySpan<byte> rest, out ushort tag, out ReadOnlySpan<byte> value)
    {
        tag = 0;
        value = default;
        if (rest.Length < FieldHeaderSize) return false;
        tag = BinaryPrimitives.ReadUInt16BigEndian(rest);
        var length = BinaryPrimitives.ReadUInt32BigEndian(rest[2..]);
        if (length > (uint)(rest.Length - FieldHeaderSize)) return false;
        value = rest.Slice(FieldHeaderSize, (int)length);
        rest = rest[(FieldHeaderSize + (int)length)..];
        return true;
    }

    private static bool TryTime(ReadOnlySpan<byte> value, out DateTimeOffset? time)
    {
        var milliseconds = BinaryPrimitives.ReadInt64BigEndian(value);
        // Before 1970 or after 9999 is no time of creation, and outside what DateTimeOffset holds.
        var valid = milliseconds is >= 0 and <= 253_402_300_799_999;
        time = valid ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds) : null;
        return valid;
    }

    private static bool TryKey(ReadOnlySpan<byte> value, ref SecretBytes? key)
    {
        if (key is not null || value.Length != KeyDerivation.KeySize) return false;
        key = new(value);
        return true;
    }

    private static bool TryKeyEncryptionKey(ReadOnlySpan<byte> value, List<KeyEncryptionKey> keys)
    {
        if (value.Length < KeyEncryptionKeySize || !TryTime(value[4..], out var created)) return false;
        var version = BinaryPrimitives.ReadInt32BigEndian(value);
        var previous = keys.Count == 0 ? 0 : keys[^1].Version;
        if (version <= previous) return false;
        keys.Add(new(version, created!.Value, new(value.Slice(12, KeyDerivation.KeySize)), value[KeyEncryptionKeySize..].ToArray()));
        return true;
    }

    private static int SizeOf(NamedKey key) => NamedKeyHeadSize + key.Name.Length + (key.Key is null ? 0 : KeyDerivation.KeySize) + key.Unknown.Length;

    private static void WriteNamed(Span<byte> value, NamedKey key)
    {
        value[0] = (byte)key.Name.Length;
        Encoding.ASCII.GetBytes(key.Name, value[1..]);
        value = value[(1 + key.Name.Length)..];
        BinaryPrimitives.WriteInt32BigEndian(value, key.Version);
        BinaryPrimitives.WriteInt64BigEndian(value[4..], key.Created.ToUnixTimeMilliseconds());
        key.Key?.Span.CopyTo(value[12..]);
        key.Unknown.CopyTo(value[^key.Unknown.Length..]);
    }

    private static bool TryNamedKey(ReadOnlySpan<byte> value, List<NamedKey> keys)
    {
        if (value.IsEmpty || value.Length < NamedKeyHeadSize + value[0]) return false;
        var name = Encoding.ASCII.GetString(value.Slice(1, value[0]));
        var rest = value[(1 + value[0])..];
        var hasKey = rest.Length >= NamedKeyHeadSize - 1 + KeyDerivation.KeySize;
        if (!InnerKey.IsName(name) || (!hasKey && rest.Length > NamedKeyHeadSize - 1) || !TryTime(rest[4..], out var created)) return false;
        var version = BinaryPrimitives.ReadInt32BigEndian(rest);
        // Names come one after the other, the versions of each ascending.
        var previous = keys.FindLast(key => key.Name == name);
        if (version <= (previous?.Version ?? 0) || (previous is not null && keys[^1] != previous)) return false;
        keys.Add(new(name, version, created!.Value, hasKey ? new(rest.Slice(12, KeyDerivation.KeySize)) : null, hasKey ? rest[(12 + KeyDerivation.KeySize)..].ToArray() : []));
        return true;
    }
}
