namespace Oort.Backends.Memory;

/// <summary>Settings of a <see cref="MemoryStore"/>.</summary>
public sealed record MemoryStoreOptions
{
    /// <summary>The most bytes it holds, content of shards, blobs and logs together. Default 256 MiB. What does not fit is refused with kind Full.</summary>
    public long CapacityBytes { get; init; } = 256L * 1024 * 1024;

    /// <summary>What fails together with it; null: its own id, so that each memory store is a domain of its own.</summary>
    public string? FailureDomain { get; init; }

    /// <summary>Whose it is and where; null: of this machine, like a disk.</summary>
    public StoreTraits? Traits { get; init; }
}
