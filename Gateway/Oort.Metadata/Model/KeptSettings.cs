using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Oort.Metadata;

/// <summary>What buckets' settings of one name say, parsed once for the very bytes that a bucket's row holds and forgotten with them. Thread-safe.</summary>
/// <param name="read">Throws for bytes that are none.</param>
public sealed class KeptSettings<T>(string name, Func<ReadOnlySpan<byte>, T> read) where T : class
{
    private readonly ConditionalWeakTable<byte[], T> known = [];

    /// <summary>Null: the bucket has no such setting. What is thrown for one that cannot be read is what reading it throws.</summary>
    public T? Of(BucketRow bucket)
    {
        if (!bucket.Settings.TryGetValue(name, out var setting)) return null;
        var bytes = ImmutableCollectionsMarshal.AsArray(setting)!;
        if (known.TryGetValue(bytes, out var value)) return value;
        value = read(bytes);
        known.AddOrUpdate(bytes, value);
        return value;
    }
}
