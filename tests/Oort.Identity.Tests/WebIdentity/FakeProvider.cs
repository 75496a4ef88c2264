using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Oort.Identity.Tests.WebIdentity;

/// <summary>A provider of identities on a free port of 127.0.0.1.</summary>
internal sealed class FakeProvider : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly ConcurrentQueue<string> requests = new();

    public FakeProvider(params TokenKey[] keys)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        app = builder.Build();
        app.Run(HandleAsync);
        app.Start();
        Address = new(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        Issuer = $"http://127.0.0.1:{Address.Port}/realm";
        Configuration = new() { ["issuer"] = Issuer, ["jwks_uri"] = $"{Issuer}/keys" };
        KeySet = SetOf(keys);
    }

    public Uri Address { get; }

    public string Issuer { get; }

    public JsonObject Configuration { get; set; }

    public string KeySet { get; set; }

    /// <summary>Paths that were asked for, in order.</summary>
    public IReadOnlyList<string> Requests => [.. requests];

    public int KeyFetchCount => requests.Count(path => path == "/realm/keys");

    /// <summary>Answers in its place: true where it has.</summary>
    public Func<HttpContext, Task<bool>>? Fault { get; set; }

    public static string SetOf(params TokenKey[] keys) => new JsonObject { ["keys"] = new JsonArray([.. keys.Select(key => key.Jwk())]) }.ToJsonString();

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private async Task HandleAsync(HttpContext context)
    {
        requests.Enqueue(context.Request.Path);
        if (Fault is { } fault && await fault(context)) return;
        context.Response.StatusCode = context.Request.Path.Value switch
        {
            "/realm/.well-known/openid-configuration" or "/realm/keys" => 200,
            _ => 404,
        };
        if (context.Response.StatusCode == 200) await context.Response.WriteAsync(context.Request.Path == "/realm/keys" ? KeySet : Configuration.ToJsonString());
    }
}
