namespace Oort.Backends.Local;

/// <summary>Why a disk refused.</summary>
public enum DiskErrorKind
{
    /// <summary>No such file or folder.</summary>
    NotFound,

    /// <summary>A file of that name exists already.</summary>
    Exists,

    /// <summary>No space or quota left; nothing was written that matters.</summary>
    NoSpace,

    /// <summary>Mounted read-only, or no permission.</summary>
    Denied,

    /// <summary>Another process holds the lock.</summary>
    Locked,

    /// <summary>These bytes cannot be read or written: EIO.</summary>
    Failed,

    /// <summary>The device has gone, or anything else.</summary>
    Gone,
}

/// <summary>The one exception that an <see cref="IDisk"/> throws.</summary>
public sealed class DiskException(DiskErrorKind kind, string message, Exception? inner = null) : Exception(message, inner)
{
    public DiskErrorKind Kind { get; } = kind;
}
