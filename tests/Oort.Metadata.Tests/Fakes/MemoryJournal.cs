namespace Oort.Metadata.Tests.Fakes;

/// <summary>A journal in memory: keeps entries, checks that they come in order and one at a time, and can be held up or made to refuse.</summary>
internal sealed class MemoryJournal : IJournal
{
    private readonly Lock gate = new();
    private readonly List<JournalEntry> entries = [];
    private TaskCompletionSource open = Opened();
    private int appending;

    /// <summary>Thrown by appends while set; the entry is not taken.</summary>
    public Exception? Refusal { get; set; }

    /// <summary>Thrown after the entry was taken: failure reported but done.</summary>
    public Exception? LateRefusal { get; set; }

    public int Refused { get; private set; }

    public IReadOnlyList<JournalEntry> Entries
    {
        get { lock (gate) return [.. entries]; }
    }

    public ulong Last
    {
        get { lock (gate) return entries.Count == 0 ? 0 : entries[^1].LastGeneration; }
    }

    /// <summary>Appends wait from now on, until <see cref="Release"/>.</summary>
    public void Hold() => open = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Release() => open.TrySetResult();

    public async ValueTask AppendAsync(JournalEntry entry, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref appending).ShouldBe(1, "Entries come one at a time.");
        try
        {
            await open.Task.WaitAsync(cancellationToken);
            if (Refusal is { } refusal)
            {
                Refused++;
                throw refusal;
            }
            lock (gate)
            {
                // An entry whose append was reported as failed, though it was taken, comes again.
                if (entries.Count > 0 && entries[^1].LastGeneration == entry.LastGeneration) return;
                if (entries.Count > 0) entry.FirstGeneration.ShouldBe(entries[^1].LastGeneration + 1, "Entries come in order, without a gap.");
                entries.Add(entry with { Changes = entry.Changes.ToArray() });
            }
            if (LateRefusal is { } late)
            {
                LateRefusal = null;
                throw late;
            }
        }
        finally
        {
            Interlocked.Decrement(ref appending);
        }
    }

    private static TaskCompletionSource Opened()
    {
        var source = new TaskCompletionSource();
        source.SetResult();
        return source;
    }
}
