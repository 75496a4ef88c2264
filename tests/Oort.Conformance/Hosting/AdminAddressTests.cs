using Oort.Conformance.Harness;
using Shouldly;
using Xunit;

namespace Oort.Conformance.Hosting;

/// <summary>Administration on an address of its own.</summary>
public sealed class AdminAddressTests : IAsyncLifetime
{
    private readonly TemporaryFolder folder = new();
    private GatewayProcess gateway = null!;

    public async ValueTask InitializeAsync() => gateway = await GatewayProcess.StartAsync(folder["data"], "--admin-listen", "127.0.0.1:0");

    public async ValueTask DisposeAsync()
    {
        await gateway.DisposeAsync();
        folder.Dispose();
    }

    [Fact]
    public async Task Verbs_AtTheAdminAddress_Work_AndNowhereElse()
    {
        gateway.AdminEndpoint.ShouldNotBe(gateway.Endpoint);
        (await AtAdminAsync("status")).ShouldSucceed();
        (await AtAdminAsync("health")).ShouldSucceed();
        (await gateway.VerbAsync("health")).ShouldSucceed();
        (await gateway.VerbAsync("status")).ShouldFailWith(1, "address of their own");
    }

    [Fact]
    public async Task Verbs_ThatUseS3_NeedNoSecondAddress()
    {
        var environment = gateway.ClientEnvironment(folder.FullPath);
        (await Tool.RunAsync("/usr/bin/aws", ["--endpoint-url", gateway.Endpoint, "s3", "mb", "s3://exported"], environment, folder.FullPath)).ShouldSucceed();
        await File.WriteAllTextAsync(folder["file"], "content");
        (await Tool.RunAsync("/usr/bin/aws", ["--endpoint-url", gateway.Endpoint, "s3", "cp", folder["file"], "s3://exported/key", "--no-progress"], environment, folder.FullPath)).ShouldSucceed();
        (await AtAdminAsync("bucket", "export", "exported", "--to", folder["to"])).ShouldSucceed();
        (await File.ReadAllTextAsync(folder["to", "key"])).ShouldBe("content");
    }

    [Fact]
    public async Task Paths_AtEitherAddress_AreAnsweredWhereTheyBelong()
    {
        (string Path, int AtS3, int AtAdmin)[] paths =
        [
            ("/_oort/admin/v1/status", 404, 403), ("/_oort/admin/v1/openapi.json", 404, 403), ("/_oort/metrics", 404, 200),
            ("/_oort/health/live", 200, 200), ("/_oort/health/ready", 200, 200), ("/_oort/none", 404, 404),
        ];
        using var http = new HttpClient();
        foreach (var (path, atS3, atAdmin) in paths)
        {
            ((int)(await http.GetAsync(new Uri(gateway.Endpoint + path))).StatusCode).ShouldBe(atS3, path);
            ((int)(await http.GetAsync(new Uri(gateway.AdminEndpoint + path))).StatusCode).ShouldBe(atAdmin, path);

            // What a client says of the host it means changes nothing.
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(gateway.Endpoint + path)) { Headers = { Host = new Uri(gateway.AdminEndpoint).Authority } };
            ((int)(await http.SendAsync(request)).StatusCode).ShouldBe(atS3, path);
        }
    }

    [Fact]
    public async Task Start_BothOnOneAddress_IsRefused()
    {
        var run = await Tool.RunAsync(GatewayProcess.Executable, ["serve", "--data", folder["never"], "--listen", "127.0.0.1:9", "--admin-listen", "127.0.0.1:9"], directory: folder.FullPath);
        run.ShouldFailWith(2, "--admin-listen: 127.0.0.1:9 is where S3 is served");
    }

    private Task<Tool.Result> AtAdminAsync(params string[] arguments) =>
        Tool.RunAsync(GatewayProcess.Executable, [.. arguments, "--endpoint", gateway.AdminEndpoint], new Dictionary<string, string> { ["OORT_ACCESS_KEY"] = GatewayProcess.AccessKey, ["OORT_SECRET_KEY"] = GatewayProcess.SecretKey });
}
