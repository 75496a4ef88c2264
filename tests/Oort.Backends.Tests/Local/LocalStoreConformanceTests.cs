using Microsoft.Extensions.Logging.Abstractions;
using Oort.Backends.Local;
using Oort.Backends.Suite;

namespace Oort.Backends.Tests.Local;

public sealed class LocalStoreConformanceTests : StoreConformance
{
    private static readonly ClusterId s_cluster = new(77);

    // Small steps and volumes, so that the tests cross their borders.
    private static readonly LocalStoreOptions s_options = new() { VolumeSizeBytes = 2 << 20, AllocationStepBytes = 1 << 20, HeadroomBytes = 0 };

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("oort-store-");

    protected override async Task<IStore> CreateAsync()
    {
        await LocalStore.InitialiseAsync(_folder.FullName, new StoreId(5), s_cluster, TimeProvider.System, None);
        return await LocalStore.OpenAsync(_folder.FullName, s_cluster, s_options, NullLogger.Instance, None);
    }

    protected override async Task<IStore> ReopenAsync(IStore store)
    {
        await store.DisposeAsync();
        return await LocalStore.OpenAsync(_folder.FullName, s_cluster, s_options, NullLogger.Instance, None);
    }

    protected override Task CleanUpAsync()
    {
        _folder.Delete(recursive: true);
        return Task.CompletedTask;
    }
}
