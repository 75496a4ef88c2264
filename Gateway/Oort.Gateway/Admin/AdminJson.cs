using System.Text.Json;
using System.Text.Json.Serialization;

namespace Oort.Gateway;

/// <summary>How the admin API, and verbs that stand in for it, write JSON.</summary>
public static class AdminJson
{
    /// <summary>Header of a backup of the metadata, which is not JSON: its generation.</summary>
    public const string BackupGenerationHeader = "x-oort-generation";

    public static JsonSerializerOptions Options { get; } = new(JsonSerializerDefaults.Web) { Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) } };
}
