using System.CommandLine;

namespace Oort.Cli.Verbs;

/// <summary><c>oort health</c>: exit code 0 when the gateway is ready; for container health checks.</summary>
internal static class HealthVerb
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    public static Command Create()
    {
        var endpoint = new Option<string>("--endpoint") { Description = "The gateway's URL (default http://127.0.0.1:9000).", HelpName = "URL", DefaultValueFactory = _ => "http://127.0.0.1:9000" };
        var caFile = RemoteFlags.CaFileOption();
        var command = new Command("health", "Ask whether a gateway is ready; exit code 0 when it is.") { endpoint, caFile };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var http = CaFile.Connect(RemoteFlags.Authorities(parsed, caFile), Timeout);
            try
            {
                using var answer = await http.GetAsync(new Uri(new Uri(parsed.GetRequiredValue(endpoint)), "/_oort/health/ready"), cancellationToken);
                Console.Out.WriteLine(await answer.Content.ReadAsStringAsync(cancellationToken));
                return answer.IsSuccessStatusCode ? ExitCode.Done : ExitCode.Failed;
            }
            catch (HttpRequestException e) when (e.HttpRequestError == HttpRequestError.SecureConnectionError)
            {
                throw AdminClient.Distrusted(new Uri(parsed.GetRequiredValue(endpoint)), e);
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException or UriFormatException)
            {
                throw new AdminException($"No gateway answers at {parsed.GetRequiredValue(endpoint)}: {e.Message}");
            }
        });
        return command;
    }
}
