using System.Text.Json;
using Oort.Conformance.Harness;
using Shouldly;

namespace Oort.Conformance.Nodes;

/// <summary>A gateway's storage nodes as its operator sees them: through the verbs.</summary>
internal sealed class Membership(GatewayProcess gateway, string home)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(300);

    /// <summary>Runs a verb against the gateway.</summary>
    public async Task<Tool.Result> RunAsync(params string[] arguments) => await Tool.RunAsync(GatewayProcess.Executable, [.. arguments, "--endpoint", gateway.Endpoint], Environment());

    public async Task<JsonElement> JsonAsync(params string[] arguments) => JsonDocument.Parse((await RunAsync([.. arguments, "--json"])).ShouldSucceed().Output).RootElement;

    public async Task<string> InviteAsync(params string[] arguments) => (await JsonAsync(["node", "invite", .. arguments])).GetProperty("token").GetString()!;

    public async Task<IReadOnlyDictionary<string, JsonElement>> ListAsync() =>
        (await JsonAsync("node", "list")).GetProperty("nodes").EnumerateArray().ToDictionary(node => node.GetProperty("id").GetString()!);

    /// <summary>Waits until the cluster's nodes, or what else the gateway says, are as they should be.</summary>
    public static async Task UntilAsync(string what, Func<Task<(bool IsSo, string Now)>> look)
    {
        var begun = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var (isSo, now) = await look();
            if (isSo) return;
            if (TimeProvider.System.GetElapsedTime(begun) > s_patience) throw new ShouldAssertException($"Not within {s_patience.TotalMinutes} minutes: {what}. Now: {now}");
            await Task.Delay(s_pause);
        }
    }

    public Task UntilStatesAsync(string what, Func<IReadOnlyDictionary<string, JsonElement>, bool> condition) => UntilAsync(what, async () =>
    {
        var nodes = await ListAsync();
        return (condition(nodes), string.Join("; ", nodes.Values.Select(node => $"{node.GetProperty("id").GetString()![..8]} {State(node)} {node.GetProperty("trouble")} {node.GetProperty("reason")}")));
    });

    /// <summary>Waits until every shard is where it should be.</summary>
    public Task UntilWholeAsync() => UntilAsync("every segment is full", async () =>
    {
        var status = await JsonAsync("status");
        return (status.GetProperty("totals").GetProperty("segmentsNotFull").GetInt64() == 0 && status.GetProperty("repair").GetProperty("queued").GetInt64() == 0, status.ToString());
    });

    /// <summary>"active/online".</summary>
    public static string State(JsonElement node) => $"{node.GetProperty("state")}/{node.GetProperty("health")}";

    private Dictionary<string, string> Environment() => new(gateway.ClientEnvironment(home)) { ["OORT_ACCESS_KEY"] = GatewayProcess.AccessKey, ["OORT_SECRET_KEY"] = GatewayProcess.SecretKey };
}
