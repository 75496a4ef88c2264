using Oort.Backends.Filecoin.Tests.Peers;
using Oort.Backends.Suite;

namespace Oort.Backends.Filecoin.Tests;

/// <summary>The whole suite against the stub of a provider.</summary>
public sealed class FilecoinSuiteTests : NetworkBackendSuite
{
    protected override async Task<NetworkHarness> CreateAsync() => await FilecoinHarness.StartAsync();
}

/// <summary>The same where little is read back, and the contract does not tell its prices.</summary>
public sealed class FilecoinSampledSuiteTests : NetworkBackendSuite
{
    protected override async Task<NetworkHarness> CreateAsync()
    {
        var harness = await FilecoinHarness.StartAsync(options => options with { ReadBack = FilecoinReadBack.Sample });
        harness.Stub.Chain.TellsPrices = false;
        return harness;
    }
}
