using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Oort.Node.Protocol;

/// <summary>What a node says of itself (docs/formats/node-protocol.md §3). Members that a reader does not know are passed over.</summary>
public sealed record NodeStatus
{
    /// <summary>Version of the protocol.</summary>
    public required int Protocol { get; init; }

    /// <summary>Version of the program, for people.</summary>
    public required string Version { get; init; }

    /// <summary>The node's id, 64 hexadecimal digits.</summary>
    public required string Node { get; init; }

    /// <summary>The id of the store that is on its disk, 32 hexadecimal digits; null: nothing has been put there yet.</summary>
    public string? Store { get; init; }

    /// <summary>The cluster that the store belongs to, 32 hexadecimal digits; null with <see cref="Store"/>.</summary>
    public string? Cluster { get; init; }

    /// <summary>How many stores this node has begun, the present one included: more than before means that its disk was emptied or changed.</summary>
    public required long Generation { get; init; }

    /// <summary>Bytes that it offers; null where it cannot tell.</summary>
    public long? CapacityBytes { get; init; }

    /// <summary>Bytes of those that are left.</summary>
    public long? FreeBytes { get; init; }

    /// <summary>Why it takes no writes, for people; null when it takes them.</summary>
    public string? Refusal { get; init; }

    /// <summary>Only a restart of the node ends the refusal.</summary>
    public bool RefusalEndsByReopening { get; init; }

    /// <summary>How many shards it holds.</summary>
    public long ShardCount { get; init; }

    /// <summary>Its clock, milliseconds since 1970.</summary>
    public required long Clock { get; init; }

    /// <summary>When the process started, by that clock.</summary>
    public required long StartedAt { get; init; }

    public byte[] Encode() => JsonSerializer.SerializeToUtf8Bytes(this, NodeJson.Default.NodeStatus);

    /// <summary>Reads a status; false when a member that must be there is not, or is of another type.</summary>
    public static bool TryRead(ReadOnlySpan<byte> json, [NotNullWhen(true)] out NodeStatus? status)
    {
        status = null;
        if (json.Length > NodeLimits.StatusSizeMax)
            return false;
        try
        {
            status = JsonSerializer.Deserialize(json, NodeJson.Default.NodeStatus);
        }
        catch (JsonException)
        {
            return false;
        }

        return status is { Protocol: > 0, Version: not null } && NodeId.TryParse(status.Node, out _)
            && IsNumber(status.Store) && IsNumber(status.Cluster) && (status.Store is null) == (status.Cluster is null)
            && status.Generation >= 0 && status.Clock >= 0 && status.StartedAt >= 0 && status.CapacityBytes is null or >= 0 && status.FreeBytes is null or >= 0 && status.ShardCount >= 0;
    }

    private static bool IsNumber(string? text) => text is null || (text.Length == 32 && text.All(char.IsAsciiHexDigitLower));
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, NumberHandling = JsonNumberHandling.Strict, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(NodeStatus))]
internal sealed partial class NodeJson : JsonSerializerContext;
