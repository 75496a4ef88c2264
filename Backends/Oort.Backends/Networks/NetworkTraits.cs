namespace Oort.Backends;

/// <summary>What a network can do, what it costs and what it promises: declared, and replaced by what is measured where it is.</summary>
public sealed record NetworkTraits
{
    /// <summary>Its name in policies, quotes and messages: "s3", "ipfs", "arweave"; lower case.</summary>
    public required string Kind { get; init; }

    /// <summary>Shortest item that it takes, in bytes.</summary>
    public long ItemLengthMin { get; init; } = 1;

    /// <summary>Longest item that it takes, in bytes.</summary>
    public required long ItemLengthMax { get; init; }

    /// <summary>Below this length items are bundled, since each has a fee or a minimum of its own; 0: never.</summary>
    public long BundleBelow { get; init; }

    /// <summary>Whether a part of an item can be read without all of it.</summary>
    public bool ReadsRanges { get; init; }

    /// <summary>Whether what it holds can be listed; where not, the receipt is the only way to an item.</summary>
    public bool Lists { get; init; }

    public AddressKind AddressKind { get; init; }

    public Latency Latency { get; init; }

    public Retention Retention { get; init; }

    /// <summary>What it can show for an item, the best first in the order of <see cref="ProofKinds"/>.</summary>
    public ProofKinds Proofs { get; init; } = ProofKinds.ReadBack;

    /// <summary>Whether anyone can read what it holds: then only sealed, padded bytes may go there. Own clouds with a private bucket are the exception.</summary>
    public bool IsPublic { get; init; } = true;

    /// <summary>What it asks the network of each item, where that may be charged.</summary>
    public NetworkChecks Checks { get; init; } = new();
}

/// <summary>What a backend asks a network of each item, beside what somebody reads: the requests that quotes count.</summary>
public sealed record NetworkChecks
{
    /// <summary>Puts that an item in parts takes beside its parts: beginning, listing, completing.</summary>
    private const int PartedPutCount = 6;

    /// <summary>Longer items go in parts.</summary>
    public long PutLengthMax { get; init; } = long.MaxValue;

    /// <summary>Bytes of a part.</summary>
    public long PartLength { get; init; } = 1 << 20;

    /// <summary>Reads until an item is Sealed.</summary>
    public double SealReads { get; init; } = 1;

    /// <summary>Share of the item's bytes that these read, 0 to 1.</summary>
    public double SealShare { get; init; } = 1;

    /// <summary>Questions until an item is Sealed.</summary>
    public double SealLooks { get; init; }

    /// <summary>How often a Sealed item is looked at.</summary>
    public TimeSpan LookInterval { get; init; } = TimeSpan.FromDays(1);

    /// <summary>Questions of each look.</summary>
    public double Looks { get; init; } = 1;

    /// <summary>Reads of each look.</summary>
    public double LookReads { get; init; }

    /// <summary>Bytes at most that a look reads.</summary>
    public long LookBytes { get; init; }

    /// <summary>Puts that an item takes.</summary>
    public double PutsOf(long length) => length <= PutLengthMax ? 1 : Math.Ceiling((double)length / PartLength) + PartedPutCount;
}

/// <summary>What an item is called on a network.</summary>
public enum AddressKind
{
    /// <summary>What the gateway calls it.</summary>
    OwnKey,

    /// <summary>A hash of its bytes, known before it is sent.</summary>
    Content,

    /// <summary>The id of the transaction that brought it.</summary>
    Transaction,
}

/// <summary>How long the first byte takes.</summary>
public enum Latency
{
    /// <summary>Up to 100 ms.</summary>
    Hot,

    /// <summary>Up to 2 s.</summary>
    Warm,

    /// <summary>Seconds to minutes.</summary>
    Cold,

    /// <summary>It must be asked for, and comes hours later.</summary>
    Archive,
}

/// <summary>What deleting does.</summary>
public enum Retention
{
    /// <summary>It is gone.</summary>
    Deletable,

    /// <summary>It goes, and stops costing, at a later time.</summary>
    Scheduled,

    /// <summary>Nothing; it lapses when what was paid for ends.</summary>
    Expiring,

    /// <summary>Nothing, ever: only its key can be destroyed.</summary>
    Permanent,
}

/// <summary>What a network can show for an item.</summary>
[Flags]
public enum ProofKinds
{
    None = 0,

    /// <summary>It says so.</summary>
    Claim = 1,

    /// <summary>The bytes, which are checked.</summary>
    ReadBack = 1 << 1,

    /// <summary>A receipt with its signature.</summary>
    SignedReceipt = 1 << 2,

    /// <summary>A path to a root that the network agreed on.</summary>
    MerkleInclusion = 1 << 3,

    /// <summary>A proof of possession that a contract checks, again and again.</summary>
    OnChainPossession = 1 << 4,
}
