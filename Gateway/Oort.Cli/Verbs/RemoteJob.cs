using System.Text.Json;
using Spectre.Console;

namespace Oort.Cli.Verbs;

/// <summary>A long task on the gateway, watched to its end.</summary>
internal static class RemoteJob
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(300);

    /// <summary>Starts the task and shows its progress on standard error (none with <paramref name="quiet"/>, or when that is no terminal).</summary>
    /// <returns>Its result.</returns>
    /// <exception cref="AdminException">It failed; says why.</exception>
    public static async Task<JsonElement> RunAsync(AdminClient client, string resource, object body, bool quiet, CancellationToken cancellationToken)
    {
        var job = await client.SendAsync(HttpMethod.Post, resource, body, cancellationToken);
        var id = job.GetProperty("id").GetString()!;
        if (quiet || Console.IsErrorRedirected) return await WaitAsync(client, id, _ => { }, cancellationToken);
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        return await console.Progress().StartAsync(async context =>
        {
            var task = context.AddTask(resource);
            return await WaitAsync(client, id, state =>
            {
                task.MaxValue = Math.Max(1, state.GetProperty("total").GetDouble());
                task.Value = state.GetProperty("done").GetDouble();
            }, cancellationToken);
        });
    }

    private static async Task<JsonElement> WaitAsync(AdminClient client, string id, Action<JsonElement> show, CancellationToken cancellationToken)
    {
        while (true)
        {
            var state = await client.SendAsync(HttpMethod.Get, $"jobs/{id}", null, cancellationToken);
            show(state);
            switch (state.GetProperty("state").GetString())
            {
                case "done":
                    return state.GetProperty("result");
                case "failed":
                    throw new AdminException(state.GetProperty("message").GetString() ?? "The task failed; the gateway's log says why.");
            }

            await Task.Delay(PollInterval, cancellationToken);
        }
    }
}
