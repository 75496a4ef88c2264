using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Oort.Backends.Arweave.Tests.Peers;

/// <summary>An HTTP server on a free port of 127.0.0.1, with faults that a test chooses.</summary>
internal abstract class FakeServer : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly ConcurrentQueue<string> requests = new();

    protected FakeServer()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0);
            kestrel.Limits.MaxRequestBodySize = null;
        });
        app = builder.Build();
        app.Run(HandleAsync);
        app.Start();
        Endpoint = new(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
    }

    public Uri Endpoint { get; }

    /// <summary>Method and path of each request, in order.</summary>
    public IReadOnlyList<string> Requests => [.. requests];

    /// <summary>Decides before the server does: true where it has answered itself.</summary>
    public Func<HttpContext, Task<bool>>? Fault { get; set; }

    /// <summary>Answers every request whose path contains a word with a status and a text.</summary>
    public void Answers(string path, int status, string text = "") => Fault = async context =>
    {
        if (!context.Request.Path.Value!.Contains(path, StringComparison.Ordinal)) return false;
        await TextAsync(context, status, text);
        return true;
    };

    /// <summary>Answers every POST to a path.</summary>
    public void AnswersPosts(string path, int status, string text) => Fault = async context =>
    {
        if (context.Request.Method != "POST" || context.Request.Path != path) return false;
        await TextAsync(context, status, text);
        return true;
    };

    /// <summary>Never answers requests whose path contains a word.</summary>
    /// <returns>Ends when the first such request is there.</returns>
    public Task Hangs(string path)
    {
        var there = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Fault = async context =>
        {
            if (!context.Request.Path.Value!.Contains(path, StringComparison.Ordinal)) return false;
            there.TrySetResult();
            var gone = new TaskCompletionSource();
            await using var registration = context.RequestAborted.Register(gone.SetResult);
            await gone.Task;
            return true;
        };
        return there.Task;
    }

    /// <summary>Does what is asked in requests whose path contains a word, and breaks the connection instead of answering.</summary>
    public void LosesAnswers(string path, bool losesQuestions = true) => Fault = async context =>
    {
        if (!losesQuestions && context.Request.Method != "POST") return false;
        if (!context.Request.Path.Value!.Contains(path, StringComparison.Ordinal)) return false;
        var body = context.Response.Body;
        context.Response.Body = Stream.Null;
        await ServeAsync(context, context.Request.Path.Value!.Trim('/').Split('/'));
        context.Response.Body = body;
        context.Abort();
        return true;
    };

    public async ValueTask DisposeAsync() => await app.DisposeAsync();

    /// <param name="path">Its segments.</param>
    protected abstract Task ServeAsync(HttpContext context, string[] path);

    protected static async Task TextAsync(HttpContext context, int status, string text)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain";
        if (text.Length > 0) await context.Response.WriteAsync(text);
    }

    protected static Task JsonAsync(HttpContext context, object value, int status = 200)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(value);
    }

    protected static async Task<byte[]> BodyAsync(HttpContext context)
    {
        var copy = new MemoryStream();
        await context.Request.Body.CopyToAsync(copy, context.RequestAborted);
        return copy.ToArray();
    }

    protected static string Text(IFormattable number) => number.ToString(null, CultureInfo.InvariantCulture);

    private async Task HandleAsync(HttpContext context)
    {
        requests.Enqueue($"{context.Request.Method} {context.Request.Path}");
        try
        {
            if (Fault is { } fault && await fault(context)) return;
            await ServeAsync(context, context.Request.Path.Value!.Trim('/').Split('/'));
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or BadHttpRequestException)
        {
            // The client went away.
        }
    }
}
