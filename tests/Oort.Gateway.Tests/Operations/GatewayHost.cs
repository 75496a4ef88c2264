using Amazon.Runtime;
using Amazon.S3;
using Microsoft.Extensions.Logging.Abstractions;
using Oort.Gateway.Access;
using Oort.Gateway.Cors;
using Oort.Gateway.Errors;
using Oort.Gateway.Notifications;
using Oort.Gateway.Operations;
using Oort.Gateway.Websites;
using Oort.Identity.Accounts;
using Oort.Metadata;
using Oort.Objects;
using Oort.Objects.Tiering;
using Oort.S3;

namespace Oort.Gateway.Tests.Operations;

/// <summary>Kestrel on a free port of 127.0.0.1 with the pipeline and the operations on an object layer, and clients for it.</summary>
public sealed class GatewayHost : IAsyncDisposable
{
    internal const string AccessKey = "AKIAOORTTESTKEY";
    internal const string WebsiteDomain = "websites.test";
    internal const string WebsiteHost = "www.one-site.test";
    internal const string SecretKey = "a secret that signs the tests";

    private readonly LoopbackServer server;

    private GatewayHost(LoopbackServer server)
    {
        this.server = server;
        Client = new(
            new BasicAWSCredentials(AccessKey, SecretKey),
            new AmazonS3Config { ServiceURL = Endpoint.ToString(), ForcePathStyle = true, AuthenticationRegion = "us-east-1", MaxErrorRetry = 0 });
        Raw = new(Endpoint, AccessKey, SecretKey);
    }

    public Uri Endpoint => server.Endpoint;

    /// <summary>The .NET SDK at its default settings, but that it does not hide errors by trying again.</summary>
    public AmazonS3Client Client { get; }

    public RawClient Raw { get; }

    /// <param name="credentials">Those of <see cref="Client"/> are among them; null: no others.</param>
    /// <param name="accounts">Whom there is; null: nobody but who asks.</param>
    /// <param name="gateStore">What the gate reads from; null: what the operations do.</param>
    /// <param name="rates">Null: no limits.</param>
    /// <param name="notifications">Null: there are no webhooks.</param>
    /// <param name="completed">Told of each request that is over; null: nobody.</param>
    /// <param name="time">The operations' clock; signatures are checked by the real one.</param>
    internal static async Task<GatewayHost> StartAsync(IObjectLayer layer, GatewayS3Options options, TimeProvider? time = null, ITiering? tiering = null, IS3Credentials? credentials = null, IAccountDirectory? accounts = null, IMetadataStore? gateStore = null, RequestRates? rates = null, NotificationService? notifications = null, Func<AccessGate, Action<S3Completion>>? completed = null)
    {
        var gate = new AccessGate(gateStore ?? layer.Metadata, accounts ?? LoneAccounts.Instance, options, time ?? TimeProvider.System, NullLogger<AccessGate>.Instance, null, rates);
        var handlers = S3Operations.Create(layer, options, time ?? TimeProvider.System, tiering ?? new IdleTiering(), gate, notifications: notifications);
        var pipeline = new S3Pipeline(new(), credentials ?? new OneCredential(), handlers, InnerErrors.Of, TimeProvider.System, NullLogger<S3Pipeline>.Instance, completed?.Invoke(gate), gate.AuthorizeAsync, null, new CrossOrigin(layer.Metadata, NullLogger<CrossOrigin>.Instance).FindAsync);
        var websites = new WebsiteService(gate, layer.Metadata, handlers, [WebsiteDomain], [WebsiteHost]);
        return new(await LoopbackServer.StartAsync(http => websites.Takes(http) ? pipeline.HandleAsync(http, websites.Service) : pipeline.HandleAsync(http)));
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        Raw.Dispose();
        await server.DisposeAsync();
    }

    private sealed class OneCredential : IS3Credentials
    {
        private readonly S3Credential credential = new(Caller.RootOf(AccessKey, Accounts.NumberOf("0123456789abcdef"), "0123456789abcdef", "tester"), SecretKey);

        public ValueTask<S3Credential?> FindAsync(string accessKeyId, string? sessionToken, CancellationToken cancellationToken) =>
            ValueTask.FromResult(accessKeyId == AccessKey ? credential : null);
    }
}
