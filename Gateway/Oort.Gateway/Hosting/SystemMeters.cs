using System.Diagnostics.Metrics;
using System.Text.Json;
using Oort.Objects;
using Oort.Objects.Budget;
using Oort.Objects.Costs;
using Oort.Objects.Networks;
using Oort.Objects.Placement;

namespace Oort.Gateway;

/// <summary>The object system's state as gauges, asked when the page is fetched.</summary>
internal sealed class SystemMeters : IDisposable
{
    private readonly Meter meter = new("Oort.Gateway.System");

    public SystemMeters(IObjectSystem system, BufferPool buffers)
    {
        Gauge("oort.store.up", "1 when the store takes reads.", s => Stores(s, x => x.Health == StoreHealth.Offline ? 0 : 1));
        Gauge("oort.store.writable", "1 when the store takes writes.", s => Stores(s, x => x.Health is StoreHealth.Online or StoreHealth.Suspect ? 1 : 0));
        Gauge("oort.store.free.bytes", "Free space of the store.", s => Stores(s, x => x.Space.FreeBytes ?? 0));
        Gauge("oort.store.capacity.bytes", "Size of the store's medium.", s => Stores(s, x => x.Space.CapacityBytes ?? 0));
        Gauge("oort.store.failures", "Failures reported of the store since the start.", s => Stores(s, x => x.Failures));
        Gauge("oort.write.possible", "1 when enough stores take writes.", s => [new(s.CanWrite ? 1 : 0)]);
        Gauge("oort.repair.queue.segments", "Segments waiting for repair.", s => [new(s.Repair.Queued)]);
        Gauge("oort.repair.running.segments", "Segments being repaired.", s => [new(s.Repair.Running)]);
        Gauge("oort.repair.notfull.segments", "Segments that lacked a shard at the last scan.", s => [new(s.Repair.NotFull)]);
        Gauge("oort.store.latency.microseconds", "Mean round trip of the store's recent probes.", _ => system.Stores.Describe().Select(store => Of(store.Location, (long)(store.LatencyMilliseconds * 1000))));
        Gauge("oort.placement.short", "1 when the last segment of the policy could not keep it.", s => s.Placement.Select(one => new Measurement<long>((one.Shortfall & ~PlacementShortfall.Stores) != 0 ? 1 : 0, new KeyValuePair<string, object?>("policy", one.Policy))));
        Gauge("oort.placement.short.segments", "Segments since the start that could not keep their policy.", s => s.Placement.Select(one => new Measurement<long>(one.Short, new KeyValuePair<string, object?>("policy", one.Policy))));
        Gauge("oort.rebalance.running", "1 while shards are moved, or are looked at for it.", s => [new(s.Rebalance.State == "running" ? 1 : 0)]);
        Gauge("oort.rebalance.looked.segments", "Segments that the pass under way, or the last one, has looked at.", s => [new(s.Rebalance.Looked)]);
        Gauge("oort.rebalance.total.segments", "Segments there were when it began.", s => [new(s.Rebalance.Total)]);
        Counter("oort.rebalance.moved.shards", "Shards moved.", s => s.Rebalance.Moved);
        Counter("oort.rebalance.moved.bytes", "Bytes of shards moved.", s => s.Rebalance.MovedBytes);
        Counter("oort.rebalance.failed", "Moves that could not be made.", s => s.Rebalance.Failed);
        Gauge("oort.audit.stores", "Stores that are audited.", s => [new(s.Audits.Stores)]);
        Counter("oort.tiering.moved", "Versions moved to another storage class or place.", s => s.Tiering.Moved);
        Counter("oort.tiering.written.bytes", "Bytes written anew for moves and restores.", s => s.Tiering.MovedBytes);
        Counter("oort.tiering.restored", "Archived versions restored.", s => s.Tiering.Restored);
        Counter("oort.tiering.expired", "Restored copies let go of.", s => s.Tiering.Expired);
        Counter("oort.tiering.failed", "Moves and restores that could not be made; they are tried again.", s => s.Tiering.Failed);
        Counter("oort.lifecycle.looked", "Versions that lifecycles looked at.", s => s.Tiering.Looked);
        Counter("oort.lifecycle.ended", "Versions and delete markers that lifecycles have ended.", s => s.Tiering.Ended);
        Counter("oort.lifecycle.uploads.ended", "Uploads that lifecycles have ended.", s => s.Tiering.UploadsEnded);
        Counter("oort.lifecycle.refused", "Deletes of lifecycles that were refused; they are tried again.", s => s.Tiering.Refused);
        Gauge("oort.tiering.restores.waiting", "Versions that wait to be restored.", s => [new(s.Tiering.RestoresWaiting)]);
        Counter("oort.audit.passed", "Audits passed.", s => s.Audits.Passed);
        Counter("oort.audit.failed", "Audits failed: the shard was not there, or other bytes.", s => s.Audits.Failed);
        Counter("oort.audit.timedout", "Audits without an answer in time.", s => s.Audits.TimedOut);
        Counter("oort.audit.offline", "Audits of stores that could not be reached.", s => s.Audits.Offline);
        Counter("oort.audit.read.bytes", "Bytes of shards that audits have read.", s => s.Audits.Bytes);
        Gauge("oort.store.reputation.permille", "Score of an audited store: 1000 is the best.", _ => system.Stores.Describe().Where(store => system.Reputations.Find(store.Id) is not null).Select(store => Of(store.Location, (long)(store.Reputation * 1000))));
        Gauge("oort.collector.quarantined.shards", "Shards that no row names, waiting for their time.", s => [new(s.Collector.Quarantined)]);
        Gauge("oort.shred.waiting", "Deleted data ids whose keys may still be in journals and snapshots.", s => [new(s.Shredding.Waiting)]);
        Gauge("oort.shred.oldest.seconds", "How long the oldest of them has waited.", s => [new(s.Shredding.Oldest is { } since ? (long)(TimeProvider.System.GetUtcNow() - since).TotalSeconds : 0)]);
        Gauge("oort.shred.heldback", "1 when the last attempt could not claim that they are gone.", s => [new(s.Shredding.HeldBack.Length > 0 ? 1 : 0)]);
        Gauge("oort.read.hot.bytes", "Bytes kept of cells that stores would have to be waited for.", s => [new(s.HotCells.Bytes)]);
        Counter("oort.read.hot.hits", "Cells that were kept when they were asked for.", s => s.HotCells.Hits);
        Counter("oort.read.hot.misses", "Cells that were neither in memory nor kept.", s => s.HotCells.Misses);
        Counter("oort.read.joined", "Reads that joined one under way of the same bytes.", s => s.HotCells.Joined);
        Gauge("oort.cache.works", "1 while the cache on a near disk is read from and written to; absent without one.", s => s.Cache is { } cache ? [new(cache.Fault.Length == 0 ? 1 : 0)] : []);
        Gauge("oort.cache.bytes", "Bytes of its disk that the cache takes.", s => s.Cache is { } cache ? [new(cache.Bytes)] : []);
        Gauge("oort.cache.cells", "Cells that are in the cache.", s => s.Cache is { } cache ? [new(cache.Cells)] : []);
        Counter("oort.cache.hits", "Cells that were read from the cache.", s => s.Cache?.Hits ?? 0);
        Counter("oort.cache.hit.bytes", "Bytes that were read from the cache.", s => s.Cache?.HitBytes ?? 0);
        Counter("oort.cache.misses", "Cells that had to be asked of far stores.", s => s.Cache?.Misses ?? 0);
        Counter("oort.cache.written", "Cells that came into the cache.", s => s.Cache?.Written ?? 0);
        Counter("oort.cache.written.bytes", "Bytes that came into the cache.", s => s.Cache?.WrittenBytes ?? 0);
        Counter("oort.cache.evicted", "Cells that went from the cache to make room.", s => s.Cache?.Evicted ?? 0);
        Counter("oort.cache.skipped", "Cells that were worth keeping and did not come in, as disk or memory was behind.", s => s.Cache?.Skipped ?? 0);
        Counter("oort.cache.bad", "Cells in the cache that could not be read, or were not what was written.", s => s.Cache?.Bad ?? 0);
        Gauge("oort.network.answers", "0 when the network has not answered for a while, or cannot be opened.", s => Networks(s, network => network.Warnings.Any(warning => warning.Trouble is NetworkTrouble.Closed or NetworkTrouble.Silent) ? 0 : 1));
        Gauge("oort.network.items", "Items on the network, by state.", s => s.Networks.SelectMany(network => network.Items.Select(item => Of(network, item.Value, "state", item.Key))));
        Gauge("oort.network.bytes", "Bytes of the network's items that count as copies.", s => Networks(s, network => network.Bytes));
        Gauge("oort.network.waiting.bytes", "Bytes of short shards that wait on stores, until there are enough of them for an item.", s => Networks(s, network => network.Counts.Waiting.Bytes));
        Gauge("oort.network.unsealed.oldest.seconds", "How long the oldest item that is to be sealed has waited, as far as this gateway knows.", s => Networks(s, network => (long)(network.OldestUnsealed ?? TimeSpan.Zero).TotalSeconds));
        Counters("oort.network.steps", "Steps that items on the network took.", s => Networks(s, network => network.Counts.StepsTaken));
        Counters("oort.network.steps.failed", "Steps that failed, by what went wrong.", s => s.Networks.SelectMany(network => network.Counts.StepsFailed.Select(one => Of(network, one.Count, "kind", one.Kind))));
        Counters("oort.network.reads", "Reads from the network.", s => Networks(s, network => network.Counts.Reads));
        Counters("oort.network.reads.failed", "Reads from the network that failed.", s => Networks(s, network => network.Counts.ReadsFailed));
        Counters("oort.network.read.bytes", "Bytes read from the network.", s => Networks(s, network => network.Counts.ReadBytes));
        Counters("oort.network.read.milliseconds", "What reads from the network took together; divided by their count, the mean.", s => Networks(s, network => (long)network.Counts.ReadTime.TotalMilliseconds));
        meter.CreateObservableGauge("oort.network.account.balance", () => system.GetStatus().Networks.Where(network => network.Account is not null).Select(network => new Measurement<double>((double)network.Account!.Balance, new("network", network.Name), new("unit", network.Account.Unit))), description: "What is left on the network's account.");
        Gauge("oort.network.account.lasts.seconds", "How long the network's account still pays for what is there; absent where it is not known.", s => s.Networks.Where(network => network.Account?.LastsUntil is not null).Select(network => new Measurement<long>((long)(network.Account!.LastsUntil!.Value - TimeProvider.System.GetUtcNow()).TotalSeconds, new KeyValuePair<string, object?>("network", network.Name))));
        Gauge("oort.network.account.age.seconds", "How old the network's word on its account is.", s => s.Networks.Where(network => network.AccountAsOf is not null).Select(network => new Measurement<long>((long)(TimeProvider.System.GetUtcNow() - network.AccountAsOf!.Value).TotalSeconds, new KeyValuePair<string, object?>("network", network.Name))));
        Gauge("oort.budget.limit.cents", "What may be spent on networks in this month, in US cents, by network or bucket.", s => Budgets(s, one => (long)(one.Limit * 100)));
        Gauge("oort.budget.spent.cents", "What is spent of it.", s => Budgets(s, one => (long)(one.Spent * 100)));
        Gauge("oort.budget.holding", "1 while items wait that would pass it.", s => Budgets(s, one => one.IsHolding ? 1 : 0));
        Gauge("oort.budget.level.percent", "The highest of 50, 80 and 100 percent of it that was reached; otherwise 0.", s => Budgets(s, one => one.Level));
        Counter("oort.budget.held", "Times that an item for a network had to wait for a budget.", s => s.Spending.Held);
        Counter("oort.budget.emergencies", "Items that were sent beyond a budget, since data were at risk.", s => s.Spending.Emergencies);
        Gauge("oort.cost.spent.cents", "What was spent on networks in this month, in US cents, by kind; waste and emergency are parts of the others.", s => s.Spending.Lines.Select(line => new Measurement<long>((long)(line.Dollars * 100), new("network", line.Network), new("kind", JsonNamingPolicy.CamelCase.ConvertName(line.Kind.ToString())))));
        Gauge("oort.drill.clean", "1 when the last recovery drill found nothing; absent before the first.", s => s.Drill is { } drill ? [new(drill.IsClean ? 1 : 0)] : []);
        Gauge("oort.drill.compared.versions", "Versions that the last recovery drill compared.", s => s.Drill is { } drill ? [new(drill.Compared)] : []);
        Gauge("oort.drill.time.seconds", "When the last recovery drill began, seconds since 1970.", s => s.Drill is { } drill ? [new(drill.Started.ToUnixTimeSeconds())] : []);
        Gauge("oort.metadata.generation", "Newest committed generation.", s => [new((long)s.Generation)]);
        meter.CreateObservableGauge("oort.metadata.journal.lag", () => (long)(system.Metadata.CommittedGeneration - system.Metadata.JournalledGeneration), description: "Generations committed and not yet journalled.");
        meter.CreateObservableCounter("oort.process.allocated.bytes", () => GC.GetTotalAllocatedBytes(), description: "Bytes allocated on the managed heap since the start.");
        meter.CreateObservableCounter("oort.process.collections", () => (long)GC.CollectionCount(0), description: "Garbage collections of any generation since the start.");
        meter.CreateObservableGauge("oort.process.heap.bytes", () => GC.GetGCMemoryInfo(GCKind.Any).HeapSizeBytes, description: "Managed heap after the last collection, buffers included.");
        meter.CreateObservableGauge("oort.process.heap.committed.bytes", () => GC.GetGCMemoryInfo(GCKind.Any).TotalCommittedBytes, description: "Memory that the managed heap had taken from the system at the last collection.");
        meter.CreateObservableGauge("oort.process.heap.generation.bytes", Generations, description: "Managed heap after the last collection, by generation (loh: large objects, poh: pinned ones, the buffers among them).");
        meter.CreateObservableGauge("oort.buffers.used.bytes", () => buffers.Budget.Used, description: "Bytes of the buffer budget in use.");
        meter.CreateObservableGauge("oort.buffers.free.bytes", () => buffers.Free, description: "Bytes of buffers kept for the next request.");
        meter.CreateObservableGauge("oort.process.memory.bytes", () => Environment.WorkingSet, description: "Resident memory of the process.");

        void Gauge(string name, string help, Func<SystemStatus, IEnumerable<Measurement<long>>> read) =>
            meter.CreateObservableGauge(name, () => read(system.GetStatus()), description: help);
        void Counter(string name, string help, Func<SystemStatus, long> read) =>
            meter.CreateObservableCounter(name, () => read(system.GetStatus()), description: help);
        void Counters(string name, string help, Func<SystemStatus, IEnumerable<Measurement<long>>> read) =>
            meter.CreateObservableCounter(name, () => read(system.GetStatus()), description: help);
    }

