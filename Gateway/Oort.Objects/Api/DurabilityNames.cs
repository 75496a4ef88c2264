namespace Oort.Objects;

/// <summary>How durable a version is, as header x-oort-durability says it (docs/s3-compatibility.md).</summary>
internal static class DurabilityNames
{
    /// <summary>Every shard is on its store.</summary>
    public const string Full = "full";

    /// <summary>Enough shards are; the rest is being repaired.</summary>
    public const string Quorum = "quorum";

    public static string Of(bool isFull) => isFull ? Full : Quorum;
}
