using System.Text.Json;

namespace Oort.Conformance.Harness;

/// <summary>Verbs as an operator runs them: with the gateway's keys in the environment, and a folder for home and work.</summary>
internal static class Verb
{
    public static Task<Tool.Result> RunAsync(GatewayProcess gateway, TemporaryFolder folder, params string[] arguments)
    {
        var environment = new Dictionary<string, string>(gateway.ClientEnvironment(folder.FullPath)) { ["OORT_ACCESS_KEY"] = GatewayProcess.AccessKey, ["OORT_SECRET_KEY"] = GatewayProcess.SecretKey };
        return Tool.RunAsync(GatewayProcess.Executable, arguments, environment, folder.FullPath);
    }

    /// <summary>What a verb that must succeed prints with <c>--json</c>.</summary>
    public static async Task<JsonElement> JsonAsync(GatewayProcess gateway, TemporaryFolder folder, params string[] arguments) =>
        JsonSerializer.Deserialize<JsonElement>((await RunAsync(gateway, folder, [.. arguments, "--json"])).ShouldSucceed().Output);
}
