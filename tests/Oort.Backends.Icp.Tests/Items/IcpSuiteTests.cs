using Oort.Backends.Icp.Tests.Support;
using Oort.Backends.Suite;

namespace Oort.Backends.Icp.Tests.Items;

/// <summary>Canisters pass the suite when something writes to them.</summary>
public sealed class IcpSuiteTests : NetworkBackendSuite
{
    protected override async Task<NetworkHarness> CreateAsync() => await IcpHarness.RunAsync();
}
