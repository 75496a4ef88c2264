using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using Oort.Metadata;
using Oort.S3;

namespace Oort.Gateway.Cors;

/// <summary>Reads and writes a <see cref="CorsConfiguration"/> as a bucket's setting has it (docs/formats/cors.md).</summary>
internal static class CorsDocument
{
    public const string SettingName = "cors";
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

    /// <summary>Null: the bucket has none.</summary>
    /// <exception cref="MetadataFormatException">The setting is none.</exception>
    public static CorsConfiguration? Of(BucketRow bucket) => bucket.Settings.TryGetValue(SettingName, out var setting) ? Decode(setting.AsSpan()) : null;

    public static ImmutableArray<byte> Encode(CorsConfiguration configuration) => [Version, .. JsonSerializer.SerializeToUtf8Bytes(configuration, json)];

    /// <exception cref="MetadataFormatException">The bytes are none.</exception>
    public static CorsConfiguration Decode(ReadOnlySpan<byte> setting)
    {
        if (setting.IsEmpty || setting[0] != Version) throw new MetadataFormatException("The setting \"cors\" of a bucket was written by a newer version of this program, or is damaged.");
        try
        {
            var configuration = JsonSerializer.Deserialize<CorsConfiguration>(setting[DocumentOffset..], json) ?? throw new JsonException("It is null.");
            if (configuration.Rules.Any(rule => rule is null || Texts(rule).Any(text => text is null))) throw new JsonException("A rule, or a text of one, is null.");
            return CorsRules.ProblemOf(configuration) is { } problem ? throw new JsonException(problem.Message) : configuration;
        }
        catch (JsonException failure)
        {
            throw new MetadataFormatException($"The setting \"cors\" of a bucket cannot be read: {failure.Message}");
        }
    }

    private static IEnumerable<string> Texts(CorsRule rule) => rule.AllowedOrigins.Concat(rule.AllowedMethods).Concat(rule.AllowedHeaders).Concat(rule.ExposeHeaders);
}
