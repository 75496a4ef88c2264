using System.Threading.Channels;
using Microsoft.Data.Sqlite;
using Oort.Metadata.Sqlite.Reading;
using Oort.Metadata.Sqlite.Tables;
using Oort.Metadata.Writing;
using SQLitePCL;

namespace Oort.Metadata.Sqlite.Writing;

/// <summary>The one writer: a thread that takes all commands that wait, decides them as one group, and hands the group to the journal.</summary>
/// <remarks>
/// A group, step by step: (1) wait for the journal, if it refuses entries; (2) BEGIN, unless a transaction is open; (3) run the commands one after the other, each checking before
/// it writes; (4) write what was gathered; (5) announce the group to readers; (6) COMMIT; (7) drop from the cache what it touches; (8) hand it to the journal.
/// Groups of nothing but puts leave (6) to one that follows, so that a page which many of them change is written once: the transaction stays open, at most for
/// <see cref="SqliteMetadataOptions.GroupsPerCommitMax"/> groups and <see cref="SqliteMetadataOptions.CommitDelayMax"/>. A reader who asks for what they touch has it stored first.
/// A COMMIT writes an outbox row for each group that the journal does not have yet, which is offered to it at the next start. A crash before the COMMIT takes the transaction:
/// what of it was answered is in the journal, and is replayed from there (DESIGN 6: the journal is the truth). When the database takes it back for another reason (disk full,
/// a command that fails half way), the groups are replayed from memory.
/// </remarks>
internal sealed class GroupWriter
{
    private readonly Database database;
    private readonly WriteSession session;
    private readonly StateTable state;
    private readonly PendingGroups pending;
    private readonly HotRows hot;
    private readonly JournalPump pump;
    private readonly SqliteMetadataOptions options;
    private readonly TimeProvider time;
    private readonly Channel<WriteCommand> queue;
    private readonly Action signal;
    private readonly List<CommitGroup> unstored = [];
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ulong committed;
    private ulong trimmed;
    private int unstoredBytes;
    private Exception? broken;

    public GroupWriter(Database database, WriteSession session, StateTable state, PendingGroups pending, HotRows hot, JournalPump pump, SqliteMetadataOptions options, TimeProvider time)
    {
        this.database = database;
        this.session = session;
        this.state = state;
        this.pending = pending;
        this.hot = hot;
        this.pump = pump;
        this.options = options;
        this.time = time;
        Gatherings = new(options.GatherWaitMax, options.Threads);
        committed = state.Committed;
        queue = Channel.CreateBounded<WriteCommand>(new BoundedChannelOptions(options.QueueMax) { SingleReader = true, AllowSynchronousContinuations = true });
        signal = Gatherings.Signal;
        options.Threads.Start("metadata writer", Run);
    }

    /// <summary>Callers whose commands shall share a group.</summary>
    public Gatherings Gatherings { get; }

    /// <summary>Newest committed generation.</summary>
    public ulong Committed => Volatile.Read(ref committed);

    /// <summary>Queues a command and returns its result once it is in the journal.</summary>
    /// <param name="cancellationToken">Honoured only until the command is queued: afterwards it takes effect whether anyone waits or not.</param>
    /// <param name="mayStoreLater">See <see cref="WriteCommand.MayStoreLater"/>.</param>
    /// <param name="needsSync">See <see cref="WriteCommand.NeedsSync"/>.</param>
    public async ValueTask<TResult> SubmitAsync<TResult>(Func<WriteSession, TResult> run, CancellationToken cancellationToken, bool mayStoreLater = false, bool needsSync = false)
    {
        var command = new WriteCommand<TResult>(run, mayStoreLater, needsSync);
        await EnqueueAsync(command, cancellationToken);
        return await command.Task;
    }

    public async ValueTask EnqueueAsync(WriteCommand command, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (queue.Writer.TryWrite(command)) return;
        using var limit = new CancellationTokenSource(options.EnqueueWaitMax, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await queue.Writer.WriteAsync(command, either.Token);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new MetadataUnavailableException("The metadata writer is behind; nothing was changed.", e);
        }
        catch (ChannelClosedException e)
        {
            throw new MetadataUnavailableException("The metadata engine has been stopped; nothing was changed.", e);
        }
    }

    /// <summary>Returns when the database file is durable up to <see cref="Committed"/> as of the call.</summary>
    public async ValueTask SyncAsync(CancellationToken cancellationToken)
    {
        var command = new SyncCommand();
        await EnqueueAsync(command, cancellationToken);
        await command.Task;
    }

    /// <summary>Returns when other connections see in the database what a group decided.</summary>
    public async ValueTask StoreAsync(CommitGroup group, CancellationToken cancellationToken)
    {
        await EnqueueAsync(new StoreCommand(), cancellationToken);
        await pending.WaitForAsync(group.Stored, cancellationToken);
    }

    /// <summary>Takes no more commands, and returns when those queued have been run and handed over.</summary>
    public async ValueTask StopAsync()
    {
        queue.Writer.TryComplete();
        await ended.Task;
    }

