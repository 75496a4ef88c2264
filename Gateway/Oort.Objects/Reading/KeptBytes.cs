using System.Diagnostics.CodeAnalysis;
using Oort.Objects.Budget;

namespace Oort.Objects.Reading;

/// <summary>Bytes in memory by name, within a bound and the memory budget. The oldest go first, unless they were used since they were last looked at (CLOCK).</summary>
/// <remarks>Thread-safe.</remarks>
/// <param name="buffers">Its budget is charged for what is kept. When it is short, nothing comes in and one goes for each that would have.</param>
/// <param name="bytesMax">Bytes to keep at most; 0 to keep none.</param>
/// <typeparam name="TKey">Names bytes that never change.</typeparam>
internal class KeptBytes<TKey>(BufferPool buffers, long bytesMax)
    where TKey : notnull
{
    private readonly Lock gate = new();
    private readonly Dictionary<TKey, LinkedListNode<Entry>> entries = [];
    private readonly LinkedList<Entry> clock = new();
    private long bytes;
    private long hitCount;
    private long missCount;

    /// <summary>Bytes kept, as the budget counts them.</summary>
    public long Bytes
    {
        get { lock (gate) return bytes; }
    }

    /// <summary>How often something was found.</summary>
    public long HitCount => Volatile.Read(ref hitCount);

    /// <summary>How often it was not.</summary>
    public long MissCount => Volatile.Read(ref missCount);

    /// <summary>Lends bytes, if they are here.</summary>
    public bool TryLend(TKey key, [NotNullWhen(true)] out StripeBytes? lent)
    {
        lent = null;
        if (bytesMax == 0) return false;
        lock (gate)
        {
            if (entries.TryGetValue(key, out var node))
            {
                hitCount++;
                node.Value.WasUsed = true;
                lent = node.Value.Content.Lend();
                return true;
            }
            missCount++;
            return false;
        }
    }

    /// <summary>Whether bytes are here. Counts as no use of them.</summary>
    public bool Has(TKey key)
    {
        if (bytesMax == 0) return false;
        lock (gate) return entries.ContainsKey(key);
    }

    /// <summary>Keeps a copy of bytes, if there is memory for it.</summary>
    public void Keep(TKey key, ReadOnlySpan<byte> content)
    {
        var charge = BufferPool.RoundUp(content.Length);
        if (charge > bytesMax) return;
        if (!buffers.TryRent(content.Length, out var buffer))
        {
            lock (gate) EvictOne();
            return;
        }
        content.CopyTo(buffer.Span);
        lock (gate)
        {
            if (entries.ContainsKey(key))
            {
                buffer.Dispose();
                return;
            }
            while (bytes + charge > bytesMax) EvictOne();
            entries.Add(key, clock.AddLast(new Entry(key, new SharedBytes(buffer, buffer.Memory), charge)));
            bytes += charge;
        }
    }

    /// <summary>Drops bytes that are not what they should be.</summary>
    public void Drop(TKey key)
    {
        lock (gate)
        {
            if (entries.TryGetValue(key, out var node)) Remove(node);
        }
    }

    /// <summary>Drops all whose names are so.</summary>
    public void Drop(Predicate<TKey> isSo)
    {
        lock (gate)
        {
            foreach (var node in entries.Where(pair => isSo(pair.Key)).Select(pair => pair.Value).ToArray()) Remove(node);
        }
    }

    /// <summary>Under the gate. Ends, since everything that it passes is unused when it comes by again.</summary>
    private void EvictOne()
    {
        while (clock.First is { } first)
        {
            if (!first.Value.WasUsed)
            {
                Remove(first);
                return;
            }
            first.Value.WasUsed = false;
            clock.RemoveFirst();
            clock.AddLast(first);
        }
    }

    private void Remove(LinkedListNode<Entry> node)
    {
        clock.Remove(node);
        entries.Remove(node.Value.Key);
        bytes -= node.Value.Charge;
        node.Value.Content.Release();
    }

    private sealed class Entry(TKey key, SharedBytes content, int charge)
    {
        public TKey Key => key;

        public SharedBytes Content => content;

        public int Charge => charge;

        public bool WasUsed { get; set; }
    }
}
