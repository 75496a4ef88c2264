using System.Globalization;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Oort.Backends;
using Oort.Node.Protocol;

namespace Oort.Node;

/// <summary>From an HTTP request to its handler, and from what went wrong to its answer. The caller's id is looked at before anything else.</summary>
internal sealed partial class NodeRouter(NodeServices services, ILogger<NodeRouter> logger) : IDisposable
{
    private const string CallerItem = "oort.caller";

    private readonly ProofHandlers _proofs = new();
    private readonly StatusHandlers _status = new(services.Time);

    public async Task HandleAsync(HttpContext http)
    {
        try
        {
            using var share = services.Budget.EnterRequest();
            ThrowIfStranger(http);
            await RouteAsync(new NodeRequest(http, services), PathOf(http));
        }
        catch (NodeRequestException e)
        {
            await AnswerErrorAsync(http, e.Code, e);
        }
        catch (BackendException e)
        {
            if (e.Kind is BackendErrorKind.Permanent or BackendErrorKind.Corrupt) LogFailed(logger, http.Request.Method, http.Request.Path, e);
            await AnswerErrorAsync(http, NodeRequestException.CodeOf(e.Kind), e);
        }
        catch (Exception e) when (http.RequestAborted.IsCancellationRequested || e is BadHttpRequestException or OperationCanceledException or IOException)
        {
            // The peer went away, or broke HTTP: there is nobody to answer.
            LogGone(logger, http.Request.Method, http.Request.Path, e.Message);
            http.Abort();
        }
        catch (Exception e) // A bug: its text stays here.
        {
            LogBug(logger, http.Request.Method, http.Request.Path, e);
            await AnswerErrorAsync(http, NodeErrorCode.Transient, new InvalidOperationException("The node failed; its log says why."));
        }
    }

    public void Dispose() => _proofs.Dispose();

    /// <summary>The path as it was sent: an escaped or dotted spelling of another path is none.</summary>
    private static string PathOf(HttpContext http)
    {
        var raw = http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var end = raw.IndexOf('?', StringComparison.Ordinal);
        var path = end < 0 ? raw : raw[..end];
        return path == http.Request.Path.Value ? path : throw NodeRequest.Bad("The path is not in its one spelling.");
    }

    private void ThrowIfStranger(HttpContext http)
    {
        // The certificate cannot change on a connection.
        var items = http.Features.GetRequiredFeature<IConnectionItemsFeature>().Items;
        if (!items.TryGetValue(CallerItem, out var known))
        {
            known = http.Connection.ClientCertificate is { } certificate ? NodeId.OfCertificate(certificate).ToString() : "";
            items[CallerItem] = known;
        }

        if (services.Directory.State.Gateways.Contains((string)known!) || services.Options.Gateways.Any(id => id.ToString() == (string)known!)) return;
        // Its body is not read, so nothing else can follow on this connection.
        http.Response.Headers.Connection = "close";
        throw new NodeRequestException(NodeErrorCode.Unauthorized, $"This node does not serve {(known is "" ? "callers without a certificate" : known)}.");
    }

    private Task RouteAsync(NodeRequest request, string path)
    {
        switch (path, request.Method)
        {
            case (NodePaths.Status, "GET"): return _status.StatusAsync(request);
            case (NodePaths.Store, "PUT"): return _status.CreateStoreAsync(request);
            case (NodePaths.Shards, "GET"): return ShardHandlers.ListAsync(request);
            case (NodePaths.Batch, "POST"): return ShardHandlers.BatchAsync(request);
            case (NodePaths.Uploads, "POST"): return UploadHandlers.BeginAsync(request);
            case (NodePaths.Challenge, "POST"): return _proofs.ChallengeAsync(request);
            case (NodePaths.Blobs, "GET"): return BlobHandlers.ListAsync(request);
            case (NodePaths.Logs, "GET"): return LogHandlers.ListAsync(request);
        }

        if (Behind(path, NodePaths.Shards) is { } shard) return RouteShardAsync(request, ParseShard(shard));
        if (Behind(path, NodePaths.Receipts) is { } proven && request.Method == "GET") return _proofs.ReceiptAsync(request, ParseShard(proven));
        if (Behind(path, NodePaths.Uploads) is { } upload) return RouteUploadAsync(request, upload);
        if (Behind(path, NodePaths.Blobs) is { } blob) return RouteBlobAsync(request, ParseName(blob));
        if (Behind(path, NodePaths.Logs) is { } log) return RouteLogAsync(request, ParseName(log));
        throw Unknown();
    }

