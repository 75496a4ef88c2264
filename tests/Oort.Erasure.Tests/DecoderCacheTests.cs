using Shouldly;
using Xunit;

namespace Oort.Erasure.Tests;

public sealed class DecoderCacheTests
{
    [Fact]
    public void Get_SamePattern_GivesTheSameMap()
    {
        var cache = new DecoderCache(CodingMatrix.Create(4, 2));
        cache.Get([0, 2, 3, 4], [1]).ShouldBeSameAs(cache.Get([0, 2, 3, 4], [1]));
        cache.Get([0, 2, 3, 4], [1, 5]).ShouldNotBeSameAs(cache.Get([0, 2, 3, 4], [1]));
        cache.Get([0, 2, 3, 5], [1]).ShouldNotBeSameAs(cache.Get([0, 2, 3, 4], [1]));
        cache.Count.ShouldBe(3);
    }

    [Fact]
    public void Get_MorePatternsThanAreKept_DropsTheOldest()
    {
        var cache = new DecoderCache(CodingMatrix.Create(4, 40));
        var first = cache.Get([1, 2, 3, 4], [0]);
        for (var read = 4; read < 44; read++)
            for (var made = read + 1; made < 44; made++)
                cache.Get([1, 2, 3, read], [0, made]);
        cache.Count.ShouldBe(512);
        cache.Get([1, 2, 3, 4], [0]).ShouldNotBeSameAs(first);
        cache.Count.ShouldBe(512);
    }

    [Fact]
    public void Get_LargeMaps_AreBoundedBySize()
    {
        var cache = new DecoderCache(CodingMatrix.Create(20, 235));
        int[] made = [.. Enumerable.Range(21, 234)];
        for (var lost = 0; lost < 20; lost++)
            for (var count = 230; count < 234; count++)
                cache.Get([.. Enumerable.Range(0, 21).Where(i => i != lost)], [lost, .. made[..count]]);
        cache.Count.ShouldBeInRange(256 * 1024 / (20 * 235), 256 * 1024 / (20 * 231));
    }
}
