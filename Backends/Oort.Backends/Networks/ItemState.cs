namespace Oort.Backends;

/// <summary>Where an item is on its way into a network (see docs/networks.md). The numbers are stored.</summary>
public enum ItemState
{
    /// <summary>Decided, and nothing sent: what sending will need (a signed transaction, a request's id) may be in <see cref="NetworkItem.Progress"/>.</summary>
    Planned = 1,

    /// <summary>Being sent; how far is in <see cref="NetworkItem.Progress"/>.</summary>
    Uploading = 2,

    /// <summary>The network has the bytes, or has signed that it has.</summary>
    Accepted = 3,

    /// <summary>The network works on it: a pin is queued, a transaction waits for its block.</summary>
    Pending = 4,

    /// <summary>The network says that it is stored.</summary>
    Confirmed = 5,

    /// <summary>Read back from another place than it was sent to, or proven: from here on it counts as a copy.</summary>
    Sealed = 6,

    /// <summary>A step failed in a way that passes: it is taken again from <see cref="NetworkItem.ResumeState"/>.</summary>
    Retrying = 16,

    /// <summary>Steps fail in a way that needs somebody: credentials refused, an address that is wrong. Tried again seldom.</summary>
    FailedTemporary = 17,

    /// <summary>It will never be stored, or what was stored is gone or wrong: a copy is to be placed anew.</summary>
    FailedFinal = 18,

    /// <summary>The account cannot pay for the next step.</summary>
    InsufficientFunds = 19,

    /// <summary>Stored and checked, and paid for only until soon.</summary>
    Expiring = 20,

    /// <summary>No longer paid for: it counts as no copy, though it may still be there.</summary>
    Expired = 21,

    /// <summary>To be deleted; the network is yet to be asked, or deletes later. No step is taken any more.</summary>
    DeleteRequested = 22,

    /// <summary>Gone from the network, as far as the network says.</summary>
    Deleted = 23,

    /// <summary>The network keeps it for ever; its key is destroyed.</summary>
    Undeletable = 24,
}
