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

    // The parts' bytes by their index in the marks; null where they have left memory: before the first recent one.
    private readonly List<byte[]?> parts = [];
    private int recentFirst;

    // The bytes of several parts as one, as they were last asked for: the copies that take turns resting ask for the same.
    private (int First, int End, byte[] Content) joined;
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

    /// <summary>Where the newest record (or the header, as long as there is none) begins.</summary>
    public long NewestStart { get; private set; }

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
            // Whoever waits goes on in the copy that completes the quorum, without another change of threads: it settles a group, which is short.
            if (waiting is not { } now || now.End != End) waiting = (End, new());
            return waiting.Value.Reached.Task;
        }
    }

    /// <summary>Told by a copy each time it has become longer.</summary>
    public void CopyAdvanced()
    {
        TaskCompletionSource reached;
        lock (gate)
        {
            if (waiting is not { } now || DurableCopies(now.End) < Header.Quorum) return;
            waiting = null;
            reached = now.Reached;
        }

        reached.TrySetResult();
    }

    /// <summary>Bytes from a position on, whole records, as many as fit into one append; empty when they are no longer in memory.</summary>
    public ReadOnlyMemory<byte> Recent(long position)
    {
        lock (gate)
        {
            if (position >= End) return default;
            var index = IndexOf(position);
            if (index < recentFirst) return default;
            var (end, length) = (index + 1, marks[index].Length);
            while (end < marks.Count && length + marks[end].Length <= JournalCopy.AppendSizeMax) length += marks[end++].Length;
            if (end == index + 1) return parts[index];
            if (joined.First == index && joined.End == end) return joined.Content;
            var content = new byte[length];
            for (var (part, at) = (index, 0); part < end; at += marks[part++].Length) parts[part]!.CopyTo(content, at);
            joined = (index, end, content);
            return content;
        }
    }

    /// <summary>The parts (header or records) that begin at a position: their lengths and hashes, to check what another copy gives.</summary>
    public ImmutableArray<(int Length, RecordHash Hash)> Parts(long position, long bytes)
    {
        lock (gate)
        {
            var index = IndexOf(position);
            var found = ImmutableArray.CreateBuilder<(int, RecordHash)>();
            for (long length = 0; index < marks.Count && (length == 0 || length + marks[index].Length <= bytes); index++)
            {
                found.Add((marks[index].Length, marks[index].Hash));
                length += marks[index].Length;
            }

            return found.ToImmutable();
        }
    }

    public void Dispose() => cipher.Dispose();

    private int DurableCopies(long end) => Copies.Count(copy => copy.Position >= end);

    /// <summary>Index of the part that begins at a position before the end. The newest one is asked for nearly always.</summary>
    private int IndexOf(long position)
    {
        if (marks[^1].Offset == position) return marks.Count - 1;
        var index = marks.BinarySearch(new(position, 0, default), Mark.ByOffset);
        return index >= 0 ? index : throw new ArgumentException("A copy ends between two records.", nameof(position));
    }

    private void Keep(byte[] part)
    {
        marks.Add(new(End, part.Length, LastHash));
        parts.Add(part);
        NewestStart = End;
        End += part.Length;
        // At least the newest part stays: every copy needs it.
        for (; recentFirst < parts.Count - 1 && End - marks[recentFirst].Offset > options.MemoryBytesMax; recentFirst++) parts[recentFirst] = null;
    }

    private readonly record struct Mark(long Offset, int Length, RecordHash Hash)
    {
        public static readonly Comparer<Mark> ByOffset = Comparer<Mark>.Create(static (left, right) => left.Offset.CompareTo(right.Offset));
    }
}
