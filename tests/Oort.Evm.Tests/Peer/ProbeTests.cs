using System.Diagnostics;
using Shouldly;

namespace Oort.Evm.Tests.Peer;

public sealed class ProbeTests
{
    [Fact]
    public async Task Hex_IsWhatTheCompilerMakesOfTheSource()
    {
        var folder = Directory.CreateTempSubdirectory("oort-probe-");
        try
        {
            // The names of its output, and a hash in it, are of the path that it is given.
            File.Copy(Path.Combine(AppContext.BaseDirectory, "Peer", "Probe.sol"), Path.Combine(folder.FullName, "Probe.sol"));
            await CompileAsync(folder.FullName);
            var made = await File.ReadAllTextAsync(Path.Combine(folder.FullName, "Probe_sol_Probe.bin"));
            Probe.Hex.ShouldBe(made.Trim());
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task CompileAsync(string folder)
    {
        using var process = Process.Start(new ProcessStartInfo("node", [PeerPackages.Find("solc/solc.js"), "--bin", "--optimize", "Probe.sol"]) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true })!;
        try
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));
            var texts = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(limit.Token), process.StandardError.ReadToEndAsync(limit.Token));
            await process.WaitForExitAsync(limit.Token);
            process.ExitCode.ShouldBe(0, string.Concat(texts));
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
    }
}
