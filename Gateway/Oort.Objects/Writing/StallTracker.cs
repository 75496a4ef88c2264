using System.Collections.Concurrent;
using Oort.Backends;

namespace Oort.Objects.Writing;

/// <summary>Remembers for a short while which stores were much slower than the others, so that the next operation need not find out again.</summary>
/// <remarks>Thread-safe. Holds one entry a store. Not health: a slow store is still used where the others are too few.</remarks>
internal sealed class StallTracker(TimeProvider time, TimeSpan avoidance)
{
    private readonly ConcurrentDictionary<StoreId, long> since = new();

    public void Mark(StoreId id) => since[id] = time.GetTimestamp();

    public bool IsAvoided(StoreId id)
    {
        if (!since.TryGetValue(id, out var marked)) return false;
        if (time.GetElapsedTime(marked) < avoidance) return true;
        since.TryRemove(KeyValuePair.Create(id, marked));
        return false;
    }
}
