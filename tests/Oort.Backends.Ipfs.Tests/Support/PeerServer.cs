using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Oort.Backends.Ipfs.Tests.Support;

/// <summary>How a peer misbehaves.</summary>
public enum Fault
{
    /// <summary>A bit of the answer is another.</summary>
    WrongBytes,

    /// <summary>The answer lacks its last byte and says so in its length.</summary>
    Short,

    /// <summary>The answer has a byte more.</summary>
    Long,

    /// <summary>The connection ends in the middle of the answer.</summary>
    Cut,

    /// <summary>500 with a message.</summary>
    Error,

    /// <summary>503.</summary>
    Unavailable,

    /// <summary>429.</summary>
    Throttled,

    /// <summary>401, with the secret that was sent in the text.</summary>
    Refused,

    /// <summary>403, in the words in which a node says that there is no pin.</summary>
    Denied,

    /// <summary>409 of a pinning service.</summary>
    Funds,

    /// <summary>500 as a node without room says it.</summary>
    Full,

    /// <summary>No answer ever.</summary>
    Hang,

    /// <summary>An answer that begins and never ends.</summary>
    Stuck,

    /// <summary>A page for people, with 200.</summary>
    Page,

    /// <summary>A redirect to elsewhere.</summary>
    Elsewhere,

    /// <summary>200 without end.</summary>
    Endless,

    /// <summary>200, and behind the body that it failed.</summary>
    Late,
}

/// <summary>An answer before it is sent.</summary>
internal sealed record PeerReply(int Status, string Type, byte[] Body)
{
    public static PeerReply Json(object value, int status = 200) => new(status, "application/json", System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(value));
}

/// <summary>A server on a free port of 127.0.0.1 that answers as it should, or as a test says.</summary>
internal abstract class PeerServer : IAsyncDisposable
{
    private readonly CancellationTokenSource stop = new();
    private readonly ConcurrentQueue<string> calls = new();
    private WebApplication? application;

    public Uri Address { get; private set; } = null!;

    /// <summary>Whether an Authorization header lets in who sent it.</summary>
    public Func<string, bool> Admits { get; set; } = _ => true;

    /// <summary>What goes wrong at a call, named "POST /api/v0/block/put"; null: nothing.</summary>
    public Func<string, Fault?> Faults { get; set; } = _ => null;

    /// <summary>Calls so far, each with its query.</summary>
    public IReadOnlyList<string> Calls => [.. calls];

    /// <summary>Called when it begins to hang.</summary>
    public Action Hanging { get; set; } = () => { };

    public int Count(string part) => calls.Count(call => call.Contains(part, StringComparison.Ordinal));

    protected abstract Task<PeerReply> AnswerAsync(HttpRequest request);

    protected async Task StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0").ConfigureKestrel(options => options.Limits.MaxRequestBodySize = null);
        application = builder.Build();
        application.Run(ServeAsync);
        await application.StartAsync();
        Address = new(application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        if (application is not null) await application.DisposeAsync();
        stop.Dispose();
    }

    private async Task ServeAsync(HttpContext context)
    {
        var call = $"{context.Request.Method} {context.Request.Path}";
        calls.Enqueue(call + context.Request.QueryString);
        var fault = Faults(call);
        if (fault == Fault.Hang) Hanging();
        if (fault == Fault.Hang) await Task.Delay(Timeout.Infinite, stop.Token).ContinueWith(_ => { }, TaskScheduler.Default);

        var sent = context.Request.Headers.Authorization.ToString();
        var reply = fault switch
        {
            Fault.Error => PeerReply.Json(new { Message = "something\r\nbroke", Code = 0, Type = "error" }, 500),
            Fault.Unavailable => new(503, "text/plain", "later"u8.ToArray()),
            Fault.Throttled => new(429, "text/plain", "slower"u8.ToArray()),
            Fault.Refused => new(401, "text/plain", System.Text.Encoding.UTF8.GetBytes($"not you: {sent}")),
            Fault.Denied => new(403, "text/plain", "you are not pinned to this node"u8.ToArray()),
            Fault.Funds => PeerReply.Json(new { error = new { reason = "INSUFFICIENT_FUNDS", details = "pay first" } }, 409),
            Fault.Full => PeerReply.Json(new { Message = "write: no space left on device", Code = 0, Type = "error" }, 500),
            Fault.Page => new(200, "text/html", "<html>Welcome</html>"u8.ToArray()),
            Fault.Elsewhere => new(301, "text/plain", []),
            _ when !Admits(sent) => new(403, "text/plain", "403 - Forbidden"u8.ToArray()),
            _ => await AnswerAsync(context.Request),
        };
        try
        {
            await SendAsync(context, reply, fault);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or InvalidOperationException)
        {
            // The client has gone, or the test is over.
        }
    }

    private async Task SendAsync(HttpContext context, PeerReply reply, Fault? fault)
    {
        var body = fault switch
        {
            Fault.WrongBytes when reply.Body.Length > 0 => reply.Body.Flipped(reply.Body.Length / 2),
            Fault.Short when reply.Body.Length > 0 => reply.Body[..^1],
            Fault.Long => [.. reply.Body, (byte)' '],
            _ => reply.Body,
        };
        context.Response.StatusCode = reply.Status;
        context.Response.ContentType = reply.Type;
        if (fault == Fault.Elsewhere) context.Response.Headers.Location = "http://127.0.0.1:1/";
        if (fault == Fault.Late)
        {
            // A trailer goes behind chunks only, and in HTTP/1.1 the server makes none: they are written by hand.
            context.Response.Headers.TransferEncoding = "chunked";
            byte[] chunks = [.. System.Text.Encoding.ASCII.GetBytes($"{body.Length:x}\r\n"), .. body, .. "\r\n0\r\nX-Stream-Error: it failed after all\r\n\r\n"u8];
            await context.Response.Body.WriteAsync(chunks, stop.Token);
            return;
        }

        if (fault != Fault.Endless) context.Response.ContentLength = body.Length;
        if (fault is Fault.Cut or Fault.Stuck)
        {
            await context.Response.Body.WriteAsync(body.AsMemory(0, body.Length / 2), stop.Token);
            await context.Response.Body.FlushAsync(stop.Token);
            if (fault == Fault.Stuck) Hanging();
            if (fault == Fault.Stuck) await Task.Delay(Timeout.Infinite, stop.Token);
            context.Abort();
            return;
        }

        await context.Response.Body.WriteAsync(body, stop.Token);
        // A write to nobody does not fail.
        while (fault == Fault.Endless && !context.RequestAborted.IsCancellationRequested) await context.Response.Body.WriteAsync(new byte[64 * 1024], stop.Token);
    }
}
