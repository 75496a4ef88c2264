using Oort.Backends.Ipfs.Tests.Support;
using Oort.Backends.Suite;

namespace Oort.Backends.Ipfs.Tests.Items;

/// <summary>A node that is read back from itself passes the suite.</summary>
public sealed class NodeSuiteTests : NetworkBackendSuite
{
    protected override Task<NetworkHarness> CreateAsync() => IpfsHarness.NodeAsync();
}

/// <summary>A node that is read back through a gateway passes the suite.</summary>
public sealed class NodeAndGatewaySuiteTests : NetworkBackendSuite
{
    protected override Task<NetworkHarness> CreateAsync() => IpfsHarness.NodeAndGatewayAsync();
}

/// <summary>A pinning service passes the suite.</summary>
public sealed class PinningSuiteTests : NetworkBackendSuite
{
    protected override Task<NetworkHarness> CreateAsync() => IpfsHarness.ServiceAsync();
}
