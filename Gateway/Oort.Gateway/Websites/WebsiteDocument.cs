using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using Oort.Metadata;
using Oort.S3;

namespace Oort.Gateway.Websites;

/// <summary>Reads and writes a <see cref="WebsiteConfiguration"/> as a bucket's setting has it (docs/formats/website.md).</summary>
internal static class WebsiteDocument
{
    public const string SettingName = "website";
    public const byte Version = 1;

    /// <summary>Where the JSON begins.</summary>
    public const int DocumentOffset = 1;

    private static readonly JsonSerializerOptions json = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
        NumberHandling = JsonNumberHandling.Strict,
        PropertyNameCaseInsensitive = false,
        AllowDuplicateProperties = false,
    };

    /// <summary>Null: the bucket is no website.</summary>
    /// <exception cref="MetadataFormatException">The setting is none.</exception>
    public static WebsiteConfiguration? Of(BucketRow bucket) => bucket.Settings.TryGetValue(SettingName, out var setting) ? Decode(setting.AsSpan()) : null;

    public static ImmutableArray<byte> Encode(WebsiteConfiguration website) => [Version, .. JsonSerializer.SerializeToUtf8Bytes(website, json)];

    /// <exception cref="MetadataFormatException">The bytes are none.</exception>
    public static WebsiteConfiguration Decode(ReadOnlySpan<byte> setting)
    {
        if (setting.IsEmpty || setting[0] != Version) throw new MetadataFormatException("The setting \"website\" of a bucket was written by a newer version of this program, or is damaged.");
        try
        {
            var website = JsonSerializer.Deserialize<WebsiteConfiguration>(setting[DocumentOffset..], json) ?? throw new JsonException("It is null.");
            if (website.Rules.Any(rule => rule is null)) throw new JsonException("A rule is null.");
            return WebsiteRules.ProblemOf(website) is { } problem ? throw new JsonException(problem.Message) : website;
        }
        catch (JsonException failure)
        {
            throw new MetadataFormatException($"The setting \"website\" of a bucket cannot be read: {failure.Message}");
        }
    }
}
