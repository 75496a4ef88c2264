namespace Oort.Node.Protocol;

/// <summary>Headers of the protocol. Numbers are decimal unless said otherwise.</summary>
public static class NodeHeaders
{
    /// <summary>Request: the store that is meant, 32 hexadecimal digits. On every request but those for the status and for making a store.</summary>
    public const string Store = "oort-store";

    /// <summary>Request: "1" asks for a storage receipt as the answer's body.</summary>
    public const string Receipt = "oort-receipt";

    /// <summary>Request of a commit: CRC-64/NVME of the whole shard, 16 hexadecimal digits.</summary>
    public const string Crc = "oort-crc";

    /// <summary>Answer: the length of the shard or log, in bytes.</summary>
    public const string Length = "oort-length";

    /// <summary>Answer: how many bytes of an upload the node has.</summary>
    public const string Offset = "oort-offset";

    /// <summary>Answer: the id of the upload that was begun.</summary>
    public const string Upload = "oort-upload";

    /// <summary>Answer about a blob or log, and request that changes it: the state it is in, 32 hexadecimal digits.</summary>
    public const string State = "oort-state";

    /// <summary>Answer: why it was not done, a name of <see cref="NodeErrors"/>.</summary>
    public const string Error = "oort-error";
}

/// <summary>Paths of the protocol.</summary>
public static class NodePaths
{
    public const string Status = "/v1/status";
    public const string Store = "/v1/store";
    public const string Shards = "/v1/shards";
    public const string Receipts = "/v1/receipts";
    public const string Uploads = "/v1/uploads";
    public const string Batch = "/v1/batch";
    public const string Blobs = "/v1/blobs";
    public const string Logs = "/v1/logs";
    public const string Challenge = "/v1/challenge";

    /// <summary>The path of a shard.</summary>
    public static string Shard(ShardName shard) => $"{Shards}/{shard}";

    /// <summary>The path of a shard's receipt.</summary>
    public static string ReceiptOf(ShardName shard) => $"{Receipts}/{shard}";

    /// <summary>The path of an upload.</summary>
    public static string Upload(string id) => $"{Uploads}/{id}";

    /// <summary>The path of a blob. No character of a name needs escaping.</summary>
    public static string Blob(string name) => $"{Blobs}/{name}";

    /// <summary>The path of a log. No character of a name needs escaping.</summary>
    public static string Log(string name) => $"{Logs}/{name}";
}
