using System.CommandLine;
using Oort.Gateway;

namespace Oort.Cli.Verbs;

/// <summary><c>oort serve</c>: runs the gateway until SIGTERM or SIGINT.</summary>
internal static class ServeVerb
{
    public static Command Create()
    {
        var options = new GatewayFlags();
        var command = new Command("serve", "Serve S3. Every option can also be given as OORT_NAME in the environment or as \"name\" in oort.json; OORT_ACCESS_KEY and OORT_SECRET_KEY preset the root user.");
        options.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using var host = await GatewayHost.StartAsync(options.Read(parsed), Console.Out, cancellationToken);
            await host.WaitForShutdownAsync(cancellationToken);
            return ExitCode.Done;
        });
        return command;
    }
}