    /// <summary>After the stop of writer and journal pump: a clean end leaves nothing in the outbox that is journalled, so that the next start need not look twice.</summary>
    public void TrimOutbox()
    {
        if (broken is not null) return;
        try
        {
            database.Execute("BEGIN IMMEDIATE");
            state.TrimOutbox(pump.Journalled);
            state.Journalled = pump.Journalled;
            database.Execute("COMMIT");
        }
        catch (SqliteException)
        {
            // A full disk, say. The rows stay; the next start compares them with the journal's end.
            if (database.InTransaction) database.Execute("ROLLBACK");
        }
    }

    private void Run()
    {
        var commands = new List<WriteCommand>();
        while (WaitForCommands())
        {
            commands.Clear();
            while (commands.Count < options.GroupCommandsMax && queue.Reader.TryRead(out var command)) commands.Add(command);
            var next = 0;
            while (next < commands.Count) next += RunGuarded(commands.GetRange(next, commands.Count - next));
        }
        if (broken is null) StoreBeforePause();
        ended.SetResult();
    }

    /// <summary>Waits until there are commands; false when none will come any more.</summary>
    private bool WaitForCommands()
    {
        var more = queue.Reader.WaitToReadAsync().AsTask();
        if (!more.IsCompleted)
        {
            more.GetAwaiter().UnsafeOnCompleted(signal);
            if (unstored.Count > 0 && broken is null)
            {
                while (!more.IsCompleted && Gatherings.Wait(options.CommitDelayMax)) ;
                if (!more.IsCompleted) StoreBeforePause();
            }
            while (!more.IsCompleted) Gatherings.Wait(Timeout.InfiniteTimeSpan);
        }
        var hasMore = more.GetAwaiter().GetResult();
        Gatherings.WaitForEnd();
        return hasMore;
    }

    /// <summary>Commits what is decided when nothing follows. A failure keeps it for the next command, which meets the same one and tells it.</summary>
    private void StoreBeforePause()
    {
        try
        {
            if (Reapply() is null && unstored.Count > 0) Commit();
        }
        catch (SqliteException)
        {
            RollBack(null);
        }
        catch (Exception e)
        {
            broken = e;
        }
    }

    /// <summary>Runs a group, and stops the engine for good when not even its rollback works: then nobody knows what the database holds until it is opened again.</summary>
    private int RunGuarded(List<WriteCommand> commands)
    {
        try
        {
            if (broken is null) return RunGroup(commands);
        }
        catch (Exception e)
        {
            broken = e;
        }
        foreach (var command in commands)
            command.Fail(new MetadataUnavailableException("The metadata database cannot be used until the gateway is started again.", broken));
        return commands.Count;
    }

    /// <summary>Runs commands as a group; the result is how many it took.</summary>
    private int RunGroup(List<WriteCommand> commands)
    {
        if (!WaitForJournal()) // (1)
        {
            var refusal = new MetadataUnavailableException("The journal does not take changes now; nothing was changed.", pump.Fault);
            foreach (var command in commands) command.Fail(refusal);
            return commands.Count;
        }
        var excluded = new HashSet<WriteCommand>();
        var needsSync = commands.Exists(command => command.NeedsSync);
        while (true)
        {
            var taken = commands.Count;
            CommitGroup? announced = null;
            try
            {
                if (Reapply() is { } behind) throw behind;
                // With FULL, SQLite syncs its log after the commit, and so all commits before it; it cannot be set inside a transaction.
                if (needsSync)
                {
                    if (unstored.Count > 0) Commit();
                    database.Execute("PRAGMA synchronous=FULL");
                }
                if (!database.InTransaction) database.Execute("BEGIN IMMEDIATE"); // (2)
                session.BeginGroup(committed);
                var alive = new List<WriteCommand>(commands.Count);
                taken = RunCommands(commands, alive, excluded); // (3)
                var mustStore = alive.Exists(command => !command.MayStoreLater);
                if (session.GroupIsEmpty)
                {
                    if (needsSync) state.Journalled = pump.Journalled; // Something must be written for the log to be synced.
                    if (needsSync || (mustStore && unstored.Count > 0)) Commit();
                    else if (unstored.Count == 0) database.Execute("ROLLBACK");
                    pump.Add(new(alive, null, session.TakeScopes()));
                    return taken;
                }
                var entry = session.EndGroup(committed + 1); // (4)
                announced = new(alive, entry, session.TakeScopes(), session.TakeDecided());
                pending.Add(announced); // (5)
                unstored.Add(announced);
                unstoredBytes += entry.Changes.Length;
                if (mustStore || unstored.Count >= options.GroupsPerCommitMax || unstoredBytes >= options.GroupBytesMax) Commit(); // (6)
                Volatile.Write(ref committed, entry.LastGeneration);
                hot.Forget(announced.Scopes, session.DataMoved); // (7)
                pump.Add(announced); // (8)
                return taken;
            }
            catch (CommandFaultException fault)
            {
                // Its writes go, and with them the group's; the others run again without it.
                RollBack(null);
                fault.Command.Fail(fault.InnerException!);
                excluded.Add(fault.Command);
            }
            catch (Exception e)
            {
                if (RollBack(announced))
                {
                    hot.Forget(announced!.Scopes, dataMoved: true);
                    pump.Add(announced);
                    return taken;
                }
                var refusal = e is SqliteException
                    ? new MetadataUnavailableException("The metadata database does not take changes now; nothing was changed.", e)
                    : new MetadataUnavailableException("The metadata engine failed; nothing was changed.", e);
                for (var i = 0; i < taken; i++) commands[i].Fail(refusal);
                return taken;
            }
            finally
            {
                if (needsSync && !database.InTransaction) database.Execute("PRAGMA synchronous=NORMAL");
            }
        }
    }

