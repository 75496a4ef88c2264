using System.CommandLine;

namespace Oort.Cli.Verbs;

/// <summary><c>oort health</c>: exit code 0 when the gateway is ready; for container health checks.</summary>
internal static class HealthVerb
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    public static Command Create()
    {
        var endpoint = new Option<string>("--endpoint") { Description = "The gateway's URL (default http://127.0.0.1:9000).", HelpName = "URL", DefaultValueFactory = _ => "http://127.0.0.1:9000" };
        var command = new Command("health", "Ask whether a gateway is ready; exit code 0 when it is.") { endpoint };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var http = new HttpClient { Timeout = Timeout };
            try
            {
                using var answer = await http.GetAsync(new Uri(new Uri(parsed.GetRequiredValue(endpoint)), "/_oort/health/ready"), cancellationToken);
                Console.Out.WriteLine(await answer.Content.ReadAsStringAsync(cancellationToken));
                return answer.IsSuccessStatusCode ? ExitCode.Done : ExitCode.Failed;
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException or UriFormatException)
            {
                throw new AdminException($"No gateway answers at {parsed.GetRequiredValue(endpoint)}: {e.Message}");
            }
        });
        return command;
    }
}
