using Npgsql;
using Oort.Metadata.Postgres.Tables;
using Oort.Metadata.Writing;

namespace Oort.Metadata.Postgres.Writing;

/// <summary>The one writer of a gateway: a thread that takes all commands that wait, decides them as one group in one transaction, and hands the group to the gateway's journal.</summary>
/// <remarks>
/// A group, step by step: (1) wait for the journal, if it refuses entries; (2) find out what became of a COMMIT whose answer was lost; (3) BEGIN, lock the state row, and read what the
/// commands will look at, in one round trip, or two where versions are replaced; (4) run the commands; (5) announce the group to readers; (6) write all changes and COMMIT, in one round
/// trip; (7) hand the group to the journal. The state row's lock is the right to commit: generations are given under it, so their order is the order of commits over all gateways
/// (docs/decisions/0007). What the server takes back is run again, a few times.
/// </remarks>
internal sealed class GroupWriter : IAsyncDisposable
{
    private readonly PostgresServer server;
    private readonly PostgresMetadataOptions options;
    private readonly CommandQueue queue;
    private readonly PendingGroups pending;
    private readonly JournalPump pump;
    private readonly TimeProvider time;
    private readonly PostgresTables tables;
    private readonly WriteSession session;
    private readonly GatewayState self;
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource stopping;
    private NpgsqlConnection? connection;
    private CommitGroup? undecided;
    private ulong committed;
    private Exception? broken;

    public GroupWriter(PostgresServer server, PostgresMetadataOptions options, CommandQueue queue, GatewayState self, PendingGroups pending, JournalPump pump, TimeProvider time)
    {
        this.server = server;
        this.options = options;
        this.queue = queue;
        this.self = self;
        this.pending = pending;
        this.pump = pump;
        this.time = time;
        tables = new(options.Threads);
        session = new(tables, time) { Random = options.Random };
        committed = self.ClusterCommitted;
        // Made with the clock by which CancelAfter counts.
        stopping = new(Timeout.InfiniteTimeSpan, time);
        options.Threads.Start("metadata writer", Run);
    }

    /// <summary>Newest generation that this gateway knows to be committed, by whomever.</summary>
    public ulong Committed => Volatile.Read(ref committed);

    /// <summary>Takes no more commands, and returns when those queued have been run and handed over.</summary>
    public async ValueTask DisposeAsync()
    {
        queue.Close();
        stopping.CancelAfter(options.DatabaseWaitMax);
        await ended.Task;
        stopping.Dispose();
    }

    private void Run()
    {
        var commands = new List<WriteCommand>();
        while (queue.Take(commands))
        {
            var next = 0;
            while (next < commands.Count) next += RunGuarded(commands.GetRange(next, commands.Count - next));
        }
        Disconnect();
        ended.SetResult();
    }

    /// <summary>Runs a group, and stops the engine for good when it must not or cannot write any more.</summary>
    private int RunGuarded(List<WriteCommand> commands)
    {
        try
        {
            if (broken is null) return RunGroup(commands);
        }
        catch (Exception e)
        {
            broken = e;
            Disconnect();
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
            FailAll(commands, commands.Count, new("The journal does not take changes now; nothing was changed.", pump.Fault));
            return commands.Count;
        }
        var excluded = new HashSet<WriteCommand>();
        var begun = time.GetTimestamp();
        var delay = options.RetryDelayMin;
        CommitGroup? own = null;
        var taken = commands.Count;
        for (var attempt = 1; ;)
        {
            try
            {
                if (Settle() is { } settled && settled == own) return taken; // (2)
                own = null;
                Decide(commands, excluded, ref own, ref taken);
                return taken;
            }
            catch (CommandFaultException fault)
            {
                // The others run again without it.
                RollBack();
                fault.Command.Fail(fault.InnerException!);
                excluded.Add(fault.Command);
            }
            catch (Exception e) when (PostgresServer.IsTransient(e))
            {
                if (PostgresServer.IsLost(e)) Disconnect();
                else RollBack();
                // A conflict is tried a few times, a server that is away for a while.
                var goOn = PostgresServer.IsLost(e) ? time.GetElapsedTime(begun) < options.DatabaseWaitMax : attempt < options.AttemptsMax;
                if (!goOn || stopping.IsCancellationRequested)
                {
                    FailAll(commands, taken, undecided is null || undecided != own
                        ? new("The metadata database does not take changes now; nothing was changed.", e)
                        : new("The metadata database does not answer. The change was not acknowledged; it may still take effect.", e));
                    return taken;
                }
                attempt++;
                Pause(Jittered(delay));
                delay = delay * 2 < options.RetryDelayMax ? delay * 2 : options.RetryDelayMax;
            }
            catch (Exception e) when (e is PostgresException)
            {
                RollBack();
                FailAll(commands, taken, new("The metadata engine failed; nothing was changed.", e));
                return taken;
            }
        }
    }

