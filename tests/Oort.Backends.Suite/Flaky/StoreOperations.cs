namespace Oort.Backends.Suite;

/// <summary>The calls of a store, as a set, to say which ones a fault is for.</summary>
[Flags]
public enum StoreOperations
{
    None = 0,
    Put = 1,
    Begin = 1 << 1,

    /// <summary><see cref="IShardWriter.WriteAsync(ReadOnlyMemory{byte}, CancellationToken)"/>.</summary>
    Write = 1 << 2,

    /// <summary><see cref="IShardWriter.CommitAsync"/>.</summary>
    Commit = 1 << 3,
    Read = 1 << 4,
    Stat = 1 << 5,
    Delete = 1 << 6,
    List = 1 << 7,
    PutBlob = 1 << 8,
    GetBlob = 1 << 9,
    DeleteBlob = 1 << 10,
    ListBlobs = 1 << 11,
    AppendLog = 1 << 12,
    ReadLog = 1 << 13,
    LogLength = 1 << 14,
    DeleteLog = 1 << 15,
    ListLogs = 1 << 16,
    Probe = 1 << 17,

    /// <summary>Every call that stores shard bytes.</summary>
    ShardWrites = Put | Begin | Write | Commit,

    /// <summary>Every call that changes something.</summary>
    Writes = ShardWrites | Delete | PutBlob | DeleteBlob | AppendLog | DeleteLog,

    /// <summary>Every call that only looks.</summary>
    Reads = Read | Stat | List | GetBlob | ListBlobs | ReadLog | LogLength | ListLogs | Probe,

    All = Writes | Reads,
}
