using Oort.Conformance.Harness;
using Xunit;

[assembly: AssemblyFixture(typeof(SharedGateway))]

namespace Oort.Conformance.Harness;

/// <summary>One gateway for all the tests that only use it and do not break it.</summary>
public sealed class SharedGateway : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private GatewayProcess? _gateway;

    internal GatewayProcess Gateway => _gateway ?? throw new InvalidOperationException("The gateway has not been started.");

    public async ValueTask InitializeAsync() => _gateway = await GatewayProcess.StartAsync(_folder["data"]);

    public async ValueTask DisposeAsync()
    {
        if (_gateway is not null) await _gateway.DisposeAsync();
        _folder.Dispose();
    }
}
