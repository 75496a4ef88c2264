namespace Oort.Backends.Local;

/// <summary>What reading a record of a format came to.</summary>
internal enum FormatOutcome
{
    Ok,

    /// <summary>Not such a record, or not whole, or changed.</summary>
    Damaged,

    /// <summary>Whole, but of a version that this program does not know: it must not be touched.</summary>
    UnknownVersion,
}