    /// <summary>Runs commands until the group is full; the result is how many it took. A command that faults before it wrote fails alone.</summary>
    private int RunCommands(List<WriteCommand> commands, List<WriteCommand> alive, HashSet<WriteCommand> excluded)
    {
        for (var i = 0; i < commands.Count; i++)
        {
            var command = commands[i];
            if (excluded.Contains(command)) continue;
            var before = session.EncodedLength;
            session.BeginCommand();
            try
            {
                command.Execute(session);
                session.EndCommand();
                if (session.EncodedLength - before > MetadataLimits.CommandBytesMax)
                    throw new ArgumentException($"The change is larger than {MetadataLimits.CommandBytesMax} bytes.");
                alive.Add(command);
            }
            catch (Exception e) when (e is not SqliteException sqlite || sqlite.SqliteErrorCode == raw.SQLITE_CONSTRAINT)
            {
                if (session.CommandWrote) throw new CommandFaultException(command, e);
                excluded.Add(command);
                command.Fail(e);
            }
            if (session.EncodedLength >= options.GroupBytesMax) return i + 1;
        }
        return commands.Count;
    }

    /// <summary>Commits the open transaction, with an outbox row for each group in it that the journal does not have yet.</summary>
    private void Commit()
    {
        var journalled = pump.Journalled;
        if (journalled > trimmed && unstored.Count > 0)
        {
            state.TrimOutbox(journalled);
            state.Journalled = journalled;
        }
        foreach (var group in unstored)
        {
            var entry = group.Entry!;
            if (entry.LastGeneration > journalled) state.PutOutbox(entry.FirstGeneration, entry.LastGeneration, entry.Changes.Span);
        }
        database.Execute("COMMIT");
        trimmed = journalled;
        EndStored();
    }

    private void EndStored()
    {
        pending.EndStored(unstored);
        unstored.Clear();
        unstoredBytes = 0;
    }

    /// <summary>Brings back what the database took back of groups that are decided; null when it has them all, otherwise why it does not take them.</summary>
    private SqliteException? Reapply()
    {
        if (unstored.Count == 0 || database.InTransaction) return null;
        try
        {
            database.Execute("BEGIN IMMEDIATE");
            if (state.Committed == unstored[^1].Entry!.LastGeneration)
            {
                // A COMMIT that failed had committed.
                Abandon();
                EndStored();
                return null;
            }
            foreach (var group in unstored) session.Replay(group.Entry!);
            Commit();
            return null;
        }
        catch (SqliteException e)
        {
            session.ForgetCaches();
            Abandon();
            return e;
        }
    }

    private bool WaitForJournal()
    {
        var recovered = pump.Recovered;
        if (recovered.IsCompleted) return true;
        StoreBeforePause(); // Readers of what is decided and journalled do not wait for the journal.
        try
        {
            options.Threads.Wait(recovered.WaitAsync(options.JournalWaitMax, time));
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    /// <summary>Takes the transaction back, but for the groups that were decided before. True when it turns out that COMMIT, though it failed, had committed.</summary>
    /// <param name="announced">The group that failed, if it had been announced.</param>
    private bool RollBack(CommitGroup? announced)
    {
        trimmed = 0;
        session.ForgetCaches();
        Abandon();
        if (announced is not null)
        {
            if (state.Committed == announced.Entry!.LastGeneration)
            {
                Volatile.Write(ref committed, announced.Entry.LastGeneration);
                EndStored();
                return true;
            }
            unstored.Remove(announced);
            unstoredBytes -= announced.Entry.Changes.Length;
            pending.TakeBack(announced);
        }
        Reapply(); // What it cannot do now, it does before the next group.
        return false;
    }

    private void Abandon()
    {
        if (!database.InTransaction) return;
        try
        {
            database.Execute("ROLLBACK");
        }
        catch (SqliteException) when (!database.InTransaction)
        {
            // Some errors roll back by themselves; that is what was wanted.
        }
    }

    /// <summary>A command failed after it had begun to write: a bug, of which only its caller may suffer.</summary>
    private sealed class CommandFaultException(WriteCommand command, Exception inner) : Exception("A command failed while it wrote.", inner)
    {
        public WriteCommand Command { get; } = command;
    }
}