    /// <summary>Decides and commits a group.</summary>
    /// <param name="own">The group, when it is not known whether it is committed.</param>
    /// <param name="taken">How many commands it took.</param>
    private void Decide(List<WriteCommand> commands, HashSet<WriteCommand> excluded, ref CommitGroup? own, ref int taken)
    {
        var prefetch = new Prefetch();
        foreach (var command in commands)
            if (command is IPostgresCommand one && !excluded.Contains(command)) one.Foresee(prefetch);
        var foreign = Begin(prefetch); // (3)

        session.ForgetCaches();
        session.BeginGroup(Committed);
        var alive = new List<WriteCommand>(commands.Count);
        taken = RunCommands(commands, alive, excluded); // (4)
        foreach (var command in alive)
            if (command is IPostgresCommand one) one.Foreign = foreign;
        if (session.GroupIsEmpty)
        {
            Execute("ROLLBACK");
            pump.Add(new(alive, null, session.TakeScopes()));
            return;
        }
        var entry = session.EndGroup(self.NextFirst);
        var group = new CommitGroup(alive, entry, session.TakeScopes());
        var trip = new RoundTrip(connection!, options.Threads);
        tables.AddWrites(trip);
        self.AddCommit(trip, entry, group.Scopes, tables.Totals);
        pending.Add(group); // (5)
        try
        {
            trip.Run(); // (6)
        }
        catch (Exception e) when (PostgresServer.IsLost(e))
        {
            undecided = own = group;
            throw;
        }
        catch
        {
            pending.TakeBack(group);
            throw;
        }
        Finish(group);
    }

    /// <summary>Opens a transaction, takes the right to commit, and reads what is foreseen.</summary>
    private List<ForeignGroup> Begin(Prefetch prefetch)
    {
        connection ??= Open();
        tables.Begin(connection);
        var foreign = new List<ForeignGroup>();
        var trip = new RoundTrip(connection, options.Threads).Add("BEGIN");
        self.AddLock(trip);
        prefetch.AddFirst(trip, tables);
        ForeignGroups.AddFind(trip, self.Id, prefetch.Scopes, foreign);
        trip.Run();
        self.RequireOwn();
        Volatile.Write(ref committed, self.ClusterCommitted);
        var second = tables.Begin();
        prefetch.AddSecond(second, tables);
        if (!second.IsEmpty) second.Run();
        return foreign;
    }

