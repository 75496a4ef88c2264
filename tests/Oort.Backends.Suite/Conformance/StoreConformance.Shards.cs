using Shouldly;
using Xunit;

namespace Oort.Backends.Suite;

public abstract partial class StoreConformance
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4095)]
    [InlineData(4096)]
    [InlineData(65_536)]
    [InlineData(300_001)]
    public async Task Put_AnyLength_ReadsBack(int length)
    {
        var (id, content) = (TestBytes.Shard(1, 3), TestBytes.Make(length, 1));

        await Store.PutAsync(id, content, None);

        (await GetAsync(id)).ShouldHold(content);
    }

    [Fact]
    public async Task Put_LongShard_ReadsBack()
    {
        var content = TestBytes.Make(LongLength, 2);

        await Store.PutAsync(TestBytes.Shard(1), content, None);

        (await GetAsync(TestBytes.Shard(1))).ShouldHold(content);
    }

    [Fact]
    public async Task Read_Ranges_AreThoseOfTheShard()
    {
        var content = TestBytes.Make(10_000, 3);
        await Store.PutAsync(TestBytes.Shard(1), content, None);
        await PutInPiecesAsync(TestBytes.Shard(2), TestBytes.Make(LongLength, 4), 100_000);

        foreach (var (offset, length) in new[] { (0, 10), (1, 4096), (4095, 2), (9_999, 1), (0, 10_000) })
        {
            var range = new byte[length];
            (await Store.ReadAsync(TestBytes.Shard(1), offset, range, None)).ShouldBe(length);
            range.ShouldBe(content[offset..(offset + length)]);
        }

        var tail = new byte[200];
        (await Store.ReadAsync(TestBytes.Shard(2), LongLength - 100, tail, None)).ShouldBe(100);
        tail[..100].ShouldBe(TestBytes.Make(LongLength, 4)[^100..]);
    }

    [Fact]
    public async Task Read_AtOrAfterTheEnd_GivesNothing()
    {
        await Store.PutAsync(TestBytes.Shard(1), TestBytes.Make(100, 1), None);

        (await Store.ReadAsync(TestBytes.Shard(1), 100, new byte[5], None)).ShouldBe(0);
        (await Store.ReadAsync(TestBytes.Shard(1), long.MaxValue, new byte[5], None)).ShouldBe(0);
        (await Store.ReadAsync(TestBytes.Shard(1), 0, Memory<byte>.Empty, None)).ShouldBe(0);
    }

    [Fact]
    public async Task Read_UnknownShard_IsNotFound()
    {
        await Store.PutAsync(TestBytes.Shard(1, 1), TestBytes.Make(100, 1), None);

        (await FailureOf(async () => await Store.ReadAsync(TestBytes.Shard(1, 2), 0, new byte[5], None))).ShouldBe(BackendErrorKind.NotFound);
        (await Store.StatAsync(TestBytes.Shard(1, 2), None)).ShouldBeNull();
        (await Store.StatAsync(TestBytes.Shard(1, 1), None)).ShouldBe(100);
    }

    [Fact]
    public async Task Put_SameIdAgain_Replaces()
    {
        await Store.PutAsync(TestBytes.Shard(1), TestBytes.Make(100, 1), None);
        await PutInPiecesAsync(TestBytes.Shard(1), TestBytes.Make(LongLength, 2), 1 << 20);
        (await GetAsync(TestBytes.Shard(1))).ShouldHold(TestBytes.Make(LongLength, 2));

        await Store.PutAsync(TestBytes.Shard(1), TestBytes.Make(50, 3), None);

        (await GetAsync(TestBytes.Shard(1))).ShouldHold(TestBytes.Make(50, 3));
        (await CollectAsync(Store.ListAsync(None))).ShouldBe([new ShardInfo(TestBytes.Shard(1), 50)]);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 1)]
    [InlineData(1000, 7)]
    [InlineData(1_500_000, 65_536)]
    public async Task Begin_WrittenInPieces_ReadsBack(int length, int pieceSize)
    {
        var content = TestBytes.Make(length, 5);

        await PutInPiecesAsync(TestBytes.Shard(9), content, pieceSize);

        (await GetAsync(TestBytes.Shard(9))).ShouldHold(content);
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(1_500_000)]
    public async Task Begin_NotCommitted_LeavesNothing(int length)
    {
        await using (var writer = await Store.BeginAsync(TestBytes.Shard(1), length, None))
        {
            await writer.WriteAsync(TestBytes.Make(length, 1), None);
            (await Store.StatAsync(TestBytes.Shard(1), None)).ShouldBeNull();
        }

        await ReopenStoreAsync();
        (await Store.StatAsync(TestBytes.Shard(1), None)).ShouldBeNull();
        (await CollectAsync(Store.ListAsync(None))).ShouldBeEmpty();
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(1_500_000)]
    public async Task Commit_WithBytesMissing_IsRefused(int length)
    {
        await using var writer = await Store.BeginAsync(TestBytes.Shard(1), length, None);
        await writer.WriteAsync(TestBytes.Make(length - 1, 1), None);

        await Should.ThrowAsync<InvalidOperationException>(async () => await writer.CommitAsync(None));

        (await Store.StatAsync(TestBytes.Shard(1), None)).ShouldBeNull();
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(1_500_000)]
    public async Task Write_MoreThanAnnounced_IsRefused(int length)
    {
        await using var writer = await Store.BeginAsync(TestBytes.Shard(1), length, None);

        await Should.ThrowAsync<ArgumentException>(async () => await writer.WriteAsync(new byte[length + 1], None));
    }

    [Fact]
    public async Task Put_LongerThanAShard_IsRefused() =>
        await Should.ThrowAsync<ArgumentOutOfRangeException>(async () => await Store.BeginAsync(TestBytes.Shard(1), IShardStore.ShardLengthMax + 1, None));

    [Fact]
    public async Task Delete_Shard_IsGoneAndStaysGone()
    {
        await Store.PutAsync(TestBytes.Shard(1), TestBytes.Make(10, 1), None);
        await Store.PutAsync(TestBytes.Shard(2), TestBytes.Make(10, 2), None);

        (await Store.DeleteAsync(TestBytes.Shard(1), None)).ShouldBe(DeleteOutcome.Deleted);
        (await Store.DeleteAsync(TestBytes.Shard(1), None)).ShouldBe(DeleteOutcome.NotFound);
        (await GetAsync(TestBytes.Shard(1))).ShouldBeNull();

        await ReopenStoreAsync();
        (await GetAsync(TestBytes.Shard(1))).ShouldBeNull();
        (await GetAsync(TestBytes.Shard(2))).ShouldHold(TestBytes.Make(10, 2));
    }

    [Fact]
    public async Task Put_AfterDelete_IsThereAgain()
    {
        await Store.PutAsync(TestBytes.Shard(1), TestBytes.Make(10, 1), None);
        await Store.DeleteAsync(TestBytes.Shard(1), None);
        await Store.PutAsync(TestBytes.Shard(1), TestBytes.Make(10, 1), None);

        await ReopenStoreAsync();

        (await GetAsync(TestBytes.Shard(1))).ShouldHold(TestBytes.Make(10, 1));
    }

    [Fact]
    public async Task List_ManyShards_GivesEachWithItsLength()
    {
        var expected = new List<ShardInfo>();
        for (var i = 0; i < 300; i++)
        {
            var id = new ShardId(new SegmentId((ulong)(i % 3), (ulong)i), (byte)(i % 6));
            expected.Add(new(id, i));
            await Store.PutAsync(id, new byte[i], None);
        }

        (await CollectAsync(Store.ListAsync(None))).ShouldBe(expected, ignoreOrder: true);
    }

    [Fact]
    public async Task Reopen_AfterManyChanges_HasWhatWasThere()
    {
        for (var i = 0UL; i < 100; i++)
            await Store.PutAsync(TestBytes.Shard(i), TestBytes.Make((int)i * 50, (int)i), None);
        await PutInPiecesAsync(TestBytes.Shard(500), TestBytes.Make(LongLength, 500), 1 << 20);
        for (var i = 0UL; i < 100; i += 3)
            await Store.DeleteAsync(TestBytes.Shard(i), None);
        for (var i = 0UL; i < 100; i += 5)
            await Store.PutAsync(TestBytes.Shard(i), TestBytes.Make(7, (int)i), None);

        for (var round = 0; round < 2; round++)
        {
            await ReopenStoreAsync();
            for (var i = 0UL; i < 100; i++)
            {
                var expected = i % 5 == 0 ? TestBytes.Make(7, (int)i) : i % 3 == 0 ? null : TestBytes.Make((int)i * 50, (int)i);
                (await GetAsync(TestBytes.Shard(i))).ShouldHold(expected);
            }

            (await GetAsync(TestBytes.Shard(500))).ShouldHold(TestBytes.Make(LongLength, 500));
        }
    }

    [Fact]
    public async Task Calls_ManyAtOnce_AllTakeEffect()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(async () =>
        {
            for (var i = 0; i < 40; i++)
            {
                var id = new ShardId(new SegmentId((ulong)worker, (ulong)i), (byte)worker);
                var content = TestBytes.Make(i % 10 == 9 ? 600_000 : 100 * i, worker * 1000 + i);
                if (i % 2 == 0)
                    await Store.PutAsync(id, content, None);
                else
                    await PutInPiecesAsync(id, content, 100_000);
                (await GetAsync(id)).ShouldHold(content);
                if (i % 4 == 3)
                    (await Store.DeleteAsync(id, None)).ShouldBe(DeleteOutcome.Deleted);
            }
        })));

        await ReopenStoreAsync();
        (await CollectAsync(Store.ListAsync(None))).Count.ShouldBe(8 * 30);
    }

    [Fact]
    public async Task Put_SameIdAtOnce_EndsWithOneOfThem()
    {
        await Task.WhenAll(Enumerable.Range(1, 20).Select(i => Task.Run(async () => await Store.PutAsync(TestBytes.Shard(1), TestBytes.Make(100, i), None))));

        var found = await GetAsync(TestBytes.Shard(1));
        Enumerable.Range(1, 20).Any(i => TestBytes.Make(100, i).AsSpan().SequenceEqual(found)).ShouldBeTrue();
        await ReopenStoreAsync();
        (await GetAsync(TestBytes.Shard(1))).ShouldHold(found);
    }

    [Fact]
    public async Task Call_WithCancelledToken_ThrowsAndStoreGoesOn()
    {
        using var source = new CancellationTokenSource();
        await source.CancelAsync();

        // Cancelled or, where it could not be stopped any more, done: never anything else.
        try
        {
            await Store.PutAsync(TestBytes.Shard(1), TestBytes.Make(10, 1), source.Token);
            (await GetAsync(TestBytes.Shard(1))).ShouldHold(TestBytes.Make(10, 1));
        }
        catch (OperationCanceledException)
        {
            (await GetAsync(TestBytes.Shard(1)) ?? TestBytes.Make(10, 1)).ShouldHold(TestBytes.Make(10, 1));
        }

        await Store.PutAsync(TestBytes.Shard(2), TestBytes.Make(10, 2), None);
        (await GetAsync(TestBytes.Shard(2))).ShouldHold(TestBytes.Make(10, 2));
    }

    [Fact]
    public async Task Probe_HealthyStore_GivesSpace()
    {
        var space = await Store.ProbeAsync(None);

        Store.Id.ShouldNotBe(StoreId.None);
        Store.FailureDomain.ShouldNotBeNullOrEmpty();
        Store.Location.ShouldNotBeNullOrEmpty();
        if (space.FreeBytes is { } free)
            free.ShouldBeGreaterThan(0);
    }
}
