using Oort.Backends;
using Oort.Objects.Caching;
using Oort.Objects.Shards;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Caching;

public sealed class CellCacheTests
{
    [Fact]
    public async Task Cell_Kept_IsReadAlsoAfterARestart()
    {
        using var folder = new TestCache();
        await using (var cache = folder.Open())
        {
            (await cache.ReadAsync(1)).ShouldBeNull();
            for (var i = 1; i <= 60; i++) await cache.KeepAsync(i);
            for (var i = 1; i <= 60; i++) (await cache.ReadAsync(i)).ShouldBe(TestCache.Cell(i));
            var status = cache.Status;
            (status.Cells, status.Hits, status.HitBytes, status.Bad, status.Fault).ShouldBe((60, 60, 60 * TestCache.CellSize, 0, ""));
        }
        await using (var cache = folder.Open())
        {
            await cache.UntilOpenAsync();
            for (var i = 1; i <= 60; i++) (await cache.ReadAsync(i)).ShouldBe(TestCache.Cell(i));
            cache.Status.Written.ShouldBe(1);
            (await cache.ReadAsync(61)).ShouldBeNull();
        }
    }

    [Fact]
    public async Task Cell_KeptTwice_IsWrittenOnce()
    {
        using var folder = new TestCache();
        await using var cache = folder.Open();
        for (var i = 0; i < 5; i++) cache.Keep(TestCache.Name(1), TestCache.Cell(1));
        cache.Keep(TestCache.Name(2), TestCache.Cell(2));
        await CacheActions.UntilAsync(() => cache.Has(TestCache.Name(2)) && cache.Status.Written > 1);
        cache.Status.Written.ShouldBe(2);
    }

    [Fact]
    public async Task Remember_IsTrueTheSecondTime()
    {
        using var folder = new TestCache();
        await using var cache = folder.Open();
        cache.Remember(TestCache.Name(1)).ShouldBeFalse();
        cache.Remember(TestCache.Name(2)).ShouldBeFalse();
        cache.Remember(TestCache.Name(1)).ShouldBeTrue();
        cache.Status.Misses.ShouldBe(3);
    }

    [Fact]
    public async Task Cell_Damaged_IsAMissOnceAndForAll()
    {
        using var folder = new TestCache();
        await using (var cache = folder.Open())
            for (var i = 1; i <= 20; i++) await cache.KeepAsync(i);
        var file = folder.Files.Order().First();
        var bytes = File.ReadAllBytes(file);
        bytes[4 * TestCache.CellSize + 17] ^= 1;
        File.WriteAllBytes(file, bytes);

        await using (var cache = folder.Open())
        {
            await cache.UntilOpenAsync();
            for (var i = 1; i <= 20; i++) (await cache.ReadAsync(i)).ShouldBe(i == 5 ? null : TestCache.Cell(i));
            cache.Status.Bad.ShouldBe(1);
            cache.Has(TestCache.Name(5)).ShouldBeFalse();
            await cache.KeepAsync(5);
            (await cache.ReadAsync(5)).ShouldBe(TestCache.Cell(5));
        }
    }

