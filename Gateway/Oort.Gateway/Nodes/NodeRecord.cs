using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using Oort.Metadata;
using Oort.Node.Protocol;

namespace Oort.Gateway;

/// <summary>Something that happened to a node, for its operator.</summary>
/// <param name="At">Milliseconds since 1970, by the gateway's clock.</param>
public sealed record NodeEvent(long At, string Text);

/// <summary>What the cluster keeps of a node, the setting <c>node/ID</c> (docs/formats/node-membership.md §7).</summary>
internal sealed record NodeRecord
{
    public const int VersionKnown = 1;

    /// <summary>Events that are kept; the oldest go first.</summary>
    public const int EventCountMax = 16;

    public int Version { get; init; } = VersionKnown;

    public required string Id { get; init; }

    /// <summary>SubjectPublicKeyInfo.</summary>
    public required byte[] Key { get; init; }

    public required NodeDetails Details { get; init; }

    /// <summary>When it joined, milliseconds since 1970.</summary>
    public required long Since { get; init; }

    /// <summary>The token that it joined with, 32 hexadecimal digits.</summary>
    public required string Token { get; init; }

    /// <summary>Its store has yet to be opened.</summary>
    public bool IsAwaited { get; init; }

    /// <summary>An operator wants it to get no new shards.</summary>
    public bool IsPaused { get; init; }

    /// <summary>It is to prove itself before it gets its full share of new shards.</summary>
    public bool IsVetting { get; init; }

    /// <summary>How many changes <see cref="ChangesOf"/> had made durable, as it said not long ago.</summary>
    public long Changes { get; init; }

    /// <summary>Its store, 32 hexadecimal digits; null: nothing was said.</summary>
    public string? ChangesOf { get; init; }

    public ImmutableArray<NodeEvent> Events { get; init; } = [];

    public NodeRecord With(NodeEvent happened) => this with { Events = [.. Events.Append(happened).TakeLast(EventCountMax)] };

    public ValueTask WriteAsync(IMetadataStore metadata, CancellationToken cancellationToken) =>
        metadata.PutSettingAsync(NameOf(Id), Encode(), cancellationToken);

    /// <summary>Changes what is kept, which another gateway may have changed since this one read it; durable when it returns.</summary>
    /// <param name="known">Counts when nothing is kept.</param>
    /// <exception cref="InvalidDataException">The record is damaged, or of a newer program.</exception>
    public static async ValueTask<NodeRecord> ChangeAsync(IMetadataStore metadata, NodeRecord known, Func<NodeRecord, NodeRecord> change, CancellationToken cancellationToken)
    {
        var changed = known;
        await metadata.ChangeSettingAsync(NameOf(known.Id), json => (changed = change(Decode(json, known.Id) ?? known)).Encode(), cancellationToken);
        return changed;
    }

    /// <returns>Null when nobody with this id has joined.</returns>
    /// <exception cref="InvalidDataException">The record is damaged, or of a newer program.</exception>
    public static async ValueTask<NodeRecord?> ReadAsync(IMetadataStore metadata, NodeId id, CancellationToken cancellationToken) =>
        Decode(await metadata.GetSettingAsync(NameOf(id.ToString()), cancellationToken), id.ToString());

    private byte[] Encode() => JsonSerializer.SerializeToUtf8Bytes(this, NodeRecordJson.Default.NodeRecord);

    private static NodeRecord? Decode(byte[]? json, string id)
    {
        if (json is not { Length: > 0 }) return null;
        try
        {
            if (JsonSerializer.Deserialize(json, NodeRecordJson.Default.NodeRecord) is { Version: VersionKnown } record && record.Id == id && NodeId.OfKey(record.Key).ToString() == id && !record.Events.IsDefault) return record;
        }
        catch (JsonException)
        {
            // Said below.
        }

        throw new InvalidDataException($"The record of node {id} is damaged, or was written by a newer version of Oort.");
    }

    private static string NameOf(string id) => "node/" + id;
}

/// <summary>A join token that was given out.</summary>
/// <param name="Id">32 hexadecimal digits.</param>
/// <param name="Expires">Milliseconds since 1970.</param>
/// <param name="Node">The node that joined with it; null: none yet.</param>
/// <param name="IsVetting">The node that joins with it is to prove itself first.</param>
internal sealed record GivenToken(string Id, long Expires, string? Node, string? Operator, string? Country, string? Region, string? Network, double? PricePerTebibyteMonth, bool IsVetting = false);

/// <summary>The setting <c>node-tokens</c>.</summary>
internal sealed record GivenTokens(int Version, ImmutableArray<GivenToken> Tokens);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, NumberHandling = JsonNumberHandling.Strict, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(NodeRecord))]
[JsonSerializable(typeof(GivenTokens))]
internal sealed partial class NodeRecordJson : JsonSerializerContext;
