using System.Collections.Immutable;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Oort.Backends;
using Oort.Crypto;
using Oort.Metadata;

namespace Oort.Objects;

/// <summary>Where the journal of one gateway stands: what the next record follows.</summary>
/// <param name="Generation">Generation of the newest record; 0 when there is none.</param>
/// <param name="Hash">Its hash.</param>
internal readonly record struct JournalPosition(ulong Generation, RecordHash Hash);

/// <summary>How the journal does, for operators.</summary>
/// <param name="Log">Name of the log that is written; empty before the first record.</param>
/// <param name="Copies">Stores that must hold it.</param>
/// <param name="CopiesInStep">Stores that hold all of it. While records come, those beyond the quorum lag by one, in turn.</param>
/// <param name="BytesWritten">Bytes of records since the process started.</param>
public sealed record JournalStatus(string Log, int Copies, int CopiesInStep, int Quorum, ulong Generation, long BytesWritten);

/// <summary>Writes the journal to the stores: sealed, chained, whole on each of up to eight, acknowledged when a majority and at least m + 1 of them hold it.</summary>
/// <remarks>
/// <see cref="AppendAsync"/> is called by the metadata engine, one entry at a time. A record exists once: after a failure the engine offers the entry again, and the
/// same bytes go on to the copies that lack them. A log lives within one process; it ends at a size, and when the stores that shall hold it change.
/// Only a quorum of copies is asked for a record at once, because each costs a sync: the others take it with the next record, when no record came for a moment, or at
/// once when a copy that was asked fails or is late. They take turns, so no copy in good order lacks more than one record.
/// </remarks>
internal sealed partial class StoreJournal : IJournal, IAsyncDisposable
{
    /// <summary>Ended logs whose copies are still being completed; a copy that stays away longer is completed by the scrubber from the other stores.</summary>
    private const int EndedLogCountMax = 4;

    private readonly StoreSet stores;
    private readonly Keyring keyring;
    private readonly JournalOptions options;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly CancellationTokenSource stopping = new();

    /// <summary>Also for those who hear of a store while the source is disposed of.</summary>
    private readonly CancellationToken stop;
    private readonly List<JournalLog> ended = [];
    private readonly Lock gate = new();
    private GatewayId gateway;
    private ulong session;
    private ulong nextNumber;
    private JournalPosition position;
    private JournalPosition beforeLast;
    private JournalLog? log;
    private ITimer? restTimer;
    private long recordBegan;
    private int nextToRest;
    private bool started;
    private bool rollAsked;
    private long bytesWritten;
    private Task watch = Task.CompletedTask;

    public StoreJournal(StoreSet stores, Keyring keyring, JournalOptions options, TimeProvider time, ILogger<StoreJournal> logger)
    {
        stop = stopping.Token;
        this.stores = stores;
        this.keyring = keyring;
        this.options = options;
        this.time = time;
        this.logger = logger;
    }

    /// <summary>Bytes of records since the process started: what a snapshot is weighed against.</summary>
    public long BytesWritten => Interlocked.Read(ref bytesWritten);

    public JournalStatus Status
    {
        get
        {
            lock (gate)
            {
                return new(
                    log?.Name ?? "",
                    log?.Copies.Length ?? 0,
                    log?.Copies.Count(copy => !copy.IsBehind) ?? 0,
                    log?.Header.Quorum ?? 0,
                    position.Generation,
                    BytesWritten);
            }
        }
    }

    /// <summary>Logs that this process writes or still completes: not to be dropped or mended by anyone else.</summary>
    public ImmutableArray<string> LogsInUse
    {
        get
        {
            lock (gate) return [.. ended.Append(log).OfType<JournalLog>().Select(used => used.Name)];
        }
    }

    /// <summary>Name of the log that the next record goes to; null when that will be a new one.</summary>
    public string? CurrentLog
    {
        get
        {
            lock (gate) return log?.Name;
        }
    }

