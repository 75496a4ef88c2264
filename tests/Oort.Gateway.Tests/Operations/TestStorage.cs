using Microsoft.Extensions.Logging.Abstractions;
using Oort.Backends;
using Oort.Backends.Memory;
using Oort.Crypto;
using Oort.Objects;

namespace Oort.Gateway.Tests.Operations;

/// <summary>The whole object system over six stores in memory; its workers do not run by themselves.</summary>
internal sealed class TestStorage : IAsyncDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("oort-gateway-");
    private readonly RootKey root = RecoveryPhrase.Generate().DeriveRoot();
    private ObjectSystem system = null!;

    public IObjectSystem Inner => system;

    public IObjectLayer Layer => system.Objects;

    public static async Task<TestStorage> OpenAsync(string defaultKey = "")
    {
        var storage = new TestStorage();
        var stores = Enumerable.Range(1, 6).Select(i => new OpenStoreEndpoint(new MemoryStore(new StoreId((UInt128)i)))).ToList();
        var options = new ObjectSystemOptions { DataDirectory = storage.directory.FullName, RunWorkers = false, Objects = new() { DefaultKey = defaultKey } };
        storage.system = await ObjectSystem.OpenAsync(options, stores, storage.root, TimeProvider.System, NullLoggerFactory.Instance, CancellationToken.None);
        return storage;
    }

    public async ValueTask DisposeAsync()
    {
        await system.DisposeAsync();
        root.Dispose();
        directory.Delete(recursive: true);
    }
}
