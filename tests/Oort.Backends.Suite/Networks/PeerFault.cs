namespace Oort.Backends.Suite;

/// <summary>What a peer does wrong, from when it is told to until it is told otherwise.</summary>
public enum PeerFault
{
    None,

    /// <summary>Items are answered with bytes that are not theirs, of the right length; whatever the peer says of an item's hash looks right.</summary>
    WrongBytes,

    /// <summary>Items are answered as if they were a byte shorter.</summary>
    ShortBytes,

    /// <summary>Items are answered as if they were a byte longer.</summary>
    LongBytes,

    /// <summary>Every request fails within the peer, nothing is done (HTTP 500).</summary>
    ServerError,

    /// <summary>Every request is turned away for now (HTTP 503).</summary>
    Unavailable,

    /// <summary>Every request is one too many (HTTP 429).</summary>
    Throttles,

    /// <summary>No request is ever answered.</summary>
    Hangs,

    /// <summary>What changes something (sending, paying, deleting) is done, and its answer never comes; questions are answered. So a client that repeats by itself what pays is seen.</summary>
    LosesAnswers,

    /// <summary>The credentials are no longer good.</summary>
    RefusesCredentials,

    /// <summary>What costs is refused, since the account is empty.</summary>
    OutOfFunds,

    /// <summary>What takes space is refused, since there is none left.</summary>
    OutOfSpace,
}

/// <summary>Of which reads a backend itself notices that the bytes are wrong.</summary>
public enum ReadChecks
{
    /// <summary>Of none: its caller has to.</summary>
    None,

    /// <summary>Of those of a whole item.</summary>
    Whole,

    /// <summary>Of all.</summary>
    Ranges,
}
