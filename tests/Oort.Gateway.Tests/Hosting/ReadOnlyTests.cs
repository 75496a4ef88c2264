using Oort.Gateway.Tests.Model;
using Oort.Gateway.Tests.Operations;
using Oort.Objects;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Hosting;

/// <summary>What clients and load balancers see while disks can be read and refuse writes.</summary>
public sealed class ReadOnlyTests
{
    [Fact]
    public async Task Disks_AllRefuseWrites_PutIs503GetGoesOnAndReadinessSaysSo()
    {
        await using var gateway = await RestartableGateway.StartAsync(isOnDisk: false);
        (await gateway.Client.SendAsync("PUT", "/bucket")).Status.ShouldBe(200);
        var body = TestGateway.Bytes(300_000);
        (await gateway.Client.SendAsync("PUT", "/bucket/large", body)).Status.ShouldBe(200);
        (await gateway.Client.SendAsync("PUT", "/bucket/small", "small")).Status.ShouldBe(200);
        (await gateway.Client.SendAsync("PUT", "/bucket/doubtful", "once")).Status.ShouldBe(200);
        Readiness.Of(gateway.System.GetStatus()).ShouldBe((200, "ok"));

        gateway.Stores[0].ReadOnly = true;
        await UntilAsync(gateway, status => status.Stores[0].Health == StoreHealth.ReadOnly);
        Readiness.Of(gateway.System.GetStatus()).ShouldBe((200, "degraded"));

        foreach (var store in gateway.Stores) store.ReadOnly = true;
        await UntilAsync(gateway, status => status.Stores.All(store => store.Health == StoreHealth.ReadOnly));
        Readiness.Of(gateway.System.GetStatus()).ShouldBe((200, "read-only"));
        gateway.System.GetStatus().Warnings.Count(warning => warning.Contains("refuses writes", StringComparison.Ordinal)).ShouldBe(6);
        (await gateway.Client.SendAsync("PUT", "/bucket/new", body)).Status.ShouldBe(503);
        // The first change that the journal could not take stays in doubt, and its key alone waits for it.
        (await gateway.Client.SendAsync("DELETE", "/bucket/doubtful")).Status.ShouldBe(503);
        (await gateway.Client.SendAsync("DELETE", "/bucket/small")).Status.ShouldBe(503);
        (await gateway.Client.SendAsync("GET", "/bucket/large")).Body.ShouldBeBytes(body);
        (await gateway.Client.SendAsync("GET", "/bucket/small")).Text.ShouldBe("small");

        foreach (var store in gateway.Stores) store.Heal();
        await UntilAsync(gateway, status => status.Stores.All(store => store.Health == StoreHealth.Online));
        Readiness.Of(gateway.System.GetStatus()).ShouldBe((200, "ok"));
        (await gateway.Client.SendAsync("PUT", "/bucket/new", body)).Status.ShouldBe(200);
        (await gateway.Client.SendAsync("GET", "/bucket/new")).Body.ShouldBeBytes(body);
        (await gateway.Client.SendAsync("GET", "/bucket/small")).Text.ShouldBe("small");
        (await gateway.Client.SendAsync("GET", "/bucket/doubtful")).Status.ShouldBe(404);
    }

    private static async Task UntilAsync(RestartableGateway gateway, Func<SystemStatus, bool> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!condition(gateway.System.GetStatus())) await Task.Delay(5, patience.Token);
    }
}
