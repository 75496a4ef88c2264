using System.Text.RegularExpressions;
using Oort.Conformance.Harness;
using Shouldly;
using Xunit;

namespace Oort.Conformance.Clients;

/// <summary>Debian's curl with its own Signature V4: the way README and the start announcement show newcomers.</summary>
public sealed partial class CurlTests(SharedGateway shared)
{
    private static readonly string[] Signed = ["--silent", "--show-error", "--fail", "--aws-sigv4", "aws:amz:us-east-1:s3", "--user", $"{GatewayProcess.AccessKey}:{GatewayProcess.SecretKey}"];

    private string Endpoint => shared.Gateway.Endpoint;

    [Fact]
    public async Task Readme_FirstUpload_WorksAsWritten()
    {
        using var folder = new TemporaryFolder();
        var readme = await File.ReadAllTextAsync(Path.Combine(TestFiles.Interop, "..", "..", "README.md"));
        var block = ReadmeBlock().Match(readme);
        block.Success.ShouldBeTrue("README.md has no block of shell with --aws-sigv4");
        var text = block.Groups[1].Value;
        var script = "set -eu\n" + Keys().Replace(text, "").Replace("http://127.0.0.1:9000", Endpoint, StringComparison.Ordinal);
        await File.WriteAllTextAsync(folder["README.md"], readme);
        var run = (await Tool.RunAsync("/bin/bash", ["-c", script], shared.Gateway.ClientEnvironment(folder.FullPath), folder.FullPath)).ShouldSucceed();
        run.Output.TrimEnd('\n').ShouldBe(readme.TrimEnd('\n'));
    }

    [Fact]
    public async Task Announcement_CurlCommand_WorksAsPrinted()
    {
        using var folder = new TemporaryFolder();
        (await CurlAsync(folder, "-X", "PUT", $"{Endpoint}/first")).ShouldSucceed();
        var command = shared.Gateway.Log.Split('\n').Single(line => line.TrimStart().StartsWith("curl --aws-sigv4", StringComparison.Ordinal)).Trim();
        await File.WriteAllTextAsync(folder["README.md"], "read me");
        (await Tool.RunAsync("/bin/bash", ["-c", command], shared.Gateway.ClientEnvironment(folder.FullPath), folder.FullPath)).ShouldSucceed();
        (await CurlAsync(folder, $"{Endpoint}/first/readme")).ShouldSucceed().Output.ShouldBe("read me\n");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1_100_000)]
    [InlineData(9_000_001)]
    public async Task Upload_AnySize_ComesBack(int size)
    {
        using var folder = new TemporaryFolder();
        var bucket = $"{Endpoint}/curl-{size}";
        await File.WriteAllBytesAsync(folder["from"], TestFiles.Bytes(size, size));
        (await CurlAsync(folder, "-X", "PUT", bucket)).ShouldSucceed();
        (await CurlAsync(folder, "-T", folder["from"], $"{bucket}/a%20b/%C3%A9+c")).ShouldSucceed();
        (await CurlAsync(folder, "-o", folder["to"], $"{bucket}/a%20b/%C3%A9+c")).ShouldSucceed();
        (await File.ReadAllBytesAsync(folder["to"])).ShouldBe(await File.ReadAllBytesAsync(folder["from"]));
        (await CurlAsync(folder, $"{bucket}?list-type=2&prefix=a%20b%2F")).ShouldSucceed().Output.ShouldContain("<Key>a b/é+c</Key>");
        (await CurlAsync(folder, "-X", "DELETE", $"{bucket}/a%20b/%C3%A9+c")).ShouldSucceed();
        (await CurlAsync(folder, "-X", "DELETE", bucket)).ShouldSucceed();
    }

    [Fact]
    public async Task Upload_BodyOnTheCommandLine_IsVerifiedAgainstItsSignature()
    {
        using var folder = new TemporaryFolder();
        (await CurlAsync(folder, "-X", "PUT", $"{Endpoint}/curl-data")).ShouldSucceed();
        (await CurlAsync(folder, "-X", "PUT", "--data-binary", "hello", $"{Endpoint}/curl-data/key")).ShouldSucceed();
        (await CurlAsync(folder, $"{Endpoint}/curl-data/key")).ShouldSucceed().Output.ShouldBe("hello\n");
    }

    [Fact]
    public async Task Upload_LengthUnknown_IsMissingContentLength()
    {
        using var folder = new TemporaryFolder();
        (await CurlAsync(folder, "-X", "PUT", $"{Endpoint}/curl-stdin")).ShouldSucceed();
        var refused = await Tool.RunAsync("/usr/bin/curl", [.. Signed.Where(option => option != "--fail"), "--fail-with-body", "-T", "-", $"{Endpoint}/curl-stdin/key"], input: "some bytes");
        refused.ExitCode.ShouldBe(22);
        refused.Output.ShouldContain("<Code>MissingContentLength</Code>");
    }

    private static Task<Tool.Result> CurlAsync(TemporaryFolder folder, params string[] arguments) => Tool.RunAsync("/usr/bin/curl", [.. Signed, .. arguments], directory: folder.FullPath);

    [GeneratedRegex("```sh\n([^`]*--aws-sigv4[^`]*)```")]
    private static partial Regex ReadmeBlock();

    // The keys come from the environment instead of the start's output.
    [GeneratedRegex("export AWS_ACCESS_KEY_ID=.*\n")]
    private static partial Regex Keys();
}
