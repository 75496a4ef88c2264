using System.Text.Json;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Oort.Conformance.Events;

/// <summary>A webhook on a free port of 127.0.0.1.</summary>
internal sealed class WebhookReceiver : IAsyncDisposable
{
    private readonly Channel<(JsonElement Message, string Signature, string Timestamp, byte[] Body)> taken = Channel.CreateUnbounded<(JsonElement, string, string, byte[])>();
    private readonly WebApplication application;

    private WebhookReceiver()
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        application = builder.Build();
        application.Run(AnswerAsync);
    }

    /// <summary>What it answers; only what it answers with 200 it has taken.</summary>
    public int Status { get; set; } = 200;

    /// <summary>Posts, taken or not.</summary>
    public int Count => count;

    private int count;

    public string Url => application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First() + "/hook";

    public static async Task<WebhookReceiver> StartAsync()
    {
        var receiver = new WebhookReceiver();
        await receiver.application.StartAsync();
        return receiver;
    }

    public async Task<(JsonElement Message, string Signature, string Timestamp, byte[] Body)> NextAsync()
    {
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(120));
        return await taken.Reader.ReadAsync(late.Token);
    }

    public ValueTask DisposeAsync() => application.DisposeAsync();

    private async Task AnswerAsync(HttpContext http)
    {
        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body);
        Interlocked.Increment(ref count);
        http.Response.StatusCode = Status;
        if (Status == 200) taken.Writer.TryWrite((JsonSerializer.Deserialize<JsonElement>(body.ToArray()), http.Request.Headers["X-Oort-Signature"].ToString(), http.Request.Headers["X-Oort-Timestamp"].ToString(), body.ToArray()));
    }
}
