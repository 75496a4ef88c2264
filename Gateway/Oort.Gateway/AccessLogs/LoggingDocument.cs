using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using Oort.Gateway.Access.Lists;
using Oort.Metadata;
using Oort.S3;

namespace Oort.Gateway.AccessLogs;

/// <summary>Where a bucket's requests are logged: one setting of the bucket (docs/formats/logging.md).</summary>
/// <param name="Bucket">Name of the bucket that takes the log.</param>
/// <param name="Prefix">With which keys of log objects begin.</param>
/// <param name="Grants">A list as docs/formats/access-list.md has it, of what log objects give besides; null: nothing.</param>
internal sealed record LoggingDocument(string Bucket, string Prefix, LogKeyFormat KeyFormat, byte[]? Grants = null)
{
    /// <summary>Name of the bucket's setting that holds it.</summary>
    public const string SettingName = "logging";

    /// <summary>The first byte of the setting.</summary>
    public const byte Version = 1;

    /// <summary>Where the JSON begins.</summary>
    public const int DocumentOffset = 1;

    /// <summary>What is behind the prefix in a key takes at most some 150 bytes, and a key has 1,024.</summary>
    public const int PrefixBytesMax = 800;

    private static readonly JsonSerializerOptions json = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false) },
    };

    private static readonly KeptSettings<LoggingDocument> kept = new(SettingName, Decode);

    /// <summary>Null where the bucket logs nothing.</summary>
    /// <exception cref="MetadataFormatException">Damaged, or of a newer program.</exception>
    public static LoggingDocument? Of(BucketRow bucket) => kept.Of(bucket);

    public byte[] Encode() => [Version, .. JsonSerializer.SerializeToUtf8Bytes(this, json)];

    /// <exception cref="MetadataFormatException">Damaged, or of a newer program.</exception>
    public static LoggingDocument Decode(ReadOnlySpan<byte> setting)
    {
        if (setting.IsEmpty || setting[0] != Version) throw new MetadataFormatException("The logging of the bucket was written by a newer version of this program, or is damaged.");
        try
        {
            var stored = JsonSerializer.Deserialize<LoggingDocument>(setting[DocumentOffset..], json) ?? throw new JsonException("It is null.");
            if (stored.Bucket.Length is < 3 or > 255 || System.Text.Encoding.UTF8.GetByteCount(stored.Prefix) > PrefixBytesMax) throw new JsonException("Its bucket or prefix is none.");
            if (stored.Grants is { } grants) AccessLists.Decode(grants);
            return stored;
        }
        catch (Exception failure) when (failure is JsonException or NotSupportedException)
        {
            throw new MetadataFormatException($"The logging of the bucket cannot be read: {failure.Message}");
        }
    }
}

/// <summary>The bucket of a request, where its requests are logged.</summary>
internal sealed record LoggedBucket(BucketRow Row);
