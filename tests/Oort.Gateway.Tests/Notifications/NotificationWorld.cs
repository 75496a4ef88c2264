using System.Net;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Oort.Gateway.Access;
using Oort.Gateway.Notifications;
using Oort.Gateway.Tests.Operations;
using Oort.Metadata;
using Oort.Objects.Events;

namespace Oort.Gateway.Tests.Notifications;

/// <summary>A gateway, a webhook that notes what is posted to it, and whoever sends.</summary>
internal sealed class NotificationWorld : IAsyncDisposable
{
    public const string Arn = "arn:oort:sqs::hook:webhook";

    private readonly Channel<Post> posts = Channel.CreateUnbounded<Post>();
    private readonly TestStorage storage;
    private LoopbackServer receiver = null!;
    private Operations.GatewayHost host = null!;

    private NotificationWorld(TestStorage storage) => this.storage = storage;

    public NotificationService Service { get; private set; } = null!;

    public RawClient Raw => host.Raw;

    public Amazon.S3.AmazonS3Client Client => host.Client;

    public IMetadataStore Metadata => storage.Inner.Metadata;

    public Uri Url => new(receiver.Endpoint, "/hook");

    public string Secret { get; private set; } = "";

    /// <summary>How the webhook answers.</summary>
    public Func<Post, int> Answer { get; set; } = _ => 200;

    public static NotificationOptions Fast { get; } = new() { AllowsLocal = true, RetryDelayMin = TimeSpan.FromMilliseconds(5), RetryDelayMax = TimeSpan.FromMilliseconds(20), PollMax = TimeSpan.FromMilliseconds(50), LeasePause = TimeSpan.FromMilliseconds(20) };

    /// <param name="sends">Whether events are sent from the start.</param>
    public static async Task<NotificationWorld> StartAsync(NotificationOptions? options = null, bool sends = true)
    {
        var world = new NotificationWorld(await TestStorage.OpenAsync());
        world.receiver = await LoopbackServer.StartAsync(world.TakeAsync);
        world.Service = world.NewService(options ?? Fast);
        world.host = await Operations.GatewayHost.StartAsync(world.storage.Layer, new(), notifications: world.Service);
        world.Secret = (await world.Service.Targets.AddAsync("hook", world.Url.AbsoluteUri, null, CancellationToken.None)).Secret;
        if (sends) world.Service.Dispatcher.Start();
        return world;
    }

    /// <summary>Ends the one that sends, as a crash would, and starts another on the same metadata.</summary>
    /// <param name="meanwhile">While nobody sends.</param>
    public async Task RestartSenderAsync(Func<Task> meanwhile)
    {
        await Service.DisposeAsync();
        await meanwhile();
        Service = NewService(Fast);
        Service.Dispatcher.Start();
    }

    public async Task<string> NewBucketAsync(string name, string rules, bool isVersioned = false)
    {
        await Client.PutBucketAsync(name);
        if (isVersioned) await Client.PutBucketVersioningAsync(new() { BucketName = name, VersioningConfig = new() { Status = Amazon.S3.VersionStatus.Enabled } });
        var answer = await ConfigureAsync(name, rules, ("x-amz-skip-destination-validation", "true"));
        if (answer.Status != 200) throw new InvalidOperationException(answer.Text);
        return name;
    }

    public Task<RawAnswer> ConfigureAsync(string bucket, string rules, params (string, string)[] headers) =>
        Raw.SendAsync("PUT", $"/{bucket}?notification", $"<NotificationConfiguration>{rules}</NotificationConfiguration>", headers);

    public static string Rule(string events, string filter = "", string id = "rule", string arn = Arn) =>
        $"<QueueConfiguration><Id>{id}</Id><Queue>{arn}</Queue>{string.Concat(events.Split(' ').Select(name => $"<Event>{name}</Event>"))}{filter}</QueueConfiguration>";

    public static string Filter(params (string Name, string Value)[] rules) =>
        $"<Filter><S3Key>{string.Concat(rules.Select(rule => $"<FilterRule><Name>{rule.Name}</Name><Value>{rule.Value}</Value></FilterRule>"))}</S3Key></Filter>";

    /// <summary>The next that the webhook was sent, whatever it answered.</summary>
    public async Task<Post> NextAsync()
    {
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        return await posts.Reader.ReadAsync(late.Token);
    }

    /// <summary>What was sent and not asked for yet; null: nothing.</summary>
    public Post? TakeWaiting() => posts.Reader.TryRead(out var post) ? post : null;

    /// <summary>Waits until something holds; it is looked at again and again.</summary>
    public static async Task UntilAsync(Func<Task<bool>> holds)
    {
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!await holds()) await Task.Delay(10, late.Token);
    }

    public async Task<string[]> QueuedAsync(string prefix = EventQueue.Prefix) => [.. (await Metadata.ListSettingsAsync(prefix, "", 1000, CancellationToken.None)).Select(setting => setting.Name)];

    public async ValueTask DisposeAsync()
    {
        await Service.DisposeAsync();
        await host.DisposeAsync();
        await receiver.DisposeAsync();
        await storage.DisposeAsync();
    }

    private NotificationService NewService(NotificationOptions options) =>
        new(Metadata, storage.Inner.Events, new ClusterSeal(storage.Inner), options, "this", TimeProvider.System, new Random(1), NullLogger<EventDispatcher>.Instance);

    private async Task TakeAsync(HttpContext http)
    {
        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body);
        var post = new Post(body.ToArray(), http.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase));
        var status = Answer(post);
        http.Response.StatusCode = status;
        if (status == (int)HttpStatusCode.Found) http.Response.Headers.Location = "/elsewhere";
        posts.Writer.TryWrite(post);
    }

    public sealed record Post(byte[] Body, Dictionary<string, string> Headers)
    {
        public JsonElement Json { get; } = JsonSerializer.Deserialize<JsonElement>(Body);

        public JsonElement Record => Json.GetProperty("Records")[0];

        public string Event => Record.GetProperty("eventName").GetString()!;

        public JsonElement Object => Record.GetProperty("s3").GetProperty("object");

        public string Key => Object.GetProperty("key").GetString()!;
    }
}
