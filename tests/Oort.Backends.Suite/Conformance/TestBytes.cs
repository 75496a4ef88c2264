using Shouldly;

namespace Oort.Backends.Suite;

/// <summary>Bytes that differ from shard to shard and place to place, the same in every run.</summary>
public static class TestBytes
{
    /// <summary>Pseudo-random bytes that depend on the seed alone.</summary>
    public static byte[] Make(int length, int seed)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    /// <summary>A shard id within epoch 1.</summary>
    public static ShardId Shard(ulong counter, byte index = 0) => new(new SegmentId(1, counter), index);

    /// <summary>Fails unless both are the same bytes, or both null. (Comparing megabytes element by element takes seconds.)</summary>
    public static void ShouldHold(this byte[]? found, byte[]? expected)
    {
        (found is null).ShouldBe(expected is null);
        if (found is not null)
            found.AsSpan().SequenceEqual(expected).ShouldBeTrue($"{found.Length} bytes are not the {expected!.Length} that were expected");
    }
}