    public void Dispose() => meter.Dispose();

    private static IEnumerable<Measurement<long>> Generations()
    {
        var generations = GC.GetGCMemoryInfo(GCKind.Any).GenerationInfo;
        // Their order is the runtime's: 0, 1, 2, then the large and the pinned objects.
        string[] names = ["0", "1", "2", "loh", "poh"];
        var all = new Measurement<long>[Math.Min(generations.Length, names.Length)];
        for (var i = 0; i < all.Length; i++) all[i] = new(generations[i].SizeAfterBytes, new KeyValuePair<string, object?>("generation", names[i]));
        return all;
    }

    private static IEnumerable<Measurement<long>> Stores(SystemStatus status, Func<StoreStatus, long> value) =>
        status.Stores.Select(store => Of(store.Location, value(store)));

    private static IEnumerable<Measurement<long>> Networks(SystemStatus status, Func<NetworkStatus, long> value) =>
        status.Networks.Select(network => new Measurement<long>(value(network), new KeyValuePair<string, object?>("network", network.Name)));

    private static IEnumerable<Measurement<long>> Budgets(SystemStatus status, Func<BudgetStatus, long> value) =>
        status.Spending.Budgets.Select(one => new Measurement<long>(value(one), new("network", one.Network), new("bucket", one.Bucket)));

    private static Measurement<long> Of<T>(NetworkStatus network, long value, string tag, T tagged)
        where T : struct, Enum => new(value, new("network", network.Name), new(tag, DiskModel.Lower(tagged)));

    private static Measurement<long> Of(string store, long value) => new(value, new KeyValuePair<string, object?>("store", store));
}
