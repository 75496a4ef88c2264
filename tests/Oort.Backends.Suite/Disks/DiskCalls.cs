namespace Oort.Backends.Suite;

/// <summary>The calls of a disk and its files, as a set, to say which ones a fault is for.</summary>
[Flags]
public enum DiskCalls
{
    None = 0,
    Open = 1,
    Read = 1 << 1,
    Write = 1 << 2,
    Sync = 1 << 3,
    Allocate = 1 << 4,
    Truncate = 1 << 5,
    Rename = 1 << 6,
    Delete = 1 << 7,
    SyncFolder = 1 << 8,
    List = 1 << 9,

    /// <summary>Everything.</summary>
    All = (1 << 10) - 1,
}

/// <summary>How a disk's call goes wrong.</summary>
public enum DiskFault
{
    /// <summary>It throws and has done nothing.</summary>
    Fail,

    /// <summary>It does its work, then throws.</summary>
    FailAfterDoing,

    /// <summary>It returns as if it had worked and has done nothing.</summary>
    PretendDone,

    /// <summary>A read gives half of what it should.</summary>
    ShortRead,

    /// <summary>A read gives its first byte with the lowest bit flipped.</summary>
    FlipBit,

    /// <summary>It does not return until <see cref="FaultyDisk.Release"/>; then it does its work.</summary>
    Hang,
}
