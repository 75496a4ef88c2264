namespace Oort.Node.Protocol;

/// <summary>The bounds that both sides keep; docs/formats/node-protocol.md §9 has the reasons.</summary>
public static class NodeLimits
{
    /// <summary>The version in the paths, and what a status says.</summary>
    public const int ProtocolVersion = 1;

    /// <summary>Bytes of the CRC-64/NVME behind every checked body.</summary>
    public const int CheckSize = 8;

    /// <summary>Longest shard, in bytes.</summary>
    public const long ShardLengthMax = 128L * 1024 * 1024;

    /// <summary>Largest blob, in bytes.</summary>
    public const int BlobSizeMax = 16 * 1024 * 1024;

    /// <summary>Most bytes that one append to a log carries.</summary>
    public const int LogAppendSizeMax = 64 * 1024 * 1024;

    /// <summary>Longest name of a blob or log, in characters.</summary>
    public const int NameLengthMax = 200;

    /// <summary>Most bytes that one append to an upload carries: the node holds them until their checksum has been compared.</summary>
    public const int UploadAppendSizeMax = 4 * 1024 * 1024;

    /// <summary>Bytes of a batch without its check; the node holds them all.</summary>
    public const int BatchSizeMax = 8 * 1024 * 1024;

    /// <summary>Shards in one batch.</summary>
    public const int BatchCountMax = 1024;

    /// <summary>Longest shard in a batch, in bytes; longer ones gain nothing from company.</summary>
    public const int BatchShardLengthMax = 512 * 1024;

    /// <summary>Shards on one page of a listing.</summary>
    public const int ShardPageCountMax = 64 * 1024;

    /// <summary>Names on one page of a listing.</summary>
    public const int NamePageCountMax = 4096;

    /// <summary>Leaves that one challenge asks for.</summary>
    public const int ChallengeLeafCountMax = 64;

    /// <summary>Longest text of an error, in bytes of UTF-8.</summary>
    public const int ErrorTextSizeMax = 1024;

    /// <summary>Largest status, in bytes.</summary>
    public const int StatusSizeMax = 16 * 1024;
}
