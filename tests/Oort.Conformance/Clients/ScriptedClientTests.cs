using Oort.Conformance.Harness;
using Shouldly;
using Xunit;

namespace Oort.Conformance.Clients;

/// <summary>Client libraries of other languages, driven by the scripts in tests/interop.</summary>
public sealed class ScriptedClientTests(SharedGateway shared)
{
    [Fact]
    public Task Boto3_DefaultSettings_EveryCheckHolds() => RunAsync("/usr/bin/python3", "boto.py", checks: 7);

    [Fact]
    public Task AwsSdkForJavaScript_DefaultSettings_EveryCheckHolds() => RunAsync("node", "sdk.mjs", checks: 8);

    [Fact]
    public Task MinioForJavaScript_DefaultSettings_EveryCheckHolds() => RunAsync("node", "minio.mjs", checks: 6);

    private async Task RunAsync(string program, string script, int checks)
    {
        using var home = new TemporaryFolder();
        var result = await Tool.RunAsync(program, [Path.Combine(TestFiles.Interop, script)], shared.Gateway.ClientEnvironment(home.FullPath), directory: TestFiles.Interop);
        result.ShouldSucceed();
        result.Output.Split('\n').Count(line => line.StartsWith("held: ", StringComparison.Ordinal)).ShouldBe(checks, result.Output);
    }
}
