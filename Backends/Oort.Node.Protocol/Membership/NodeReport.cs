using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;

namespace Oort.Node.Protocol;

/// <summary>How a node is doing, in each heartbeat (docs/formats/node-membership.md §7).</summary>
public sealed record NodeReport
{
    /// <summary>HOST:PORT under which gateways reach it now.</summary>
    public required string Address { get; init; }

    /// <summary>The store on its disk, 32 hexadecimal digits; null: none.</summary>
    public string? Store { get; init; }

    /// <summary>How many stores it has begun.</summary>
    public long Generation { get; init; }

    /// <summary>Bytes that it offers; null where it cannot tell.</summary>
    public long? CapacityBytes { get; init; }

    /// <summary>Bytes of those that are left.</summary>
    public long? FreeBytes { get; init; }

    public long ShardCount { get; init; }

    /// <summary>How many changes its store has made durable, in groups: never fewer than before, but on a disk that was put back to an earlier state. Null: an earlier program, or no store.</summary>
    public long? Changes { get; init; }

    /// <summary>Version of the program, for people.</summary>
    public string? Version { get; init; }

    /// <summary>Why it takes no writes, for people; null when it takes them.</summary>
    public string? Refusal { get; init; }

    /// <summary>Requests under way: its load.</summary>
    public int Requests { get; init; }

    /// <summary>How long the heartbeat before took, there and back.</summary>
    public double? RoundTripMilliseconds { get; init; }

    /// <summary>Its owner wants it back: it hands its shards over and leaves.</summary>
    public bool IsLeaving { get; init; }

    /// <summary>Shards that its scrub found to be damaged, and that were not put again since: some of them, when they are many; null: none.</summary>
    public IReadOnlyList<string>? BadShards { get; init; }

    public byte[] Encode() => JsonSerializer.SerializeToUtf8Bytes(this, MembershipJson.Default.NodeReport);

    public static bool TryRead(ReadOnlySpan<byte> json, [NotNullWhen(true)] out NodeReport? report)
    {
        report = null;
        if (json.Length > MembershipLimits.MessageSizeMax) return false;
        try
        {
            report = JsonSerializer.Deserialize(json, MembershipJson.Default.NodeReport);
        }
        catch (JsonException)
        {
            return false;
        }

        return report is not null && NodeDetails.IsAddress(report.Address) && NodeDetails.IsName(report.Version)
            && (report.Store is null || (report.Store.Length == 32 && report.Store.All(char.IsAsciiHexDigitLower)))
            && (report.Refusal is null || Encoding.UTF8.GetByteCount(report.Refusal) <= MembershipLimits.TextSizeMax)
            && report.Generation >= 0 && report.ShardCount >= 0 && report.Changes is null or >= 0 && report.Requests >= 0 && report.CapacityBytes is null or >= 0 && report.FreeBytes is null or >= 0
            && report.RoundTripMilliseconds is null or >= 0
            && (report.BadShards is null || (report.BadShards.Count <= MembershipLimits.BadShardCountMax && report.BadShards.All(shard => ShardName.TryParse(shard, out _))));
    }
}
