using Oort.Backends.S3.Tests.Peers;
using Oort.Backends.Suite;
using Oort.S3.Client.Tests.Services;

namespace Oort.Backends.S3.Tests;

/// <summary>The whole suite against Oort's own gateway.</summary>
public sealed class S3SuiteTests(ServiceFixture service) : NetworkBackendSuite
{
    protected override async Task<NetworkHarness> CreateAsync() => await S3Harness.StartAsync(service);
}

/// <summary>The same where little is read back, and the cloud has no checksums.</summary>
public sealed class S3SampledSuiteTests(ServiceFixture service) : NetworkBackendSuite
{
    protected override async Task<NetworkHarness> CreateAsync()
    {
        var harness = await S3Harness.StartAsync(service, options => options with { ReadBack = S3ReadBack.Sample, Client = options.Client with { BodyForm = Oort.S3.Client.S3BodyForm.Plain } });
        harness.Proxy.HasChecksums = false;
        return harness;
    }
}
