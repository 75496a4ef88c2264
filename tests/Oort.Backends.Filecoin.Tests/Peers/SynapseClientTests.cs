using System.Diagnostics;
using System.Text.Json;
using Oort.Backends.Suite;
using Shouldly;

namespace Oort.Backends.Filecoin.Tests.Peers;

/// <summary>The service's own client (npm @filoz/synapse-core) against the stub of a provider: what our backend is tested with is what others speak to.</summary>
public sealed class SynapseClientTests
{
    private const string Key = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
    private static readonly TimeSpan limit = TimeSpan.FromMinutes(5);

    [Fact]
    public async Task Client_OfTheService_PutsReadsAndRemovesAPiece()
    {
        await using var stub = await StubProvider.StartAsync(new SteppingTime(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)));
        (stub.ParkDelay, stub.Chain.BlockDelay) = (TimeSpan.Zero, TimeSpan.Zero);
        var bytes = TestBytes.Make(1_000, 1);
        var found = await RunAsync(stub.Endpoint.ToString(), Key, StubChain.Payee.ToString(), Convert.ToHexStringLower(bytes));
        found.GetProperty("pieceCid").GetString().ShouldBe(PieceCid.Of(bytes).ToString());
        found.GetProperty("isRight").GetBoolean().ShouldBeTrue();
        found.GetProperty("dataSetId").GetInt32().ShouldBe(1);
        found.GetProperty("pieceId").GetInt32().ShouldBe(0);
        (stub.Chain.CreationCount, stub.Chain.AdditionCount, stub.Chain.RemovalCount, stub.Chain.RejectionCount).ShouldBe((1, 1, 1, 0));
        stub.Chain.DataSets[0].ScheduledRemovals.ShouldBe([0UL]);
    }

    private static async Task<JsonElement> RunAsync(params string[] arguments)
    {
        var folder = FindFolder();
        if (!Directory.Exists(Path.Combine(folder, "node_modules"))) throw new InvalidOperationException("The npm packages of tests/peers/filecoin are not installed: run ./build.sh, or npm ci --ignore-scripts in that folder.");
        using var process = Process.Start(new ProcessStartInfo("node", ["client.mjs", .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder })!;
        using var late = new CancellationTokenSource(limit);
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(late.Token), process.StandardError.ReadToEndAsync(late.Token));
        try
        {
            await process.WaitForExitAsync(late.Token);
        }
        finally
        {
            if (!process.HasExited) process.Kill();
        }

        process.ExitCode.ShouldBe(0, await errors);
        return JsonDocument.Parse((await output).TrimEnd().Split('\n')[^1]).RootElement;
    }

    private static string FindFolder()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "Oort.sln"))) folder = folder.Parent;
        return Path.Combine(folder.FullName, "tests", "peers", "filecoin");
    }
}
