using Oort.Backends.Local;
using Oort.Backends.Suite;
using Shouldly;
using Xunit;

namespace Oort.Backends.Tests.Local;

/// <summary>A disk that fails: what it means for the call, for the store, and for what was acknowledged before.</summary>
public sealed class FaultTests : IDisposable
{
    private readonly RecordingDisk _medium = StoreFixture.NewDisk();
    private readonly FaultyDisk _disk;

    public FaultTests() => _disk = new FaultyDisk(_medium);

    private static CancellationToken None => CancellationToken.None;

    public void Dispose() => _disk.Dispose();

    [Theory]
    [InlineData(DiskFault.Fail)]
    [InlineData(DiskFault.FailAfterDoing)]
    public async Task Sync_Failed_IsNeverRepeatedAndTheStoreTakesNoMoreWrites(DiskFault fault)
    {
        await using (var store = StoreFixture.Open(_disk))
        {
            await store.PutAsync(TestBytes.Shard(1), TestBytes.Make(500, 1), None);
            _disk.Inject(DiskCalls.Sync, fault, pathPrefix: "volumes/");

            (await FailureOf(() => store.PutAsync(TestBytes.Shard(2), TestBytes.Make(500, 2), None))).ShouldBe(BackendErrorKind.ReadOnly);

            var syncs = Syncs();
            (await FailureOf(() => store.PutAsync(TestBytes.Shard(3), TestBytes.Make(500, 3), None))).ShouldBe(BackendErrorKind.ReadOnly);
            (await FailureOf(async () => await store.DeleteAsync(TestBytes.Shard(1), None))).ShouldBe(BackendErrorKind.ReadOnly);
            (await FailureOf(async () => await store.BeginAsync(TestBytes.Shard(4), 10_000, None))).ShouldBe(BackendErrorKind.ReadOnly);
            (await FailureOf(() => store.AppendLogAsync("a", 0, new byte[1], None))).ShouldBe(BackendErrorKind.ReadOnly);
            (await store.ProbeAsync(None)).Refusal.ShouldNotBeNull().EndsByReopening.ShouldBeTrue();
            Syncs().ShouldBe(syncs);
            (await ReadAsync(store, 1)).ShouldBe(TestBytes.Make(500, 1));
        }

        // The page cache still had the failed group: it must not be believed in.
        await using var reopened = StoreFixture.Open(_medium);
        (await StoreFixture.ReadAllAsync(reopened)).Keys.ShouldBe([TestBytes.Shard(1)]);
        await reopened.PutAsync(TestBytes.Shard(2), TestBytes.Make(500, 2), None);
        (await ReadAsync(reopened, 2)).ShouldBe(TestBytes.Make(500, 2));
    }

    [Theory]
    [InlineData(DiskCalls.Open, DiskErrorKind.Denied)]
    [InlineData(DiskCalls.Write, DiskErrorKind.Denied)]
    [InlineData(DiskCalls.Sync, DiskErrorKind.Failed)]
    public async Task Probe_WritesRefused_IsReadOnlyUntilTheyAreTaken(DiskCalls call, DiskErrorKind kind)
    {
        await using var store = StoreFixture.Open(_disk);
        await store.PutAsync(TestBytes.Shard(1), TestBytes.Make(500, 1), None);
        _disk.Inject(call, kind: kind, pathPrefix: "temp/");

        var space = await store.ProbeAsync(None);

        space.CapacityBytes.ShouldNotBeNull();
        space.Refusal.ShouldNotBeNull().EndsByReopening.ShouldBeFalse();
        (await ReadAsync(store, 1)).ShouldBe(TestBytes.Make(500, 1));
        (await store.ProbeAsync(None)).Refusal.ShouldBeNull();
        await store.PutAsync(TestBytes.Shard(2), TestBytes.Make(500, 2), None);
    }

    [Theory]
    [InlineData(DiskCalls.Read, DiskErrorKind.Failed, "identity")]
    [InlineData(DiskCalls.Open, DiskErrorKind.Gone, "temp/")]
    public async Task Probe_MediumGone_Fails(DiskCalls call, DiskErrorKind kind, string path)
    {
        await using var store = StoreFixture.Open(_disk);
        _disk.Inject(call, kind: kind, pathPrefix: path);

        (await FailureOf(async () => await store.ProbeAsync(None))).ShouldBe(BackendErrorKind.Permanent);
    }

    [Fact]
    public async Task Probe_PoisonedAndWritesRefused_AsksToBeReopenedOnlyWhenThatHelps()
    {
        await using (var store = StoreFixture.Open(_disk))
        {
            await store.PutAsync(TestBytes.Shard(1), TestBytes.Make(500, 1), None);
            _disk.Inject(DiskCalls.Write, kind: DiskErrorKind.Denied, times: int.MaxValue);
            (await FailureOf(() => store.PutAsync(TestBytes.Shard(2), TestBytes.Make(500, 2), None))).ShouldBe(BackendErrorKind.ReadOnly);
            (await store.ProbeAsync(None)).Refusal.ShouldNotBeNull().EndsByReopening.ShouldBeFalse();

            _disk.Heal();
            (await store.ProbeAsync(None)).Refusal.ShouldNotBeNull().EndsByReopening.ShouldBeTrue();
            (await ReadAsync(store, 1)).ShouldBe(TestBytes.Make(500, 1));
        }

        await using var reopened = StoreFixture.Open(_disk);
        (await reopened.ProbeAsync(None)).Refusal.ShouldBeNull();
        await reopened.PutAsync(TestBytes.Shard(2), TestBytes.Make(500, 2), None);
    }

