using Oort.Backends;

namespace Oort.Objects;

/// <summary>At most one at a time writes anew or deletes shards of a segment: a repair, or the collector.</summary>
/// <remarks>
/// Without it the collector could delete an orphan in the moment between a repair's writing that very shard to that very store and the row that then names it. The
/// first writing of a segment needs no claim: below the low-water mark it is over. Readers need none either: they pin. Thread-safe; as many entries as claims are held.
/// </remarks>
internal sealed class SegmentClaims
{
    private readonly Lock gate = new();
    private readonly Dictionary<SegmentId, TaskCompletionSource> claims = [];

    /// <summary>The segment until it is disposed, or null when someone else has it.</summary>
    public IDisposable? TryClaim(SegmentId segment)
    {
        lock (gate) return claims.TryAdd(segment, new(TaskCreationOptions.RunContinuationsAsynchronously)) ? new Claim(this, segment) : null;
    }

    /// <summary>Waits until nobody else has the segment.</summary>
    public async ValueTask<IDisposable> ClaimAsync(SegmentId segment, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task ended;
            lock (gate)
            {
                if (!claims.TryGetValue(segment, out var other))
                {
                    claims.Add(segment, new(TaskCreationOptions.RunContinuationsAsynchronously));
                    return new Claim(this, segment);
                }

                ended = other.Task;
            }

            await ended.WaitAsync(cancellationToken);
        }
    }

    private void End(SegmentId segment)
    {
        TaskCompletionSource? ended;
        lock (gate) claims.Remove(segment, out ended);
        ended!.SetResult();
    }

    private sealed class Claim(SegmentClaims owner, SegmentId segment) : IDisposable
    {
        private int disposed;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref disposed, 1) == 0) owner.End(segment);
        }
    }
}
