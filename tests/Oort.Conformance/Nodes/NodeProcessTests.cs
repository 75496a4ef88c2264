using Oort.Backends;
using Oort.Backends.Node;
using Oort.Conformance.Harness;
using Oort.Node.Protocol;
using Oort.Shared;
using Shouldly;
using Xunit;

namespace Oort.Conformance.Nodes;

/// <summary>The verb <c>oort node</c> as a process of its own.</summary>
public sealed class NodeProcessTests : IDisposable
{
    private static readonly ClusterId s_cluster = new(77);

    private readonly TemporaryFolder _folder = new();
    private readonly NodeIdentity _gateway = NodeIdentity.Create();

    public void Dispose()
    {
        _gateway.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Node_KilledAndStartedAgain_HasWhatItAcknowledged()
    {
        var content = new byte[3_000_000];
        new Random(1).NextBytes(content);
        await using (var node = await NodeProcess.StartAsync(_folder["node"], "--gateway", _gateway.Id.ToString()))
        {
            node.Announcement.GetProperty("isNew").GetBoolean().ShouldBeTrue();
            await using var store = await NodeStore.CreateAsync(node.Address, _gateway, s_cluster, new(), CancellationToken.None);
            await store.PutAsync(new(new(1, 1), 0), content, CancellationToken.None);
            await store.AppendLogAsync("journal", 0, content.AsMemory(0, 1000), CancellationToken.None);
            // Begun and not ended: it must never be seen.
            var writer = await store.BeginAsync(new(new(1, 2), 0), content.Length, CancellationToken.None);
            await writer.WriteAsync(content, CancellationToken.None);
            await node.KillAsync();
        }

        await using var again = await NodeProcess.StartAsync(_folder["node"], "--gateway", _gateway.Id.ToString());
        await using var reopened = await NodeStore.OpenAsync(again.Address, _gateway, s_cluster, new(), CancellationToken.None);

        var read = new byte[content.Length];
        (await reopened.ReadAsync(new(new(1, 1), 0), 0, read, CancellationToken.None)).ShouldBe(content.Length);
        read.AsSpan().SequenceEqual(content).ShouldBeTrue();
        (await reopened.LogLengthAsync("journal", CancellationToken.None)).ShouldBe(1000);
        (await reopened.StatAsync(new(new(1, 2), 0), CancellationToken.None)).ShouldBeNull();
        (await again.TerminateAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task Node_AtIdlePriority_RunsBehindEverythingElse()
    {
        await using var node = await NodeProcess.StartAsync(_folder["node"], "--idle", "--gateway", _gateway.Id.ToString());

        // proc(5): field 19 of stat is the nice value.
        var stat = await File.ReadAllTextAsync($"/proc/{node.ProcessId}/stat");
        stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[16].ShouldBe("19");
    }

    [Theory]
    [InlineData("--gateway", "ab", "--gateway")]
    [InlineData("--space", "1GiB", "at least 2 GiB")]
    [InlineData("--space", "much", "--space")]
    [InlineData("--bandwidth", "1KiB", "at least 128 KiB")]
    [InlineData("--hours", "7", "--hours")]
    [InlineData("--listen", "9100", "--listen")]
    public async Task Node_WithABadOption_SaysWhichAndEnds(string option, string value, string said)
    {
        var result = await Tool.RunAsync(GatewayProcess.Executable, ["node", "--data", _folder["bad"], option, value]);

        result.ExitCode.ShouldBe(2);
        result.Error.ShouldContain(said);
        Directory.Exists(_folder["bad"]).ShouldBeFalse();
    }
}
