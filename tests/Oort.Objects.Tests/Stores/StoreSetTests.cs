using Microsoft.Extensions.Logging.Abstractions;
using Oort.Backends;
using Oort.Backends.Suite;
using Oort.Metadata;
using Oort.Objects.Tests.Hosting;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Stores;

public sealed class StoreSetTests
{
    [Fact]
    public async Task Report_Permanent_TakesOfflineAtOnceAndAProbeBringsItBack()
    {
        await using var set = NewSet();
        var store = Add(set);
        store.Offline = true;
        set.Report(store.Id, new(BackendErrorKind.Permanent, "gone"));
        set.Find(store.Id).ShouldBeNull();
        set.Place(new(1, 1), new(1, 0)).ShouldBe([null]);

        store.Offline = false;
        await Eventually.TrueAsync(() => set.Find(store.Id) is not null);
        set.Place(new(1, 1), new(1, 0)).Select(place => place?.Id).ShouldBe([store.Id]);
    }

    [Fact]
    public async Task Report_Full_StopsPlacementButNotReads()
    {
        // No probe comes in between, which would find free space again.
        await using var set = NewSet(probeInterval: TimeSpan.FromHours(1));
        var store = Add(set);
        set.Report(store.Id, new(BackendErrorKind.Full, "no space"));
        set.GetStatus()[0].Health.ShouldBe(StoreHealth.Full);
        (set.Find(store.Id)?.Id).ShouldBe(store.Id);
        set.Place(new(1, 1), new(1, 0)).ShouldBe([null]);
    }

    [Fact]
    public async Task Probe_WritesRefused_ReadsOnlyUntilTheyAreTaken()
    {
        await using var set = NewSet();
        var store = Add(set);
        store.ReadOnly = true;
        await Eventually.TrueAsync(() => set.GetStatus()[0].Health == StoreHealth.ReadOnly);
        set.GetStatus()[0].Reason.ShouldContain("refuses writes");
        (set.Find(store.Id)?.Id).ShouldBe(store.Id);
        set.Place(new(1, 1), new(1, 0)).ShouldBe([null]);

        store.ReadOnly = false;
        await Eventually.TrueAsync(() => set.GetStatus()[0].Health == StoreHealth.Online);
        set.Place(new(1, 1), new(1, 0)).Select(place => place?.Id).ShouldBe([store.Id]);
    }

    [Fact]
    public async Task Report_WriteRefused_StopsPlacementButNotReads()
    {
        // The very first refused write must not cost reads, whenever the next probe comes.
        await using var set = NewSet(probeInterval: TimeSpan.FromHours(1));
        var store = Add(set);
        set.Report(store.Id, new(BackendErrorKind.ReadOnly, "read-only mount"));
        set.Report(store.Id, new(BackendErrorKind.Full, "no space"));
        set.GetStatus()[0].Health.ShouldBe(StoreHealth.ReadOnly);
        (set.Find(store.Id)?.Id).ShouldBe(store.Id);
        set.Place(new(1, 1), new(1, 0)).ShouldBe([null]);
    }

    [Fact]
    public async Task Probe_StoreThatWasReadOnlyIsGone_TakesItOffline()
    {
        await using var set = NewSet();
        var store = Add(set);
        store.ReadOnly = true;
        await Eventually.TrueAsync(() => set.GetStatus()[0].Health == StoreHealth.ReadOnly);
        store.Offline = true;
        await Eventually.TrueAsync(() => set.GetStatus()[0].Health == StoreHealth.Offline);
        set.Find(store.Id).ShouldBeNull();
    }

    [Fact]
    public async Task Report_DamagedShard_SaysNothingAboutTheStore()
    {
        await using var set = NewSet();
        var store = Add(set);
        for (var count = 0; count < 10; count++) set.Report(store.Id, new(BackendErrorKind.Corrupt, "bad cell"));
        set.GetStatus()[0].Health.ShouldBe(StoreHealth.Online);
    }

    [Fact]
    public async Task Geometry_StoreAway_StaysAndRoleChangesIt()
    {
        await using var set = NewSet();
        var stores = Enumerable.Range(0, 6).Select(_ => Add(set)).ToList();
        set.Geometry.ShouldBe(new Geometry(4, 2));
        set.Report(stores[0].Id, new(BackendErrorKind.Permanent, "gone"));
        set.Geometry.ShouldBe(new Geometry(4, 2));
        set.SetState(stores[0].Id, StoreState.Draining);
        set.Geometry.ShouldBe(new Geometry(3, 2));
    }

    [Fact]
    public async Task Probe_ThatHangs_TakesTheStoreOffline()
    {
        await using var set = NewSet(probeTimeout: TimeSpan.FromMilliseconds(50));
        var store = Add(set);
        var hold = store.Hold(StoreOperations.Probe);
        await Eventually.TrueAsync(() => set.GetStatus()[0].Health == StoreHealth.Offline);
        hold.TrySetResult();
        await Eventually.TrueAsync(() => set.GetStatus()[0].Health == StoreHealth.Online);
    }

    private static StoreSet NewSet(TimeSpan? probeTimeout = null, TimeSpan? probeInterval = null) =>
        new(new(1), new() { ProbeInterval = probeInterval ?? TimeSpan.FromMilliseconds(10), ProbeTimeout = probeTimeout ?? TimeSpan.FromSeconds(5), ReopenAfter = TimeSpan.FromMilliseconds(30) }, TimeProvider.System, NullLogger<StoreSet>.Instance);

    private static FlakyStore Add(StoreSet set)
    {
        var store = TestCluster.NewStore();
        set.Add(new OpenStoreEndpoint(store), store.Id, store, StoreState.Active);
        return store;
    }
}
