using Oort.Backends.Memory;
using Oort.Backends.Suite;

namespace Oort.Backends.Tests.Memory;

public sealed class MemoryStoreConformanceTests : StoreConformance
{
    protected override Task<IStore> CreateAsync() => Task.FromResult<IStore>(new MemoryStore(new StoreId(1)));

    protected override Task<IStore> ReopenAsync(IStore store) => Task.FromResult(store);
}
