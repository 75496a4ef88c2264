using Amazon.Runtime;
using Amazon.S3;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Oort.Gateway.Errors;
using Oort.Gateway.Operations;
using Oort.Objects;
using Oort.S3;

namespace Oort.Gateway.Tests.Operations;

/// <summary>Kestrel on a free port of 127.0.0.1 with the pipeline and the operations on an object layer, and clients for it.</summary>
public sealed class GatewayHost : IAsyncDisposable
{
    internal const string AccessKey = "AKIAOORTTESTKEY";
    internal const string SecretKey = "a secret that signs the tests";

    private readonly WebApplication application;

    private GatewayHost(WebApplication application)
    {
        this.application = application;
        Endpoint = new(application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        Client = new(
            new BasicAWSCredentials(AccessKey, SecretKey),
            new AmazonS3Config { ServiceURL = Endpoint.ToString(), ForcePathStyle = true, AuthenticationRegion = "us-east-1", MaxErrorRetry = 0 });
        Raw = new(Endpoint, AccessKey, SecretKey);
    }

    public Uri Endpoint { get; }

    /// <summary>The .NET SDK at its default settings, but that it does not hide errors by trying again.</summary>
    public AmazonS3Client Client { get; }

    public RawClient Raw { get; }

    public static async Task<GatewayHost> StartAsync(IObjectLayer layer, GatewayS3Options options)
    {
        var handlers = S3Operations.Create(layer, options, TimeProvider.System);
        var pipeline = new S3Pipeline(new(), new OneCredential(), handlers, InnerErrors.Of, TimeProvider.System, NullLogger<S3Pipeline>.Instance);
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var application = builder.Build();
        application.Run(pipeline.HandleAsync);
        await application.StartAsync();
        return new(application);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        Raw.Dispose();
        await application.DisposeAsync();
    }

    private sealed class OneCredential : IS3Credentials
    {
        private readonly S3Credential credential = new(new(AccessKey, "0123456789abcdef", "tester"), SecretKey);

        public ValueTask<S3Credential?> FindAsync(string accessKeyId, CancellationToken cancellationToken) =>
            ValueTask.FromResult(accessKeyId == AccessKey ? credential : null);
    }
}
