using System.Threading.Channels;
using Oort.Backends;

namespace Oort.Metadata.Writing;

/// <summary>Carries committed groups to the journal, in order and one at a time, while the writer makes the next ones.</summary>
/// <remarks>
/// When the journal refuses an entry, the callers of its group and of those behind are told at once that their changes are not durable;
/// the entries stay, first in line, and are offered again with growing pauses. The writer commits nothing new meanwhile, so the line stays short.
/// </remarks>
internal sealed class JournalPump : IAsyncDisposable
{
    private readonly IJournal journal;
    private readonly PendingGroups pending;
    private readonly JournalPumpOptions options;
    private readonly TimeProvider time;
    private readonly ThreadProvider threads;
    private readonly Channel<CommitGroup> line;
    private readonly Queue<CommitGroup> refused = new();
    private readonly CancellationTokenSource stop = new();
    private readonly Task pump;
    private TaskCompletionSource recovered = Completed();
    private ulong journalled;
    private volatile Exception? fault;
    private volatile bool stopping;

    public JournalPump(IJournal journal, ulong journalled, PendingGroups pending, JournalPumpOptions options, TimeProvider time, ThreadProvider threads)
    {
        this.journal = journal;
        this.journalled = journalled;
        this.pending = pending;
        this.options = options;
        this.time = time;
        this.threads = threads;
        line = Channel.CreateBounded<CommitGroup>(new BoundedChannelOptions(options.PipelineMax) { SingleReader = true });
        pump = Task.Run(RunAsync);
    }

    /// <summary>Newest generation in the journal.</summary>
    public ulong Journalled => Volatile.Read(ref journalled);

    /// <summary>Why the journal refused the entry that is first in line; null when none is refused.</summary>
    public Exception? Fault => fault;

    /// <summary>Ends when the journal takes entries (at once when it does now).</summary>
    public Task Recovered => Volatile.Read(ref recovered).Task;

    /// <summary>Hands over a group. Blocks while the line is full.</summary>
    public void Add(CommitGroup group)
    {
        if (line.Writer.TryWrite(group)) return;
        threads.Wait(line.Writer.WriteAsync(group).AsTask());
    }

    /// <summary>Hands over a group, and waits while the line is full.</summary>
    public ValueTask AddAsync(CommitGroup group) => line.Writer.WriteAsync(group);

    /// <summary>Takes no more groups, and returns when those in line are journalled, or at the first that is refused.</summary>
    public async ValueTask DisposeAsync()
    {
        line.Writer.TryComplete();
        stopping = true;
        if (Fault is not null) await stop.CancelAsync();
        await pump;
        stop.Dispose();
    }

    private async Task RunAsync()
    {
        await foreach (var group in line.Reader.ReadAllAsync())
        {
            var goOn = await AppendAsync(group);
            while (goOn && refused.TryDequeue(out var next)) goOn = await AppendAsync(next);
            if (goOn) continue;
            // Stopping over a refused entry: nothing may pass it. What is left stays in the outbox.
            while (line.Reader.TryRead(out var next)) next.Fail(Unavailable(Fault));
            return;
        }
    }

    /// <summary>Offers a group's entry until the journal takes it; false when it is not taken because the engine stops.</summary>
    private async ValueTask<bool> AppendAsync(CommitGroup group)
    {
        for (var delay = options.RetryDelayMin; ; delay = Min(delay * 2, options.RetryDelayMax))
        {
            try
            {
                if (group.Entry is { } entry) await journal.AppendAsync(entry, stop.Token);
            }
            catch (Exception e)
            {
                // Whatever the reason, the entry is not known to be durable. It is in the outbox, and is offered until the journal takes it.
                Refuse(group, e);
                if (stopping || !await PauseAsync(delay)) return false;
                continue;
            }
            Settle(group);
            return true;
        }
    }

    private void Settle(CommitGroup group)
    {
        if (group.Entry is { } entry)
        {
            Volatile.Write(ref journalled, entry.LastGeneration);
            pending.EndJournalled(group);
        }
        group.Complete();
        if (fault is null || refused.Count > 0) return;
        fault = null;
        recovered.TrySetResult();
    }

    private void Refuse(CommitGroup group, Exception reason)
    {
        if (fault is null) Volatile.Write(ref recovered, new(TaskCreationOptions.RunContinuationsAsynchronously));
        fault = reason;
        var told = Unavailable(reason);
        group.Fail(told);
        while (line.Reader.TryRead(out var next))
        {
            next.Fail(told);
            refused.Enqueue(next);
        }
    }

    private static MetadataUnavailableException Unavailable(Exception? reason) =>
        new("The journal does not take changes now. The change was not acknowledged; it may still take effect.", reason);

    private async ValueTask<bool> PauseAsync(TimeSpan delay)
    {
        try
        {
            await Task.Delay(delay, time, stop.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private static TimeSpan Min(TimeSpan left, TimeSpan right) => left < right ? left : right;

    private static TaskCompletionSource Completed()
    {
        var source = new TaskCompletionSource();
        source.SetResult();
        return source;
    }
}

/// <summary>How a journal pump runs.</summary>
/// <param name="PipelineMax">Groups in line at most.</param>
/// <param name="RetryDelayMin">First pause before a refused entry is offered again; doubles to <paramref name="RetryDelayMax"/>.</param>
internal sealed record JournalPumpOptions(int PipelineMax, TimeSpan RetryDelayMin, TimeSpan RetryDelayMax);
