using System.Collections.Immutable;
using System.Text;
using Oort.Metadata;
using Oort.S3;

namespace Oort.Gateway.Access.Lists;

/// <summary>Keeps lists with buckets and versions (docs/formats/access-list.md): a setting of the one, an extension of the other's attributes. Neither: its owner has full control.</summary>
internal static class AccessLists
{
    public const string SettingName = "acl";
    public const byte Version = 1;
    public const int CountOffset = 1;
    private const int GrantsOffset = 2;

    /// <summary>Of an account's id, in bytes of UTF-8. S3's have 64.</summary>
    public const int IdSizeMax = 128;

    private static readonly UTF8Encoding utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>That of a bucket, also where it does not count.</summary>
    /// <exception cref="MetadataFormatException">The setting is none.</exception>
    public static AccessList Of(BucketRow bucket) => bucket.Settings.TryGetValue(SettingName, out var setting) ? Decode(setting.AsSpan()) : AccessList.PrivateOf(bucket.OwnerId);

    /// <summary>That of a version, also where it does not count.</summary>
    /// <exception cref="MetadataFormatException">The extension is none.</exception>
    public static AccessList Of(VersionRow version) => version.Attributes.Extensions.TryGetValue(SettingName, out var extension) ? Decode(extension.AsSpan()) : AccessList.PrivateOf(version.OwnerId);

    public static BucketRow Set(BucketRow bucket, AccessList list) => bucket with { Settings = Set(bucket.Settings, list, bucket.OwnerId) };

    public static ObjectAttributes Set(ObjectAttributes attributes, AccessList list, string ownerId) => attributes with { Extensions = Set(attributes.Extensions, list, ownerId) };

    public static ImmutableArray<byte> Encode(AccessList list)
    {
        var bytes = ImmutableArray.CreateBuilder<byte>();
        bytes.Add(Version);
        bytes.Add(checked((byte)list.Grants.Length));
        foreach (var grant in list.Grants)
        {
            bytes.Add((byte)grant.Permission);
            bytes.Add((byte)grant.Grantee);
            if (grant.Grantee != Grantee.Account) continue;
            var id = utf8.GetBytes(grant.AccountId);
            if (id.Length is 0 or > IdSizeMax) throw new ArgumentException($"An account's id has 1 to {IdSizeMax} bytes, not {id.Length}.");
            bytes.Add((byte)id.Length);
            bytes.AddRange(id);
        }

        return bytes.ToImmutable();
    }

    /// <exception cref="MetadataFormatException">The bytes are none.</exception>
    public static AccessList Decode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < GrantsOffset || bytes[0] != Version || bytes[CountOffset] > AclNames.GrantCountMax) throw Malformed();
        var grants = new ListedGrant[bytes[CountOffset]];
        var rest = bytes[GrantsOffset..];
        for (var i = 0; i < grants.Length; i++) grants[i] = ReadGrant(ref rest);
        return rest.IsEmpty ? AccessList.Of(grants) : throw Malformed();
    }

    private static ListedGrant ReadGrant(ref ReadOnlySpan<byte> rest)
    {
        if (rest.Length < 2) throw Malformed();
        var (permission, grantee) = ((AclPermission)rest[0], (Grantee)rest[1]);
        if (permission is < AclPermission.Read or > AclPermission.FullControl || grantee > Grantee.LogDelivery) throw Malformed();
        rest = rest[2..];
        if (grantee != Grantee.Account) return new(permission, grantee);
        if (rest.IsEmpty || rest[0] is 0 or > IdSizeMax || rest.Length <= rest[0]) throw Malformed();
        var id = rest.Slice(1, rest[0]);
        rest = rest[(1 + id.Length)..];
        try
        {
            return new(permission, grantee, utf8.GetString(id));
        }
        catch (DecoderFallbackException)
        {
            throw Malformed();
        }
    }

    private static ImmutableSortedDictionary<string, ImmutableArray<byte>> Set(ImmutableSortedDictionary<string, ImmutableArray<byte>> of, AccessList list, string ownerId) =>
        list.Equals(AccessList.PrivateOf(ownerId)) ? of.Remove(SettingName) : of.SetItem(SettingName, Encode(list));

    private static MetadataFormatException Malformed() => new("An access control list is none.");
}
