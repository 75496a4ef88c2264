using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Oort.Gateway.Access;
using Oort.Gateway.Errors;
using Oort.Gateway.Iam;
using Oort.Gateway.Operations;
using Oort.Gateway.Shares;
using Oort.Gateway.Tests.Iam;
using Oort.Gateway.Tests.Operations;
using Oort.Identity.Store;
using Oort.S3;
using Shouldly;
using Xunit;

[assembly: AssemblyFixture(typeof(IdentityGateway))]

namespace Oort.Gateway.Tests.Iam;

/// <summary>A gateway with accounts, users and sessions, in this process, over stores in memory. Its clock can be put forward for sessions; signatures are judged by the real one.</summary>
public sealed class IdentityGateway : IAsyncLifetime
{
    private const string RootKey = "ROOTKEY";
    private const string RootSecret = "root-secret";

    private readonly List<RawClient> clients = [];
    private readonly Lock gate = new();
    private TestStorage storage = null!;
    private IdentityServices identities = null!;
    private LoopbackServer server = null!;
    private int last;

    public Uri Endpoint => server.Endpoint;

    /// <summary>Of sessions, seeds and conditions.</summary>
    internal ShiftedTime Time { get; } = new();

    internal IdentityServices Identities => identities;

    internal IdentityStore Store => identities.Store;

    internal Oort.Metadata.IMetadataStore Metadata => storage.Layer.Metadata;

    internal ClusterSeal Seal => identities.Seal;

    /// <summary>The root of the account that runs the gateway.</summary>
    internal Tenant Operators { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        storage = await TestStorage.OpenAsync();
        var options = new GatewayOptions { AccessKey = RootKey, SecretKey = new(RootSecret), IdentityHosts = ["127.0.0.1"], AllowsHttpIdentities = true };
        identities = await IdentityServices.OpenAsync(options, "", storage.Inner, NullLoggerFactory.Instance, Time, CancellationToken.None);
        var s3 = new GatewayS3Options { PartSizeMin = TestGateway.PartSizeMin };
        var access = new AccessGate(storage.Layer.Metadata, Store, s3, Time, NullLogger<AccessGate>.Instance, Store.Uses);
        var handlers = S3Operations.Create(storage.Layer, s3, TimeProvider.System, new IdleTiering(), access);
        var credentials = new Credentials(identities.Root, Store, Seal, Time);
        var pipeline = new S3Pipeline(new(), credentials, handlers, InnerErrors.Of, TimeProvider.System, NullLogger<S3Pipeline>.Instance, null, access.AuthorizeAsync);
        var sts = new StsApi(Store, Seal, identities.Tokens, "us-east-1", Time, NullLogger<StsApi>.Instance);
        var iam = new IamApi(Store, Seal, sts, "us-east-1", Time, NullLogger<IamApi>.Instance).Service;
        var admin = new AdminGate(Store.OperatorNumber, "us-east-1", Time, NullLogger<AdminGate>.Instance);
        QueryService? wallets = null;
        var shares = new SharePages(credentials, access, storage.Layer.Metadata, handlers).Service;
        server = await LoopbackServer.StartAsync(http => pipeline.IsReserved(http)
            ? http.Request.Path.StartsWithSegments("/_oort/share") ? pipeline.HandleAsync(http, shares) : http.Request.Path.StartsWithSegments("/_oort/sign-in") ? pipeline.HandleAsync(http, wallets!) : pipeline.HandleAsync(http, (request, _) =>
            {
                admin.Authorize(request);
                return ValueTask.CompletedTask;
            })
            : IamApi.IsOne(http) ? pipeline.HandleAsync(http, iam) : pipeline.HandleAsync(http));
        wallets = new WalletSignIn(sts, identities.Nonces, new(identities.Nonces, identities.Used, Time), WalletSignIn.SiteOf(options, server.Endpoint), Seal, Time).Service;
        Operators = new(this, Store.OperatorNumber, RootKey, RootSecret);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var client in clients) client.Dispose();
        await server.DisposeAsync();
        await identities.DisposeAsync();
        await storage.DisposeAsync();
    }

    public string NewName(string stem) => string.Create(CultureInfo.InvariantCulture, $"{stem}-{Interlocked.Increment(ref last)}");

    /// <summary>A client that ends with the gateway.</summary>
    public RawClient Client(string accessKey, string secret, string service = "s3", string? token = null)
    {
        var client = new RawClient(Endpoint, accessKey, secret, service, token);
        lock (gate) clients.Add(client);
        return client;
    }

    /// <summary>A new account.</summary>
    internal async Task<Tenant> NewTenantAsync()
    {
        var number = Interlocked.Increment(ref last).ToString("D12", CultureInfo.InvariantCulture);
        var (key, secret) = IdentityChange.NewKey(Seal, Time.GetUtcNow());
        var account = new Identity.Accounts.Account(number, number.PadLeft(64, 'a'), $"tenant {number}", $"{number}@example.com") { Keys = [key] };
        await Store.ChangeAsync(
            change =>
            {
                change.Put(account);
                return true;
            },
            CancellationToken.None);
        return new(this, number, key.Id, secret);
    }
}