    /// <summary>Opens the journal for writing, once its present end is known.</summary>
    /// <param name="newSession">Greater than that of every log of this gateway, durable in the data directory already.</param>
    public void Start(GatewayId id, ulong newSession, JournalPosition end)
    {
        lock (gate)
        {
            if (started) throw new InvalidOperationException("The journal has been started already.");
            (gateway, session, position, started) = (id, newSession, end, true);
            restTimer = time.CreateTimer(static self => ((StoreJournal)self!).EndRest(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        stores.Changed += OnStoreChanged;
        watch = Task.Run(WatchAsync);
    }

    /// <inheritdoc/>
    /// <remarks>1. Finds the record again, or seals a new one. 2. Lets a quorum of copies append it, or all if it is not new. 3. Waits for the quorum, until the timeout.</remarks>
    public async ValueTask AppendAsync(JournalEntry entry, CancellationToken cancellationToken)
    {
        // 1.
        JournalLog current;
        JournalLog? before;
        ulong recordsBefore;
        lock (gate)
        {
            if (!started) throw new MetadataUnavailableException("The journal has not been opened yet.");
            (before, recordsBefore) = (log, log?.RecordCount ?? 0);
            current = FindOrAdd(entry);
        }

        // 2.
        if (current != before && before is not null) Kick(before);
        if (current == before && current.RecordCount == recordsBefore) Kick(current);
        else KickQuorum(current);
        // 3. Waiting may be cancelled, the record not: it is a part of the chain from now on.
        try
        {
            await current.WhenDurable().WaitAsync(options.QuorumTimeout, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            var inStep = current.Copies.Count(copy => !copy.IsBehind);
            throw new MetadataUnavailableException(string.Create(CultureInfo.InvariantCulture, $"The journal is on {inStep} of {current.Copies.Length} stores and needs {current.Header.Quorum}."));
        }
    }

    /// <summary>The next record begins a new log, so that the present one can be dropped after a snapshot.</summary>
    public void Roll()
    {
        lock (gate) rollAsked = true;
    }

    public async ValueTask DisposeAsync()
    {
        stores.Changed -= OnStoreChanged;
        if (restTimer is not null) await restTimer.DisposeAsync();
        JournalLog[] logs;
        lock (gate) logs = [.. ended, .. log is null ? Array.Empty<JournalLog>() : [log]];
        if (log is not null) Kick(log);
        // An append that hangs must not keep the process: nothing acknowledged depends on it.
        var patience = Task.Delay(options.QuorumTimeout, time);
        await Task.WhenAny(WhenIdle(logs), patience);
        await stopping.CancelAsync();
        await watch;
        // What the watch began in between.
        await Task.WhenAny(WhenIdle(logs), patience);
        foreach (var one in logs) one.Dispose();
        stopping.Dispose();
    }

    private static Task WhenIdle(JournalLog[] logs) => Task.WhenAll(logs.SelectMany(static one => one.Copies).Select(static copy => copy.WhenIdle()));

    private JournalLog FindOrAdd(JournalEntry entry)
    {
        var members = ChooseMembers();
        var current = log;
        if (entry.LastGeneration == position.Generation && current?.LastEntry is { } last && last.FirstGeneration == entry.FirstGeneration)
        {
            if (current.WhenDurable().IsCompleted || current.Header.Members.AsSpan().SequenceEqual(members.AsSpan())) return current;
            // The stores were changed because the quorum was lost: the record goes to the new ones, in a log that follows the record before it.
            position = beforeLast;
        }

        if (entry.FirstGeneration <= position.Generation) throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"Generation {entry.FirstGeneration} is in the journal already, in another group."));

        if (current is null || rollAsked || !current.HasRoom || !current.Header.Members.AsSpan().SequenceEqual(members.AsSpan())) current = BeginLog(entry.FirstGeneration, members);
        current.Add(entry);
        beforeLast = position;
        position = new(entry.LastGeneration, current.LastHash);
        Interlocked.Add(ref bytesWritten, entry.Changes.Length + JournalRecord.Overhead);
        return current;
    }

    /// <summary>Whether every copy is complete that ever will be: a store that was removed takes no more.</summary>
    private bool IsWhole(JournalLog one) => one.Copies.All(copy => copy.Position == one.End || stores.StateOf(copy.Store) == StoreState.Removed);

    private JournalLog BeginLog(ulong firstGeneration, ImmutableArray<StoreId> members)
    {
        if (members.IsEmpty) throw new MetadataUnavailableException("There is no store for the journal.");
        var cipher = keyring.BeginJournal();
        var header = new JournalLogHeader
        {
            Cluster = new(keyring.Identity),
            Name = new(gateway, firstGeneration, session, nextNumber++),
            PreviousGeneration = position.Generation,
            PreviousHash = position.Hash,
            Quorum = QuorumOf(members.Length, stores.Geometry.ParityShards),
            Salt = [.. cipher.Salt],
            Members = members,
        };
        if (log is not null) ended.Add(log);
        while (ended.Count > EndedLogCountMax)
        {
            ended[0].Dispose();
            ended.RemoveAt(0);
        }

        rollAsked = false;
        return log = new(header, cipher, options);
    }

    /// <summary>Majority of the stores that hold it, and at least one more than the code may lose.</summary>
    internal static int QuorumOf(int members, int parity) => Math.Max(members / 2 + 1, Math.Min(members, parity + 1));

    /// <summary>Stores that shall hold the journal: those that hold it now as long as they are active, then others, first from failure domains that have none.</summary>
    private ImmutableArray<StoreId> ChooseMembers()
    {
        if (log is { } open && Suit(open.Header.Members)) return open.Header.Members;
        var active = stores.Slots.Where(slot => slot.State == StoreState.Active).ToList();
        var present = log?.Header.Members ?? [];
        var chosen = active.Where(slot => present.Contains(slot.Id)).ToList();
        var others = active.Except(chosen).ToList();
        while (chosen.Count < JournalLogHeader.MemberCountMax && others.Count > 0)
        {
            var domains = chosen.Select(Domain).ToHashSet(StringComparer.Ordinal);
            var next = others.Find(slot => !domains.Contains(Domain(slot))) ?? others[0];
            chosen.Add(next);
            others.Remove(next);
        }

        return [.. chosen.Select(slot => slot.Id).OrderBy(id => id.Value)];

        static string Domain(StoreSlot slot) => slot.Store?.FailureDomain ?? slot.Endpoint.Location;
    }

    /// <summary>Whether a choice would come out the same: all are active still, and either they are as many as a log takes or no other is active.</summary>
    private bool Suit(ImmutableArray<StoreId> members)
    {
        var (active, held) = (0, 0);
        foreach (var slot in stores.Slots)
        {
            if (slot.State != StoreState.Active) continue;
            active++;
            if (members.Contains(slot.Id)) held++;
        }

        return held == members.Length && (held == active || held >= JournalLogHeader.MemberCountMax);
    }

    private void Kick(JournalLog target)
    {
        foreach (var copy in target.Copies) copy.Kick(stores, time, options.RetryDelay, stop);
    }

    /// <summary>
    /// Lets copies append the newest record: as many that are likely to have it soon as the quorum asks for, and all that lack more than this record or may fail. The others rest; those
    /// who rested last do not, so they take turns.
    /// </summary>
    private void KickQuorum(JournalLog target)
    {
        recordBegan = time.GetTimestamp();
        var (copies, start) = (target.Copies, target.NewestStart);
        Span<bool> rests = stackalloc bool[JournalLogHeader.MemberCountMax];
        Span<bool> reliable = stackalloc bool[JournalLogHeader.MemberCountMax];
        var spare = -target.Header.Quorum;
        for (var i = 0; i < copies.Length; i++)
        {
            reliable[i] = copies[i].IsReliable(start, time, options.StallAvoidance);
            if (reliable[i]) spare++;
        }

        for (var (i, first) = (0, nextToRest); i < copies.Length && spare > 0; i++)
        {
            var index = (first + i) % copies.Length;
            if (!reliable[index] || copies[index].Position < start) continue;
            rests[index] = true;
            spare--;
            nextToRest = index + 1;
        }

        if (rests.Contains(true)) restTimer!.Change(options.RestTime, Timeout.InfiniteTimeSpan);
        for (var i = 0; i < copies.Length; i++)
            if (!rests[i]) copies[i].Kick(stores, time, options.RetryDelay, stop);
    }

    /// <summary>No record has come for a moment, or the quorum is late: nobody rests any longer.</summary>
    private void EndRest()
    {
        JournalLog? current;
        lock (gate) current = log;
        if (current is null) return;
        if (time.GetElapsedTime(Volatile.Read(ref recordBegan)) < options.RestTime / 2)
        {
            // It was set for the record before, or the timer's clock, which counts whole milliseconds, was early.
            restTimer?.Change(options.RestTime, Timeout.InfiniteTimeSpan);
            return;
        }

        if (!current.WhenDurable().IsCompleted)
            foreach (var copy in current.Copies) copy.MarkIfStalled(time);
        Kick(current);
    }

    private void OnStoreChanged(StoreHealthChange change)
    {
        if (change.To is StoreHealth.Offline or StoreHealth.ReadOnly) return;
        JournalLog[] logs;
        lock (gate) logs = [.. ended, .. log is null ? Array.Empty<JournalLog>() : [log]];
        foreach (var one in logs)
        {
            foreach (var copy in one.Copies.Where(copy => copy.Store == change.Id)) copy.ForgetFailure();
            Kick(one);
        }
    }

    /// <summary>Tries lagging copies again, and lets go of ended logs that are whole on all their stores.</summary>
    private async Task WatchAsync()
    {
        try
        {
            while (true)
            {
                await Task.Delay(options.RetryDelay, time, stop);
                JournalLog[] logs;
                lock (gate)
                {
                    foreach (var whole in ended.Where(IsWhole).ToArray())
                    {
                        whole.Dispose();
                        ended.Remove(whole);
                    }

                    logs = [.. ended, .. log is null ? Array.Empty<JournalLog>() : [log]];
                }

                foreach (var one in logs) Kick(one);
            }
        }
        catch (OperationCanceledException)
        {
            // The journal has ended.
        }
    }
}
