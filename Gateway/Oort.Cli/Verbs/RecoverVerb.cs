using System.CommandLine;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Oort.Gateway;
using Oort.Objects;
using Spectre.Console;

namespace Oort.Cli.Verbs;

/// <summary><c>oort recover</c>: rebuilds a data directory from disks, storage nodes and the phrase alone. Exit code 1 when something of the namespace could not be rebuilt.</summary>
internal static class RecoverVerb
{
    private static readonly TimeSpan s_connectTimeout = TimeSpan.FromSeconds(45);

    public static Command Create()
    {
        var flags = new GatewayFlags("data", "disk", "log-level", "log-format");
        var phraseFile = new Option<string>("--phrase-file") { Description = "File with the 24-word recovery phrase.", HelpName = "FILE", Required = true };
        var node = new Option<string[]>("--node") { Description = "Address of a storage node, with its id where that is known; may be repeated. One is enough: the others are found through it.", HelpName = "HOST:PORT[#ID]" };
        var acceptLoss = new Option<bool>("--accept-loss") { Description = "Go on although journal records are missing or the stores disagree." };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var command = new Command("recover", "Rebuild the whole namespace into a new data directory from disks, storage nodes and the recovery phrase alone. Can be interrupted and started again.") { phraseFile, node, acceptLoss, json };
        flags.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var options = flags.Read(parsed);
            var nodes = parsed.GetValue(node) ?? [];
            if (options.Disks.IsEmpty && nodes.Length == 0) throw new ConfigurationException("Name the disks with --disk DIR, each of them, and a storage node with --node HOST:PORT; more stores make the rebuilt namespace more complete.");
            using var phrase = SystemStart.ReadPhrase(parsed.GetRequiredValue(phraseFile));
            var report = await RunAsync(options, nodes, phrase, parsed.GetValue(acceptLoss), parsed.GetValue(json), cancellationToken);
            if (parsed.GetValue(json)) Output.Json(JsonSerializer.SerializeToElement(report, JsonSerializerOptions.Web));
            else Print(report, options);
            return report.Problems.IsEmpty && report.UnreadableSegments == 0 ? ExitCode.Done : ExitCode.Failed;
        });
        return command;
    }

    private static async Task<RecoveryReport> RunAsync(GatewayOptions options, string[] names, Oort.Crypto.RecoveryPhrase phrase, bool acceptLoss, bool quiet, CancellationToken cancellationToken)
    {
        using var root = phrase.DeriveRoot();
        using var directory = DataDirectory.Open(options.DataDirectory);
        using var loggers = LoggerFactory.Create(logging => GatewayLogging.Add(logging.SetMinimumLevel(options.LogLevel), options));
        // Nobody waits for a recovery's first byte, and a node that is given up is a store less to read.
        using var nodes = new NodeEndpoints(root, new() { ConnectTimeout = s_connectTimeout });
        var recovery = new RecoveryOptions { DataDirectory = directory.FullPath, AcceptLoss = acceptLoss, Locate = nodes.Locate };
        var stores = await NodePlaces.FindAsync(names, nodes, cancellationToken);
        if (!options.Disks.IsEmpty) stores = [.. SystemStart.Disks(options, directory.FullPath, loggers), .. stores];
        try
        {
            Task<RecoveryReport> Recover(IProgress<RecoveryProgress>? progress) =>
                Recovery.RunAsync(recovery, stores, root, TimeProvider.System, loggers, progress, cancellationToken);
            var report = quiet || Console.IsErrorRedirected ? await Recover(null) : await WithProgressAsync(Recover);
            SystemStart.KeepRoot(root, directory.FullPath);
            return report;
        }
        catch (StartRefusedException e)
        {
            throw new ConfigurationException(e.Message);
        }
        catch (RecoveryLossException e)
        {
            throw new AdminException(e.Message);
        }
    }

    private static Task<RecoveryReport> WithProgressAsync(Func<IProgress<RecoveryProgress>?, Task<RecoveryReport>> recover)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        return console.Progress().StartAsync(context =>
        {
            var bar = context.AddTask("recover");
            return recover(new Progress<RecoveryProgress>(p =>
            {
                bar.Description = Markup.Escape(p.Step);
                bar.IsIndeterminate = p.Total == 0;
                bar.MaxValue = Math.Max(1, p.Total);
                bar.Value = p.Done;
            }));
        });
    }

    private static void Print(RecoveryReport report, GatewayOptions options)
    {
        Console.Out.WriteLine($"Rebuilt to change {report.Generation}: snapshot of change {report.SnapshotGeneration}, then {report.Records} journal records.");
        Console.Out.WriteLine($"Segments: {report.Segments}; lacking shards, to be repaired: {report.DegradedSegments}; unreadable with these stores: {report.UnreadableSegments}.");
        foreach (var store in report.Unread) Console.Out.WriteLine($"Not read: {store.Location}: {store.Reason}");
        foreach (var finding in report.Findings) Console.Out.WriteLine($"Journal: {finding.Text}");
        foreach (var problem in report.Problems) Console.Out.WriteLine($"Problem: {problem}");
        Console.Out.WriteLine("Nothing is deleted for seven days, or until the recovery is confirmed (docs/operations.md). Serve it with:");
        Console.Out.WriteLine($"  oort serve --data {options.DataDirectory}{string.Concat(options.Disks.Select(d => " --disk " + d))}");
    }
}