    [Fact]
    public async Task Volume_DeletedWhileOpen_IsNeverAcknowledgedInto()
    {
        await using var store = StoreFixture.Open(_disk);
        await store.PutAsync(TestBytes.Shard(1), TestBytes.Make(500, 1), None);
        _disk.Unlink(VolumeFormat.FileName(1));

        (await FailureOf(() => store.PutAsync(TestBytes.Shard(2), TestBytes.Make(500, 2), None))).ShouldBe(BackendErrorKind.ReadOnly);
        (await FailureOf(() => store.PutBlobAsync("a", new byte[1], None))).ShouldBe(BackendErrorKind.ReadOnly);
        (await ReadAsync(store, 1)).ShouldBe(TestBytes.Make(500, 1));
    }

    [Fact]
    public async Task Log_DeletedWhileOpen_IsNeverAcknowledgedInto()
    {
        await using var store = StoreFixture.Open(_disk);
        await store.AppendLogAsync("journal/1", 0, new byte[10], None);
        _disk.Unlink("logs/journal_1");

        (await FailureOf(() => store.AppendLogAsync("journal/1", 10, new byte[10], None))).ShouldBe(BackendErrorKind.ReadOnly);
    }

    [Theory]
    [InlineData(DiskCalls.Allocate)]
    [InlineData(DiskCalls.Write)]
    public async Task NoSpace_AtAPut_IsFullAndPoisonsNothing(DiskCalls call)
    {
        await using var store = StoreFixture.Open(_disk);
        await store.PutAsync(TestBytes.Shard(1), TestBytes.Make(500, 1), None);
        _disk.Inject(call, kind: DiskErrorKind.NoSpace, pathPrefix: "volumes/", times: call == DiskCalls.Allocate ? 2 : 1);

        (await FailureOf(() => store.PutAsync(TestBytes.Shard(2), TestBytes.Make(15_000, 2), None))).ShouldBe(BackendErrorKind.Full);

        await store.PutAsync(TestBytes.Shard(3), TestBytes.Make(15_000, 3), None);
        (await ReadAsync(store, 1)).ShouldBe(TestBytes.Make(500, 1));
        (await ReadAsync(store, 3)).ShouldBe(TestBytes.Make(15_000, 3));
        (await store.StatAsync(TestBytes.Shard(2), None)).ShouldBeNull();
    }

    [Fact]
    public async Task Disk_Full_CanBeEmptiedAndUsedAgain()
    {
        _medium.CapacityBytes = 400_000;
        await using var store = StoreFixture.Open(_disk, StoreFixture.Options with { HeadroomBytes = 100_000 });
        var count = 0UL;
        var failure = default(BackendErrorKind?);
        while (failure is null)
        {
            try
            {
                await store.PutAsync(TestBytes.Shard(count), TestBytes.Make(1900, (int)count), None);
                count++;
            }
            catch (BackendException e)
            {
                failure = e.Kind;
            }
        }

        failure.ShouldBe(BackendErrorKind.Full);
        count.ShouldBeGreaterThan(20UL);
        var freed = 0;
        for (var i = 0UL; i < count; i++)
        {
            (await ReadAsync(store, i)).ShouldBe(TestBytes.Make(1900, (int)i));
            if (i % 8 != 0)
                (await store.DeleteAsync(TestBytes.Shard(i), None)).ShouldBe(DeleteOutcome.Deleted);
            // One block a delete uses up this headroom of 24 blocks; compaction, which may use it too, gives back more.
            if (i % 12 == 11)
                freed += (await store.CompactAsync(None)).VolumeCount;
        }

        freed.ShouldBeGreaterThan(2);
        await store.PutAsync(TestBytes.Shard(1), TestBytes.Make(1900, 77), None);
        (await ReadAsync(store, 1)).ShouldBe(TestBytes.Make(1900, 77));
        (await ReadAsync(store, 8)).ShouldBe(TestBytes.Make(1900, 8));
    }