    /// <summary>Runs commands until the group is full; the result is how many it took. A command that faults before it wrote fails alone.</summary>
    private int RunCommands(List<WriteCommand> commands, List<WriteCommand> alive, HashSet<WriteCommand> excluded)
    {
        for (var i = 0; i < commands.Count; i++)
        {
            var command = commands[i];
            if (excluded.Contains(command)) continue;
            // What it adopts may be as large as a group.
            if (command is AdoptCommand && !session.GroupIsEmpty) return i;
            var before = session.EncodedLength;
            session.BeginCommand();
            try
            {
                if (command is AdoptCommand adopt) adopt.Tables = tables;
                command.Execute(session);
                session.EndCommand();
                if (command is not AdoptCommand && session.EncodedLength - before > MetadataLimits.CommandBytesMax)
                    throw new ArgumentException($"The change is larger than {MetadataLimits.CommandBytesMax} bytes.");
                alive.Add(command);
            }
            catch (Exception e) when (e is not PostgresException && !PostgresServer.IsLost(e))
            {
                if (session.CommandWrote) throw new CommandFaultException(command, e);
                excluded.Add(command);
                command.Fail(e);
            }
            if (session.EncodedLength >= options.GroupBytesMax) return i + 1;
        }
        return commands.Count;
    }

    /// <summary>Finds out whether a group whose COMMIT was not answered is committed; then it goes on as if it had been.</summary>
    /// <remarks>Whoever gets the state row's lock knows: a transaction that held it has ended, and its gateway row tells how.</remarks>
    private CommitGroup? Settle()
    {
        if (undecided is not { } group) return null;
        connection ??= Open();
        var trip = new RoundTrip(connection, options.Threads).Add("BEGIN");
        self.AddLock(trip);
        trip.Add("COMMIT").Run();
        undecided = null;
        if (self.OwnCommittedInDatabase == group.Entry!.LastGeneration)
        {
            Finish(group);
            return group;
        }
        pending.TakeBack(group);
        self.RequireOwn();
        return null;
    }

    private void Finish(CommitGroup group)
    {
        self.Advance(group.Entry!.LastGeneration);
        Volatile.Write(ref committed, group.Entry.LastGeneration);
        pending.EndStored([group]);
        pump.Add(group); // (7)
    }

    private bool WaitForJournal()
    {
        var recovered = pump.Recovered;
        if (recovered.IsCompleted) return true;
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

    private NpgsqlConnection Open()
    {
        var opening = server.OpenAsync(CancellationToken.None).AsTask();
        options.Threads.Wait(opening);
        return opening.Result;
    }

    private void Execute(string sql) => options.Threads.Wait(PostgresServer.ExecuteAsync(connection!, sql, CancellationToken.None).AsTask());

    private void Pause(TimeSpan pause)
    {
        try
        {
            options.Threads.Wait(Task.Delay(pause, time, stopping.Token));
        }
        catch (OperationCanceledException)
        {
            // The engine stops: whoever waits is told after the next attempt.
        }
    }

    private void RollBack()
    {
        try
        {
            if (connection is not null) Execute("ROLLBACK");
        }
        catch (Exception e) when (e is PostgresException || PostgresServer.IsLost(e))
        {
            // The server takes it back by itself when the connection ends.
            Disconnect();
        }
    }

    private void Disconnect()
    {
        try
        {
            if (connection is not null) options.Threads.Wait(connection.DisposeAsync().AsTask());
        }
        catch (Exception e) when (PostgresServer.IsLost(e))
        {
            // It was dead already; that is why it is closed.
            server.Clear();
        }
        connection = null;
        if (broken is null) server.Clear();
    }

    private static void FailAll(List<WriteCommand> commands, int count, MetadataUnavailableException refusal)
    {
        for (var i = 0; i < count; i++) commands[i].Fail(refusal);
    }

    /// <summary>Between half of a pause and all of it, so that gateways which met do not meet again.</summary>
    private TimeSpan Jittered(TimeSpan pause) => pause * (0.5 + session.RandomBits() / (2.0 * ulong.MaxValue));

    /// <summary>A command failed after it had begun to write: a bug, of which only its caller may suffer.</summary>
    private sealed class CommandFaultException(WriteCommand command, Exception inner) : Exception("A command failed while it wrote.", inner)
    {
        public WriteCommand Command { get; } = command;
    }
}
