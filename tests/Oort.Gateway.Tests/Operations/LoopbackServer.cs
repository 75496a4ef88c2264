using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Oort.Gateway.Tests.Operations;

/// <summary>Kestrel on 127.0.0.1, and nothing before what answers.</summary>
internal sealed class LoopbackServer : IAsyncDisposable
{
    private readonly WebApplication application;

    private LoopbackServer(WebApplication application)
    {
        this.application = application;
        Endpoint = new(application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
    }

    public Uri Endpoint { get; }

    /// <param name="port">0: one that is free.</param>
    public static async Task<LoopbackServer> StartAsync(RequestDelegate answer, int port = 0)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls($"http://127.0.0.1:{port}");
        var application = builder.Build();
        application.Run(answer);
        await application.StartAsync();
        return new(application);
    }

    /// <summary>Ends, and requests that are under way with it when the token says so.</summary>
    public Task StopAsync(CancellationToken cancellationToken) => application.StopAsync(cancellationToken);

    public ValueTask DisposeAsync() => application.DisposeAsync();
}
