using System.Collections.Immutable;
using Oort.Backends;

namespace Oort.Objects;

/// <summary>Counts, for each segment, who reads it now. Thread-safe; as many entries as segments are open.</summary>
internal sealed class SegmentPins : ISegmentPins
{
    private readonly Lock gate = new();
    private readonly Dictionary<SegmentId, int> counts = [];

    /// <inheritdoc/>
    public IDisposable Pin(ImmutableArray<SegmentId> segments)
    {
        lock (gate)
            foreach (var segment in segments)
                counts[segment] = counts.GetValueOrDefault(segment) + 1;
        return new Pinned(this, segments);
    }

    /// <inheritdoc/>
    public bool IsPinned(SegmentId segment)
    {
        lock (gate) return counts.ContainsKey(segment);
    }

    private void Unpin(ImmutableArray<SegmentId> segments)
    {
        lock (gate)
        {
            foreach (var segment in segments)
            {
                if (counts[segment] == 1) counts.Remove(segment);
                else counts[segment]--;
            }
        }
    }

    private sealed class Pinned(SegmentPins owner, ImmutableArray<SegmentId> segments) : IDisposable
    {
        private int disposed;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref disposed, 1) == 0) owner.Unpin(segments);
        }
    }
}
