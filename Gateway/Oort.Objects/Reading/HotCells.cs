using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using Oort.Backends;
using Oort.Objects.Budget;

namespace Oort.Objects.Reading;

/// <summary>Keeps the data cells that are asked for again and again and do not come at once: those of slow disks, nodes and clouds. What a store has in memory is not kept twice.</summary>
/// <remarks>
/// Thread-safe. Cells are kept sealed, as they were read or decoded, and are not authenticated before they are opened: a reader for whom one does not open has it
/// dropped. Nothing else has to be dropped, since what a <see cref="StripeRange"/> names never changes; cells of segments that are gone are no longer asked for.
/// A cell comes in when it is asked for the second time, so a scan, which asks once, pushes nothing out. The oldest goes first, unless it was used since it was last looked at (CLOCK).
/// </remarks>
/// <param name="buffers">Its budget is charged for what is kept. When it is short, no cell comes in and one goes for each that would have.</param>
/// <param name="bytesMax">Bytes to keep at most; 0 to keep none.</param>
internal sealed class HotCells(BufferPool buffers, long bytesMax)
{
    /// <summary>Requests that are remembered to know the second from the first, as a power of two: those for as many full cells, 1 GiB.</summary>
    private const int RememberedBits = 14;

    private readonly Lock gate = new();
    private readonly Dictionary<StripeRange, LinkedListNode<HotCell>> cells = [];
    private readonly LinkedList<HotCell> clock = new();
    private readonly Doorkeeper remembered = new(bytesMax > 0 ? RememberedBits : 1);
    private long bytes;
    private long hitCount;
    private long missCount;

    /// <summary>Bytes kept, as the budget counts them.</summary>
    public long Bytes
    {
        get { lock (gate) return bytes; }
    }

    /// <summary>Cells that were found.</summary>
    public long HitCount => Volatile.Read(ref hitCount);

    /// <summary>Cells that were not.</summary>
    public long MissCount => Volatile.Read(ref missCount);

    /// <summary>Lends a cell, if it is here.</summary>
    public bool TryLend(StripeRange cell, [NotNullWhen(true)] out StripeBytes? lent)
    {
        lent = null;
        if (bytesMax == 0) return false;
        lock (gate)
        {
            if (cells.TryGetValue(cell, out var node))
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

    /// <summary>Whether a cell is here. Counts as no use of it.</summary>
    public bool Has(StripeRange cell)
    {
        if (bytesMax == 0) return false;
        lock (gate) return cells.ContainsKey(cell);
    }

    /// <summary>Remembers that a cell was asked for.</summary>
    /// <returns>Whether it was asked for before, among the last requests: then it is worth keeping. Seldom true by mistake, where two cells have the same hash.</returns>
    public bool Remember(StripeRange cell) => bytesMax > 0 && remembered.Count(HashOf(cell)) > 1;

    /// <summary>Keeps a copy of a cell's bytes, if there is memory for it.</summary>
    public void Keep(StripeRange cell, ReadOnlySpan<byte> content)
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
            if (cells.ContainsKey(cell))
            {
                buffer.Dispose();
                return;
            }
            while (bytes + charge > bytesMax) EvictOne();
            cells.Add(cell, clock.AddLast(new HotCell(cell, new SharedBytes(buffer, buffer.Memory), charge)));
            bytes += charge;
        }
    }

    /// <summary>Drops a cell that is not what was sealed.</summary>
    public void Drop(StripeRange cell)
    {
        lock (gate)
        {
            if (cells.TryGetValue(cell, out var node)) Remove(node);
        }
    }

    private static ulong HashOf(StripeRange cell)
    {
        var segment = Doorkeeper.Mix(BitOperations.RotateLeft(cell.Segment.Epoch, 32) ^ cell.Segment.Counter);
        return Doorkeeper.Mix(segment ^ ((ulong)cell.Stripe << 32) ^ (uint)cell.From);
    }

    /// <summary>Under the gate. Ends, since every cell that it passes is unused when it comes by again.</summary>
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

    private void Remove(LinkedListNode<HotCell> node)
    {
        clock.Remove(node);
        cells.Remove(node.Value.Cell);
        bytes -= node.Value.Charge;
        node.Value.Content.Release();
    }

    private sealed class HotCell(StripeRange cell, SharedBytes content, int charge)
    {
        public StripeRange Cell => cell;

        public SharedBytes Content => content;

        public int Charge => charge;

        public bool WasUsed { get; set; }
    }
}
