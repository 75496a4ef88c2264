using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Oort.Backends;
using Oort.Crypto;
using Oort.Metadata;

namespace Oort.Objects;

/// <summary>Something in a gateway's journal that is not as it was written.</summary>
/// <param name="After">Last generation before it.</param>
/// <param name="Before">First generation after it; null when it is at the end.</param>
/// <param name="Text">One sentence for people.</param>
public sealed record JournalFinding(GatewayId Gateway, JournalFindingKind Kind, ulong After, ulong? Before, string Text);

/// <summary>What kind of finding.</summary>
public enum JournalFindingKind
{
    /// <summary>Records between two that are there are on no store.</summary>
    Gap,

    /// <summary>A log follows another record than the one that is there: the stores disagree about history.</summary>
    HeadsDisagree,

    /// <summary>The end may be missing: too few of the stores that held the newest log are here to be sure.</summary>
    EndUncertain,
}

/// <summary>The logs of one gateway as one sequence of records, by the links of the chain (docs/formats/journal.md §5).</summary>
/// <remarks>
/// Each log names the record that it follows. What an earlier log holds beyond that record was never acknowledged (a start had to happen in between that did not
/// see it) and is passed over. What lies before the first log that is needed was dropped after a snapshot.
/// </remarks>
internal sealed class JournalChain(GatewayId gateway, ImmutableArray<JournalLogCopies> logs, ImmutableArray<StoreId> stores, Keyring keyring, ILogger logger)
{
    private readonly List<JournalFinding> findings = [];

    public GatewayId Gateway => gateway;

    /// <summary>Findings so far; complete when <see cref="ReadAsync"/> has ended.</summary>
    public IReadOnlyList<JournalFinding> Findings => findings;

    /// <summary>Where the chain ends, after <see cref="ReadAsync"/>.</summary>
    public JournalPosition End { get; private set; }

    /// <summary>The newest log; null when the gateway has none.</summary>
    public JournalLogCopies? Newest => logs.IsEmpty ? null : logs[^1];

    /// <summary>The oldest log; null when the gateway has none.</summary>
    public JournalLogCopies? Oldest => logs.IsEmpty ? null : logs[0];

    /// <summary>First byte after the last record of the newest log, after <see cref="ReadAsync"/>.</summary>
    public long NewestEndOffset { get; private set; }

    /// <summary>Logs with records newer than a generation.</summary>
    public ImmutableArray<JournalLogCopies> LogsAfter(ulong generation) => Needed(logs, generation);

    /// <summary>Splits a catalogue by gateways.</summary>
    public static ImmutableArray<JournalChain> Split(JournalCatalogue catalogue, Keyring keyring, ILogger logger) =>
        [.. catalogue.Logs.GroupBy(log => log.Name.Gateway).Select(group => new JournalChain(group.Key, [.. group.OrderBy(log => log.Name)], catalogue.Stores, keyring, logger))];

    /// <summary>Sets the end of a chain without logs: those before a snapshot were dropped, or the gateway is new.</summary>
    public void BeginAfter(ulong generation) => End = new(generation, RecordHash.None);

    /// <summary>Reads every record that is valid and newer than a generation, in order.</summary>
    /// <param name="after">Records up to this generation are known otherwise (a snapshot, a database): their absence is no gap.</param>
    public async IAsyncEnumerable<JournalEntry> ReadAsync(ulong after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var chosen = Needed(logs, after);
        for (var index = 0; index < chosen.Length; index++)
        {
            var log = chosen[index];
            var next = index + 1 < chosen.Length ? chosen[index + 1].Header : null;
            // A log that begins within what is known links to what may be dropped; any other must link to the record just read.
            if (index > 0) CheckLink(log.Header, after);
            else if (log.Header.PreviousGeneration > after) findings.Add(Gap(after, log.Header.Name.FirstGeneration));

            var reader = new JournalLogReader(log, keyring, logger);
            var stopped = false;
            await foreach (var record in reader.ReadAsync(cancellationToken))
            {
                if (next is not null && record.Entry.FirstGeneration > next.PreviousGeneration)
                {
                    stopped = true;
                    break;
                }

                if (record.Entry.FirstGeneration != End.Generation + 1 && record.Offset > log.Header.Size) findings.Add(Gap(End.Generation, record.Entry.FirstGeneration));
                End = new(record.Entry.LastGeneration, record.Hash);
                if (record.Entry.LastGeneration > after) yield return record.Entry;
            }

            NewestEndOffset = reader.EndOffset;
            if (next is null && !stopped) CheckEnd(log, reader);
        }
    }

    /// <summary>The logs with records newer than a generation, in order. From the newest backwards: each log's predecessor is the newest one that begins at or before the record that it follows.</summary>
    /// <param name="logs">All logs of one gateway, in order.</param>
    public static ImmutableArray<JournalLogCopies> Needed(ImmutableArray<JournalLogCopies> logs, ulong after)
    {
        var chosen = new List<JournalLogCopies>();
        var link = ulong.MaxValue;
        for (var index = logs.Length - 1; index >= 0 && link > after; index--)
        {
            var log = logs[index];
            if (log.Header.Name.FirstGeneration > link) continue;
            chosen.Add(log);
            link = log.Header.PreviousGeneration;
            if (log.Header.Name.FirstGeneration <= after || link == 0) break;
        }

        chosen.Reverse();
        return [.. chosen];
    }

    private void CheckLink(JournalLogHeader header, ulong after)
    {
        if (header.PreviousGeneration == End.Generation)
        {
            if (header.PreviousHash != End.Hash)
                findings.Add(new(gateway, JournalFindingKind.HeadsDisagree, End.Generation, header.Name.FirstGeneration, string.Create(CultureInfo.InvariantCulture, $"Log {header.Name} follows another record of generation {End.Generation} than the stores hold.")));
        }
        else if (header.PreviousGeneration > after)
        {
            findings.Add(Gap(Math.Max(End.Generation, after), header.Name.FirstGeneration));
        }
    }

    private void CheckEnd(JournalLogCopies log, JournalLogReader reader)
    {
        if (reader.End == JournalLogEnd.Damaged)
            findings.Add(new(gateway, JournalFindingKind.Gap, End.Generation, null, string.Create(CultureInfo.InvariantCulture, $"Log {log.Name} is damaged in every copy after generation {End.Generation}, and goes on behind it.")));

        var here = log.Header.Members.Count(member => stores.Contains(member) && !reader.Unread.Contains(member));
        var needed = log.Header.EndQuorum;
        if (here < needed)
            findings.Add(new(gateway, JournalFindingKind.EndUncertain, End.Generation, null, string.Create(CultureInfo.InvariantCulture, $"Only {here} of the {log.Header.Members.Length} stores that held {log.Name} can be read, {needed} are needed to be sure that nothing newer is missing.")));
    }

    private JournalFinding Gap(ulong after, ulong before) =>
        new(gateway, JournalFindingKind.Gap, after, before, string.Create(CultureInfo.InvariantCulture, $"The changes after generation {after} and before {before} are on no store."));
}
