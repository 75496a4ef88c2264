using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Oort.Access.Policies;

namespace Oort.Identity.Model;

/// <summary>A policy as its author wrote it, parsed once when it is first needed.</summary>
[JsonConverter(typeof(Converter))]
public sealed class PolicySource(string text) : IEquatable<PolicySource>
{
    private PolicyDocument? identity;
    private PolicyDocument? trust;

    public string Text { get; } = text;

    /// <summary>As a policy of an identity.</summary>
    /// <exception cref="PolicyException">It is none; a newer program wrote it.</exception>
    public PolicyDocument Identity => identity ??= PolicyDocument.Parse(PolicyKind.Identity, Encoding.UTF8.GetBytes(Text));

    /// <summary>As a policy about who may assume a role.</summary>
    /// <exception cref="PolicyException">It is none.</exception>
    public PolicyDocument Trust => trust ??= PolicyDocument.Parse(PolicyKind.Trust, Encoding.UTF8.GetBytes(Text));

    public bool Equals(PolicySource? other) => other is not null && Text == other.Text;

    public override bool Equals(object? obj) => Equals(obj as PolicySource);

    public override int GetHashCode() => Text.GetHashCode(StringComparison.Ordinal);

    public override string ToString() => Text;

    private sealed class Converter : JsonConverter<PolicySource>
    {
        public override PolicySource Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => new(reader.GetString() ?? throw new JsonException("A policy is text."));

        public override void Write(Utf8JsonWriter writer, PolicySource value, JsonSerializerOptions options) => writer.WriteStringValue(value.Text);
    }
}
