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
        var cache = new DecoderCache(CodingMatrix.Create(100, 20));
        int[] Others(int lost) => [.. Enumerable.Range(0, 101).Where(i => i != lost)];
        var first = cache.Get(Others(0), [0]);
        for (var lost = 0; lost < 100; lost++)
            for (var made = 101; made < 110; made++)
                cache.Get(Others(lost), [lost, made]);
        cache.Count.ShouldBe(512);
        cache.Get(Others(0), [0]).ShouldNotBeSameAs(first);
    }

    [Fact]
    public void Get_LargeMaps_AreBoundedBySize()
    {
        var cache = new DecoderCache(CodingMatrix.Create(60, 195));
        int[] made = [.. Enumerable.Range(61, 194)];
        for (var lost = 0; lost < 30; lost++) cache.Get([.. Enumerable.Range(0, 61).Where(i => i != lost)], [lost, .. made]);
        cache.Count.ShouldBe(256 * 1024 / (60 * 195));
    }
}
