using System.CommandLine;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Oort.Gateway;
using Oort.Objects;

namespace Oort.Cli.Verbs;

/// <summary><c>oort metadata backup</c>, from a running gateway, and <c>oort metadata restore</c>, into the data directory of one that is stopped.</summary>
internal static class BackupVerbs
{
    public static Command Backup()
    {
        var remote = new RemoteFlags();
        var to = new Option<string>("--to") { Description = "The file to write; there must be none yet.", HelpName = "FILE", Required = true };
        var command = new Command("backup", "Write a sealed backup of a running gateway's metadata to a file, while everything goes on.") { to };
        remote.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var path = Path.GetFullPath(parsed.GetRequiredValue(to));
            if (File.Exists(path)) throw new ConfigurationException($"{path} is there already; name another file.");
            using var client = remote.Connect(parsed);
            var (generation, bytes) = await WriteAsync(client, path, cancellationToken);
            if (remote.IsJson(parsed)) Output.Json(JsonSerializer.SerializeToElement(new { generation, bytes, file = path }, JsonSerializerOptions.Web));
            else Console.Out.WriteLine($"Backup up to change {generation}: {bytes} bytes in {path}.");
            return ExitCode.Done;
        });
        return command;
    }

    public static Command Restore()
    {
        var flags = new GatewayFlags("data", "disk", "metadata", "recovery-phrase-file", "log-level", "log-format");
        var from = new Option<string>("--from") { Description = "A file that oort metadata backup wrote.", HelpName = "FILE", Required = true };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var command = new Command("restore", "Put a backup in the place of a stopped gateway's database, or into an empty one on PostgreSQL (--metadata), and give it everything that the journal on the disks holds beyond it.") { from, json };
        flags.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var options = flags.Read(parsed);
            var report = await RestoreAsync(options, parsed.GetRequiredValue(from), cancellationToken);
            if (parsed.GetValue(json)) Output.Json(JsonSerializer.SerializeToElement(report, JsonSerializerOptions.Web));
            else Print(report, options);
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>1. Beside its place. 2. Durable. 3. In its place.</summary>
    private static async Task<(string Generation, long Bytes)> WriteAsync(AdminClient client, string path, CancellationToken cancellationToken)
    {
        var partial = path + ".partial";
        try
        {
            // 1.
            string generation;
            long bytes;
            File.Delete(partial);
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Options = FileOptions.Asynchronous };
            if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            await using (var file = new FileStream(partial, options))
            {
                generation = await client.DownloadAsync("metadata/backup", AdminJson.BackupGenerationHeader, file, cancellationToken);

                // 2.
                await file.FlushAsync(cancellationToken);
                file.Flush(flushToDisk: true);
                bytes = file.Length;
            }

            // 3.
            File.Move(partial, path);
            DurableFile.SyncDirectory(Path.GetDirectoryName(path)!);
            return (generation, bytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AdminException($"The backup could not be written: {e.Message}");
        }
        finally
        {
            if (File.Exists(partial)) File.Delete(partial);
        }
    }

    private static async Task<RestoreReport> RestoreAsync(GatewayOptions options, string backup, CancellationToken cancellationToken)
    {
        if (!File.Exists(Path.Combine(options.DataDirectory, "identity")))
            throw new ConfigurationException($"{Path.GetFullPath(options.DataDirectory)} is no data directory; name the gateway's with --data DIR. Without one, rebuild it from the disks: oort recover.");
        using var directory = DataDirectory.Open(options.DataDirectory);
        using var loggers = LoggerFactory.Create(logging => GatewayLogging.Add(logging.SetMinimumLevel(options.LogLevel), options));
        using var root = await SystemStart.LoadRootAsync(options, directory.FullPath, Console.Error, cancellationToken);
        using var nodes = new NodeEndpoints(root);
        var restore = new RestoreOptions { DataDirectory = directory.FullPath, BackupPath = backup, MetadataDatabase = options.Metadata?.Reveal(), Locate = nodes.Locate };
        try
        {
            return await MetadataRestore.RunAsync(restore, SystemStart.Disks(options, directory.FullPath, loggers), root, TimeProvider.System, loggers, null, cancellationToken);
        }
        catch (Exception e) when (e is RestoreRefusedException or StartRefusedException)
        {
            throw new AdminException(e.Message);
        }
    }

    private static void Print(RestoreReport report, GatewayOptions options)
    {
        Console.Out.WriteLine($"The backup is of change {report.BackupGeneration} ({report.BackupCreated:u}).");
        if (report.BaseGeneration != report.BackupGeneration) Console.Out.WriteLine($"The journal no longer reaches back to it: the newer snapshot of change {report.BaseGeneration} on the disks took its place.");
        Console.Out.WriteLine($"With {report.Records} journal records the database is at change {report.Generation}: everything that was acknowledged is in it. Serve it with:");
        Console.Out.WriteLine($"  oort serve --data {options.DataDirectory} {string.Join(' ', options.Disks.Select(d => "--disk " + d))}".TrimEnd() + (options.Metadata is null ? "" : " --metadata URL"));
    }
}
