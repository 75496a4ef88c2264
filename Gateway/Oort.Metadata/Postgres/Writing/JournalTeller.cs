using System.Threading.Channels;

namespace Oort.Metadata.Postgres.Writing;

/// <summary>The gateway's journal, which also tells the other gateways, in the database, what it holds.</summary>
/// <remarks>Nothing waits for the telling but readers at other gateways, so one transaction tells all that has come meanwhile, and it is not synced: what a crash of the server takes of it, the next one tells again.</remarks>
internal sealed class JournalTeller : IJournal, IAsyncDisposable
{
    private readonly IJournal journal;
    private readonly PostgresServer server;
    private readonly PostgresMetadataOptions options;
    private readonly TimeProvider time;
    private readonly Channel<bool> news = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { SingleReader = true, FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource stop;
    private readonly Task loop;
    private ulong journalled;

    public JournalTeller(IJournal journal, ulong journalled, PostgresServer server, PostgresMetadataOptions options, TimeProvider time)
    {
        this.journal = journal;
        this.journalled = journalled;
        this.server = server;
        this.options = options;
        this.time = time;
        // Made with the clock by which CancelAfter counts.
        stop = new(Timeout.InfiniteTimeSpan, time);
        loop = Task.Run(RunAsync);
        news.Writer.TryWrite(true);
    }

    public async ValueTask AppendAsync(JournalEntry entry, CancellationToken cancellationToken)
    {
        await journal.AppendAsync(entry, cancellationToken);
        Volatile.Write(ref journalled, entry.LastGeneration);
        news.Writer.TryWrite(true);
    }

    /// <summary>Tells the last, as far as the server answers, and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        news.Writer.TryComplete();
        stop.CancelAfter(options.DatabaseWaitMax);
        await loop;
        stop.Dispose();
    }

    private async Task RunAsync()
    {
        await foreach (var _ in news.Reader.ReadAllAsync())
        {
            for (var pause = options.RetryDelayMin; !await TellAsync(Volatile.Read(ref journalled)); pause = pause * 2 < options.RetryDelayMax ? pause * 2 : options.RetryDelayMax)
                if (!await PauseAsync(pause)) return; // The rows stay; the next start compares them with the journal's end.
        }
    }

    private async ValueTask<bool> TellAsync(ulong generation)
    {
        try
        {
            await using var connection = await server.OpenAsync(stop.Token);
            await new RoundTrip(connection)
                .Add("BEGIN")
                .Add("SET LOCAL synchronous_commit = off")
                .Add("UPDATE journals SET journalled = $2 WHERE gateway = $1 AND journalled < $2", RoundTrip.Text(options.GatewayId), RoundTrip.Long(generation))
                .Add("DELETE FROM outbox WHERE gateway = $1 AND last <= $2", RoundTrip.Text(options.GatewayId), RoundTrip.Long(generation))
                .Add("COMMIT")
                .RunAsync(stop.Token);
            return true;
        }
        catch (Exception e) when (PostgresServer.IsTransient(e) || e is OperationCanceledException)
        {
            return false;
        }
    }

    private async ValueTask<bool> PauseAsync(TimeSpan pause)
    {
        try
        {
            await Task.Delay(pause, time, stop.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
