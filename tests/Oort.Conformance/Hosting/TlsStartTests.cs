using Oort.Conformance.Harness;
using Oort.Shared;
using Shouldly;
using Xunit;

namespace Oort.Conformance.Hosting;

/// <summary>What a start says of certificates and keys that it cannot use.</summary>
public sealed class TlsStartTests
{
    [Theory]
    [InlineData("--tls-cert needs", "--tls-cert", "cert.pem")]
    [InlineData("--tls-key needs", "--tls-key", "key.pem")]
    [InlineData("--tls-cert: ", "--tls-cert", "none.pem", "--tls-key", "key.pem")]
    [InlineData("cannot be used together", "--tls-cert", "cert.pem", "--tls-key", "stray.pem")]
    [InlineData("--hsts tells", "--hsts")]
    public async Task Start_WithoutAPair_SaysTheWayOut(string said, params string[] arguments)
    {
        using var folder = new TemporaryFolder();
        using var authority = new TestAuthority(TimeProvider.System.GetUtcNow());
        var (chain, key) = authority.Issue("first", TimeSpan.FromDays(90));
        await File.WriteAllTextAsync(folder["cert.pem"], chain);
        await File.WriteAllTextAsync(folder["key.pem"], key);
        await File.WriteAllTextAsync(folder["stray.pem"], authority.Issue("stray", TimeSpan.FromDays(90)).Key);
        string[] named = [.. arguments.Select(argument => argument.EndsWith(".pem", StringComparison.Ordinal) ? folder[argument] : argument)];
        var run = await Tool.RunAsync(GatewayProcess.Executable, ["serve", "--data", folder["never"], "--listen", "127.0.0.1:0", .. named], directory: folder.FullPath);
        run.ExitCode.ShouldNotBe(0);
        run.Error.Trim().Split('\n').ShouldHaveSingleItem().ShouldContain(said);
        Directory.Exists(folder["never"]).ShouldBeFalse("nothing is made before it is sure that it can be served");
    }
}
