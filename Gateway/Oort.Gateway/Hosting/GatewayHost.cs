using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Oort.Crypto;
using Oort.Gateway.Access;
using Oort.Gateway.AccessLogs;
using Oort.Gateway.Audit;
using Oort.Gateway.Cors;
using Oort.Gateway.Errors;
using Oort.Gateway.Iam;
using Oort.Gateway.Imports;
using Oort.Gateway.Locks;
using Oort.Gateway.Notifications;
using Oort.Gateway.Operations;
using Oort.Gateway.Shares;
using Oort.Gateway.Websites;
using Oort.Metadata;
using Oort.Objects;
using Oort.Objects.Budget;
using Oort.S3;

namespace Oort.Gateway;

/// <summary>A gateway that serves: data directory, object system, S3 and admin endpoints, in that order; ended in the reverse order.</summary>
public sealed partial class GatewayHost : IAsyncDisposable
{
    private readonly DataDirectory directory;
    private readonly RootKey root;
    private readonly NodeEndpoints nodes;
    private readonly IObjectSystem system;
    private readonly NodeMembership members;
    private readonly WebApplication app;
    private readonly AdminJobs jobs;
    private readonly ImportService imports;
    private readonly NotificationService notifications;
    private readonly AccessLogWriter logs;
    private readonly IdentityServices identities;
    private readonly LockClockKeeper clock;
    private readonly PrometheusPage metrics;
    private readonly SystemMeters meters;

    private readonly ServerCertificate? certificate;
    private readonly PosixSignalRegistration? hangUp;
    private readonly AuditLog? audit;

    private GatewayHost(DataDirectory directory, RootKey root, NodeEndpoints nodes, IObjectSystem system, NodeMembership members, WebApplication app, AdminJobs jobs, ImportService imports, NotificationService notifications, AccessLogWriter logs, IdentityServices identities, LockClockKeeper clock, PrometheusPage metrics, SystemMeters meters, ServerCertificate? certificate, PosixSignalRegistration? hangUp, AuditLog? audit)
    {
        this.directory = directory;
        this.root = root;
        this.nodes = nodes;
        this.system = system;
        this.members = members;
        this.app = app;
        this.jobs = jobs;
        this.imports = imports;
        this.notifications = notifications;
        this.logs = logs;
        this.identities = identities;
        this.clock = clock;
        this.metrics = metrics;
        this.meters = meters;
        this.certificate = certificate;
        this.hangUp = hangUp;
        this.audit = audit;
        (Endpoint, AdminEndpoint) = EndpointsOf(app);
    }

    /// <summary>Where S3 is served.</summary>
    public Uri Endpoint { get; }

    /// <summary>Where administration is served: there too, unless it has an address of its own.</summary>
    public Uri AdminEndpoint { get; }

