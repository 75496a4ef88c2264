namespace Oort.Backends;

/// <summary>What went wrong at a store, so that the caller knows whether to retry, go elsewhere, repair or tell the operator.</summary>
public enum BackendErrorKind
{
    /// <summary>The shard, blob or log is not there.</summary>
    NotFound,

    /// <summary>May work when tried again: a timeout, a dropped connection.</summary>
    Transient,

    /// <summary>Asked too often; try later.</summary>
    Throttled,

    /// <summary>Will not work again on this store without an operator: a disk gone, another in its place, a newer format.</summary>
    Permanent,

    /// <summary>The bytes that are there are not the bytes that were put.</summary>
    Corrupt,

    /// <summary>No space left (or a quota reached); reads still work.</summary>
    Full,

    /// <summary>The account on the network cannot pay.</summary>
    Funds,

    /// <summary>Credentials refused.</summary>
    Unauthorized,

    /// <summary>The store takes no writes (a read-only mount, no permission, a failed sync); reads still work.</summary>
    ReadOnly,

    /// <summary>It lies in an archive, from which it has been asked back: it can be read hours later.</summary>
    Archived,
}

/// <summary>The one exception that a store throws.</summary>
public sealed class BackendException(BackendErrorKind kind, string message, Exception? inner = null) : Exception(message, inner)
{
    public BackendErrorKind Kind { get; } = kind;
}
