using System.Collections.Concurrent;

namespace Oort.Conformance.Chaos;

/// <summary>By key, what must be there: what was acknowledged last, or one of what was sent and not answered.</summary>
/// <remarks>A key with an unanswered write is written no more: such a write may still take effect, but never after another that was sent and acknowledged later, because there is none.</remarks>
internal sealed class Expectations
{
    private readonly ConcurrentDictionary<string, Key> _keys = new(StringComparer.Ordinal);
    private int _acknowledged;

    /// <summary>Writes and deletes that were acknowledged.</summary>
    public int AcknowledgedCount => Volatile.Read(ref _acknowledged);

    public int UndecidedCount => _keys.Values.Count(key => key.Allowed.Length > 1);

    /// <summary>All keys that were ever written, with what may be there: SHA-256, or null for nothing.</summary>
    public IEnumerable<(string Key, string?[] Allowed)> All => _keys.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => (pair.Key, pair.Value.Allowed));

    public void Acknowledged(string key, string? digest)
    {
        _keys[key] = new([digest]);
        Interlocked.Increment(ref _acknowledged);
    }

    public void Undecided(string key, string? digest) => _keys.AddOrUpdate(key, _ => new([null, digest]), (_, known) => new([.. known.Allowed, digest]));

    private sealed record Key(string?[] Allowed);
}
