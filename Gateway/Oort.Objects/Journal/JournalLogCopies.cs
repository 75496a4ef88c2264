using System.Collections.Immutable;
using Oort.Backends;

namespace Oort.Objects;

/// <summary>One log as found on the stores.</summary>
/// <param name="Header">From the first copy that has it whole; all others must have the same bytes.</param>
/// <param name="HeaderHash">What the first record follows.</param>
/// <param name="Stores">Stores that hold something under this name.</param>
internal sealed record JournalLogCopies(JournalLogHeader Header, RecordHash HeaderHash, ImmutableArray<IStore> Stores)
{
    public JournalLogName Name => Header.Name;
}

/// <summary>One record as read from a log.</summary>
/// <param name="Offset">Where it begins in the log.</param>
/// <param name="Length">Its bytes, frame included.</param>
internal readonly record struct JournalRecordRead(Metadata.JournalEntry Entry, RecordHash Hash, RecordHash Previous, long Offset, int Length);
