using System.Collections.Immutable;
using System.Text;
using Oort.Crypto;
using Oort.Metadata;

namespace Oort.Objects;

/// <summary>Under which keys an object lies besides the cluster's own, as versions and uploads say it (docs/formats/object-encryption.md). Without it: none, which is SSE-S3.</summary>
/// <param name="Kind"><see cref="InnerKeyKind.Customer"/> or <see cref="InnerKeyKind.Named"/>.</param>
/// <param name="Check">By which a customer's key is known again (<see cref="EncryptionKeys"/>); otherwise empty.</param>
/// <param name="KeyName">Of a key with a name; otherwise empty.</param>
/// <param name="UsesBucketKey">What the client asked for, told back (S3 API: BucketKeyEnabled); nothing depends on it.</param>
/// <param name="Context">The client's encryption context, JSON; empty: none.</param>
public sealed record ObjectEncryption(InnerKeyKind Kind, ImmutableArray<byte> Check, string KeyName, bool UsesBucketKey, string Context)
{
    /// <summary>Name of the extension of <see cref="ObjectAttributes"/>.</summary>
    public const string ExtensionName = "encryption";

    /// <summary>Bytes of an encryption context at most: as many characters as key services take.</summary>
    public const int ContextBytesMax = 8192;

    internal const byte Version = 1;
    internal const int KindOffset = 1;
    internal const int HeadSize = 2;
    internal const int CheckOffset = HeadSize;
    internal const int FlagsOffset = HeadSize;
    internal const int NameLengthOffset = 3;
    internal const int NameOffset = 4;
    private const byte BucketKeyFlag = 1;

    public static ObjectEncryption OfCustomer(byte[] check) => new(InnerKeyKind.Customer, [.. check], "", false, "");

    public static ObjectEncryption OfName(string name, bool usesBucketKey, string context) => new(InnerKeyKind.Named, [], name, usesBucketKey, context);

    /// <summary>Null: the cluster's own keys alone.</summary>
    /// <exception cref="MetadataFormatException">The extension is none: nothing may be said of the object's keys.</exception>
    public static ObjectEncryption? Of(ObjectAttributes attributes) => attributes.Extensions.TryGetValue(ExtensionName, out var bytes) ? Decode(bytes.AsSpan()) : null;

    /// <summary>Whether the object's bytes can be opened only with a key that a client brings.</summary>
    internal static bool IsCustomers(ObjectAttributes attributes) => attributes.Extensions.TryGetValue(ExtensionName, out var bytes) && bytes is [_, (byte)InnerKeyKind.Customer, ..];

    /// <param name="encryption">Null removes it.</param>
    public static ObjectAttributes Set(ObjectAttributes attributes, ObjectEncryption? encryption)
    {
        if (encryption is not null) return attributes with { Extensions = attributes.Extensions.SetItem(ExtensionName, encryption.Encode()) };
        return attributes.Extensions.ContainsKey(ExtensionName) ? attributes with { Extensions = attributes.Extensions.Remove(ExtensionName) } : attributes;
    }

    internal ImmutableArray<byte> Encode() => Kind == InnerKeyKind.Customer
        ? [Version, (byte)Kind, .. Check]
        : [Version, (byte)Kind, UsesBucketKey ? BucketKeyFlag : (byte)0, (byte)KeyName.Length, .. Encoding.ASCII.GetBytes(KeyName), .. Encoding.UTF8.GetBytes(Context)];

    /// <exception cref="MetadataFormatException">The bytes are none.</exception>
    internal static ObjectEncryption Decode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeadSize || bytes[0] != Version) throw Wrong();
        return (InnerKeyKind)bytes[KindOffset] switch
        {
            InnerKeyKind.Customer when bytes.Length == CheckOffset + EncryptionKeys.CheckSize => OfCustomer(bytes[CheckOffset..].ToArray()),
            InnerKeyKind.Named => DecodeNamed(bytes),
            _ => throw Wrong(),
        };
    }

    private static ObjectEncryption DecodeNamed(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < NameOffset || bytes[FlagsOffset] > BucketKeyFlag || bytes.Length < NameOffset + bytes[NameLengthOffset]) throw Wrong();
        var name = Encoding.ASCII.GetString(bytes.Slice(NameOffset, bytes[NameLengthOffset]));
        var context = bytes[(NameOffset + name.Length)..];
        if (!InnerKey.IsName(name) || context.Length > ContextBytesMax || !System.Text.Unicode.Utf8.IsValid(context)) throw Wrong();
        return OfName(name, bytes[FlagsOffset] == BucketKeyFlag, Encoding.UTF8.GetString(context));
    }

    private static MetadataFormatException Wrong() => new("The extension \"encryption\" of an object is none.");
}
