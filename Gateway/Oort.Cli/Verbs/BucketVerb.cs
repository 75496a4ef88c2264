using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Oort.Cli.Export;
using Oort.S3.Client;

namespace Oort.Cli.Verbs;

/// <summary><c>oort bucket show|migrate|import|export</c>: whole buckets from and to other S3 services and directories.</summary>
internal static class BucketVerb
{
    private const int ExportConcurrencyDefault = 8;

    public static Command Create() => new("bucket", "Show buckets, bring whole buckets in and take them out, and move them between stores.") { BucketPlaceVerbs.Show(), BucketPlaceVerbs.Migrate(), Import(), Export() };

    private static Command Import()
    {
        var remote = new RemoteFlags();
        var source = new OtherService("source");
        var bucket = new Argument<string>("BUCKET") { Description = "Bucket here; made if it is not there." };
        var from = new Option<string>("--from") { Description = "s3://BUCKET[/PREFIX] at the source; keys keep their names.", Required = true };
        var concurrency = new Option<int?>("--concurrency") { Description = "Objects copied at once (default 8; 1 to 256).", HelpName = "N" };
        var bandwidth = new Option<long?>("--bandwidth") { Description = "KiB a second that the background may take (default: no limit).", HelpName = "KIB" };
        var lazy = new Option<bool>("--lazy") { Description = "Copy nothing in the background, only what is asked for (go on with: oort import resume BUCKET)." };
        var detach = new Option<bool>("--detach") { Description = "Do not wait for the end; the gateway goes on (oort import show BUCKET)." };
        var command = new Command("import", "Import a bucket from another S3 service. It can be used at once: what has not come yet is fetched when it is asked for.") { bucket, from, concurrency, bandwidth, lazy, detach };
        source.AddTo(command);
        remote.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var name = parsed.GetRequiredValue(bucket);
            var (sourceBucket, prefix) = OtherService.Parse(parsed.GetRequiredValue(from));
            var (endpoint, region, addressing, keys) = source.Read(parsed);
            await MakeAsync(remote, parsed, name, cancellationToken);
            using var client = remote.Connect(parsed);
            var request = new
            {
                bucket = name,
                endpoint = endpoint.ToString(),
                region,
                addressing = JsonNamingPolicy.CamelCase.ConvertName(addressing.ToString()),
                sourceBucket,
                prefix,
                accessKey = keys?.Id,
                secretKey = keys?.Secret,
                sessionToken = keys?.SessionToken,
                concurrency = parsed.GetValue(concurrency),
                bytesPerSecond = parsed.GetValue(bandwidth) * 1024,
                lazy = parsed.GetValue(lazy),
            };
            var import = await client.SendAsync(HttpMethod.Post, "imports", request, cancellationToken);
            if (!parsed.GetValue(detach)) import = await ImportVerb.WaitAsync(client, name, isQuiet: remote.IsJson(parsed), cancellationToken);
            return ImportVerb.Show(import, remote.IsJson(parsed));
        });
        return command;
    }

    private static Command Export()
    {
        var remote = new RemoteFlags();
        var target = new OtherService("target");
        var bucket = new Argument<string>("BUCKET") { Description = "Bucket here." };
        var to = new Option<string>("--to") { Description = "s3://BUCKET[/PREFIX] at the target, or a directory.", Required = true };
        var prefix = new Option<string>("--prefix") { Description = "Only keys that begin with it." };
        var concurrency = new Option<int>("--concurrency") { Description = $"Objects copied at once (default {ExportConcurrencyDefault}).", HelpName = "N", DefaultValueFactory = _ => ExportConcurrencyDefault };
        var plain = new Option<bool>("--target-plain") { Description = "Send bodies as they are, for a service that knows no trailing checksums." };
        var command = new Command("export", "Copy a bucket's current objects to another S3 service or into a directory. Run again, it copies what is missing or has changed.") { bucket, to, prefix, concurrency, plain };
        target.AddTo(command);
        remote.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var name = parsed.GetRequiredValue(bucket);
            var count = Math.Clamp(parsed.GetValue(concurrency), 1, 256);
            var destination = parsed.GetRequiredValue(to);
            using var source = remote.ConnectS3(parsed, count + 4);
            await using IExportTarget exported = destination.StartsWith("s3://", StringComparison.Ordinal)
                ? await ServiceTarget(target, parsed, source, name, destination, count, parsed.GetValue(plain) ? S3BodyForm.Plain : S3BodyForm.Auto, cancellationToken)
                : new DirectoryTarget(source, name, destination);
            var report = await ExportRun.CopyAsync(source, name, parsed.GetValue(prefix) ?? "", exported, count, cancellationToken);
            var json = JsonSerializer.SerializeToElement(report, JsonSerializerOptions.Web);
            if (remote.IsJson(parsed)) Output.Json(json);
            else Output.Fields(json);
            foreach (var failure in report.Failures) await Console.Error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"oort: {failure.Key}: {failure.Message}"));
            return report.Failed == 0 ? ExitCode.Done : ExitCode.Failed;
        });
        return command;
    }

    private static async Task<IExportTarget> ServiceTarget(OtherService flags, ParseResult parsed, S3Client source, string bucket, string url, int concurrency, S3BodyForm form, CancellationToken cancellationToken)
    {
        var (targetBucket, prefix) = OtherService.Parse(url);
        var (endpoint, region, addressing, keys) = flags.Read(parsed);
        var client = new S3Client(new() { Endpoint = endpoint, Region = region, Addressing = addressing, BodyForm = form, ConnectionCountMax = concurrency + 4 }, keys, TimeProvider.System, new Random());
        try
        {
            await client.HeadBucketAsync(targetBucket, cancellationToken);
            return new ServiceTarget(source, bucket, client, targetBucket, prefix);
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    private static async Task MakeAsync(RemoteFlags remote, ParseResult parsed, string bucket, CancellationToken cancellationToken)
    {
        using var client = remote.ConnectS3(parsed, 2);
        try
        {
            await client.HeadBucketAsync(bucket, cancellationToken);
        }
        catch (S3ClientException e) when (e.Kind == S3ErrorKind.NotFound)
        {
            await client.CreateBucketAsync(bucket, cancellationToken);
        }
    }
}
