using System.Collections.Immutable;
using Oort.Backends;

namespace Oort.Objects;

/// <summary>Counts the readers of each segment in this process.</summary>
public sealed class SegmentPins : ISegmentPins
{
    private readonly Lock gate = new();
    private readonly Dictionary<SegmentId, int> counts = [];

    /// <inheritdoc/>
    public IDisposable Pin(ImmutableArray<SegmentId> segments)
    {
        lock (gate)
        {
            foreach (var segment in segments) counts[segment] = counts.GetValueOrDefault(segment) + 1;
        }

        return new Held(this, segments);
    }

    /// <inheritdoc/>
    public bool IsPinned(SegmentId segment)
    {
        lock (gate) return counts.ContainsKey(segment);
    }

    private void Release(ImmutableArray<SegmentId> segments)
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

    private sealed class Held(SegmentPins pins, ImmutableArray<SegmentId> segments) : IDisposable
    {
        private int released;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref released, 1) == 0) pins.Release(segments);
        }
    }
}
