namespace Oort.Metadata.Tests.Suite;

public abstract partial class MetadataSuite
{
    [Fact]
    public async Task ListObjects_Keys_ComeInOrderOfTheirUtf8Bytes()
    {
        // In UTF-16 the emoji (a surrogate pair) would come before U+FFFD.
        var keys = new[] { "\u0001", "a", "a\0b", "a/", "a//", "aa", "b", "é", "\ufffd", "🙂" };
        foreach (var key in keys.Reverse()) await MustPut(Bucket.Id, key);
        (await Keys(Bucket.Id)).ShouldBe(keys);
    }

    [Fact]
    public async Task ListObjects_Delimiter_CountsEachCommonPrefixOnceAndPagesOverIt()
    {
        foreach (var key in new[] { "a", "b/1", "b/2", "b/3", "c", "d/1", "d/x/2" }) await MustPut(Bucket.Id, key);
        var pages = new List<string>();
        var after = "";
        while (true)
        {
            var page = await Store.ListObjectsAsync(new(Bucket.Id, "", "/", after, 1), default);
            pages.Add(page.Objects.Select(entry => entry.Key).Concat(page.CommonPrefixes).Single());
            page.Last.ShouldBe(pages[^1]);
            after = page.Last;
            if (!page.IsTruncated) break;
        }
        pages.ShouldBe(["a", "b/", "c", "d/"]);
        var inner = await Store.ListObjectsAsync(new(Bucket.Id, "d/", "/", "", 10), default);
        inner.Objects.Select(entry => entry.Key).ShouldBe(["d/1"]);
        inner.CommonPrefixes.ShouldBe(["d/x/"]);
    }

    [Fact]
    public async Task ListObjects_MarkerInsideACommonPrefix_ShowsThePrefixAgain()
    {
        foreach (var key in new[] { "b/1", "b/2", "c" }) await MustPut(Bucket.Id, key);
        (await Store.ListObjectsAsync(new(Bucket.Id, "", "/", "b/1", 10), default)).CommonPrefixes.ShouldBe(["b/"]);
        (await Store.ListObjectsAsync(new(Bucket.Id, "", "/", "b/2", 10), default)).CommonPrefixes.ShouldBeEmpty();
        (await Store.ListObjectsAsync(new(Bucket.Id, "", "/", "b/", 10), default)).CommonPrefixes.ShouldBeEmpty();
    }

    [Fact]
    public async Task ListObjects_LimitZeroAndLimitReachedExactly_AreNotTruncated()
    {
        await MustPut(Bucket.Id, "a");
        await MustPut(Bucket.Id, "b");
        (await Store.ListObjectsAsync(new(Bucket.Id, "", "", "", 0), default)).ShouldSatisfyAllConditions(
            page => page.Objects.ShouldBeEmpty(), page => page.IsTruncated.ShouldBeFalse(), page => page.Last.ShouldBeEmpty());
        (await Store.ListObjectsAsync(new(Bucket.Id, "", "", "", 2), default)).IsTruncated.ShouldBeFalse();
        (await Store.ListObjectsAsync(new(Bucket.Id, "", "", "", 1), default)).IsTruncated.ShouldBeTrue();
        await Should.ThrowAsync<ArgumentException>(async () => await Store.ListObjectsAsync(new(Bucket.Id, "", "", "", 1001), default));
    }

    [Fact]
    public async Task ListObjects_OtherBuckets_AreNotSeen()
    {
        var other = await CreateBucket("other");
        await MustPut(other.Id, "x");
        (await Keys(Bucket.Id)).ShouldBeEmpty();
        await MustPut(Bucket.Id, "a");
        (await Keys(Bucket.Id)).ShouldBe(["a"]);
        (await Keys(other.Id)).ShouldBe(["x"]);
    }

    [Fact]
    public async Task ListVersions_PagesThroughAKey_GiveEachVersionOnce()
    {
        await SetVersioning(Bucket.Id, VersioningState.Enabled);
        foreach (var key in new[] { "a", "k", "k", "k", "k", "z" }) await MustPut(Bucket.Id, key);
        var all = (await Store.ListVersionsAsync(new(Bucket.Id, "", "", "", null, 1000), default)).Versions;
        all.Select(row => (row.Key, row.IsLatest)).ShouldBe([("a", true), ("k", true), ("k", false), ("k", false), ("k", false), ("z", true)]);
        for (var limit = 1; limit <= 6; limit++)
        {
            var seen = new List<(string, string, bool)>();
            var (afterKey, afterId) = ("", (string?)null);
            while (true)
            {
                var page = await Store.ListVersionsAsync(new(Bucket.Id, "", "", afterKey, afterId, limit), default);
                seen.AddRange(page.Versions.Select(row => (row.Key, row.IdText, row.IsLatest)));
                (afterKey, afterId) = (page.LastKey, page.LastVersionId);
                if (!page.IsTruncated) break;
            }
            seen.ShouldBe(all.Select(row => (row.Key, row.IdText, row.IsLatest)), $"limit {limit}");
        }
        (await Store.ListVersionsAsync(new(Bucket.Id, "", "", "k", null, 10), default)).Versions.Select(row => row.Key).ShouldBe(["z"]);
    }

    [Fact]
    public async Task ListVersions_EmptyingABucketPageByPage_MissesNothing()
    {
        await MustPut(Bucket.Id, "k");
        await SetVersioning(Bucket.Id, VersioningState.Enabled);
        for (var i = 0; i < 4; i++) await MustPut(Bucket.Id, "k");
        await SetVersioning(Bucket.Id, VersioningState.Suspended);
        await MustPut(Bucket.Id, "k");
        await MustPut(Bucket.Id, "l");
        var (afterKey, afterId) = ("", (string?)null);
        while (true)
        {
            var page = await Store.ListVersionsAsync(new(Bucket.Id, "", "", afterKey, afterId, 2), default);
            foreach (var row in page.Versions) await Delete(Bucket.Id, row.Key, row.IdText);
            (afterKey, afterId) = (page.LastKey, page.LastVersionId);
            if (!page.IsTruncated) break;
        }
        (await Store.DeleteBucketAsync(Bucket.Id, default)).ShouldBe(CommitOutcome.Done);
    }
}
