using System.Buffers;
using Microsoft.AspNetCore.Http;

namespace Oort.S3;

/// <summary>Answers errors so that the client sees them, whatever it is still sending.</summary>
internal sealed class S3Responder(S3Options options, TimeProvider time)
{
    // Every 503 here is a matter of moments: a second later buffers have come free, or a store answers again.
    private const string RetryAfterSeconds = "1";

    // A connection is kept when no more than this is left of the body; reading it costs less than a new connection.
    private const long RestKeptMax = 1024 * 1024;

    // Clients that send their whole body before they look for an answer get that much of it taken, and that long;
    // then the connection goes. Closing at once would reset it, and the answer with it.
    private const long DrainSizeMax = 64 * 1024 * 1024;
    private static readonly TimeSpan DrainTimeMax = TimeSpan.FromSeconds(5);

    public void Stamp(IHeaderDictionary headers, string requestId)
    {
        headers[S3Pipeline.RequestIdHeader] = requestId;
        headers[S3Pipeline.HostIdHeader] = options.HostId;
    }

    /// <summary>Writes the answer, then takes what the client still sends, within limits.</summary>
    /// <param name="shared">Headers that it gets too.</param>
    /// <remarks>The response must not have started.</remarks>
    public async ValueTask WriteErrorAsync(HttpContext http, RequestBodyReader body, S3Exception problem, string requestId, QueryService? service, IReadOnlyList<KeyValuePair<string, string>> shared)
    {
        var (request, response) = (http.Request, http.Response);
        var mayStillSend = !body.IsComplete && (request.ContentLength ?? (request.Headers.TransferEncoding.Count > 0 ? long.MaxValue : 0)) > 0;
        // It was told by the final answer not to send: what comes next on this connection is a body or a request, and nobody knows which.
        var isWaiting = mayStillSend && !body.WasRead && request.Headers.Expect.ToString().Contains("100-continue", StringComparison.OrdinalIgnoreCase);
        var rest = (request.ContentLength ?? long.MaxValue) - body.Received;
        var isTimeout = problem.Error.Code == S3Errors.RequestTimeout.Code;

        response.Clear();
        Stamp(response.Headers, requestId);
        foreach (var (name, value) in shared)
            response.Headers[name] = value;
        response.StatusCode = problem.Error.Status;
        if (response.StatusCode == StatusCodes.Status503ServiceUnavailable)
            response.Headers.RetryAfter = RetryAfterSeconds;
        foreach (var (name, value) in problem.Headers)
            response.Headers[name] = value;
        // The body was another than was announced, perhaps a longer one: then its rest would be taken for the next request.
        var isOther = problem.Error.Code == S3Errors.BadDigest.Code && body.WasRead;
        if (isTimeout || isWaiting || isOther || (mayStillSend && rest > RestKeptMax))
            response.Headers.Connection = "close";
        await WriteDocumentAsync(http, problem, requestId, service);
        await response.CompleteAsync();
        if (mayStillSend && !isWaiting && !isTimeout)
            await DrainAsync(http, body);
    }

    private async ValueTask WriteDocumentAsync(HttpContext http, S3Exception problem, string requestId, QueryService? service)
    {
        var response = http.Response;
        var hasDocument = !HttpMethods.IsHead(http.Request.Method) && problem.Error.Status is >= 300 and not StatusCodes.Status304NotModified;
        if (!hasDocument)
            return;
        using var document = new PooledBuffer(2048);
        if (service is not null)
            service.WriteError(new S3XmlWriter(document), problem, requestId);
        else
            S3Xml.WriteError(new S3XmlWriter(document), problem.Error, problem.Message, problem.Fields, S3Target.ResourceOf(http), requestId, options.HostId);
        response.ContentType = S3Xml.ContentType;
        response.ContentLength = document.Written.Length;
        response.BodyWriter.Write(document.Written);
        await response.BodyWriter.FlushAsync(http.RequestAborted);
    }

    private async ValueTask DrainAsync(HttpContext http, RequestBodyReader body)
    {
        using var limit = new CancellationTokenSource(DrainTimeMax, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, http.RequestAborted);
        try
        {
            await body.DrainAsync(DrainSizeMax, either.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            // It had its time; the connection is closed in the ordinary way.
        }
    }
}