    [Fact]
    public async Task Read_Unreadable_IsCorruptAndOtherShardsAreFine()
    {
        await using var store = StoreFixture.Open(_disk);
        await store.PutAsync(TestBytes.Shard(1), TestBytes.Make(500, 1), None);
        await store.PutAsync(TestBytes.Shard(2), TestBytes.Make(500, 2), None);

        _disk.Inject(DiskCalls.Read, pathPrefix: "volumes/");
        (await FailureOf(async () => await ReadAsync(store, 1))).ShouldBe(BackendErrorKind.Corrupt);
        (await ReadAsync(store, 2)).ShouldBe(TestBytes.Make(500, 2));
        _disk.Inject(DiskCalls.Read, DiskFault.ShortRead, pathPrefix: "volumes/");
        (await FailureOf(async () => await ReadAsync(store, 1))).ShouldBe(BackendErrorKind.Corrupt);
        _disk.Inject(DiskCalls.Read, kind: DiskErrorKind.Gone, pathPrefix: "volumes/");
        (await FailureOf(async () => await ReadAsync(store, 1))).ShouldBe(BackendErrorKind.Permanent);

        await store.PutAsync(TestBytes.Shard(3), TestBytes.Make(500, 3), None);
    }

    [Fact]
    public async Task Disk_Hanging_LeavesCallsPendingAndOthersFree()
    {
        await using var store = StoreFixture.Open(_disk);
        await store.PutAsync(TestBytes.Shard(1), TestBytes.Make(500, 1), None);
        _disk.Inject(DiskCalls.Sync, DiskFault.Hang, pathPrefix: "volumes/");

        var hanging = store.PutAsync(TestBytes.Shard(2), TestBytes.Make(500, 2), None).AsTask();
        await _disk.Hung;
        using var source = new CancellationTokenSource();
        var queued = store.PutAsync(TestBytes.Shard(3), TestBytes.Make(500, 3), source.Token).AsTask();
        (await ReadAsync(store, 1)).ShouldBe(TestBytes.Make(500, 1));
        await store.AppendLogAsync("journal/1", 0, new byte[10], None);

        // What still waits can be cancelled, and is then never done.
        await source.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => queued);
        hanging.IsCompleted.ShouldBeFalse();
        _disk.Release();
        await hanging;
        await store.PutAsync(TestBytes.Shard(4), new byte[1], None);
        (await store.StatAsync(TestBytes.Shard(3), None)).ShouldBeNull();
    }

    [Fact]
    public async Task Checkpoint_Failing_CostsOnlyTime()
    {
        await using (var store = StoreFixture.Open(_disk))
        {
            _disk.Inject(DiskCalls.All, pathPrefix: "temp/index", times: int.MaxValue);
            for (var i = 0UL; i < 50; i++)
                await store.PutAsync(TestBytes.Shard(i), TestBytes.Make(1900, (int)i), None);
        }

        await using var reopened = StoreFixture.Open(_medium);
        (await StoreFixture.ReadAllAsync(reopened)).Count.ShouldBe(50);
    }

    [Fact]
    public async Task Compaction_UnreadableShard_KeepsItsVolume()
    {
        await using var store = StoreFixture.Open(_disk);
        for (var i = 0UL; i < 40; i++)
            await store.PutAsync(TestBytes.Shard(i), TestBytes.Make(1900, (int)i), None);
        for (var i = 1UL; i < 40; i++)
            await store.DeleteAsync(TestBytes.Shard(i), None);

        // Reads of a volume: tables twice, then the one live shard; whichever fails, nothing is lost.
        for (var skip = 0; skip < 6; skip++)
        {
            _disk.Inject(DiskCalls.Read, pathPrefix: VolumeFormat.FileName(1), skip: skip);
            await store.CompactAsync(None);
            _disk.Heal();
            (await ReadAsync(store, 0)).ShouldBe(TestBytes.Make(1900, 0));
        }
    }

    [Fact]
    public async Task Opening_WithAnUnreadableIndex_ReadsTheVolumes()
    {
        var id = new ShardId(new SegmentId(1, 1), 0);
        await using (var store = StoreFixture.Open(_disk))
            await store.PutAsync(id, new byte[] { 1, 2, 3 }, CancellationToken.None);
        _disk.Inject(DiskCalls.Read, pathPrefix: "index", times: int.MaxValue);

        await using var again = StoreFixture.Open(_disk);
        (await StoreFixture.ReadAllAsync(again))[id].ShouldBe([1, 2, 3]);
    }

    [Fact]
    public async Task Opening_WithAnUnreadableVolume_SaysSo()
    {
        await using (var store = StoreFixture.Open(_disk))
            await store.PutAsync(TestBytes.Shard(1), new byte[10], None);
        _disk.Inject(DiskCalls.Read, kind: DiskErrorKind.Gone, pathPrefix: "volumes/");

        Should.Throw<BackendException>(() => StoreFixture.Open(_disk)).Kind.ShouldBe(BackendErrorKind.Permanent);

        // The lock was let go.
        await StoreFixture.Open(_disk).DisposeAsync();
    }

    private int Syncs() => _medium.CopyOperations().Count(operation => operation.Kind == DiskOperationKind.Sync && operation.Path.StartsWith("volumes/", StringComparison.Ordinal));

    private static async Task<byte[]> ReadAsync(LocalStore store, ulong shard)
    {
        var content = new byte[20_000];
        return content[..await store.ReadAsync(TestBytes.Shard(shard), 0, content, None)];
    }

    private static async Task<BackendErrorKind> FailureOf(Func<ValueTask> call) => (await Should.ThrowAsync<BackendException>(async () => await call())).Kind;
}
