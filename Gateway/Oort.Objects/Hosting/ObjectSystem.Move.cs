using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;
using Oort.Metadata;
using Oort.Metadata.Postgres;
using Oort.Metadata.Sqlite;

namespace Oort.Objects;

/// <summary>The move of the metadata from SQLite to PostgreSQL.</summary>
public sealed partial class ObjectSystem
{
    /// <summary>Rounds of catching up before changes are refused, and the entries of a round that is short enough for that.</summary>
    private const int CatchUpRoundsMax = 10;
    private const int EntriesOfAShortRound = 500;

    /// <summary>Entries, and their bytes, that go into the other database in one transaction.</summary>
    private const int EntriesAtOnceMax = 500;
    private const int BytesAtOnceMax = 2 * 1024 * 1024;

    private readonly SemaphoreSlim moving = new(1, 1);

    /// <inheritdoc/>
    /// <remarks>
    /// 1. A copy of one instant; snapshots are held up, so that the journal behind it stays. 2. What came meanwhile, from the journal, until little is left. 3. The copy is checked; what came meanwhile, again.
    /// 4. Changes are refused; the rest of the journal. 5. Both have the same totals. 6. A file in the data directory says where the metadata are from now on: before it, everything is as it was; behind it, a
    /// start needs the other database. 7. The other database is released for gateways, and serves.
    /// </remarks>
    public async ValueTask<MetadataMoveReport> MoveMetadataAsync(string address, IProgress<MetadataMoveProgress>? progress, CancellationToken cancellationToken)
    {
        await moving.WaitAsync(cancellationToken);
        try
        {
            if (parts.Metadata.Present is not SqliteMetadataStore source) throw new MetadataMoveException("The metadata are in PostgreSQL already.");
            var target = new PostgresMetadataOptions { Address = address, GatewayId = parts.Identity.Gateway.ToString(), Cluster = parts.Identity.Cluster.ToString() };
            using var hold = await snapshotter.HoldAsync(cancellationToken);
            return await MoveAsync(source, target, progress, cancellationToken);
        }
        catch (Exception failure) when (failure is MetadataFormatException or ArgumentException or InvalidOperationException)
        {
            throw new MetadataMoveException(failure.Message, failure);
        }
        finally
        {
            moving.Release();
        }
    }

    private async Task<MetadataMoveReport> MoveAsync(SqliteMetadataStore source, PostgresMetadataOptions target, IProgress<MetadataMoveProgress>? progress, CancellationToken cancellationToken)
    {
        // 1.
        await MetadataMove.CopyAsync(source, target, progress is null ? null : new RowProgress(progress), cancellationToken);
        var other = await PostgresMetadataStore.OpenAsync(target with { Cluster = MetadataMove.Unfinished(target.Cluster) }, time, cancellationToken);
        try
        {
            // 2.
            await CatchUpUntilShortAsync(other, cancellationToken);

            // 3.
            if (await other.CheckAsync(1, cancellationToken) is [{ } problem, ..]) throw new MetadataMoveException($"The copy is not right ({problem.Kind}: {problem.Detail}). Check the metadata with oort fsck; empty the other database before the next attempt.");
            await CatchUpUntilShortAsync(other, cancellationToken);

            // 4. A change of keys may not end when other gateways have begun.
            using var keys = await keeper.HoldAsync(cancellationToken);
            var begun = time.GetTimestamp();
            await source.SealAsync(isSealed: true, cancellationToken);
            var isDone = false;
            try
            {
                await CatchUpAsync(other, cancellationToken);
                if (other.CommittedGeneration != source.CommittedGeneration)
                    throw new MetadataMoveException(string.Create(CultureInfo.InvariantCulture, $"The copy ends at generation {other.CommittedGeneration}, the database at {source.CommittedGeneration}."));
                await other.StartAsync(parts.Journal, other.CommittedGeneration);

                // 5.
                var totals = await other.GetTotalsAsync(cancellationToken);
                if (totals != await source.GetTotalsAsync(cancellationToken)) throw new MetadataMoveException($"The copy counts {totals}, the database {await source.GetTotalsAsync(cancellationToken)}.");

                // 6.
                DurableFile.Write(Path.Combine(options.DataDirectory, DirectoryIdentity.MovedFileName), Encoding.UTF8.GetBytes("The metadata of this data directory are in a PostgreSQL database now: oort serve --metadata postgres://...\n"));
                isDone = true;

                // 7. From here on there is no way back: whatever happens, the other database has everything.
                parts.Metadata.Replace(other);
                var pause = time.GetElapsedTime(begun);
                try
                {
                    await MetadataMove.FinishAsync(target, CancellationToken.None);
                }
                catch (MetadataUnavailableException failure)
                {
                    logger.LogError(failure, "The other database went away when all was done; no further gateway can start on it before the next start of this one.");
                }

                logger.LogWarning("The metadata are in PostgreSQL now, up to generation {Generation}; changes were refused for {Pause}. The next start needs --metadata.", other.CommittedGeneration, pause);
                return new(other.CommittedGeneration, totals.Objects, totals.Versions, pause);
            }
            finally
            {
                if (!isDone) await source.SealAsync(isSealed: false, CancellationToken.None);
            }
        }
        catch when (parts.Metadata.Present != other)
        {
            await other.DisposeAsync();
            throw;
        }
    }

    /// <summary>Catches up until what is left takes a moment: changes are refused while that is given to the copy.</summary>
    private async Task CatchUpUntilShortAsync(PostgresMetadataStore other, CancellationToken cancellationToken)
    {
        for (var round = 0; round < CatchUpRoundsMax && await CatchUpAsync(other, cancellationToken) > EntriesOfAShortRound; round++) logger.LogInformation("The copy of the metadata catches up; it is at generation {Generation}.", other.CommittedGeneration);
    }

    /// <summary>Gives the copy what this gateway has journalled since; the result is how many entries that was.</summary>
    private async Task<int> CatchUpAsync(PostgresMetadataStore other, CancellationToken cancellationToken)
    {
        var catalogue = await JournalCatalogue.ReadAsync(parts.Stores.Readable(), parts.Keyring, logger, cancellationToken);
        if (JournalChain.Split(catalogue, parts.Keyring, logger).FirstOrDefault(one => one.Gateway == parts.Identity.Gateway) is not { } chain) return 0;
        var count = 0;
        var bytes = 0;
        var together = new List<JournalEntry>();
        await foreach (var entry in chain.ReadAsync(other.CommittedGeneration, cancellationToken))
        {
            together.Add(entry);
            bytes += entry.Changes.Length;
            count++;
            if (together.Count >= EntriesAtOnceMax || bytes >= BytesAtOnceMax) await ReplayAsync();
        }

        await ReplayAsync();

        if (chain.Findings.FirstOrDefault(finding => finding.Kind != JournalFindingKind.EndUncertain) is { } gap)
            throw new MetadataMoveException($"The journal behind the copy has been shortened or cannot be read: {gap.Text} Empty the other database, and begin again.");
        return count;

        async ValueTask ReplayAsync()
        {
            await other.ReplayAsync(parts.Identity.Gateway.ToString(), together, cancellationToken);
            together.Clear();
            bytes = 0;
        }
    }

    private sealed class RowProgress(IProgress<MetadataMoveProgress> progress) : IProgress<long>
    {
        public void Report(long value) => progress.Report(new(value));
    }
}