    /// <summary>Starts a gateway and announces how to use it.</summary>
    /// <param name="announcement">Takes the endpoint and, once only, what was made at a first start: credentials and phrase.</param>
    /// <exception cref="ConfigurationException">It cannot start as configured; one sentence with the way out.</exception>
    public static async Task<GatewayHost> StartAsync(GatewayOptions options, TextWriter announcement, CancellationToken cancellationToken)
    {
        // 1. Nothing is made before it is sure that it can be served.
        CheckPort(options.Listen, "--listen");
        if (options.AdminListen is { } adminListen) CheckPort(adminListen, "--admin-listen");
        var certificate = ServerCertificate.Open(options, TimeProvider.System);
        PosixSignalRegistration? hangUp = null;
        AuditLog? audit = null;
        var directory = DataDirectory.Open(options.DataDirectory);
        RootKey? root = null;
        NodeEndpoints? nodes = null;
        IObjectSystem? system = null;
        NodeMembership? members = null;
        PrometheusPage? metrics = null;
        SystemMeters? meters = null;
        WebApplication? app = null;
        ImportService? imports = null;
        NotificationService? notifications = null;
        AccessLogWriter? logs = null;
        IdentityServices? identities = null;
        LockClockKeeper? clock = null;
        try
        {
            // 2. Keys, stores, database, journal.
            metrics = new PrometheusPage();
            var buffers = SystemStart.Buffers(options);
            app = BuildApp(options, buffers, certificate);
            var loggers = app.Services.GetRequiredService<ILoggerFactory>();
            certificate?.Watch(loggers.CreateLogger<ServerCertificate>());
            audit = AuditLog.Open(options, TimeProvider.System, loggers.CreateLogger<AuditLog>());
            root = await SystemStart.LoadRootAsync(options, directory.FullPath, announcement, cancellationToken);
            nodes = new NodeEndpoints(root);
            system = await SystemStart.OpenAsync(options, directory, root, loggers, nodes, runWorkers: true, cancellationToken, buffers);
            members = new NodeMembership(system, nodes, TimeProvider.System, loggers.CreateLogger<NodeMembership>());
            await members.StartAsync(cancellationToken);
            meters = new SystemMeters(system, buffers);

            await SystemStart.MakeKeysAsync(options, system, cancellationToken);

            // 3. Who there is.
            identities = await IdentityServices.OpenAsync(options, directory.FullPath, system, loggers, TimeProvider.System, cancellationToken);

            // 4. The endpoints.
            var jobs = new AdminJobs(loggers.CreateLogger<AdminJobs>());
            imports = new ImportService(system, options.AllowsLocalSources, TimeProvider.System, loggers.CreateLogger<ImportService>());
            clock = new LockClockKeeper(system.Metadata, TimeProvider.System, loggers.CreateLogger<LockClockKeeper>());
            notifications = new(system.Metadata, system.Events, identities.Seal, new() { AllowsLocal = options.AllowsLocalWebhooks }, system.Gateway.ToString(), TimeProvider.System, new Random(), loggers.CreateLogger<EventDispatcher>());
            logs = Map(app, options, system, members, identities, jobs, imports, clock, notifications, metrics, audit, loggers);
            await app.StartAsync(cancellationToken);
            imports.Resume();
            notifications.Dispatcher.Start();
            logs.Start();
            hangUp = OnHangUp(certificate, audit);

            var host = new GatewayHost(directory, root, nodes, system, members, app, jobs, imports, notifications, logs, identities, clock, metrics, meters, certificate, hangUp, audit);
            Announcement.Write(announcement, host.Endpoint, host.AdminEndpoint, options, identities.Root, system.GetStatus());
            return host;
        }
        catch (Exception e)
        {
            if (app is not null) await app.DisposeAsync();
            meters?.Dispose();
            if (logs is not null) await logs.DisposeAsync();
            if (notifications is not null) await notifications.DisposeAsync();
            if (imports is not null) await imports.DisposeAsync();
            if (clock is not null) await clock.DisposeAsync();
            if (identities is not null) await identities.DisposeAsync();
            if (members is not null) await members.DisposeAsync();
            if (system is not null) await system.DisposeAsync();
            nodes?.Dispose();
            root?.Dispose();
            metrics?.Dispose();
            hangUp?.Dispose();
            if (audit is not null) await audit.DisposeAsync();
            certificate?.Dispose();
            directory.Dispose();
            if (e is IOException { InnerException: AddressInUseException }) throw PortInUse(options.Listen, "--listen");
            if (e is MetadataUnavailableException) throw new ConfigurationException($"The metadata went away while the gateway started: {e.Message} Start it again when they are back.");
            throw;
        }
    }

