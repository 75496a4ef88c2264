using System.CommandLine;
using System.Text.Json;
using Oort.Gateway;

namespace Oort.Cli.Verbs;

/// <summary><c>oort bucket show|migrate</c>: where a bucket's objects lie, and bringing them elsewhere.</summary>
internal static class BucketPlaceVerbs
{
    private static readonly TimeSpan pollInterval = TimeSpan.FromMilliseconds(500);

    public static Command Show()
    {
        var (bucket, remote) = (Bucket(), new RemoteFlags());
        var command = new Command("show", "Show a bucket: where its objects go by storage class, which of these stores never delete, and what is being moved.") { bucket };
        remote.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = remote.Connect(parsed);
            return Print(await client.SendAsync(HttpMethod.Get, Resource(parsed, bucket), null, cancellationToken), remote.IsJson(parsed));
        });
        return command;
    }

    public static Command Migrate()
    {
        var (bucket, remote) = (Bucket(), new RemoteFlags());
        var policy = new Option<string>("--policy") { Description = "Assign this placement policy to the bucket first (otherwise: what is assigned).", HelpName = "POLICY" };
        var stop = new Option<bool>("--stop") { Description = "Leave the rest where it is." };
        var wait = new Option<bool>("--wait") { Description = "Wait until all of it lies there." };
        var command = new Command("migrate", "Bring all versions in a bucket to where its placement policies say now, in the background. They stay what they are, and can be read and written throughout.") { bucket, policy, stop, wait };
        remote.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = remote.Connect(parsed);
            var resource = Resource(parsed, bucket);
            if (parsed.GetValue(stop)) return Print(await client.SendAsync(HttpMethod.Delete, resource + "/migrate", null, cancellationToken), remote.IsJson(parsed));
            var answer = await client.SendAsync(HttpMethod.Post, resource + "/migrate", new MigrateBucketRequest(parsed.GetValue(policy)), cancellationToken);
            while (parsed.GetValue(wait) && answer.TryGetProperty("migratingSince", out var since) && since.ValueKind == JsonValueKind.String)
            {
                await Task.Delay(pollInterval, cancellationToken);
                answer = await client.SendAsync(HttpMethod.Get, resource, null, cancellationToken);
            }

            return Print(answer, remote.IsJson(parsed));
        });
        return command;
    }

    private static Argument<string> Bucket() => new("BUCKET") { Description = "Bucket here." };

    private static string Resource(ParseResult parsed, Argument<string> bucket) => "buckets/" + Uri.EscapeDataString(parsed.GetRequiredValue(bucket));

    private static int Print(JsonElement bucket, bool isJson)
    {
        if (isJson)
        {
            Output.Json(bucket);
            return ExitCode.Done;
        }

        Output.Fields(bucket, "name", "owner", "created", "region", "versioning", "lifecycleRules");
        var permanent = string.Join(", ", bucket.GetProperty("permanentStores").EnumerateArray());
        Console.Out.WriteLine($"{"permanent stores",-22} {(permanent.Length == 0 ? "none" : permanent + " (never delete; what is deleted stays there without its key)")}");
        if (bucket.TryGetProperty("migratingSince", out var since) && since.ValueKind == JsonValueKind.String) Console.Out.WriteLine($"{"migrating since",-22} {since.GetDateTimeOffset():u}");
        if (bucket.TryGetProperty("pass", out var pass) && pass.ValueKind == JsonValueKind.Object)
        {
            Console.Out.WriteLine($"{"last pass",-22} {pass.GetProperty("looked")} versions, {pass.GetProperty("moved")} moved ({Output.Bytes(pass.GetProperty("movedBytes"))}), {pass.GetProperty("expired")} expired, {pass.GetProperty("failed")} failed");
            if (pass.GetProperty("lastFailure").GetString() is { Length: > 0 } failure) Console.Out.WriteLine(failure);
        }

        Console.Out.WriteLine();
        Output.Table(["class", "policy", "networks"], bucket.GetProperty("places").EnumerateArray().Select(place => (IReadOnlyList<string>)
        [
            place.GetProperty("storageClass").ToString(), place.GetProperty("policy").ToString(), string.Join(", ", place.GetProperty("networks").EnumerateArray()),
        ]));
        return ExitCode.Done;
    }
}
