namespace Oort.Metadata;

/// <summary>One group of changes as the engine hands it to the journal: already committed in the database, not yet acknowledged to anyone.</summary>
/// <param name="FirstGeneration">First generation in it.</param>
/// <param name="LastGeneration">Last generation in it; the next entry begins at the one after.</param>
/// <param name="Changes">Encoded row changes (docs/formats/journal.md); unsealed.</param>
public sealed record JournalEntry(ulong FirstGeneration, ulong LastGeneration, ReadOnlyMemory<byte> Changes);

/// <summary>Where the engine sends its entries: sealed and appended to the stores by the object layer.</summary>
public interface IJournal
{
    /// <summary>Returns when the entry is durable on enough stores. Called in order, one at a time.</summary>
    /// <exception cref="MetadataUnavailableException">Too few stores took it. The engine keeps the entry and offers it again.</exception>
    ValueTask AppendAsync(JournalEntry entry, CancellationToken cancellationToken);
}
