using System.CommandLine;
using System.Text.Json;
using Oort.Gateway;
using Oort.Identity.Grants;
using Oort.S3.Client;

namespace Oort.Cli.Verbs;

/// <summary><c>oort share s3://BUCKET/KEY</c>: a link to one object, or with a slash at the end to all below, that any browser opens, by narrower credentials made for it. No gateway is asked.</summary>
internal static class ShareVerb
{
    private const string ExpiresDefault = "1d";

    public static Command Create()
    {
        var keys = new KeyFlags();
        var url = new Argument<string>("URL") { Description = "s3://BUCKET/KEY, or s3://BUCKET/PREFIX/ for all below." };
        var endpoint = new Option<string>("--endpoint") { Description = "The gateway's URL, as those who get the link reach it (default OORT_ENDPOINT, else http://127.0.0.1:9000).", HelpName = "URL" };
        var region = new Option<string>("--region") { Description = "The gateway's region (default us-east-1).", HelpName = "NAME", DefaultValueFactory = _ => "us-east-1" };
        var expires = new Option<string>("--expires") { Description = "From now on for so long; to one object at most 7d.", HelpName = "TIME", DefaultValueFactory = _ => ExpiresDefault };
        var from = new Option<string[]>("--from") { Description = "Networks that it may be opened from; several times for several.", HelpName = "CIDR" };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var command = new Command("share", "Make a link to an object, or to all below a prefix, without asking the gateway.") { url, endpoint, region, expires, from, json };
        keys.AddTo(command);
        command.SetAction(parsed =>
        {
            var (bucket, key) = OtherService.Parse(parsed.GetRequiredValue(url));
            var isPrefix = key.Length == 0 || key.EndsWith('/');
            var span = GrantVerb.Span(parsed.GetRequiredValue(expires));
            if (!isPrefix && span > S3Presigner.ExpiresMax) throw new ConfigurationException("A link to an object is good for 7d at most; one to a folder, and credentials that oort grant makes, may be for longer.");
            var now = TimeProvider.System.GetUtcNow();
            var end = DateTimeOffset.FromUnixTimeSeconds((now + span).ToUnixTimeSeconds());
            var networks = parsed.GetValue(from) is { Length: > 0 } texts ? texts.Select(GrantVerb.Network) : null;
            var narrow = GrantVerb.Narrow(keys.Read(parsed), new() { Bucket = bucket, Key = isPrefix ? null : key, Prefix = isPrefix && key.Length > 0 ? key : null, Verbs = isPrefix ? GrantVerbs.Read | GrantVerbs.List : GrantVerbs.Read, NotAfter = end, Networks = networks is null ? null : [.. networks] });
            var options = new S3ClientOptions { Endpoint = RemoteFlags.Endpoint(parsed.GetValue(endpoint)), Region = parsed.GetRequiredValue(region), Addressing = S3Addressing.Path };
            var link = isPrefix
                ? new Uri(options.Endpoint, "/_oort/share/v1/" + ShareLink.Make(narrow))
                : S3Presigner.Get(options, new(narrow.AccessKeyId, narrow.SecretKey, narrow.SessionToken), bucket, key, span, now);
            if (parsed.GetValue(json)) Output.Json(JsonSerializer.SerializeToElement(new { Url = link.OriginalString, Expires = end.UtcDateTime }, JsonSerializerOptions.Web));
            else Console.Out.WriteLine(link.OriginalString);
            return ExitCode.Done;
        });
        return command;
    }
}
