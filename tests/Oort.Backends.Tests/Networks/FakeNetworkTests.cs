using Oort.Backends.Suite;

namespace Oort.Backends.Tests.Networks;

/// <summary>The network in memory passes the suite.</summary>
public sealed class FakeNetworkTests : NetworkBackendSuite
{
    protected override Task<NetworkHarness> CreateAsync() => Task.FromResult<NetworkHarness>(new FakeNetworkHarness());
}