    /// <summary>Returns after SIGTERM, SIGINT or <paramref name="cancellationToken"/>, when requests in flight have ended.</summary>
    public Task WaitForShutdownAsync(CancellationToken cancellationToken) => app.WaitForShutdownAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync();
        await app.DisposeAsync();
        await jobs.DisposeAsync();
        await logs.DisposeAsync();
        await notifications.DisposeAsync();
        await imports.DisposeAsync();
        await clock.DisposeAsync();
        await identities.DisposeAsync();
        meters.Dispose();
        await members.DisposeAsync();
        await system.DisposeAsync();
        nodes.Dispose();
        root.Dispose();
        metrics.Dispose();
        hangUp?.Dispose();
        if (audit is not null) await audit.DisposeAsync();
        certificate?.Dispose();
        directory.Dispose();
    }

    /// <summary>SIGHUP, by which whoever replaced files says so; without such files it ends the process, as it does any.</summary>
    private static PosixSignalRegistration? OnHangUp(ServerCertificate? certificate, AuditLog? audit) => certificate is null && audit is null ? null : PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal =>
    {
        signal.Cancel = true;
        certificate?.Look();
        audit?.Reopen();
    });

    private static void CheckPort(IPEndPoint address, string option)
    {
        using var probe = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        probe.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        try
        {
            probe.Bind(address);
            probe.Listen(1);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            throw PortInUse(address, option);
        }
        catch (SocketException e)
        {
            throw new ConfigurationException($"{address} cannot be listened on ({e.Message}); choose another address with {option} ADDR:PORT.");
        }
    }

    /// <summary>Known when it listens: where S3 is served, and where administration is.</summary>
    private static (Uri S3, Uri Admin) EndpointsOf(WebApplication app)
    {
        var addresses = app.Services.GetRequiredService<Microsoft.AspNetCore.Hosting.Server.IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        return (new(addresses.First()), new(addresses.Last()));
    }

    private static ConfigurationException PortInUse(IPEndPoint address, string option) =>
        new($"{address} is taken by another process; stop that one or choose another port with {option} {address.Address}:PORT.");

    internal static WebApplication BuildApp(GatewayOptions options, BufferPool buffers, ServerCertificate? certificate = null)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Logging.ClearProviders();
        builder.Logging.SetMinimumLevel(options.LogLevel);
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
        // While anybody listens to it, the framework makes an Activity, a log scope and an execution context for every request. Requests have their own line (S3Pipeline's), and failures theirs.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        GatewayLogging.Add(builder.Logging, options);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = options.ShutdownTimeout);
        builder.WebHost.UseKestrelCore();
        builder.WebHost.UseKestrelHttpsConfiguration();
        // After the server's own, since the last one wins.
        builder.Services.AddSingleton<IMemoryPoolFactory<byte>>(new BlockPoolFactory(buffers));
        builder.WebHost.UseUrls();
        builder.Services.Configure<SocketTransportOptions>(socket =>
        {
            socket.MaxReadBufferSize = ConnectionBuffers.ReceiveMax;
            socket.MaxWriteBufferSize = ConnectionBuffers.SendMax;
            socket.NoDelay = true;
        });
        builder.WebHost.ConfigureKestrel(kestrel => Limit(kestrel, options, buffers.Budget, certificate));
        return builder.Build();
    }

    private static void Limit(KestrelServerOptions kestrel, GatewayOptions options, MemoryBudget budget, ServerCertificate? certificate)
    {
        kestrel.Listen(options.Listen, listen => Serve(listen, budget, certificate));
        if (options.AdminListen is { } adminListen)
        {
            kestrel.Listen(adminListen, listen =>
            {
                AdminDoor.Mark(listen);
                Serve(listen, budget, certificate);
            });
        }

        kestrel.AddServerHeader = false;
        kestrel.AllowSynchronousIO = false;
        var limits = kestrel.Limits;
        limits.MaxConcurrentConnections = options.ConnectionsMax;
        // Bodies are limited by S3's own rules (5 GiB a part), and watched for stalls as they are read.
        limits.MaxRequestBodySize = null;
        limits.MinRequestBodyDataRate = null;
        limits.MinResponseDataRate = new MinDataRate(bytesPerSecond: 240, gracePeriod: options.StallTimeout);
        // A key of 1,024 bytes may be 3,072 when escaped, a listing may carry four of them, a presigned query adds some 1,500; S3 allows 8 KiB of headers, proxies add theirs.
        limits.MaxRequestLineSize = 32 * 1024;
        limits.MaxRequestHeadersTotalSize = 32 * 1024;
        limits.MaxRequestHeaderCount = 200;
        // What one connection may have received and not yet been read: with the response's side a bound on memory a connection.
        limits.MaxRequestBufferSize = ConnectionBuffers.ReceiveMax;
        limits.MaxResponseBufferSize = ConnectionBuffers.SendMax;
        limits.KeepAliveTimeout = TimeSpan.FromSeconds(130);
        limits.RequestHeadersTimeout = TimeSpan.FromSeconds(30);
    }

    private static void Serve(ListenOptions listen, MemoryBudget budget, ServerCertificate? certificate)
    {
        listen.Protocols = HttpProtocols.Http1;
        listen.Use(next => connection => ConnectionBuffers.AnnounceAsync(next, connection, budget, certificate is not null));
        if (certificate is not null) listen.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => new(certificate.ForConnection()) });
    }

    private static AccessLogWriter Map(WebApplication app, GatewayOptions options, IObjectSystem system, NodeMembership members, IdentityServices identities, AdminJobs jobs, ImportService imports, LockClockKeeper clock, NotificationService notifications, PrometheusPage metrics, AuditLog? audit, ILoggerFactory loggers)
    {
        var s3Options = new S3Options
        {
            Domains = options.Domains,
            PublicUrl = options.PublicUrl,
            Region = options.Region,
            StrictRegion = options.StrictRegion,
            AcceptSignatureV2 = options.AcceptsSignatureV2,
            BodyStallMax = options.StallTimeout,
        };
        var operationOptions = new GatewayS3Options { Region = options.Region, ObjectOwnership = options.ObjectOwnership, BlocksPublicAccess = options.BlocksPublicAccess, ReportsDefaultEncryption = options.ReportsDefaultEncryption, TakesCustomerKeysOverHttp = options.TakesCustomerKeysOverHttp };
        var store = identities.Store;
        var credentials = new Credentials(identities.Root, store, identities.Seal, TimeProvider.System);
        var rates = options.KeyRateMax + options.BucketRateMax == 0 ? null : new RequestRates(options.KeyRateMax, options.BucketRateMax, TimeProvider.System);
        var gate = new AccessGate(system.Metadata, store, operationOptions, TimeProvider.System, loggers.CreateLogger<AccessGate>(), store.Uses, rates);
        var handlers = S3Operations.Create(system.Objects, operationOptions, TimeProvider.System, system.Tiering, gate, imports, notifications);
        var logs = new AccessLogWriter(system.Objects, gate, system.Events, new(), TimeProvider.System, loggers.CreateLogger<AccessLogWriter>());
        Action<S3Completion> completed = RequestMeters.Count;
        completed += logs.Add;
        if (audit is not null) completed += audit.Add;
        var pipeline = new S3Pipeline(s3Options, credentials, handlers, InnerErrors.Of, TimeProvider.System, loggers.CreateLogger<S3Pipeline>(), completed, gate.AuthorizeAsync, audit is null ? null : audit.AdmitAsync,
            new CrossOrigin(system.Metadata, loggers.CreateLogger<CrossOrigin>()).FindAsync);
        var admin = new AdminApi(
            system, options, path => SystemStart.OpenDisk(path, loggers), jobs, imports, new NodeAdmin(system, members, options), store, new AccountAdmin(store, identities.Seal, system.Metadata, TimeProvider.System),
            new AccessAdmin(new(gate, credentials, store, system.Metadata, identities.Root.AccessKey, options.Region, TimeProvider.System)), new ClockAdmin(clock, system.Metadata, TimeProvider.System), new(notifications), TimeProvider.System);
        var usage = new UsageMeters(system.Metadata);
        app.Lifetime.ApplicationStopped.Register(usage.Dispose);
        var requests = new NodeRequests(members, TimeProvider.System);
        var own = new OortPaths(system, metrics, usage, admin, new AdminGate(store.OperatorNumber, options.Region, TimeProvider.System, loggers.CreateLogger<AdminGate>()), requests, pipeline, options.AdminListen is not null);
        var sts = new StsApi(store, identities.Seal, identities.Tokens, options.Region, TimeProvider.System, loggers.CreateLogger<StsApi>());
        var iam = new IamApi(store, identities.Seal, sts, options.Region, TimeProvider.System, loggers.CreateLogger<IamApi>(), rates).Service;
        app.Lifetime.ApplicationStopping.Register(() => own.IsStopping = true);
        var wallets = new Lazy<QueryService>(() => new WalletSignIn(sts, identities.Nonces, new(identities.Nonces, identities.Used, TimeProvider.System), WalletSignIn.SiteOf(options, EndpointsOf(app).S3), identities.Seal, TimeProvider.System).Service);
        if (options.Hsts) app.Use(StrictTransport.AddAsync);
        var shares = new SharePages(credentials, gate, system.Metadata, handlers).Service;
        var websites = new WebsiteService(gate, system.Metadata, handlers, options.WebsiteDomains, options.WebsiteHosts);
        app.Run(http => http.Request.Path switch
        {
            _ when websites.Takes(http) => pipeline.HandleAsync(http, websites.Service),
            _ when !pipeline.IsReserved(http) => IamApi.IsOne(http) ? pipeline.HandleAsync(http, iam) : pipeline.HandleAsync(http),
            var path when path.StartsWithSegments("/_oort/sign-in") => pipeline.HandleAsync(http, wallets.Value),
            var path when path.Value!.StartsWith(SharePages.BasePath, StringComparison.Ordinal) => pipeline.HandleAsync(http, shares),
            _ => own.HandleAsync(http),
        });
        return logs;
    }
}
