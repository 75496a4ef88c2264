using System.Collections.Immutable;
using Oort.Backends;
using Oort.Crypto;
using Oort.Metadata;

namespace Oort.Objects;

/// <summary>A log under construction: its header and records, of which the newest are in memory, and how far each store's copy is.</summary>
/// <remarks>
/// Thread-safe. A record never changes once it was appended here: copies differ only in how long they are, whatever fails and is tried again. One writer
/// appends; the copies take from it in the background.
/// </remarks>
internal sealed class JournalLog : IDisposable
{
    private readonly JournalOptions options;
    private readonly RecordCipher cipher;
    private readonly Lock gate = new();
    private readonly List<Mark> marks = [];
    private readonly Queue<byte[]> recent = new();
    private long recentFrom;
    private (long End, TaskCompletionSource Reached)? waiting;

    public JournalLog(JournalLogHeader header, RecordCipher cipher, JournalOptions options)
    {
        Header = header;
        this.cipher = cipher;
        this.options = options;
        Name = header.Name.ToString();
        var bytes = header.ToBytes();
        LastHash = RecordHash.Of(bytes);
        Keep(bytes);
        Copies = [.. header.Members.Select(id => new JournalCopy(id, this))];
    }

    public JournalLogHeader Header { get; }

    public string Name { get; }

    public ImmutableArray<JournalCopy> Copies { get; }

    /// <summary>Bytes of the log so far.</summary>
    public long End { get; private set; }

    public RecordHash LastHash { get; private set; }

    public JournalEntry? LastEntry { get; private set; }

    public ulong RecordCount { get; private set; }

    public bool HasRoom => RecordCount == 0 || (End < options.LogSizeMax && RecordCount < (ulong)options.LogRecordCountMax);

    /// <summary>Seals an entry and makes it the log's newest record. Nothing has been written anywhere yet.</summary>
    public void Add(JournalEntry entry)
    {
        lock (gate)
        {
            var record = JournalRecord.Write(entry, RecordCount, LastHash, cipher);
            LastHash = RecordHash.Of(record);
            LastEntry = entry with { Changes = default };
            RecordCount++;
            Keep(record);
        }
    }

    /// <summary>Completes when as many copies as the quorum asks for hold everything up to the present end.</summary>
    public Task WhenDurable()
    {
        lock (gate)
        {
            if (DurableCopies(End) >= Header.Quorum) return Task.CompletedTask;
            if (waiting is not { } now || now.End != End) waiting = (End, new(TaskCreationOptions.RunContinuationsAsynchronously));
            return waiting.Value.Reached.Task;
        }
    }

    /// <summary>Told by a copy each time it has become longer.</summary>
    public void CopyAdvanced()
    {
        lock (gate)
        {
            if (waiting is not { } now || DurableCopies(now.End) < Header.Quorum) return;
            waiting = null;
            now.Reached.TrySetResult();
        }
    }

    /// <summary>Bytes from a position on, whole records, as many as fit into one append; empty when they are no longer in memory.</summary>
    public ReadOnlyMemory<byte> Recent(long position)
    {
        lock (gate)
        {
            if (position < recentFrom || position >= End) return default;
            var at = recentFrom;
            var parts = new List<byte[]>();
            long length = 0;
            foreach (var part in recent)
            {
                if (at >= position && (length == 0 || length + part.Length <= JournalCopy.AppendSizeMax))
                {
                    parts.Add(part);
                    length += part.Length;
                }
                else if (length > 0)
                {
                    break;
                }

                at += part.Length;
            }

            return parts.Count == 1 ? parts[0] : parts.SelectMany(static part => part).ToArray();
        }
    }

    /// <summary>The parts (header or records) that begin at a position: their lengths and hashes, to check what another copy gives.</summary>
    public ImmutableArray<(int Length, RecordHash Hash)> Parts(long position, long bytes)
    {
        lock (gate)
        {
            var index = marks.BinarySearch(new(position, 0, default), Mark.ByOffset);
            if (index < 0) throw new ArgumentException("A copy ends between two records.", nameof(position));
            var parts = ImmutableArray.CreateBuilder<(int, RecordHash)>();
            for (long length = 0; index < marks.Count && (length == 0 || length + marks[index].Length <= bytes); index++)
            {
                parts.Add((marks[index].Length, marks[index].Hash));
                length += marks[index].Length;
            }

            return parts.ToImmutable();
        }
    }

    public void Dispose() => cipher.Dispose();

    private int DurableCopies(long end) => Copies.Count(copy => copy.Position >= end);

    private void Keep(byte[] part)
    {
        marks.Add(new(End, part.Length, LastHash));
        recent.Enqueue(part);
        End += part.Length;
        // At least the newest part stays: every copy needs it.
        while (recent.Count > 1 && End - recentFrom > options.MemoryBytesMax) recentFrom += recent.Dequeue().Length;
    }

    private readonly record struct Mark(long Offset, int Length, RecordHash Hash)
    {
        public static readonly Comparer<Mark> ByOffset = Comparer<Mark>.Create(static (left, right) => left.Offset.CompareTo(right.Offset));
    }
}
