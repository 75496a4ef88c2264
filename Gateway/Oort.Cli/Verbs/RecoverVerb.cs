using System.CommandLine;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Oort.Gateway;
using Oort.Objects;
using Spectre.Console;

namespace Oort.Cli.Verbs;

/// <summary><c>oort recover</c>: rebuilds a data directory from the disks and the phrase alone. Exit code 1 when something of the namespace could not be rebuilt.</summary>
internal static class RecoverVerb
{
    public static Command Create()
    {
        var flags = new GatewayFlags("data", "disk", "log-level", "log-format");
        var phraseFile = new Option<string>("--phrase-file") { Description = "File with the 24-word recovery phrase.", HelpName = "FILE", Required = true };
        var acceptLoss = new Option<bool>("--accept-loss") { Description = "Go on although journal records are missing or the disks disagree." };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var command = new Command("recover", "Rebuild the whole namespace into a new data directory from the disks and the recovery phrase alone. Can be interrupted and started again.") { phraseFile, acceptLoss, json };
        flags.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var options = flags.Read(parsed);
            if (options.Disks.IsEmpty) throw new ConfigurationException("Name the disks with --disk DIR, each of them; more disks make the rebuilt namespace more complete.");
            using var phrase = SystemStart.ReadPhrase(parsed.GetRequiredValue(phraseFile));
            var report = await RunAsync(options, phrase, parsed.GetValue(acceptLoss), parsed.GetValue(json), cancellationToken);
            if (parsed.GetValue(json)) Output.Json(JsonSerializer.SerializeToElement(report, JsonSerializerOptions.Web));
            else Print(report, options);
            return report.Problems.IsEmpty && report.UnreadableSegments == 0 ? ExitCode.Done : ExitCode.Failed;
        });
        return command;
    }

    private static async Task<RecoveryReport> RunAsync(GatewayOptions options, Oort.Crypto.RecoveryPhrase phrase, bool acceptLoss, bool quiet, CancellationToken cancellationToken)
    {
        using var root = phrase.DeriveRoot();
        using var directory = DataDirectory.Open(options.DataDirectory);
        using var loggers = LoggerFactory.Create(logging => GatewayLogging.Add(logging.SetMinimumLevel(options.LogLevel), options));
        var recovery = new RecoveryOptions { DataDirectory = directory.FullPath, AcceptLoss = acceptLoss };
        try
        {
            Task<RecoveryReport> Recover(IProgress<RecoveryProgress>? progress) =>
                Recovery.RunAsync(recovery, SystemStart.Disks(options, directory.FullPath, loggers), root, TimeProvider.System, loggers, progress, cancellationToken);
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
        Console.Out.WriteLine($"Segments: {report.Segments}; lacking shards, to be repaired: {report.DegradedSegments}; unreadable with these disks: {report.UnreadableSegments}.");
        foreach (var finding in report.Findings) Console.Out.WriteLine($"Journal: {finding.Text}");
        foreach (var problem in report.Problems) Console.Out.WriteLine($"Problem: {problem}");
        Console.Out.WriteLine("Nothing is deleted for seven days, or until the recovery is confirmed (docs/operations.md). Serve it with:");
        Console.Out.WriteLine($"  oort serve --data {options.DataDirectory} {string.Join(' ', options.Disks.Select(d => "--disk " + d))}");
    }
}
