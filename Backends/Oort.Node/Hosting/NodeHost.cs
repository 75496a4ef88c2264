using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Oort.Node.Protocol;

namespace Oort.Node;

/// <summary>A storage node that serves: directory, store, endpoint, in that order; ended in the reverse order.</summary>
public sealed partial class NodeHost : IAsyncDisposable
{
    private const int ConnectionCountMax = 1024;

    private static readonly TimeSpan s_graceMin = TimeSpan.FromSeconds(2);

    private readonly NodeDirectory _directory;
    private readonly NodeStorage _storage;
    private readonly NodeServices _services;
    private readonly NodeRouter _router;
    private readonly WebApplication _app;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _expiring;
    private readonly SelfScrub _scrub;
    private readonly ILogger _logger;
    private HeartbeatLoop? _heartbeats;
    private int _isDisposed;

    private NodeHost(NodeDirectory directory, NodeStorage storage, NodeServices services, NodeRouter router, WebApplication app)
    {
        _logger = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger<NodeHost>();
        (_directory, _storage, _services, _router, _app) = (directory, storage, services, router, app);
        var address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        EndPoint = new IPEndPoint(services.Options.Listen.Address, address.Port);
        _expiring = ExpireUploadsAsync();
        _scrub = new(storage, services.Options, services.Time, _logger);
        Beat();
    }

    /// <summary>Who this node is.</summary>
    public NodeId Id => _directory.Identity.Id;

    /// <summary>How it runs: with the caps that hold.</summary>
    internal NodeOptions Options => _services.Options;

    /// <summary>Where it listens.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>It has been given its key at this start.</summary>
    public bool IsNew => _directory.IsNew;

    /// <summary>The store on its disk, 32 hexadecimal digits; null: none yet.</summary>
    public string? StoreId => _storage.Store?.Id.ToString();

    /// <summary>How far its scrub is.</summary>
    public ScrubStatus Scrub => _scrub.Status;

    /// <summary>Gateway clusters that may use it.</summary>
    public IReadOnlyList<NodeId> Gateways =>
        [.. _directory.State.Gateways.Select(text => NodeId.TryParse(text, out var id) ? id : default).Concat(_services.Options.Gateways).Distinct()];

    /// <summary>What the cluster that it is a member of said last that it is to it; null: it is a member of none.</summary>
    public MembershipState? Membership => _directory.Membership?.State;

    /// <summary>Notes in a node's directory, whichever process holds it, that its owner wants it back: the node hands its shards over, and ends when it has none left.</summary>
    /// <returns>What the cluster last said that the node is to it.</returns>
    /// <exception cref="NodeStartException">There is no node that is a member of a cluster.</exception>
    public static MembershipState AskToLeave(string dataDirectory) => NodeDirectory.AskToLeave(dataDirectory);

    /// <summary>Starts a node. One that is a member of a cluster says from now on that it lives.</summary>
    /// <exception cref="NodeStartException">It cannot start as it is told to; one sentence with the way out.</exception>
    public static async Task<NodeHost> StartAsync(NodeOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        options.Validate();
        NodeDirectory? directory = null;
        NodeStorage? storage = null;
        NodeServices? services = null;
        NodeRouter? router = null;
        WebApplication? app = null;
        try
        {
            directory = NodeDirectory.Open(options.DataDirectory, options.OpenDisk);
            options = directory.RememberCaps(options);
            var priority = options.IdlePriority == true ? IdlePriority.Set() : null;
            app = BuildApp(options, directory.Identity);
            var loggers = app.Services.GetRequiredService<ILoggerFactory>();
            if (priority is not null) LogPriority(loggers.CreateLogger<NodeHost>(), priority);
            storage = await NodeStorage.OpenAsync(directory, options, time, loggers.CreateLogger<NodeStorage>(), cancellationToken);
            services = new(directory.Identity, directory, storage, new BodyBudget(options.BodyBytesMax), new BandwidthCap(options.BandwidthBytesPerSecond, time),
                new NameStates(), new UploadTable(options.UploadIdleMax, time), options, time);
            router = new NodeRouter(services, loggers.CreateLogger<NodeRouter>());
            app.Run(options.Intercept is { } intercept ? http => intercept(http, router.HandleAsync) : router.HandleAsync);
            await app.StartAsync(cancellationToken);
            return new(directory, storage, services, router, app);
        }
        catch (Exception e)
        {
            if (app is not null) await app.DisposeAsync();
            router?.Dispose();
            services?.States.Dispose();
            if (storage is not null) await storage.DisposeAsync();
            directory?.Dispose();
            if (e is IOException or System.Net.Sockets.SocketException) throw new NodeStartException($"{options.Listen} cannot be listened on ({e.Message}); choose another address with --listen ADDR:PORT.", e);
            throw;
        }
    }

