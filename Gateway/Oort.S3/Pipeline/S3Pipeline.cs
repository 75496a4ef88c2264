using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Oort.S3;

/// <summary>The way of an S3 request from the server to its handler and back.</summary>
/// <remarks>
/// 1. give it an id; 2. read the target, name the operation; 3. authenticate, before anything of the body is asked for (a client that waits for 100 Continue gets its error
/// without sending it); 4. set up the decoding of the body; 5. ask whether the caller may, and run the handler; 6. answer errors; 7. let the client finish sending so that it sees the
/// answer; 8. log and count. Thread-safe.
/// </remarks>
/// <param name="handlers">Operations without one are answered NotImplemented.</param>
/// <param name="mapError">Says which S3 error an inner outcome is; null result: InternalError, with the cause in the log only.</param>
/// <param name="completed">Told of every request, at its end; must not throw. Null: nobody.</param>
/// <param name="authorize">Throws for what its caller may not do, before anything of it is carried out; anonymous callers are its matter too. Null: who has signed may do everything, and nobody else anything.</param>
/// <param name="crossOrigin">Asked of requests that browsers send for pages (with Origin) which headers their answers get, errors too. Null: none.</param>
/// <param name="admit">Asked before anything of a request is looked at; throws to send it away. Null: everybody is let in.</param>
public sealed partial class S3Pipeline(
    S3Options options,
    IS3Credentials credentials,
    IReadOnlyDictionary<S3Operation, S3Handler> handlers,
    Func<Exception, S3Error?> mapError,
    TimeProvider time,
    ILogger<S3Pipeline> logger,
    Action<S3Completion>? completed = null,
    S3Handler? authorize = null,
    Func<HttpContext, CancellationToken, ValueTask>? admit = null,
    Func<HttpContext, S3Route, CancellationToken, ValueTask<IReadOnlyList<KeyValuePair<string, string>>>>? crossOrigin = null)
{
    public const string RequestIdHeader = "x-amz-request-id";
    public const string HostIdHeader = "x-amz-id-2";

    // nginx's number for "the client went away", in logs and metrics only.
    private const int ClientGoneStatus = 499;

    private static readonly Dictionary<string, string> NoTrailers = [];
    private static readonly S3Principal Anonymous = new("", "", "");

    private readonly S3Authenticator authenticator = new(options, credentials, time, logger);
    private readonly S3Responder responder = new(options, time);
    private readonly RequestIds requestIds = new();

    /// <summary>Whether a request is for <c>/_oort/…</c> and must not be given to <see cref="HandleAsync(HttpContext)"/>.</summary>
    public bool IsReserved(HttpContext http) => S3Target.IsReserved(http, options);

    /// <summary>Answers an S3 request.</summary>
    public Task HandleAsync(HttpContext http) => HandleAsync(http, null, null);

    /// <summary>Authenticates a request that is not S3's but signed like one (the admin API), and gives it to <paramref name="handler"/> with its body decoded. Errors are answered as S3 does.</summary>
    public Task HandleAsync(HttpContext http, S3Handler handler) => HandleAsync(http, handler, null);

    /// <summary>Answers a request to another service on this address.</summary>
    public Task HandleAsync(HttpContext http, QueryService service) => HandleAsync(http, service.Handler, service);

    private async Task HandleAsync(HttpContext http, S3Handler? handler, QueryService? service)
    {
        var run = new Run { Http = http, Service = service, RequestId = requestIds.Next(), Started = time.GetTimestamp() };
        PrepareServer(run);
        try
        {
            await RunAsync(run, handler);
        }
        catch (Exception e)
        {
            await AnswerErrorAsync(run, e);
        }
        finally
        {
            Finish(run);
        }
    }

    private async Task RunAsync(Run run, S3Handler? handler)
    {
        var http = run.Http;
        var cancellationToken = http.RequestAborted;
        if (admit is not null)
            await admit(http, cancellationToken);
        var target = S3Target.Read(http, options);
        var route = handler is null ? S3Router.Route(target, http.Request.Headers) : default;
        run.Route = route;
        var isPreflight = route.Operation == S3Operation.Preflight;
        if (crossOrigin is not null && route.Bucket is not null && !isPreflight && http.Request.Headers.Origin.Count > 0)
            run.ShareWith(await crossOrigin(http, route, cancellationToken));

        if (route.Operation == S3Operation.PostObject && handler is null)
        {
            await HandleFormAsync(run, cancellationToken);
            return;
        }

        // A browser's preflight carries no credentials; a signature in its target is that of the request that it asks about.
        var authentication = isPreflight ? null : run.Service is { } service
            ? await authenticator.AuthenticateAsync(http, target, run.RawBody, service.Names, cancellationToken)
            : await authenticator.AuthenticateAsync(http, target, run.RawBody, cancellationToken);
        run.Principal = authentication?.Principal ?? Anonymous;
        if (handler is not null && authentication is { SignatureVersion: 2 })
            throw new S3Exception(S3Errors.InvalidRequest, "Signature Version 2 covers neither body nor query of this request. Please use AWS4-HMAC-SHA256.");
        var isJudged = handler is null && authorize is not null;
        if (authentication is null && !isPreflight && !isJudged && run.Service is null)
            throw new S3Exception(S3Errors.AccessDenied);

        var request = Open(run, target, authentication);
        if (isJudged)
            await authorize!(request, cancellationToken);
        handler ??= HandlerOf(route.Operation);
        await handler(request, cancellationToken);
    }

    private S3Handler HandlerOf(S3Operation operation) => handlers.GetValueOrDefault(operation)
        ?? throw new S3Exception(S3Errors.NotImplementedOperation, $"The operation {operation} is not implemented.", ("Operation", operation.ToString()));

    /// <summary>A form has its credentials and its key among its fields, which are read before its file is.</summary>
    private async Task HandleFormAsync(Run run, CancellationToken cancellationToken)
    {
        var (http, bucket) = (run.Http, run.Route.Bucket!);
        var handler = HandlerOf(S3Operation.PostObject);
        if (http.Request.Headers.Authorization.Count > 0)
            throw SignatureClaim.OnlyOne();
        var form = await PostFormReader.ReadAsync(http, run.RawBody, cancellationToken);
        run.Body = form.File;
        var key = form.Require("key");
        ObjectKeys.Check(key);
        run.Route = run.Route with { Key = key };
        var signer = await authenticator.AuthenticateAsync(form, bucket, cancellationToken);
        run.Principal = signer?.Principal ?? Anonymous;
        if (signer is null && authorize is null)
            throw new S3Exception(S3Errors.AccessDenied);
        form.WriteTo(http.Request.Headers);
        var request = new S3Request
        {
            Http = http,
            RequestId = run.RequestId,
            Operation = S3Operation.PostObject,
            Bucket = bucket,
            Key = key,
            Principal = run.Principal,
            SignatureVersion = signer?.Version ?? 0,
            Body = form.File,
            ContentLength = form.File.LengthLeast,
            MeasureRestAsync = form.File.MeasureRestAsync,
            Form = form,
            Trailers = NoTrailers,
            AnnouncedTrailers = [],
            Parameters = S3Query.Empty,
        };
        if (authorize is not null)
            await authorize(request, cancellationToken);
        await handler(request, cancellationToken);
    }

    private S3Request Open(Run run, S3Target target, S3Authentication? authentication)
    {
        var headers = run.Http.Request.Headers;
        if (authentication is { IsPresigned: true })
            HoistParameters(target.Query, headers);
        var payload = authentication?.Payload ?? PayloadForm.Read(null, headers);
        var announced = AnnouncedTrailers(headers);
        var trailers = payload.IsChunked ? new Dictionary<string, string>(StringComparer.Ordinal) : NoTrailers;
        run.Body = S3Bodies.Decode(run.RawBody, payload, authentication?.Chunks, announced, trailers, options, HasBody(run.Http));
        return new S3Request
        {
            Http = run.Http,
            RequestId = run.RequestId,
            Operation = run.Route.Operation,
            Bucket = run.Route.Bucket,
            Key = run.Route.Key,
            Principal = authentication?.Principal ?? Anonymous,
            SignatureVersion = authentication?.SignatureVersion ?? 0,
            IsPresigned = authentication is { IsPresigned: true },
            Body = run.Body,
            ContentLength = payload.DecodedLength,
            Trailers = trailers,
            AnnouncedTrailers = announced,
            Parameters = target.Query,
        };
    }

    // Clients that make URLs put what would be headers into the query, where the signature covers them as well.
    private static void HoistParameters(S3Query query, IHeaderDictionary headers)
    {
        foreach (var (name, value, _) in query)
        {
            var isAuthentication = name is "X-Amz-Algorithm" or "X-Amz-Credential" or "X-Amz-Date" or "X-Amz-Expires" or "X-Amz-SignedHeaders" or "X-Amz-Signature" or "X-Amz-Security-Token" or "X-Amz-Content-Sha256";
            if (!isAuthentication && name.StartsWith("x-amz-", StringComparison.OrdinalIgnoreCase) && !headers.ContainsKey(name) && !value.AsSpan().ContainsAny('\r', '\n', '\0'))
                headers[name] = value;
        }
    }

    private static string[] AnnouncedTrailers(IHeaderDictionary headers)
    {
        var text = headers["x-amz-trailer"].ToString();
        return text.Length == 0 ? [] : text.ToLowerInvariant().Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
    }

    private async ValueTask AnswerErrorAsync(Run run, Exception exception)
    {
        var isGone = exception is ClientDisconnectedException || run.Response.IsClosed || run.Http.RequestAborted.IsCancellationRequested;
        if (isGone)
        {
            run.Status = ClientGoneStatus;
            run.ErrorCode = S3Errors.ConnectionClosedByRequester.Code;
            run.Http.Abort();
            return;
        }

        var problem = exception as S3Exception ?? Map(run, exception);
        run.Status = problem.Error.Status;
        run.ErrorCode = problem.Error.Code;
        if (run.Principal is null)
            run.ClaimedAccessKeyId = problem.Fields.FirstOrDefault(static field => field.Name == "AWSAccessKeyId").Value;
        if (run.Http.Response.HasStarted || run.Response.Written > 0)
        {
            // Half an answer is out; only a broken connection tells the client that the rest will not come.
            LogCutOff(logger, run.RequestId, run.Route.Operation, problem.Error.Code, exception);
            run.Http.Abort();
            return;
        }

        try
        {
            await responder.WriteErrorAsync(run.Http, run.RawBody, problem, run.RequestId, run.Service, run.Shared);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or S3Exception)
        {
            // The client did not wait for its answer, or never stopped sending.
            run.Http.Abort();
        }
    }

    private S3Exception Map(Run run, Exception exception)
    {
        var error = exception is BadHttpRequestException ? S3Errors.BadRequest : mapError(exception);
        if (error is null)
            LogInternal(logger, run.RequestId, run.Route.Operation, exception);
        else if (error == S3Errors.SlowDown)
            LogSentAway(logger, run.RequestId, run.Route.Operation, exception.Message);
        else
            LogMapped(logger, run.RequestId, run.Route.Operation, error.Code, exception);
        return new S3Exception(error ?? S3Errors.InternalError);
    }

    private void PrepareServer(Run run)
    {
        var http = run.Http;
        // The limits here are S3's: sizes are the operations' matter, and slow bodies are judged (and answered) by RequestBodyReader.
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = null;
        if (http.Features.Get<Microsoft.AspNetCore.Server.Kestrel.Core.Features.IHttpMinRequestBodyDataRateFeature>() is { } rate)
            rate.MinDataRate = null;
        run.Response = new CountedResponse(http.Features.GetRequiredFeature<IHttpResponseBodyFeature>(), http, options.BodyStallMax, time);
        http.Features.Set<IHttpResponseBodyFeature>(run.Response);
        run.RawBody = new RequestBodyReader(http.Request.BodyReader, options, time);
        responder.Stamp(http.Response.Headers, run.RequestId);
    }

    private void Finish(Run run)
    {
        run.RawBody.Dispose();
        run.Response.Dispose();
        (run.Body as IDisposable)?.Dispose();
        var status = run.Status == 0 ? run.Http.Response.StatusCode : run.Status;
        var completion = new S3Completion(run.Http, run.RequestId, run.Route.Operation, run.Route.Bucket, run.Route.Key, run.Principal, run.ClaimedAccessKeyId, status, run.ErrorCode, run.RawBody.Received, run.Response.Written, time.GetElapsedTime(run.Started));
        LogAccess(logger, AccessLevel(status), completion.RequestId, completion.Operation, completion.Bucket, completion.Key, completion.AccessKeyId, completion.Status, completion.ErrorCode, completion.BytesReceived, completion.BytesSent, completion.Duration.TotalMilliseconds);
        completed?.Invoke(completion);
    }

    /// <summary>What went well is for whoever debugs: a line a request costs more than a small request does.</summary>
    private static LogLevel AccessLevel(int status) => status switch
    {
        >= 500 => LogLevel.Warning,
        StatusCodes.Status403Forbidden => LogLevel.Information,
        _ => LogLevel.Debug,
    };

    private static bool HasBody(HttpContext http) => http.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody ?? http.Request.ContentLength is not (null or 0);

    /// <summary>What is known of one request while it runs.</summary>
    private sealed class Run
    {
        public required HttpContext Http { get; init; }

        /// <summary>Null: it is one of S3, or of the admin API.</summary>
        public QueryService? Service { get; init; }
        public required string RequestId { get; init; }
        public required long Started { get; init; }
        public CountedResponse Response { get; set; } = null!;
        public RequestBodyReader RawBody { get; set; } = null!;
        public PipeReader? Body { get; set; }
        public S3Route Route { get; set; }
        public S3Principal? Principal { get; set; }
        public string? ClaimedAccessKeyId { get; set; }
        public int Status { get; set; }
        public string? ErrorCode { get; set; }

        /// <summary>Headers of the answer, whatever it is.</summary>
        public IReadOnlyList<KeyValuePair<string, string>> Shared { get; private set; } = [];

        public void ShareWith(IReadOnlyList<KeyValuePair<string, string>> headers)
        {
            Shared = headers;
            foreach (var (name, value) in headers) Http.Response.Headers[name] = value;
        }
    }
}
