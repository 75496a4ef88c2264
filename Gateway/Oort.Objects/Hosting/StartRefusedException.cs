namespace Oort.Objects;

/// <summary>Why a system does not start.</summary>
public enum StartRefusal
{
    /// <summary>The recovery phrase (root key) is not the one of this cluster.</summary>
    WrongRoot,

    /// <summary>The data directory and a store, or two stores, belong to different clusters.</summary>
    OtherCluster,

    /// <summary>The data directory lacks what it must have, or is empty although the stores hold data.</summary>
    HalfDirectory,

    /// <summary>The database is older than the journal reaches back, or newer than the program.</summary>
    DatabaseBehind,

    /// <summary>Too few stores can be reached to know where the journal ends.</summary>
    TooFewStores,

    /// <summary>The stores' journals have a gap, or disagree.</summary>
    JournalDamaged,

    /// <summary>What is asked of the stores or the directory cannot be: the message says what.</summary>
    Configuration,
}

/// <summary>The system refuses to start rather than start empty or wrong. The message is one or two sentences with the way out, for the operator.</summary>
public sealed class StartRefusedException(StartRefusal reason, string message, Exception? inner = null) : Exception(message, inner)
{
    public StartRefusal Reason { get; } = reason;
}