    /// <summary>Lets a gateway cluster use this node, from now on and after restarts.</summary>
    /// <returns>False: it might already.</returns>
    /// <exception cref="Backends.BackendException">It could not be remembered.</exception>
    public bool Allow(NodeId gateway) => _directory.Allow(gateway);

    /// <summary>Joins a cluster: 1. the gateway and the node prove themselves to each other, 2. the cluster may use this node, 3. it is remembered, and told that the node lives. With the token that it has joined with before, nothing is done.</summary>
    /// <exception cref="NodeStartException">No gateway takes it; one sentence with the reason.</exception>
    public async Task JoinAsync(JoinToken token, NodeDeclaration declaration, CancellationToken cancellationToken)
    {
        var id = token.Id.ToString("x32", null);
        if (_directory.Membership is { } present && present.Token == id) return;

        // 1.
        using var client = new GatewayClient();
        await AskAsync(client, token, declaration, cancellationToken);

        // 2.
        if (_heartbeats is { } before) await before.DisposeAsync();
        _heartbeats = null;
        _directory.Allow(token.Cluster);
        _directory.ForgetLeaving();

        // 3.
        _directory.Remember(new() { Cluster = token.Cluster.ToString(), Urls = [.. token.Urls.Select(url => url.AbsoluteUri)], Token = id, Declaration = declaration });
        Beat();
    }

