using System.Globalization;
using System.Text;
using Oort.Metadata;
using Oort.Metadata.Postgres;
using Oort.Metadata.Sqlite;

namespace Oort.Objects;

/// <summary>The last step of a restore into PostgreSQL: the database that was built in a file goes into an empty one there, wholly or not at all, and the data directory then belongs to that one.</summary>
/// <param name="address">Of the PostgreSQL database.</param>
internal sealed class RestoredMove(string dataDirectory, DirectoryIdentity identity, string address, TimeProvider time)
{
    private readonly PostgresMetadataOptions target = new() { Address = address, GatewayId = identity.Gateway.ToString(), Cluster = identity.Cluster.ToString() };

    /// <summary>Looks whether the database can be restored into, before anything is built.</summary>
    /// <exception cref="RestoreRefusedException">It is not empty, or cannot be used.</exception>
    public async Task RequireEmptyAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (await PostgresMetadataStore.PeekAsync(target.Address, cancellationToken) is { } found && found.Cluster != MetadataMove.Unfinished(target.Cluster)) throw NotEmpty();
        }
        catch (Exception failure) when (failure is MetadataFormatException or MetadataUnavailableException or ArgumentException)
        {
            throw new RestoreRefusedException(failure.Message, failure);
        }
    }

    /// <summary>
    /// 1. A copy in one transaction, marked so that no gateway starts on it; or the one of an attempt that broke off behind it. 2. The copy is checked. 3. A file in the data directory says where the metadata
    /// are from now on: before it, the directory is as it was, and behind it, a start needs that database, and takes the mark off if this does not.
    /// </summary>
    /// <param name="file">The database that was built, closed.</param>
    /// <param name="generation">Its newest change.</param>
    /// <param name="reached">For tests: called after each step that writes.</param>
    /// <exception cref="RestoreRefusedException">The data directory is as it was.</exception>
    public async Task RunAsync(string file, ulong generation, IProgress<RecoveryProgress>? progress, Action<string>? reached, CancellationToken cancellationToken)
    {
        try
        {
            // 1.
            await using var source = SqliteMetadataStore.Open(new() { Path = file }, time);
            await source.StartAsync(new NoJournal(), source.CommittedGeneration);
            var copied = await MetadataMove.CopyAsync(source, target, progress is null ? null : new RowProgress(progress), cancellationToken);
            if (copied != generation) throw NotEmpty();
            reached?.Invoke("copied");

            // 2.
            await using (var copy = await PostgresMetadataStore.OpenAsync(target with { Cluster = MetadataMove.Unfinished(target.Cluster) }, time, cancellationToken))
            {
                if (await copy.CheckAsync(1, cancellationToken) is [{ } problem, ..])
                    throw new RestoreRefusedException($"The copy in PostgreSQL is not right ({problem.Kind}: {problem.Detail}). Begin again with an empty database.");
            }

            // 3.
            DurableFile.Write(Path.Combine(dataDirectory, DirectoryIdentity.MovedFileName), Encoding.UTF8.GetBytes("The metadata of this data directory are in a PostgreSQL database now: oort serve --metadata postgres://...\n"));
            reached?.Invoke("moved");
            await MetadataMove.FinishAsync(target, CancellationToken.None);
        }
        catch (Exception failure) when (failure is MetadataFormatException or MetadataUnavailableException or ArgumentException or InvalidOperationException)
        {
            throw new RestoreRefusedException($"The restore into PostgreSQL broke off; give an empty database, and begin it again. {failure.Message}", failure);
        }
    }

    private RestoreRefusedException NotEmpty() =>
        new(string.Create(CultureInfo.InvariantCulture, $"The PostgreSQL database has metadata in it already. A backup is restored into an empty one; one that is put back from the server's own backup needs none: start the gateway, which gives it what the journals of cluster {target.Cluster} hold beyond it."));

    /// <summary>The file is only read.</summary>
    private sealed class NoJournal : IJournal
    {
        public ValueTask AppendAsync(JournalEntry entry, CancellationToken cancellationToken) => throw new MetadataUnavailableException("A database that is being restored takes no changes.");
    }

    private sealed class RowProgress(IProgress<RecoveryProgress> progress) : IProgress<long>
    {
        public void Report(long value) => progress.Report(new("copying rows", value, 0));
    }
}
