namespace Oort.Backends.Ipfs;

/// <summary>How a file is cut into blocks; the same file has another name in each.</summary>
/// <param name="ChunkSize">Bytes of a leaf; the last may be shorter.</param>
/// <param name="LinkCountMax">Links of a node.</param>
/// <param name="HasRawLeaves">Whether a leaf is its bytes alone; otherwise they are in a dag-pb node.</param>
/// <param name="IsVersion0">Whether names are of version 0.</param>
internal sealed record UnixFsProfile(int ChunkSize, int LinkCountMax, bool HasRawLeaves, bool IsVersion0)
{
    /// <summary>"unixfs-v1-2025" (IPIP-499), in which items are written: up to 1 MiB an item is one raw block, whose name is its SHA-256, and up to 1 GiB one node above its leaves.</summary>
    public static UnixFsProfile V2025 { get; } = new(1 << 20, 1024, HasRawLeaves: true, IsVersion0: false);

    /// <summary>Kubo's defaults with cid-version=1.</summary>
    public static UnixFsProfile KuboRawLeaves { get; } = new(1 << 18, 174, HasRawLeaves: true, IsVersion0: false);

    /// <summary>Kubo's defaults of old.</summary>
    public static UnixFsProfile Legacy { get; } = new(1 << 18, 174, HasRawLeaves: false, IsVersion0: true);
}
