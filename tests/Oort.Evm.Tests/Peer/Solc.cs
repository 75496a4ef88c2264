using System.Diagnostics;

namespace Oort.Evm.Tests.Peer;

/// <summary>The compiler of contracts, from npm.</summary>
internal static class Solc
{
    /// <summary>What deploys a contract, in hex.</summary>
    /// <param name="source">A file with that contract.</param>
    public static async Task<string> CompileAsync(string source, string contract)
    {
        var folder = Directory.CreateTempSubdirectory("oort-solc-");
        try
        {
            // The names of its output, and a hash in it, are of the path that it is given.
            var name = Path.GetFileNameWithoutExtension(source);
            File.Copy(source, Path.Combine(folder.FullName, name + ".sol"));
            await RunAsync(folder.FullName, name + ".sol");
            return (await File.ReadAllTextAsync(Path.Combine(folder.FullName, $"{name}_sol_{contract}.bin"))).Trim();
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task RunAsync(string folder, string file)
    {
        using var process = Process.Start(new ProcessStartInfo("node", [PeerPackages.Find("solc/solc.js"), "--bin", "--optimize", file]) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true })!;
        try
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));
            var texts = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(limit.Token), process.StandardError.ReadToEndAsync(limit.Token));
            await process.WaitForExitAsync(limit.Token);
            if (process.ExitCode != 0) throw new InvalidOperationException(string.Concat(texts));
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
    }
}
