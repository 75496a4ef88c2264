using System.Globalization;
using Microsoft.AspNetCore.Http;
using Oort.Metadata;
using Oort.Node.Protocol;

namespace Oort.Gateway;

/// <summary><c>/_oort/node/v1</c>: what nodes, and strangers, may ask (docs/formats/node-membership.md §4, §5, §8). Bodies are small, and there are no more of them than a gateway can spare.</summary>
internal sealed class NodeRequests(NodeMembership membership, TimeProvider time)
{
    /// <summary>Path under which it answers.</summary>
    public const string BasePath = "/_oort/node/v1/";

    private const int JoinsPerSecond = 10;
    private const int HeartbeatsPerSecond = 1000;
    private const string RetryAfterSeconds = "5";

    private static readonly TimeSpan BodyPatience = TimeSpan.FromSeconds(10);

    private readonly RateLimit _joins = new(JoinsPerSecond, time);
    private readonly RateLimit _heartbeats = new(HeartbeatsPerSecond, time);

    public async Task HandleAsync(HttpContext http)
    {
        try
        {
            var (limit, answer) = (http.Request.Method, http.Request.Path.Value) switch
            {
                ("POST", MembershipLimits.JoinPath) => (_joins, (Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask<byte[]>>)membership.Joins.JoinAsync),
                ("POST", MembershipLimits.HeartbeatPath) => (_heartbeats, membership.Heartbeats.HearAsync),
                _ => throw new NodeRefusedException(StatusCodes.Status404NotFound, "NotFound", "There is no such request."),
            };
            if (!limit.TryTake()) throw new NodeRefusedException(StatusCodes.Status503ServiceUnavailable, "SlowDown", "Too many at once; come again.");
            var bytes = await answer(await ReadAsync(http.Request, http.RequestAborted), http.RequestAborted);
            http.Response.ContentType = "application/octet-stream";
            http.Response.ContentLength = bytes.Length;
            await http.Response.Body.WriteAsync(bytes, http.RequestAborted);
        }
        catch (NodeRefusedException e)
        {
            await RefuseAsync(http, e);
        }
        catch (Exception e) when (e is MetadataUnavailableException or InvalidDataException)
        {
            await RefuseAsync(http, new NodeRefusedException(StatusCodes.Status503ServiceUnavailable, "SlowDown", e.Message));
        }
    }

    private static Task RefuseAsync(HttpContext http, NodeRefusedException refused)
    {
        if (refused.Status == StatusCodes.Status503ServiceUnavailable) http.Response.Headers.RetryAfter = RetryAfterSeconds;
        // What was not read of the body is not waited for.
        http.Response.Headers.Connection = "close";
        return AdminApi.WriteAsync(http, refused.Status, new { code = refused.Code, message = refused.Message }, http.RequestAborted);
    }

    private static async Task<ReadOnlyMemory<byte>> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (request.ContentLength is not (> 0 and <= MembershipLimits.MessageSizeMax))
            throw new NodeRefusedException(StatusCodes.Status413PayloadTooLarge, "TooLarge", string.Create(CultureInfo.InvariantCulture, $"A message has a Content-Length, of at most {MembershipLimits.MessageSizeMax} bytes."));
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(BodyPatience);
        var bytes = new byte[(int)request.ContentLength];
        try
        {
            await request.Body.ReadExactlyAsync(bytes, patience.Token);
            return bytes;
        }
        catch (Exception e) when (e is EndOfStreamException or BadHttpRequestException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new NodeRefusedException(StatusCodes.Status400BadRequest, "BadMessage", "The message did not come whole.");
        }
    }
}
