using Oort.Backends.Crust.Tests.Support;
using Oort.Backends.Suite;

namespace Oort.Backends.Crust.Tests.Orders;

/// <summary>Orders that the account pays itself pass the suite.</summary>
public sealed class OrderSuiteTests : NetworkBackendSuite
{
    protected override async Task<NetworkHarness> CreateAsync() => await OrderHarness.RunAsync();
}
