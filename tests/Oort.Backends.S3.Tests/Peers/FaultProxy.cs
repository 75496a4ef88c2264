using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Oort.Backends.Suite;
using Oort.Gateway.Tests.Operations;

namespace Oort.Backends.S3.Tests.Peers;

/// <summary>Stands between the backend and a gateway, and makes of its answers those of a cloud that fails, lies or has archived everything.</summary>
internal sealed class FaultProxy : IAsyncDisposable
{
    private LoopbackServer server = null!;
    private readonly HttpMessageInvoker http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false });
    private readonly Uri target;
    private readonly TimeProvider time;
    private readonly Dictionary<string, DateTimeOffset> restored = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> completed = new(StringComparer.Ordinal);
    private int putCount;
    private int partCount;

    private FaultProxy(Uri target, TimeProvider time) => (this.target, this.time) = (target, time);

    public Uri Endpoint => server.Endpoint;

    public PeerFault Fault { get; set; }

    /// <summary>Objects that were put, and uploads that were completed: one that is completed again stays the one object.</summary>
    public int PaymentCount => putCount + completed.Count;

    /// <summary>Requests about items by their method.</summary>
    public ConcurrentDictionary<string, int> Requests { get; } = new(StringComparer.Ordinal);

    /// <summary>Whether the cloud gives checksums of its own (x-amz-checksum-…).</summary>
    public bool HasChecksums { get; set; } = true;

    /// <summary>Whether it lists uploads.</summary>
    public bool ListsUploads { get; set; } = true;

    /// <summary>Whether the answer to the next begin of an upload is lost.</summary>
    public bool LosesBegin { get; set; }

    /// <summary>What becomes of the answers to HEAD of an item.</summary>
    public Action<HttpResponse>? ChangesHead { get; set; }

    /// <summary>What is done with bucket and key of an item once it is stored; null: nothing.</summary>
    public Func<string, string, Task>? Stored { get; set; }

    /// <summary>How long what is archived takes to come back; null: nothing is archived.</summary>
    public TimeSpan? ArchiveDelay { get; set; }

    /// <summary>Objects that were asked back.</summary>
    public int RestoreCount => restored.Count;

    /// <summary>Requests for that.</summary>
    public int RestoreRequestCount { get; private set; }

    /// <summary>What the last one said.</summary>
    public string RestoreDocument { get; private set; } = "";

    /// <summary>Parts that were sent and taken.</summary>
    public int PartCount => partCount;

    public static async Task<FaultProxy> StartAsync(Uri target, TimeProvider time)
    {
        var proxy = new FaultProxy(target, time);
        proxy.server = await LoopbackServer.StartAsync(proxy.HandleAsync);
        return proxy;
    }

    public async ValueTask DisposeAsync()
    {
        // What hangs hangs until its client goes.
        using var now = new CancellationTokenSource(TimeSpan.FromMilliseconds(1));
        await server.StopAsync(now.Token);
        await server.DisposeAsync();
        http.Dispose();
    }

    private async Task HandleAsync(HttpContext context)
    {
        var (request, fault) = (context.Request, Fault);
        var isWrite = request.Method is "PUT" or "POST";
        // Items have a key of two names at least, behind the bucket's.
        var isItem = request.Path.Value!.Count(c => c == '/') >= 3;
        if (isItem) Requests.AddOrUpdate(request.Method, 1, (_, count) => count + 1);
        switch (fault)
        {
            case PeerFault.ServerError: await RefuseAsync(context, 500, "InternalError"); return;
            case PeerFault.Unavailable: await RefuseAsync(context, 503, "ServiceUnavailable"); return;
            case PeerFault.Throttles: await RefuseAsync(context, 429, "TooManyRequests"); return;
            case PeerFault.RefusesCredentials: await RefuseAsync(context, 403, "InvalidAccessKeyId"); return;
            case PeerFault.OutOfFunds when isWrite: await RefuseAsync(context, 403, "AccountProblem"); return;
            case PeerFault.OutOfSpace when isWrite: await RefuseAsync(context, 507, "InsufficientStorage"); return;
            case PeerFault.Hangs: await HangAsync(context); return;
        }

        if (!ListsUploads && request.Method == "GET" && request.Query.ContainsKey("uploads"))
        {
            await RefuseAsync(context, 501, "NotImplemented");
            return;
        }

        if (ArchiveDelay is { } delay && isItem && await AnswerAsArchiveAsync(context, delay)) return;
        using var answer = await ForwardAsync(context);
        var body = await answer.Content.ReadAsByteArrayAsync();
        var upload = (string?)request.Query["uploadId"];
        switch (request.Method)
        {
            case "PUT" or "POST" when !answer.IsSuccessStatusCode || !isItem: break;
            case "PUT" when upload is null: Interlocked.Increment(ref putCount); break;
            case "PUT": Interlocked.Increment(ref partCount); break;
            case "POST" when upload is not null: completed[upload] = true; break;
        }

        if (Stored is { } stored && isItem && answer.IsSuccessStatusCode && (request.Method == "PUT" && upload is null || request.Method == "POST" && upload is not null))
        {
            var place = request.Path.Value!.TrimStart('/').Split('/', 2);
            await stored(place[0], place[1]);
        }

        var isLostBegin = LosesBegin && request.Method == "POST" && request.Query.ContainsKey("uploads");
        if (isLostBegin) LosesBegin = false;
        if (isLostBegin || (fault == PeerFault.LosesAnswers && (isWrite || request.Method == "DELETE")))
        {
            context.Abort();
            return;
        }

        var isRead = request.Method is "GET" or "HEAD" && isItem && answer.IsSuccessStatusCode && upload is null;
        await WriteAsync(context, answer, body, isRead ? fault : PeerFault.None);
    }

    private async Task<HttpResponseMessage> ForwardAsync(HttpContext context)
    {
        var source = context.Request;
        var path = context.Features.Get<IHttpRequestFeature>()!.RawTarget;
        using var request = new HttpRequestMessage(new(source.Method), new Uri($"{target.Scheme}://{target.Authority}{path}", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
        if (source.Method is "PUT" or "POST")
        {
            var body = new MemoryStream();
            await source.Body.CopyToAsync(body);
            request.Content = new ByteArrayContent(body.ToArray());
        }

        foreach (var (name, values) in source.Headers)
        {
            // The signature is over the name that the client called.
            if (name is "Expect" or "Connection" or "Content-Length" or "Transfer-Encoding") continue;
            if (!request.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values)) request.Content?.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
        }

        return await http.SendAsync(request, context.RequestAborted);
    }

    private async Task WriteAsync(HttpContext context, HttpResponseMessage answer, byte[] body, PeerFault fault)
    {
        var to = context.Response;
        to.StatusCode = (int)answer.StatusCode;
        var hidesChecksums = !HasChecksums || fault is PeerFault.WrongBytes or PeerFault.ShortBytes or PeerFault.LongBytes;
        foreach (var (name, values) in answer.Headers.Concat(answer.Content.Headers))
        {
            if (name is "Transfer-Encoding" or "Connection" or "Content-Length" or "Date" or "Server") continue;
            if (hidesChecksums && name.StartsWith("x-amz-checksum", StringComparison.OrdinalIgnoreCase)) continue;
            to.Headers[name] = values.ToArray();
        }

        var change = fault switch
        {
            PeerFault.ShortBytes => -1,
            PeerFault.LongBytes => 1,
            _ => 0,
        };
        var length = answer.Content.Headers.ContentLength ?? body.Length;
        if (fault == PeerFault.WrongBytes) body = [.. body.Select(b => (byte)~b)];
        if (change != 0 && answer.Content.Headers.ContentRange is { } range)
        {
            // As if the object were so long: a range that reached its end ends with it.
            var total = range.Length!.Value + change;
            var last = Math.Min(range.To!.Value, total - 1);
            body = body[..(int)(last - range.From!.Value + 1)];
            length = body.Length;
            to.Headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes {range.From}-{last}/{total}");
        }
        else if (change != 0)
        {
            length += change;
            if (context.Request.Method == "GET") body = change < 0 ? body[..^1] : [.. body, 0];
        }

        to.ContentLength = answer.StatusCode is HttpStatusCode.NoContent ? null : length;
        if (context.Request.Method == "HEAD") ChangesHead?.Invoke(to);
        else if (body.Length > 0) await to.Body.WriteAsync(body);
    }

    /// <summary>S3 API: RestoreObject, and what archived objects answer.</summary>
    /// <returns>Whether that was an answer.</returns>
    private async Task<bool> AnswerAsArchiveAsync(HttpContext context, TimeSpan delay)
    {
        var (request, key) = (context.Request, context.Request.Path.Value!);
        var asked = restored.TryGetValue(key, out var back);
        var isBack = asked && back <= time.GetUtcNow();
        if (request.Method == "POST" && request.Query.ContainsKey("restore"))
        {
            RestoreRequestCount++;
            RestoreDocument = await new StreamReader(request.Body).ReadToEndAsync();
            if (!asked) restored[key] = time.GetUtcNow() + delay;
            if (asked && !isBack) await RefuseAsync(context, 409, "RestoreAlreadyInProgress");
            else context.Response.StatusCode = isBack ? 200 : 202;
            return true;
        }

        if (request.Method == "HEAD")
        {
            context.Response.OnStarting(() =>
            {
                if (context.Response.StatusCode != 200) return Task.CompletedTask;
                context.Response.Headers["x-amz-storage-class"] = "GLACIER";
                if (asked) context.Response.Headers["x-amz-restore"] = isBack ? "ongoing-request=\"false\", expiry-date=\"Fri, 01 Jan 2027 00:00:00 GMT\"" : "ongoing-request=\"true\"";
                return Task.CompletedTask;
            });
        }

        if (request.Method != "GET" || request.Query.ContainsKey("uploadId") || isBack) return false;
        await RefuseAsync(context, 403, "InvalidObjectState");
        return true;
    }

    private static async Task RefuseAsync(HttpContext context, int status, string code)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/xml";
        if (context.Request.Method != "HEAD") await context.Response.WriteAsync($"<Error><Code>{code}</Code><Message>So the test wants it.</Message></Error>");
    }

    private static async Task HangAsync(HttpContext context)
    {
        try
        {
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        }
        catch (OperationCanceledException)
        {
            // The client gave up.
            context.Abort();
        }
    }
}
