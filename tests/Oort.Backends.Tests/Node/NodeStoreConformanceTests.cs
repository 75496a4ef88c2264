using Oort.Backends.Suite;

namespace Oort.Backends.Tests.Node;

/// <summary>The suite against a real node with real TLS; reopening also stops the node and starts it again.</summary>
public sealed class NodeStoreConformanceTests : StoreConformance
{
    private TestNode? _node;

    protected override async Task<IStore> CreateAsync()
    {
        _node = await TestNode.StartAsync();
        return await _node.CreateStoreAsync();
    }

    protected override async Task<IStore> ReopenAsync(IStore store)
    {
        await store.DisposeAsync();
        await _node!.StartHostAsync();
        return await _node.OpenStoreAsync();
    }

    protected override async Task CleanUpAsync() => await _node!.DisposeAsync();
}
