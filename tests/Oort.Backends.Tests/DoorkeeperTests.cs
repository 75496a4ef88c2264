using Shouldly;
using Xunit;

namespace Oort.Backends.Tests;

public sealed class DoorkeeperTests
{
    [Fact]
    public void Count_SameHash_GrowsToItsMost()
    {
        var keeper = new Doorkeeper(4);
        var hash = Doorkeeper.Mix(7);
        int[] counts = [keeper.Count(hash), keeper.Count(hash), keeper.Count(hash), keeper.Count(hash)];
        counts.ShouldBe([1, 2, Doorkeeper.CountMax, Doorkeeper.CountMax]);
    }

    [Fact]
    public void Count_HashOfZeros_IsFirstOnce()
    {
        var keeper = new Doorkeeper(4);
        keeper.Count(0).ShouldBe(1);
        keeper.Count(0).ShouldBe(2);
    }

    [Fact]
    public void Count_TwoOnOnePlace_LatestHasIt()
    {
        var keeper = new Doorkeeper(4);
        const ulong one = 0x1000_0000_0004_0000, other = 0x1000_0000_0008_0000;
        keeper.Count(one).ShouldBe(1);
        keeper.Count(other).ShouldBe(1);
        keeper.Count(one).ShouldBe(1);
        keeper.Count(one).ShouldBe(2);
    }

    [Fact]
    public void Count_Neighbours_DoNotForgetEachOther()
    {
        // A quarter of the places: by chance alone an eighth of them would meet another.
        var keeper = new Doorkeeper(12);
        for (ulong i = 0; i < 1_024; i++) keeper.Count(Doorkeeper.Mix(i)).ShouldBe(1);
        Enumerable.Range(0, 1_024).Count(i => keeper.Count(Doorkeeper.Mix((ulong)i)) == 2).ShouldBe(1_024);
    }

    [Fact]
    public void Count_ManyDifferent_AreFirstOnes()
    {
        var random = new Random(1);
        var keeper = new Doorkeeper(15);
        Enumerable.Range(0, 100_000).Count(_ => keeper.Count((ulong)random.NextInt64()) > 1).ShouldBe(0);
    }
}
