using Oort.Backends.Memory;
using Oort.Backends.Suite;

namespace Oort.Backends.Tests.Flaky;

/// <summary>A decorator that injects nothing is the store it wraps.</summary>
public sealed class FlakyStoreConformanceTests : StoreConformance
{
    protected override Task<IStore> CreateAsync() => Task.FromResult<IStore>(new FlakyStore(new MemoryStore(new StoreId(1))));

    protected override Task<IStore> ReopenAsync(IStore store) => Task.FromResult(store);
}