    [Theory]
    [InlineData("cut")]
    [InlineData("trailer")]
    [InlineData("table")]
    [InlineData("empty")]
    [InlineData("cluster")]
    public async Task File_NotWholeOrAnothers_IsDeleted(string how)
    {
        using var folder = new TestCache();
        await using (var cache = folder.Open())
            for (var i = 1; i <= 40; i++) await cache.KeepAsync(i);
        folder.Files.Length.ShouldBe(5);
        var file = folder.Files.Order().First();
        var bytes = File.ReadAllBytes(file);
        if (how == "cluster") folder.Cluster = new(8);
        else if (how == "trailer") bytes[^1] ^= 1;
        else if (how == "table") bytes[^(CacheTrailer.Size + 1)] ^= 1;
        File.WriteAllBytes(file, how == "cut" ? bytes[..^100] : how == "empty" ? [] : bytes);
        File.WriteAllText(Path.Combine(folder.Disk.Directory, "somebody-elses.txt"), "not ours");

        await using (var cache = folder.Open())
        {
            await cache.UntilOpenAsync();
            File.Exists(file).ShouldBeFalse();
            for (var i = 1; i <= 40; i++) (await cache.ReadAsync(i)).ShouldBe(i <= TestCache.CellsPerFile || how == "cluster" ? null : TestCache.Cell(i), i.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }
        File.Exists(Path.Combine(folder.Disk.Directory, "somebody-elses.txt")).ShouldBeTrue();
    }

    [Fact]
    public async Task Process_KilledAtAnyWrite_LeavesWhatIsWholeAndNothingWrong()
    {
        using var folder = new TestCache();
        await using var cache = folder.Open();
        for (var i = 1; i <= 80; i++)
        {
            await cache.KeepAsync(i);
            if (i % 9 != 0) continue;
            // As it is on the disk at this moment, and with the last file torn.
            foreach (var torn in new[] { 0, 1, 5_000 })
            {
                using var copy = new TestCache();
                Directory.CreateDirectory(copy.Disk.Directory);
                foreach (var file in folder.Files) File.Copy(file, Path.Combine(copy.Disk.Directory, Path.GetFileName(file)));
                var last = copy.Files.Order().Last();
                using (var stream = File.OpenWrite(last)) stream.SetLength(Math.Max(0, stream.Length - torn));
                await using var after = copy.Open();
                await after.UntilOpenAsync();
                for (var j = 1; j <= i; j++)
                    if (await after.ReadAsync(j) is { } cell) cell.ShouldBe(TestCache.Cell(j));
                    else j.ShouldBeGreaterThan((i - 1) / TestCache.CellsPerFile * TestCache.CellsPerFile);
            }
        }
    }

    [Fact]
    public async Task Folder_ManyCells_NeverTakesMoreThanItMay()
    {
        using var folder = new TestCache();
        await using (var cache = folder.Open())
        {
            var seen = 0L;
            for (var i = 1; i <= 800; i++)
            {
                // Of all lengths, many of them short.
                await cache.KeepAsync(i, 1 + i * 7919 % (i % 3 == 0 ? 65_536 : 3_000));
                if (i % 20 == 0) seen = Math.Max(seen, folder.Used);
                cache.Status.Bytes.ShouldBeLessThanOrEqualTo(folder.SizeMax);
            }
            seen.ShouldBeLessThanOrEqualTo(folder.SizeMax);
            seen.ShouldBeGreaterThan(folder.SizeMax / 2);
            cache.Status.Evicted.ShouldBeGreaterThan(0);
            (await cache.ReadAsync(800, 1 + 800 * 7919 % 3_000)).ShouldNotBeNull();
        }

        // And with less than before, at once.
        folder.SizeMax /= 2;
        await using (var cache = folder.Open())
        {
            await cache.UntilOpenAsync();
            folder.Used.ShouldBeLessThanOrEqualTo(folder.SizeMax);
        }
    }

    [Fact]
    public async Task Eviction_CellsThatAreAskedFor_Stay()
    {
        using var folder = new TestCache();
        await using var cache = folder.Open();
        for (var i = 1; i <= 700; i++)
        {
            await cache.KeepAsync(i);
            if (i % 50 == 0)
                for (var hot = 1; hot <= 3; hot++) (await cache.ReadAsync(hot)).ShouldBe(TestCache.Cell(hot));
        }
        cache.Has(TestCache.Name(6)).ShouldBeFalse();
        cache.Status.Cells.ShouldBeLessThan(450);
    }

    [Fact]
    public async Task Eviction_AllCellsAreAskedFor_ComesToAnEnd()
    {
        using var folder = new TestCache();
        await using var cache = folder.Open();
        for (var i = 1; i <= 400; i++)
        {
            await cache.KeepAsync(i);
            (await cache.ReadAsync(i)).ShouldBe(TestCache.Cell(i));
        }
        folder.Used.ShouldBeLessThanOrEqualTo(folder.SizeMax);
        folder.Disk.Written.ShouldBeLessThan(3L * 400 * TestCache.CellSize);
    }

    [Fact]
    public async Task Disk_Full_IsOffWithAReasonAndTriedAgain()
    {
        using var folder = new TestCache();
        await using var cache = folder.Open();
        for (var i = 1; i <= 10; i++) await cache.KeepAsync(i);
        folder.Disk.BytesMax = folder.Disk.Written + 5_000;
        cache.Keep(TestCache.Name(11), TestCache.Cell(11));
        await CacheActions.UntilAsync(() => cache.Status.Fault.Length > 0);
        cache.Status.Fault.ShouldContain("No space");
        (await cache.ReadAsync(1)).ShouldBeNull();

        // Left alone until then.
        var writes = folder.Disk.Writes;
        folder.Disk.BytesMax = long.MaxValue;
        cache.Keep(TestCache.Name(12), TestCache.Cell(12));
        (folder.Disk.Writes, cache.Status.Skipped).ShouldBe((writes, 1));
        folder.Time.Advance(TimeSpan.FromMinutes(1));
        await cache.KeepAsync(13);
        cache.Status.Fault.ShouldBe("");
        (await cache.ReadAsync(13)).ShouldBe(TestCache.Cell(13));
        (await cache.ReadAsync(1)).ShouldBe(TestCache.Cell(1));
        folder.Files.Length.ShouldBe(2);
    }

    [Fact]
    public async Task Disk_FilledByOthers_GivesUpItsOldestFirst()
    {
        using var folder = new TestCache();
        await using var cache = folder.Open();
        for (var i = 1; i <= 100; i++) await cache.KeepAsync(i);
        var before = folder.Used;
        folder.Disk.Room = 0;
        for (var i = 101; i <= 130; i++)
        {
            cache.Keep(TestCache.Name(i), TestCache.Cell(i));
            await CacheActions.UntilAsync(() => cache.Status.Fault.Length > 0 || cache.Has(TestCache.Name(i)));
            if (cache.Status.Fault.Length > 0) break;
        }
        cache.Status.Fault.ShouldContain("has no room");
        folder.Used.ShouldBeLessThan(before / 2);
    }

    [Fact]
    public async Task Disk_BrokenFromTheStart_IsTakenWhenItComes()
    {
        using var folder = new TestCache();
        folder.Disk.IsBroken = true;
        await using var cache = folder.Open();
        await CacheActions.UntilAsync(() => cache.Status.Fault.Contains("Input/output", StringComparison.Ordinal));
        (await cache.ReadAsync(1)).ShouldBeNull();
        folder.Disk.IsBroken = false;
        folder.Time.Advance(TimeSpan.FromMinutes(1));
        await cache.KeepAsync(1);
        (await cache.ReadAsync(1)).ShouldBe(TestCache.Cell(1));
    }

    [Fact]
    public async Task Disk_FailsARead_ThatCellIsAMiss()
    {
        using var folder = new TestCache();
        await using var cache = folder.Open();
        await cache.KeepAsync(1);
        await cache.KeepAsync(2);
        folder.Disk.FailsReads = true;
        (await cache.ReadAsync(1)).ShouldBeNull();
        folder.Disk.FailsReads = false;
        (await cache.ReadAsync(2)).ShouldBe(TestCache.Cell(2));
        cache.Status.Bad.ShouldBe(1);
    }

    [Fact]
    public async Task Disk_Hangs_ReadsGoOnWithoutItAndTheirBuffersComeBack()
    {
        using var folder = new TestCache();
        await using var cache = folder.Open();
        await cache.KeepAsync(1);
        await CacheActions.UntilAsync(() => folder.Buffers.Budget.Used == 0);
        const long used = 0;
        folder.Disk.Hang();
        var read = cache.ReadAsync(1);
        await CacheActions.UntilAsync(() => folder.Time.TimerCount > 0);
        folder.Time.Advance(TimeSpan.FromSeconds(1));
        (await read).ShouldBeNull();
        cache.Has(TestCache.Name(1)).ShouldBeFalse();
        folder.Buffers.Budget.Used.ShouldBeGreaterThan(used);
        folder.Disk.Release();
        await CacheActions.UntilAsync(() => folder.Buffers.Budget.Used == used);
        folder.Time.Advance(TimeSpan.FromSeconds(10));
        (await cache.ReadAsync(1)).ShouldBe(TestCache.Cell(1));
    }

    [Fact]
    public async Task Queue_Full_SkipsAndHoldsNoMoreThanItsShare()
    {
        using var folder = new TestCache { SizeMax = 512L * 1024 * 1024 };
        await using var cache = folder.Open();
        await cache.KeepAsync(1);
        folder.Disk.Hang();
        for (var i = 2; i < 1_000; i++) cache.Keep(TestCache.Name(i), TestCache.Cell(i, 65_536));
        // A quarter of all, as long as half is left.
        var held = folder.Buffers.Budget.Used;
        folder.Disk.Release();
        held.ShouldBeLessThanOrEqualTo(folder.Buffers.Budget.Capacity / 4);
        await CacheActions.UntilAsync(() => folder.Buffers.Budget.Used == 0);
        (cache.Status.Skipped + cache.Status.Written).ShouldBe(999);
        cache.Status.Skipped.ShouldBeGreaterThan(400);
    }

    [Fact]
    public async Task Queue_MemoryIsNotPlenty_HoldsASixteenth()
    {
        using var folder = new TestCache { SizeMax = 512L * 1024 * 1024 };
        await using var cache = folder.Open();
        await cache.KeepAsync(1);
        var others = folder.Buffers.Budget.Capacity / 2;
        folder.Buffers.Budget.TryAcquire(others).ShouldBeTrue();
        folder.Disk.Hang();
        for (var i = 2; i < 1_000; i++) cache.Keep(TestCache.Name(i), TestCache.Cell(i, 65_536));
        var held = folder.Buffers.Budget.Used - others;
        folder.Disk.Release();
        held.ShouldBeInRange(1, Math.Min(8 * 1024 * 1024, folder.Buffers.Budget.Capacity / 16));
        await CacheActions.UntilAsync(() => folder.Buffers.Budget.Used == others);
    }

    [Fact]
    public async Task Folder_OfAnotherProcess_IsRefused()
    {
        using var folder = new TestCache();
        await using (folder.Open()) Should.Throw<StartRefusedException>(() => folder.Claim().Dispose()).Message.ShouldContain("is in use by another oort process");
        folder.Claim().Dispose();
    }

    [Fact]
    public async Task Segment_ThatIsNoMore_IsDropped()
    {
        using var folder = new TestCache();
        await using var cache = folder.Open();
        await cache.KeepAsync(1);
        await cache.KeepAsync(2);
        cache.Drop(new SegmentId(1, 1), new ShardLayout(new Geometry(4, 2), 1_000_000));
        (await cache.ReadAsync(1)).ShouldBeNull();
        (await cache.ReadAsync(2)).ShouldBe(TestCache.Cell(2));
    }
}
