using System.Text.Json;
using System.Text.Json.Serialization;

namespace Oort.Objects.Tiering;

/// <summary>A time as a number of milliseconds since 1970-01-01 UTC, as in all rows.</summary>
internal sealed class MillisecondsConverter : JsonConverter<DateTimeOffset>
{
    /// <summary>The end of the year 9999.</summary>
    private const long Max = 253_402_300_799_999;

    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var value) && value is >= 0 and <= Max ? DateTimeOffset.FromUnixTimeMilliseconds(value) : throw new JsonException("A time is a number of milliseconds since 1970.");

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) => writer.WriteNumberValue(value.ToUnixTimeMilliseconds());
}
