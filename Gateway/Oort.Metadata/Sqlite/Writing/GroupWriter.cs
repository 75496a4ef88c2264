using System.Threading.Channels;
using Microsoft.Data.Sqlite;
using Oort.Metadata.Sqlite.Reading;
using SQLitePCL;

namespace Oort.Metadata.Sqlite.Writing;

/// <summary>The one writer: a thread that takes all commands that wait, runs them as one transaction, and hands the group to the journal.</summary>
/// <remarks>
/// A group, step by step: (1) wait for the journal, if it refuses entries; (2) BEGIN; (3) run the commands one after the other, each checking before it
/// writes; (4) write what was gathered, and the outbox row; (5) announce the group to readers; (6) COMMIT; (7) drop from the cache what it touches;
/// (8) hand it to the journal.
/// A crash before (6) leaves nothing; after it, the outbox row is offered to the journal at the next start.
/// </remarks>
internal sealed class GroupWriter
{
    private readonly Database database;
    private readonly WriteSession session;
    private readonly PendingGroups pending;
    private readonly HotRows hot;
    private readonly JournalPump pump;
    private readonly SqliteMetadataOptions options;
    private readonly TimeProvider time;
    private readonly Channel<WriteCommand> queue;
    private readonly Thread thread;
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ulong committed;
    private ulong trimmed;
    private Exception? broken;

    public GroupWriter(Database database, WriteSession session, PendingGroups pending, HotRows hot, JournalPump pump, SqliteMetadataOptions options, TimeProvider time)
    {
        this.database = database;
        this.session = session;
        this.pending = pending;
        this.hot = hot;
        this.pump = pump;
        this.options = options;
        this.time = time;
        Gatherings = new(options.GatherWaitMax);
        committed = session.Tables.State.Committed;
        queue = Channel.CreateBounded<WriteCommand>(new BoundedChannelOptions(options.QueueMax) { SingleReader = true });
        thread = new Thread(Run) { Name = "metadata writer", IsBackground = true };
        thread.Start();
    }

    /// <summary>Callers whose commands shall share a group.</summary>
    public Gatherings Gatherings { get; }

    /// <summary>Newest committed generation.</summary>
    public ulong Committed => Volatile.Read(ref committed);

    /// <summary>Queues a command and returns its result once it is in the journal.</summary>
    /// <param name="cancellationToken">Honoured only until the command is queued: afterwards it takes effect whether anyone waits or not.</param>
    public async ValueTask<TResult> SubmitAsync<TResult>(Func<WriteSession, TResult> run, CancellationToken cancellationToken)
    {
        var command = new WriteCommand<TResult>(run);
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
            session.Tables.State.TrimOutbox(pump.Journalled);
            session.Tables.State.Journalled = pump.Journalled;
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
        ended.SetResult();
    }

    private bool WaitForCommands()
    {
        var hasMore = queue.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult();
        Gatherings.WaitForEnd();
        return hasMore;
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
        while (true)
        {
            var taken = commands.Count;
            CommitGroup? announced = null;
            var needsSync = commands.Exists(command => command.NeedsSync);
            try
            {
                // With FULL, SQLite syncs its log after the commit, and so all commits before it; it cannot be set inside a transaction.
                if (needsSync) database.Execute("PRAGMA synchronous=FULL");
                database.Execute("BEGIN IMMEDIATE"); // (2)
                session.BeginGroup(committed);
                var alive = new List<WriteCommand>(commands.Count);
                taken = RunCommands(commands, alive, excluded); // (3)
                if (session.GroupIsEmpty)
                {
                    if (needsSync) session.Tables.State.Journalled = pump.Journalled; // Something must be written for the log to be synced.
                    database.Execute(needsSync ? "COMMIT" : "ROLLBACK");
                    pump.Add(new(alive, null, session.TakeScopes()));
                    return taken;
                }
                var entry = session.EndGroup(committed + 1); // (4)
                WriteOutbox(entry);
                announced = new(alive, entry, session.TakeScopes());
                pending.Add(announced); // (5)
                database.Execute("COMMIT"); // (6)
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
                if (needsSync) database.Execute("PRAGMA synchronous=NORMAL");
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

    private void WriteOutbox(JournalEntry entry)
    {
        var journalled = pump.Journalled;
        if (journalled > trimmed)
        {
            session.Tables.State.TrimOutbox(journalled);
            session.Tables.State.Journalled = journalled;
        }
        session.Tables.State.PutOutbox(entry.FirstGeneration, entry.LastGeneration, entry.Changes.Span);
        trimmed = journalled;
    }

    private bool WaitForJournal()
    {
        var recovered = pump.Recovered;
        if (recovered.IsCompleted) return true;
        try
        {
            recovered.WaitAsync(options.JournalWaitMax, time).GetAwaiter().GetResult();
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    /// <summary>Takes the transaction back. True when it turns out that COMMIT, though it failed, had committed.</summary>
    private bool RollBack(CommitGroup? announced)
    {
        trimmed = 0;
        session.ForgetCaches();
        if (database.InTransaction)
        {
            try
            {
                database.Execute("ROLLBACK");
            }
            catch (SqliteException) when (!database.InTransaction)
            {
                // Some errors roll back by themselves; that is what was wanted.
            }
        }
        if (announced is null) return false;
        if (session.Tables.State.Committed == announced.Entry!.LastGeneration)
        {
            Volatile.Write(ref committed, announced.Entry.LastGeneration);
            return true;
        }
        pending.Remove(announced);
        return false;
    }

    /// <summary>A command failed after it had begun to write: a bug, of which only its caller may suffer.</summary>
    private sealed class CommandFaultException(WriteCommand command, Exception inner) : Exception("A command failed while it wrote.", inner)
    {
        public WriteCommand Command { get; } = command;
    }
}
