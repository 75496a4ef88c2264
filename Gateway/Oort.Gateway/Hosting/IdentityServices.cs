using Microsoft.Extensions.Logging;
using Oort.Gateway.Access;
using Oort.Gateway.Iam;
using Oort.Identity.Accounts;
using Oort.Identity.Store;
using Oort.Identity.Wallets;
using Oort.Identity.WebIdentity;
using Oort.Objects;

namespace Oort.Gateway;

/// <summary>All that knows who somebody is, opened in order and closed in the reverse order.</summary>
internal sealed class IdentityServices : IAsyncDisposable
{
    private readonly CancellationTokenSource stop = new();
    private Task sweeping = Task.CompletedTask;

    private IdentityServices(RootCredentials root, ClusterSeal seal, IdentityStore store, WebIdentityVerifier tokens, WalletNonces nonces, SharedNonces used) => (Root, Seal, Store, Tokens, Nonces, Used) = (root, seal, store, tokens, nonces, used);

    public RootCredentials Root { get; }

    public ClusterSeal Seal { get; }

    public IdentityStore Store { get; }

    public WebIdentityVerifier Tokens { get; }

    public WalletNonces Nonces { get; }

    public SharedNonces Used { get; }

    /// <exception cref="ConfigurationException">The file of accounts cannot be used.</exception>
    public static async Task<IdentityServices> OpenAsync(GatewayOptions options, string dataDirectory, IObjectSystem system, ILoggerFactory loggers, TimeProvider time, CancellationToken cancellationToken)
    {
        var root = RootCredentials.LoadOrCreate(options, dataDirectory);
        var seal = new ClusterSeal(system);
        // The account of those who run the gateway, whose root's keys its configuration gives.
        var operators = new Account(Access.Accounts.NumberOf(RootCredentials.OwnerId), RootCredentials.OwnerId, "root", null);
        var store = await IdentityStore.OpenAsync(system.Metadata, seal, operators, options.Metadata is not null, time, loggers.CreateLogger<IdentityStore>(), cancellationToken);
        try
        {
            if (options.UsersFile is { } seeds) await UserSeeds.Read(seeds).ApplyAsync(store, seal, root.AccessKey, time, cancellationToken);
            var nonces = await SharedNonces.OpenAsync(system.Metadata, seal, time, cancellationToken);
            var used = new SharedNonces(system.Metadata, time);
            await used.SweepAsync(cancellationToken);
            var services = new IdentityServices(root, seal, store, new(new() { AllowedHosts = options.IdentityHosts, AllowsHttp = options.AllowsHttpIdentities }, time), nonces, used);
            services.sweeping = Task.Run(() => services.SweepAsync(time, loggers.CreateLogger<IdentityServices>()), CancellationToken.None);
            return services;
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await sweeping;
        Tokens.Dispose();
        await Store.DisposeAsync();
        stop.Dispose();
    }

    private async Task SweepAsync(TimeProvider time, ILogger logger)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(WalletNonces.Lifetime, time, stop.Token);
                await Used.SweepAsync(stop.Token);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Oort.Metadata.MetadataUnavailableException failure)
            {
                IdentityServicesLog.NotSwept(logger, failure.Message);
            }
        }
    }
}

internal static partial class IdentityServicesLog
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "Used nonces of wallets could not be swept; trying again in some minutes: {Reason}")]
    public static partial void NotSwept(ILogger logger, string reason);
}
