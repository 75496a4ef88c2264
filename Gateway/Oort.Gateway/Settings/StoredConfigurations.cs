using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using Oort.Metadata;
using Oort.S3;

namespace Oort.Gateway.Settings;

/// <summary>Where the configurations of buckets are: a setting of the namespace each, and one for each kind that counts them (docs/formats/bucket-configuration.md).</summary>
internal static class StoredConfigurations
{
    public const byte Version = 1;

    /// <summary>Of one kind in one bucket (S3 API: each "Put…Configuration").</summary>
    public const int CountMax = 1000;

    /// <summary>Begin of the settings' names; the bucket's id and the kind follow.</summary>
    public const string Settings = "bucket-configuration/";

    private const int AttemptCountMax = 50;

    public static async ValueTask<ConfigurationElement?> FindAsync(IMetadataStore metadata, BucketId bucket, ConfigurationKind kind, string id, CancellationToken cancellationToken) =>
        await metadata.GetSettingAsync(Item(bucket, kind, id), cancellationToken) is { } setting ? Decode(kind, setting) : null;

    /// <summary>Configurations in the order of their ids.</summary>
    public static async ValueTask<ImmutableArray<ConfigurationElement>> ListAsync(IMetadataStore metadata, BucketId bucket, ConfigurationKind kind, string after, int limit, CancellationToken cancellationToken)
    {
        var start = Item(bucket, kind, "");
        return [.. (await metadata.ListSettingsAsync(start, after.Length == 0 ? "" : start + after, limit, cancellationToken)).Select(setting => Decode(kind, setting.Value))];
    }

    /// <summary>Puts, replaces or removes one. What is counted and what is there change in one commit, so that no race makes more than there may be.</summary>
    /// <param name="configuration">Null: it is removed.</param>
    /// <exception cref="S3Exception">TooManyConfigurations; NoSuchConfiguration: it is not there to be removed.</exception>
    public static async ValueTask SetAsync(IMetadataStore metadata, BucketId bucket, ConfigurationKind kind, string id, ConfigurationElement? configuration, CancellationToken cancellationToken)
    {
        var (counter, item) = (Counter(bucket, kind), Item(bucket, kind, id));
        for (var attempt = 0; attempt < AttemptCountMax; attempt++)
        {
            var counted = await metadata.GetSettingAsync(counter, cancellationToken);
            var count = DecodeCount(counted);
            var isThere = await metadata.GetSettingAsync(item, cancellationToken) is not null;
            if (configuration is null && !isThere) throw new S3Exception(S3Errors.NoSuchConfiguration);
            if (configuration is not null && !isThere && count >= CountMax) throw new S3Exception(S3Errors.TooManyConfigurations);
            var after = count + (configuration is null ? -1 : isThere ? 0 : 1);
            if (await metadata.ReplaceSettingsAsync(counter, counted, after == 0 ? null : EncodeCount(after), [(item, configuration is null ? null : Encode(configuration))], cancellationToken)) return;
        }

        throw new S3Exception(S3Errors.OperationAborted);
    }

    /// <summary>Forgets those of a bucket that is gone. What a crash leaves of them belongs to an id that never comes again.</summary>
    public static async ValueTask ForgetAsync(IMetadataStore metadata, BucketId bucket, CancellationToken cancellationToken)
    {
        foreach (var kind in ConfigurationKind.Kinds)
        {
            if (await metadata.GetSettingAsync(Counter(bucket, kind), cancellationToken) is not { } counted) continue;
            var items = await metadata.ListSettingsAsync(Item(bucket, kind, ""), "", CountMax, cancellationToken);
            await metadata.ReplaceSettingsAsync(Counter(bucket, kind), counted, null, [.. items.Select(item => (item.Name, (byte[]?)null))], cancellationToken);
        }
    }

    public static byte[] Encode(ConfigurationElement configuration) => [Version, .. configuration.ToBytes()];

    /// <exception cref="MetadataFormatException">The bytes are none of this kind.</exception>
    public static ConfigurationElement Decode(ConfigurationKind kind, byte[] setting)
    {
        if (setting.Length < 2 || setting[0] != Version) throw new MetadataFormatException($"A configuration of {kind.Name} is none.");
        try
        {
            return kind.Shape.Parse(setting[1..]);
        }
        catch (S3Exception e)
        {
            throw new MetadataFormatException($"A configuration of {kind.Name} is none: {e.Message}");
        }
    }

    public static byte[] EncodeCount(int count)
    {
        var setting = new byte[1 + sizeof(int)];
        setting[0] = Version;
        BinaryPrimitives.WriteInt32BigEndian(setting.AsSpan(1), count);
        return setting;
    }

    /// <param name="setting">Null: there are none.</param>
    /// <exception cref="MetadataFormatException">The bytes are no count.</exception>
    public static int DecodeCount(byte[]? setting)
    {
        if (setting is null) return 0;
        if (setting.Length == 1 + sizeof(int) && setting[0] == Version && BinaryPrimitives.ReadInt32BigEndian(setting.AsSpan(1)) is > 0 and <= CountMax and var count) return count;
        throw new MetadataFormatException("A count of configurations is none.");
    }

    private static string Counter(BucketId bucket, ConfigurationKind kind) => string.Create(CultureInfo.InvariantCulture, $"{Settings}{bucket.Value:x16}/{kind.Name}");

    private static string Item(BucketId bucket, ConfigurationKind kind, string id) => $"{Counter(bucket, kind)}/{id}";
}
