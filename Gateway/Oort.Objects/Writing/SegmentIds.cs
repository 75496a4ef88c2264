using Oort.Backends;

namespace Oort.Objects.Writing;

/// <summary>Gives out the segment ids of this process's epoch, and knows below which none is being written any more.</summary>
/// <remarks>Thread-safe.</remarks>
/// <param name="epoch">From IMetadataStore.OpenEpochAsync; of this run alone.</param>
public sealed class SegmentIds(ulong epoch)
{
    private readonly Lock gate = new();
    private readonly SortedSet<ulong> open = [];
    private ulong last;

    public ulong Epoch => epoch;

    /// <summary>All ids of the epoch with a counter below this are decided: their segment has its row, or never will. What no row names below it is an orphan.</summary>
    public ulong LowWaterMark
    {
        get { lock (gate) return open.Count > 0 ? open.Min : last + 1; }
    }

    /// <summary>The newest counter that was given out; 0 when none was.</summary>
    internal ulong LastCounter
    {
        get { lock (gate) return last; }
    }

    /// <summary>A new id, open until its use is disposed.</summary>
    internal SegmentUse Begin()
    {
        lock (gate)
        {
            open.Add(++last);
            return new SegmentUse(this, new SegmentId(epoch, last));
        }
    }

    private void End(ulong counter)
    {
        lock (gate) open.Remove(counter);
    }

    /// <summary>A segment on its way from its first shard to its row.</summary>
    internal sealed class SegmentUse(SegmentIds owner, SegmentId id) : IDisposable
    {
        public SegmentId Id { get; } = id;

        /// <summary>The metadata has the row, or the segment was given up. Doing it again changes nothing.</summary>
        public void Dispose() => owner.End(Id.Counter);
    }
}