    /// <summary>Returns after SIGTERM, SIGINT or <paramref name="cancellationToken"/>, when requests under way have ended.</summary>
    public Task WaitForShutdownAsync(CancellationToken cancellationToken) => _app.WaitForShutdownAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0) return;
        if (_heartbeats is not null) await _heartbeats.DisposeAsync();
        await _app.StopAsync();
        await _app.DisposeAsync();
        await _stopping.CancelAsync();
        await _expiring;
        await _scrub.DisposeAsync();
        await _services.Uploads.DisposeAsync();
        await _storage.DisposeAsync();
        _services.States.Dispose();
        _router.Dispose();
        _directory.Dispose();
        _stopping.Dispose();
    }

    private static WebApplication BuildApp(NodeOptions options, NodeIdentity identity)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Logging.ClearProviders().SetMinimumLevel(options.LogLevel)
            .AddFilter("Microsoft", LogLevel.Warning).AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None)
            // A start that fails is told by its exception.
            .AddFilter("Microsoft.Extensions.Hosting", LogLevel.None);
        builder.Logging.AddSimpleConsole(text => (text.SingleLine, text.UseUtcTimestamp, text.TimestampFormat, text.ColorBehavior) = (true, true, "yyyy-MM-dd'T'HH:mm:ss.fff'Z' ", LoggerColorBehavior.Disabled));
        builder.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = options.ShutdownTimeout);
        builder.Services.Configure<SocketTransportOptions>(socket =>
        {
            socket.NoDelay = true;
            // What one connection holds of what has come and what goes: two blocks, and a window with its records' headers.
            socket.MaxReadBufferSize = 2 * NodeBlocks.BlockSize;
            socket.MaxWriteBufferSize = NodeRequest.WindowSize;
        });
        builder.WebHost.UseKestrelCore();
        builder.WebHost.UseKestrelHttpsConfiguration();
        // After the server's own, since the last one wins.
        builder.Services.AddSingleton<IMemoryPoolFactory<byte>>(new NodeBlocks());
        builder.WebHost.UseUrls();
        var tls = NodeTls.Options(identity);
        builder.WebHost.ConfigureKestrel(kestrel => Limit(kestrel, options, tls));
        return builder.Build();
    }

    private static void Limit(KestrelServerOptions kestrel, NodeOptions options, System.Net.Security.SslServerAuthenticationOptions tls)
    {
        kestrel.Listen(options.Listen, listen =>
        {
            listen.Protocols = HttpProtocols.Http1;
            listen.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => ValueTask.FromResult(tls), HandshakeTimeout = options.StallTimeout });
        });
        kestrel.AddServerHeader = false;
        kestrel.AllowSynchronousIO = false;
        var limits = kestrel.Limits;
        limits.MaxConcurrentConnections = ConnectionCountMax;
        // Each request has its own limit of its body, and is watched for stalls as it is read.
        limits.MaxRequestBodySize = null;
        limits.MinRequestBodyDataRate = null;
        // The server looks once a second.
        limits.MinResponseDataRate = new MinDataRate(bytesPerSecond: 240, gracePeriod: options.StallTimeout < s_graceMin ? s_graceMin : options.StallTimeout);
        limits.MaxRequestLineSize = 8 * 1024;
        limits.MaxRequestHeadersTotalSize = 8 * 1024;
        limits.MaxRequestHeaderCount = 32;
        limits.MaxRequestBufferSize = 128 * 1024;
        limits.MaxResponseBufferSize = NodeRequest.WindowSize;
        // Longer than a client keeps a connection that it does not use, so that the client closes it and no request meets the closing.
        limits.KeepAliveTimeout = TimeSpan.FromMinutes(5);
        limits.RequestHeadersTimeout = TimeSpan.FromSeconds(30);
    }

    private void Beat()
    {
        if (_directory.Membership is not { } membership) return;
        _heartbeats = new HeartbeatLoop(_services, _scrub, EndPoint, membership, _logger, () =>
        {
            LogLeft(_logger);
            _app.Lifetime.StopApplication();
        });
    }

    /// <summary>Asks the token's gateways, one after the other, until one takes the node.</summary>
    private async Task AskAsync(GatewayClient client, JoinToken token, NodeDeclaration declaration, CancellationToken cancellationToken)
    {
        var failures = new List<string>();
        foreach (var gateway in token.Urls)
        {
            try
            {
                var details = new NodeDetails
                {
                    Address = await GatewayClient.AddressAsync(gateway, declaration.Advertise, EndPoint, cancellationToken),
                    Operator = declaration.Operator,
                    Country = declaration.Country,
                    Region = declaration.Region,
                    Network = declaration.Network,
                    PricePerTebibyteMonth = declaration.PricePerTebibyteMonth,
                    SpaceBytes = _services.Options.SpaceBytes,
                    Version = HeartbeatLoop.Version,
                };
                if (details.Fault() is { } fault) throw new NodeStartException(fault);
                var request = JoinRequest.Create(_directory.Identity, token, details, System.Security.Cryptography.RandomNumberGenerator.GetBytes(JoinProof.NonceSize));
                var answer = await client.SendAsync(gateway, MembershipLimits.JoinPath, request.Bytes.ToArray(), cancellationToken);
                if (JoinAnswer.TryRead(answer, token, Id, request.Nonce, out _)) return;
                failures.Add($"{gateway} is no gateway of the cluster that made the token.");
            }
            catch (GatewayRefusedException e)
            {
                failures.Add(e.Message);
                if (e.IsFinal) break;
            }
        }

        throw new NodeStartException($"The node could not join: {string.Join(" ", failures)}");
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The node has handed over what it had, and has left the cluster.")]
    private static partial void LogLeft(ILogger logger);

    private async Task ExpireUploadsAsync()
    {
        try
        {
            while (true)
            {
                await Task.Delay(_services.Options.UploadIdleMax / 2, _services.Time, _stopping.Token);
                await _services.Uploads.ExpireAsync();
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The node is being stopped.
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The node does not run at idle priority: {Reason}")]
    private static partial void LogPriority(ILogger logger, string reason);
}
