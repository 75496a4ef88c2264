using System.Collections.Concurrent;
using System.Collections.Immutable;
using Oort.Metadata;

namespace Oort.Gateway.Operations;

/// <summary>Keeps what was read of a setting of buckets, so that it is parsed once and not for each request. Thread-safe.</summary>
/// <param name="read">Throws for bytes that are none.</param>
/// <param name="countMax">Buckets whose setting is kept; when more come, it begins anew.</param>
internal sealed class KeptSettings<T>(string name, Func<ReadOnlySpan<byte>, T> read, int countMax) where T : class
{
    private readonly ConcurrentDictionary<BucketId, (ImmutableArray<byte> Setting, T Value)> known = new();

    /// <summary>Null: the bucket has no such setting.</summary>
    /// <exception cref="MetadataFormatException">It cannot be read.</exception>
    public T? Of(BucketRow bucket)
    {
        if (!bucket.Settings.TryGetValue(name, out var setting)) return null;
        if (known.TryGetValue(bucket.Id, out var found) && (found.Setting == setting || found.Setting.AsSpan().SequenceEqual(setting.AsSpan()))) return found.Value;
        var value = read(setting.AsSpan());
        if (known.Count >= countMax) known.Clear();
        known[bucket.Id] = (setting, value);
        return value;
    }
}
