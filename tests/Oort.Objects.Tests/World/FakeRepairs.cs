using System.Collections.Concurrent;
using System.Collections.Immutable;
using Oort.Backends;

namespace Oort.Objects.Tests.World;

/// <summary>Remembers what was queued for repair.</summary>
internal sealed class FakeRepairs : IRepairQueue
{
    public ConcurrentQueue<(SegmentId Segment, int BadShard, RepairReason Reason)> Queued { get; } = [];

    public void Enqueue(SegmentId segment, int badShard, RepairReason reason) => Queued.Enqueue((segment, badShard, reason));
}

/// <summary>Counts pins.</summary>
internal sealed class FakePins : ISegmentPins
{
    private readonly ConcurrentDictionary<SegmentId, int> counts = [];

    public int Count => counts.Values.Sum();

    public bool IsPinned(SegmentId segment) => counts.GetValueOrDefault(segment) > 0;

    public IDisposable Pin(ImmutableArray<SegmentId> segments)
    {
        foreach (var segment in segments) counts.AddOrUpdate(segment, 1, (_, count) => count + 1);
        return new Pinned(this, segments);
    }

    private sealed class Pinned(FakePins owner, ImmutableArray<SegmentId> segments) : IDisposable
    {
        private bool isDisposed;

        public void Dispose()
        {
            if (isDisposed) return;
            isDisposed = true;
            foreach (var segment in segments) owner.counts.AddOrUpdate(segment, 0, (_, count) => count - 1);
        }
    }
}
