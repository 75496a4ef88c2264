namespace Oort.Backends.Filecoin;

/// <summary>What a provider says of a transaction that it sent. Only the chain tells what was done.</summary>
internal enum PdpStatus
{
    /// <summary>It is in no block yet, or not looked at.</summary>
    Pending,

    /// <summary>It is in a block and did what it should.</summary>
    Confirmed,

    /// <summary>It failed.</summary>
    Rejected,

    /// <summary>The provider knows no such transaction.</summary>
    Unknown,
}
