using System.Buffers.Binary;
using System.Globalization;

namespace Oort.Backends;

/// <summary>One shard, or one bundle of shards, on its way into a network or there: all that a restart needs to go on.</summary>
public sealed record NetworkItem
{
    /// <summary>The most bytes of <see cref="Progress"/>: a signed transaction with its data's proofs is the longest.</summary>
    public const int ProgressSizeMax = 16 * 1024;

    /// <summary>Which item; never used for other bytes.</summary>
    public required ItemId Id { get; init; }

    /// <summary>Bytes of the item; at least 1.</summary>
    public required long Length { get; init; }

    /// <summary>SHA-256 over them, 32 bytes.</summary>
    public required ReadOnlyMemory<byte> Sha256 { get; init; }

    public ItemState State { get; init; } = ItemState.Planned;

    /// <summary>In a state beside the way: where it goes on. Otherwise the state itself.</summary>
    public ItemState ResumeState { get; init; } = ItemState.Planned;

    /// <summary>When the next step is due.</summary>
    public DateTimeOffset NextStep { get; init; } = DateTimeOffset.UnixEpoch;

    /// <summary>Failures since the last step that worked.</summary>
    public int FailureCount { get; init; }

    /// <summary>Why it is beside the way, for people; otherwise empty.</summary>
    public string Reason { get; init; } = "";

    /// <summary>The backend's own notes for its next step, opaque to others.</summary>
    public ReadOnlyMemory<byte> Progress { get; init; }

    /// <summary>What the network has given for it so far; null before it is accepted.</summary>
    public NetworkReceipt? Receipt { get; init; }

    /// <summary>Whether reads may come from it, and repair may count on it.</summary>
    public bool IsCopy => State is ItemState.Sealed or ItemState.Expiring || (IsBesideTheWay && ResumeState is ItemState.Sealed or ItemState.Expiring);

    /// <summary>Whether a step failed that is to be taken again.</summary>
    public bool IsBesideTheWay => State is ItemState.Retrying or ItemState.FailedTemporary or ItemState.InsufficientFunds;
}

/// <summary>Names what is put on a network: the shard, or the bundle. The same id is never paid for twice.</summary>
/// <param name="Value">Of a shard: of its own making; of a bundle: random.</param>
public readonly record struct ItemId(UInt128 Value)
{
    /// <summary>Length on disk: one big-endian 128-bit number.</summary>
    public const int Size = 16;

    public void Write(Span<byte> destination) => BinaryPrimitives.WriteUInt128BigEndian(destination, Value);

    public static ItemId Read(ReadOnlySpan<byte> source) => new(BinaryPrimitives.ReadUInt128BigEndian(source));

    /// <summary>32 lower-case hex digits.</summary>
    public override string ToString() => Value.ToString("x32", CultureInfo.InvariantCulture);
}

/// <summary>What a network gave for an item: the only way to find it again.</summary>
public sealed record NetworkReceipt
{
    /// <summary>The most bytes of <see cref="Locator"/>.</summary>
    public const int LocatorSizeMax = 512;

    /// <summary>The most bytes of <see cref="Answer"/>; a longer answer is not kept.</summary>
    public const int AnswerSizeMax = 8 * 1024;

    /// <summary>Who holds it inside the network: a provider's id or address, a bucket; empty where that makes no difference.</summary>
    public string Provider { get; init; } = "";

    /// <summary>How the backend finds it again, in the backend's own form.</summary>
    public required ReadOnlyMemory<byte> Locator { get; init; }

    /// <summary>The locator for people: a CID, a transaction's id, a key.</summary>
    public required string Address { get; init; }

    /// <summary>Id of the transaction or request that pays for it or asked for it; empty where there is none.</summary>
    public string Transaction { get; init; } = "";

    /// <summary>What was paid, in the network's smallest unit.</summary>
    public UInt128 Paid { get; init; }

    /// <summary>The unit of <see cref="Paid"/>: "winston", "wei"; empty where nothing is paid by item.</summary>
    public string PaidUnit { get; init; } = "";

    public DateTimeOffset Accepted { get; init; }

    /// <summary>Until when it is paid for; null: for ever, or as long as the account pays.</summary>
    public DateTimeOffset? Expires { get; init; }

    /// <summary>The network's own answer, where it is evidence: a signed receipt.</summary>
    public ReadOnlyMemory<byte> Answer { get; init; }
}
