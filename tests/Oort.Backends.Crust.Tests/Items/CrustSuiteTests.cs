using Oort.Backends.Crust.Tests.Support;
using Oort.Backends.Suite;

namespace Oort.Backends.Crust.Tests.Items;

/// <summary>Crust passes the suite.</summary>
public sealed class CrustSuiteTests : NetworkBackendSuite
{
    protected override async Task<NetworkHarness> CreateAsync() => await CrustHarness.RunAsync();
}
