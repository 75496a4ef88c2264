using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Oort.Backends;
using Oort.Crypto;

namespace Oort.Objects;

/// <summary>All journal logs that the stores hold.</summary>
/// <param name="Logs">Logs with a good header and a good first record, in the order in which each gateway wrote them.</param>
/// <param name="Unreadable">Names under which no store has a good beginning: appends that never were acknowledged, or damage in all copies.</param>
/// <param name="Stores">Stores whose logs were listed, whether they hold any or not.</param>
internal sealed record JournalCatalogue(ImmutableArray<JournalLogCopies> Logs, ImmutableArray<string> Unreadable, ImmutableArray<StoreId> Stores)
{
    /// <summary>Logs of one listing: a snapshot drops old ones long before, and a store that invents names must not fill memory.</summary>
    public const int LogCountMax = 100_000;

    /// <summary>Reads the names and beginnings of all logs.</summary>
    /// <param name="stores">Stores to read; what one fails at is taken from the others.</param>
    public static async ValueTask<JournalCatalogue> ReadAsync(IReadOnlyList<IStore> stores, Keyring keyring, ILogger logger, CancellationToken cancellationToken)
    {
        // 1. Which stores hold which names.
        var holders = new SortedDictionary<string, List<IStore>>(StringComparer.Ordinal);
        var listed = ImmutableArray.CreateBuilder<StoreId>();
        foreach (var store in stores)
        {
            try
            {
                await foreach (var name in store.ListLogsAsync(JournalLogName.Prefix, cancellationToken))
                {
                    if (!JournalLogName.TryParse(name, out _)) continue;
                    if (!holders.TryGetValue(name, out var list)) holders.Add(name, list = []);
                    list.Add(store);
                    if (holders.Count > LogCountMax) throw new BackendException(BackendErrorKind.Corrupt, $"{store.Location} lists more than {LogCountMax} journal logs.");
                }

                listed.Add(store.Id);
            }
            catch (BackendException failure)
            {
                logger.LogWarning(failure, "The journal logs on {Location} could not be listed.", store.Location);
            }
        }

        // 2. Their headers and first records.
        var logs = new List<JournalLogCopies>();
        var unreadable = ImmutableArray.CreateBuilder<string>();
        foreach (var (name, list) in holders)
        {
            if (await ReadBeginningAsync(name, list, keyring, logger, cancellationToken) is { } log) logs.Add(log);
            else unreadable.Add(name);
        }

        return new([.. logs.OrderBy(log => log.Name)], unreadable.ToImmutable(), listed.ToImmutable());
    }

    private static async ValueTask<JournalLogCopies?> ReadBeginningAsync(string name, List<IStore> stores, Keyring keyring, ILogger logger, CancellationToken cancellationToken)
    {
        var bytes = new byte[JournalLogHeader.SizeMax];
        foreach (var store in stores)
        {
            try
            {
                var read = await store.ReadLogAsync(name, 0, bytes, cancellationToken);
                var header = JournalLogHeader.TryRead(bytes.AsSpan(0, read));
                if (header is null || header.Cluster.Value != keyring.Identity || header.Name.ToString() != name) continue;
                var log = new JournalLogCopies(header, RecordHash.Of(bytes.AsSpan(0, header.Size)), [.. stores]);
                await foreach (var _ in new JournalLogReader(log, keyring, logger).ReadAsync(cancellationToken)) return log;
            }
            catch (BackendException failure)
            {
                logger.LogWarning(failure, "Log {Log} could not be read from {Location}.", name, store.Location);
            }
        }

        return null;
    }
}
