using System.CommandLine;
using Oort.Gateway;

namespace Oort.Cli.Verbs;

/// <summary><c>oort metadata migrate</c>: from SQLite to PostgreSQL, while the gateway serves; and <see cref="BackupVerbs"/>.</summary>
internal static class MetadataVerb
{
    public static Command Create()
    {
        var remote = new RemoteFlags();
        var to = new Option<string?>("--to") { Description = "The PostgreSQL database, empty: postgres://USER@HOST:PORT/DATABASE (default: OORT_METADATA, where a password belongs).", HelpName = "URL" };
        var migrate = new Command("migrate", "Move a running gateway's metadata from SQLite to PostgreSQL. Reads go on; changes are refused for the last moment. Can be interrupted and started again.") { to };
        remote.AddTo(migrate);
        migrate.SetAction(async (parsed, cancellationToken) =>
        {
            var address = parsed.GetValue(to) ?? Environment.GetEnvironmentVariable("OORT_METADATA");
            if (string.IsNullOrEmpty(address)) throw new ConfigurationException("Name the database with --to URL or OORT_METADATA.");
            using var client = remote.Connect(parsed);
            var result = await RemoteJob.RunAsync(client, "metadata/migrate", new { to = address }, remote.IsJson(parsed), cancellationToken);
            if (remote.IsJson(parsed)) Output.Json(result);
            else Output.Fields(result);
            return ExitCode.Done;
        });
        return new Command("metadata", "Back up, restore and move the metadata.") { BackupVerbs.Backup(), BackupVerbs.Restore(), migrate };
    }
}
