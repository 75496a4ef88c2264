using Amazon.S3.Model;
using Microsoft.Extensions.Logging.Abstractions;
using Oort.Gateway.AccessLogs;
using Oort.Gateway.Tests.Operations;
using Oort.Metadata;

namespace Oort.Gateway.Tests.AccessLogs;

/// <summary>A gateway whose requests are logged where buckets say so.</summary>
internal sealed class LoggingWorld : IAsyncDisposable
{
    private readonly TestStorage storage;
    private Operations.GatewayHost host = null!;
    private bool areStopped;

    private LoggingWorld(TestStorage storage) => this.storage = storage;

    public AccessLogWriter Logs { get; private set; } = null!;

    public RawClient Raw => host.Raw;

    public Amazon.S3.AmazonS3Client Client => host.Client;

    public IMetadataStore Metadata => storage.Inner.Metadata;

    public static async Task<LoggingWorld> StartAsync(AccessLogOptions? options = null)
    {
        var world = new LoggingWorld(await TestStorage.OpenAsync());
        world.host = await Operations.GatewayHost.StartAsync(world.storage.Layer, new(), completed: gate =>
        {
            world.Logs = new(world.storage.Layer, gate, null, options ?? new(), TimeProvider.System, NullLogger<AccessLogWriter>.Instance);
            return world.Logs.Add;
        });
        foreach (var bucket in new[] { "source", "target" }) await world.Client.PutBucketAsync(bucket);
        return world;
    }

    /// <summary>Lets logs of a bucket into the target, below a prefix.</summary>
    public async Task AllowAsync(string prefix = "log/", string source = "source")
    {
        var answer = await Raw.SendAsync("PUT", "/target?policy", $$$"""
            {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"logging.s3.amazonaws.com"},"Action":"s3:PutObject","Resource":"arn:aws:s3:::target/{{{prefix}}}*",
            "Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::{{{source}}}"},"StringEquals":{"aws:SourceAccount":"{{{Oort.Gateway.Access.Accounts.NumberOf("0123456789abcdef")}}}"} } }]}
            """);
        if (answer.Status != 204) throw new InvalidOperationException(answer.Text);
    }

    public Task<RawAnswer> EnableAsync(string more = "", string target = "target", string prefix = "log/", string source = "source") =>
        Raw.SendAsync("PUT", $"/{source}?logging", $"<BucketLoggingStatus><LoggingEnabled><TargetBucket>{target}</TargetBucket><TargetPrefix>{prefix}</TargetPrefix>{more}</LoggingEnabled></BucketLoggingStatus>");

    /// <summary>All lines of the target, written until there are so many.</summary>
    public async Task<string[]> LinesAsync(int count, string prefix = "log/")
    {
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            await Logs.FlushAsync(all: true, late.Token);
            var lines = new List<string>();
            foreach (var key in await KeysAsync(prefix)) lines.AddRange((await TextAsync(key)).Split('\n', StringSplitOptions.RemoveEmptyEntries));
            if (lines.Count >= count) return [.. lines];
            await Task.Delay(10, late.Token);
        }
    }

    public async Task<string[]> KeysAsync(string prefix) => [.. ((await Client.ListObjectsV2Async(new() { BucketName = "target", Prefix = prefix })).S3Objects ?? []).Select(one => one.Key)];

    public async Task<string> TextAsync(string key)
    {
        using var got = await Client.GetObjectAsync(new GetObjectRequest { BucketName = "target", Key = key });
        return await new StreamReader(got.ResponseStream).ReadToEndAsync();
    }

    /// <summary>The fields of a line: what is in quotes or brackets is one.</summary>
    public static string[] Fields(string line)
    {
        var fields = new List<string>();
        for (var at = 0; at < line.Length;)
        {
            var end = line[at] switch { '"' => line.IndexOf('"', at + 1) + 1, '[' => line.IndexOf(']', at) + 1, _ => line.IndexOf(' ', at) };
            if (end <= at) end = line.Length;
            fields.Add(line[at..end].Trim('"', '[', ']'));
            at = end + 1;
        }

        return [.. fields];
    }

    /// <summary>Ends whoever writes the logs.</summary>
    public async Task StopLogsAsync()
    {
        areStopped = true;
        await Logs.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!areStopped) await Logs.DisposeAsync();
        await host.DisposeAsync();
        await storage.DisposeAsync();
    }
}
