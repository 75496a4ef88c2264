using Oort.Metadata.Sqlite.Reading;

namespace Oort.Metadata.Tests.Sqlite;

public sealed class HotRowsTests
{
    private static readonly BucketId bucket = new(1);

    [Fact]
    public void Find_Added_IsThatOfTheKeyAlone()
    {
        var hot = new HotRows(1 << 20);
        hot.Find(7, bucket, "a", out var stamp).ShouldBeNull();
        hot.Add(7, Version("a"), stamp);
        hot.Find(7, bucket, "a", out stamp).ShouldBeNull("It was asked for once.");
        hot.Add(7, Version("a"), stamp);
        hot.Find(7, bucket, "a", out _)!.Version.Key.ShouldBe("a");
        hot.Find(7, bucket, "b", out _).ShouldBeNull("Two keys may have one hash.");
        hot.Find(7, new(2), "a", out _).ShouldBeNull();
    }

    [Fact]
    public void Add_AfterAChangeSinceTheStamp_IsRefused()
    {
        var hot = new HotRows(1 << 20);
        hot.Find(7, bucket, "a", out _);
        hot.Find(7, bucket, "a", out var stamp);
        hot.Forget(new HashSet<ulong> { 7 }, dataMoved: false);
        hot.Add(7, Version("a"), stamp);
        hot.Find(7, bucket, "a", out stamp).ShouldBeNull();
        hot.Forget(new HashSet<ulong>(), dataMoved: true);
        hot.Add(7, Version("a"), stamp);
        hot.Find(7, bucket, "a", out _).ShouldBeNull("Its data may have moved between the stamp and the read.");
    }

    [Fact]
    public void Add_MoreThanTheLimit_KeepsTheNewestAndNoMoreThanTheLimit()
    {
        const int bytesMax = 1 << 20;
        var hot = new HotRows(bytesMax);
        var count = 0;
        for (ulong i = 0; i < 10_000; i++)
        {
            var scope = i << 56 | i;
            hot.Find(scope, bucket, "k" + i, out _);
            hot.Find(scope, bucket, "k" + i, out var stamp);
            hot.Add(scope, Version("k" + i), stamp);
            hot.Find(scope, bucket, "k" + i, out _).ShouldNotBeNull();
        }
        for (ulong i = 0; i < 10_000; i++)
            if (hot.Find(i << 56 | i, bucket, "k" + i, out _) is not null) count++;
        count.ShouldBeInRange(bytesMax / Version("k1").EstimatedBytes / 3, bytesMax / Version("k1").EstimatedBytes + 16);
    }

    [Fact]
    public void Add_ScanOverMoreThanIsKept_LeavesWhatIsAskedForAgain()
    {
        var hot = new HotRows(1 << 20);
        Ask(hot, 7, "hot");
        Ask(hot, 7, "hot");
        for (ulong i = 0; i < 10_000; i++) Ask(hot, (i + 1) * 0x9E3779B97F4A7C15, "k" + i);
        hot.Find(7, bucket, "hot", out _).ShouldNotBeNull();
    }

    [Fact]
    public void Add_SwitchedOff_KeepsNothing()
    {
        var hot = new HotRows(0);
        hot.Find(7, bucket, "a", out _);
        hot.Find(7, bucket, "a", out var stamp);
        hot.Add(7, Version("a"), stamp);
        hot.Find(7, bucket, "a", out _).ShouldBeNull();
    }

    private static void Ask(HotRows hot, ulong scope, string key)
    {
        if (hot.Find(scope, bucket, key, out var stamp) is null) hot.Add(scope, Version(key), stamp);
    }

    private static FoundVersion Version(string key) =>
        new(new() { Bucket = bucket, Key = key, Id = new(1, 1), LastModified = DateTimeOffset.UnixEpoch, OwnerId = "o" }, []);
}