    private static Task RouteShardAsync(NodeRequest request, ShardId id) => request.Method switch
    {
        "PUT" => ShardHandlers.PutAsync(request, id),
        "GET" => ShardHandlers.GetAsync(request, id),
        "HEAD" => ShardHandlers.HeadAsync(request, id),
        "DELETE" => ShardHandlers.DeleteAsync(request, id),
        _ => throw Unknown(),
    };

    private static Task RouteUploadAsync(NodeRequest request, string id) => request.Method switch
    {
        "PUT" => UploadHandlers.AppendAsync(request, id),
        "HEAD" => UploadHandlers.HeadAsync(request, id),
        "POST" => UploadHandlers.CommitAsync(request, id),
        "DELETE" => UploadHandlers.GiveUpAsync(request, id),
        _ => throw Unknown(),
    };

    private static Task RouteBlobAsync(NodeRequest request, string name) => request.Method switch
    {
        "PUT" => BlobHandlers.PutAsync(request, name),
        "GET" or "HEAD" => BlobHandlers.GetAsync(request, name),
        "DELETE" => BlobHandlers.DeleteAsync(request, name),
        _ => throw Unknown(),
    };

    private static Task RouteLogAsync(NodeRequest request, string name) => request.Method switch
    {
        "POST" => LogHandlers.AppendAsync(request, name),
        "GET" => LogHandlers.GetAsync(request, name),
        "HEAD" => LogHandlers.HeadAsync(request, name),
        "DELETE" => LogHandlers.DeleteAsync(request, name),
        _ => throw Unknown(),
    };

    private static string? Behind(string path, string prefix) =>
        path.Length > prefix.Length + 1 && path[prefix.Length] == '/' && path.StartsWith(prefix, StringComparison.Ordinal) ? path[(prefix.Length + 1)..] : null;

    private static ShardId ParseShard(string text) => ShardName.TryParse(text, out var name) ? name.Id() : throw NodeRequest.Bad("That is not the name of a shard.");

    private static string ParseName(string text) => StoreNames.IsValid(text) ? text : throw NodeRequest.Bad("That is not a name for a blob or log.");

    private static NodeRequestException Unknown() => new(NodeErrorCode.UnknownPath, "There is no such request in this version of the protocol.");

    private static async Task AnswerErrorAsync(HttpContext http, NodeErrorCode code, Exception failure)
    {
        if (http.Response.HasStarted)
        {
            http.Abort();
            return;
        }

        var text = System.Text.Encoding.UTF8.GetBytes(failure.Message);
        var size = Math.Min(text.Length, NodeLimits.ErrorTextSizeMax);
        while (size < text.Length && size > 0 && (text[size] & 0xC0) == 0x80) size--; // Whole characters only.
        var connection = http.Response.Headers.Connection;
        http.Response.Clear();
        http.Response.StatusCode = NodeErrors.StatusOf(code);
        http.Response.Headers[NodeHeaders.Error] = NodeErrors.NameOf(code);
        http.Response.Headers.Connection = connection;
        if (failure is NodeRequestException { State: { } state }) http.Response.Headers[NodeHeaders.State] = state;
        if (failure is NodeRequestException { Length: { } length }) http.Response.Headers[NodeHeaders.Length] = length.ToString(CultureInfo.InvariantCulture);
        if (code == NodeErrorCode.Throttled)
        {
            var seconds = failure is NodeRequestException { RetryAfter: var after } ? Math.Ceiling(after.TotalSeconds) : 1;
            http.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        }

        if (HttpMethods.IsHead(http.Request.Method)) return;
        http.Response.ContentType = "text/plain; charset=utf-8";
        http.Response.ContentLength = size;
        await http.Response.BodyWriter.WriteAsync(text.AsMemory(0, size), http.RequestAborted);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Method} {Path}: the store failed.")]
    private static partial void LogFailed(ILogger logger, string method, string path, Exception exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Method} {Path} met a bug.")]
    private static partial void LogBug(ILogger logger, string method, string path, Exception exception);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Method} {Path}: the peer is gone ({Reason}).")]
    private static partial void LogGone(ILogger logger, string method, string path, string reason);
}
