using System.Collections.Immutable;

namespace Oort.Metadata;

/// <summary>An engine as a start puts it together: opened, brought up to the journal, then started; from then on it serves.</summary>
public interface IMetadataEngine : IMetadataStore
{
    /// <summary>Other gateways may work on the same database: it may be ahead of this gateway's journal, and behind theirs.</summary>
    bool IsShared { get; }

    /// <summary>Why the journal refuses entries; null when it takes them. For health pages.</summary>
    Exception? JournalFault { get; }

    /// <summary>The stores as the database has them, replayed entries included: a start needs them to open the journal. Only before <see cref="StartAsync"/>.</summary>
    ValueTask<ImmutableArray<StoreRow>> ReadStoresAsync(CancellationToken cancellationToken);

    /// <summary>Newest committed generation, by whomever, as the database has it now.</summary>
    /// <exception cref="MetadataUnavailableException">The database cannot be read.</exception>
    ValueTask<ulong> ReadCommittedAsync(CancellationToken cancellationToken);

    /// <summary>Applies the next entry of a journal to a database that is behind it. Only before <see cref="StartAsync"/>. An entry that the database has already is ignored.</summary>
    /// <param name="gatewayId">Whose journal it is from.</param>
    /// <remarks>For a shared database, entries of all gateways in order of their last generations; see <see cref="IsShared"/>.</remarks>
    /// <exception cref="ArgumentException">The entry does not follow on what the database has.</exception>
    /// <exception cref="MetadataFormatException">The entry cannot be read; nothing of it has been applied.</exception>
    /// <exception cref="MetadataUnavailableException">The database does not take it.</exception>
    ValueTask ReplayAsync(string gatewayId, JournalEntry entry, CancellationToken cancellationToken);

    /// <summary>Begins to serve: what the outbox holds of this gateway beyond its journal's end is journalled first, before anything new.</summary>
    /// <param name="journalledGeneration">Last generation that this gateway's journal on the stores holds; 0 for a new one.</param>
    /// <exception cref="InvalidOperationException">The journal is ahead of the database: replay first. Or it lacks entries that the outbox no longer has: it was lost or is another's.</exception>
    ValueTask StartAsync(IJournal journal, ulong journalledGeneration);
}
