using Oort.Backends.Arweave.Tests.Peers;
using Oort.Backends.Arweave.Tests.Support;
using Oort.Backends.Suite;

namespace Oort.Backends.Arweave.Tests;

/// <summary>The whole suite through a bundler, signed by an Arweave wallet.</summary>
public sealed class BundledSuiteTests : NetworkBackendSuite
{
    protected override Task<NetworkHarness> CreateAsync() => Task.FromResult<NetworkHarness>(new ArweaveHarness(Wallets.Own));
}

/// <summary>The whole suite through a bundler, signed by the key of an Ethereum account.</summary>
public sealed class EthereumBundledSuiteTests : NetworkBackendSuite
{
    protected override Task<NetworkHarness> CreateAsync() => Task.FromResult<NetworkHarness>(new ArweaveHarness(Wallets.Ethereum));
}

/// <summary>The whole suite with items that are transactions of their own.</summary>
public sealed class DirectSuiteTests : NetworkBackendSuite
{
    protected override Task<NetworkHarness> CreateAsync() => Task.FromResult<NetworkHarness>(new ArweaveHarness(null));
}