/// <summary>The machine's clock, put forward.</summary>
internal sealed class ShiftedTime : TimeProvider
{
    private long shift;

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow().AddTicks(Interlocked.Read(ref shift));

    public void Forward(TimeSpan time) => Interlocked.Add(ref shift, time.Ticks);
}

/// <summary>Somebody with keys: what he sends to each service.</summary>
internal class Signer(IdentityGateway gateway, string accessKey, string secret, string? token = null)
{
    private readonly RawClient iam = gateway.Client(accessKey, secret, "iam", token);
    private readonly RawClient sts = gateway.Client(accessKey, secret, "sts", token);

    public string AccessKey => accessKey;

    public string Secret => secret;

    public string? Token => token;

    public IdentityGateway Gateway => gateway;

    public RawClient S3 { get; } = gateway.Client(accessKey, secret, "s3", token);

    public Task<RawAnswer> IamAsync(string action, params (string Name, string Value)[] fields) => iam.PostFormAsync([("Action", action), ("Version", "2010-05-08"), .. fields]);

    public Task<RawAnswer> StsAsync(string action, params (string Name, string Value)[] fields) => sts.PostFormAsync([("Action", action), ("Version", "2011-06-15"), .. fields]);

    /// <summary>Does something in IAM that must succeed.</summary>
    public async Task<RawAnswer> DoAsync(string action, params (string Name, string Value)[] fields)
    {
        var answer = await IamAsync(action, fields);
        answer.Status.ShouldBe(200, answer.Text);
        return answer;
    }
}

/// <summary>The root of an account.</summary>
internal sealed class Tenant(IdentityGateway gateway, string number, string accessKey, string secret) : Signer(gateway, accessKey, secret)
{
    public string Number => number;

    /// <summary>A new user with a key.</summary>
    /// <param name="policy">His own; null: he has none.</param>
    public async Task<(string Name, Signer Caller)> NewUserAsync(string? policy = null)
    {
        var name = Gateway.NewName("user");
        await DoAsync("CreateUser", ("UserName", name));
        if (policy is not null) await DoAsync("PutUserPolicy", ("UserName", name), ("PolicyName", "own"), ("PolicyDocument", policy));
        return (name, await NewKeyAsync(name));
    }

    public async Task<Signer> NewKeyAsync(string user)
    {
        var made = await DoAsync("CreateAccessKey", ("UserName", user));
        return new(Gateway, made.Element("AccessKeyId"), made.Element("SecretAccessKey"));
    }

    public async Task<string> NewBucketAsync()
    {
        var bucket = Gateway.NewName("bucket");
        (await S3.SendAsync("PUT", "/" + bucket)).Status.ShouldBe(200);
        return bucket;
    }

    /// <summary>Somebody's session of a role.</summary>
    public static Signer SessionOf(IdentityGateway gateway, RawAnswer answer)
    {
        answer.Status.ShouldBe(200, answer.Text);
        return new(gateway, answer.Element("AccessKeyId"), answer.Element("SecretAccessKey"), answer.Element("SessionToken"));
    }

    public string ArnOf(string resource) => $"arn:aws:iam::{number}:{resource}";
}
