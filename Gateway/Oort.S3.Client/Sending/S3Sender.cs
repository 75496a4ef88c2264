using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Http;

namespace Oort.S3.Client;

/// <summary>Sends requests until they have an answer: signs, retries, waits, corrects clock and region.</summary>
/// <remarks>
/// Thread-safe. One attempt: 1. address and sign; 2. send; 3. an answer below 300 is returned. Otherwise: 4. a region that the service names is taken, once; 5. a clock that differs is
/// corrected, once; 6. what may pass is tried again after a while; 7. the rest is thrown.
/// </remarks>
internal sealed class S3Sender(S3ClientOptions options, AccessKeys? keys, HttpMessageInvoker http, TimeProvider time, Random jitter)
{
    /// <summary>Longer error documents are cut: what counts is at their beginning.</summary>
    private const int ErrorSizeMax = 64 * 1024;

    /// <summary>Buckets whose region is remembered; more of them are asked for anew.</summary>
    private const int RegionCountMax = 1024;

    /// <summary>Bodies from which on a request waits for the server's consent, so that a refusal does not cost the transfer.</summary>
    private const int ConsentSize = 1 << 20;

    private readonly ConcurrentDictionary<string, string> regions = new(StringComparer.Ordinal);
    private readonly Lock jitterLock = new();
    private long skewTicks;

    /// <summary>An answer of 2xx, its body unread.</summary>
    /// <exception cref="S3ClientException">No such answer after all attempts.</exception>
    public async Task<S3Exchange> SendAsync(S3Call call, CancellationToken cancellationToken)
    {
        var isRegionLearnt = false;
        var isClockSet = false;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await SendOnceAsync(call, cancellationToken);
            }
            catch (S3ClientException e)
            {
                var mayRepeat = call.Stream is not { IsRepeatable: false };
                if (!mayRepeat) throw;
                if (e.Region is { } region && !isRegionLearnt && region != RegionOf(call))
                {
                    isRegionLearnt = true;
                    Learn(call.Bucket!, region);
                    continue;
                }

                if (e is { Code: "RequestTimeTooSkewed" or "RequestExpired", ServerTime: { } serverTime } && !isClockSet)
                {
                    isClockSet = true;
                    Volatile.Write(ref skewTicks, (serverTime - time.GetUtcNow()).Ticks);
                    continue;
                }

                if (!e.IsWorthRetrying || attempt >= options.AttemptCountMax) throw;
                await DelayAsync(attempt, e.RetryAfter, cancellationToken);
            }
        }
    }

    /// <summary>Waits before a repetition: a random time below base × 2^n, or what the service asks for.</summary>
    public Task DelayAsync(int attempt, TimeSpan? asked, CancellationToken cancellationToken)
    {
        double share;
        lock (jitterLock) share = jitter.NextDouble();
        var most = Math.Min(options.RetryDelayMax.TotalMilliseconds, options.RetryDelayBase.TotalMilliseconds * Math.Pow(2, attempt));
        var delay = TimeSpan.FromMilliseconds(share * most);
        if (asked is { } retryAfter && retryAfter > delay) delay = retryAfter < options.RetryDelayMax ? retryAfter : options.RetryDelayMax;
        return Task.Delay(delay, time, cancellationToken);
    }

    private async Task<S3Exchange> SendOnceAsync(S3Call call, CancellationToken cancellationToken)
    {
        var watch = new StallWatch(call.IsSlow ? options.SlowAnswerTimeout : options.StallTimeout, time, cancellationToken);
        S3Exchange? exchange = null;
        try
        {
            // 1.
            using var request = Build(call, watch);

            // 2.
            try
            {
                exchange = new(await http.SendAsync(request, watch.Token), watch);
                // 3.
                if ((int)exchange.Response.StatusCode is >= 200 and < 300) return exchange;
                throw await ErrorAsync(call, exchange);
            }
            catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if ((request.Content as StreamedContent)?.SourceFailure is { } failure) throw new S3BodyException($"{call.Operation} of {call.Resource}: the body could not be read: {failure.Message}", failure);
                throw Failure(call, e, watch);
            }
        }
        catch
        {
            exchange?.Dispose();
            watch.Dispose();
            throw;
        }
    }

    private HttpRequestMessage Build(S3Call call, StallWatch watch)
    {
        var region = RegionOf(call);
        var address = S3Address.Of(options, call, region);
        var form = FormOf(call, address.Target.Scheme);
        var headers = new HeaderDictionary();
        foreach (var (name, value) in call.Headers) headers[name.ToLowerInvariant()] = value;
        headers["host"] = address.Target.Authority;
        var streamed = call.Stream is null ? null : new StreamedContent(call.Stream, form.Kind, watch);
        if (call.Stream?.ContentMd5 is { } md5) headers["content-md5"] = Convert.ToBase64String(md5);
        if (streamed is not null && form.Kind != PayloadKind.Unsigned)
        {
            headers["x-amz-trailer"] = StreamedContent.TrailerName;
            headers["x-amz-sdk-checksum-algorithm"] = "CRC64NVME";
            headers["x-amz-decoded-content-length"] = call.Stream!.Length.ToString(CultureInfo.InvariantCulture);
            headers["content-encoding"] = headers.TryGetValue("content-encoding", out var own) ? $"aws-chunked,{own}" : "aws-chunked";
        }

        var signer = keys is null ? null : RequestSigner.Sign(call.Method, address, headers, form.Hash, keys, region, time.GetUtcNow() + TimeSpan.FromTicks(Volatile.Read(ref skewTicks)));
        if (streamed is not null) streamed.Signer = signer;
        var request = new HttpRequestMessage(call.Method, address.Target) { Version = HttpVersion.Version11 };
        var hasBody = call.Method == HttpMethod.Put || call.Method == HttpMethod.Post;
        if (hasBody) request.Content = (HttpContent?)streamed ?? new ByteArrayContent(call.Document ?? []);
        if ((call.Stream?.Length ?? 0) >= ConsentSize) request.Headers.ExpectContinue = true;
        foreach (var (name, value) in headers)
        {
            if (!request.Headers.TryAddWithoutValidation(name, (string?)value)) request.Content!.Headers.TryAddWithoutValidation(name, (string?)value);
        }

        return request;
    }

    /// <summary>What x-amz-content-sha256 says: a document's hash, or how its stream is framed.</summary>
    private (PayloadKind Kind, string Hash) FormOf(S3Call call, string scheme)
    {
        if (call.Stream is null)
        {
            if (call.Document is not { Length: > 0 } document) return (PayloadKind.Hashed, SigV4.EmptyHash);
            Span<byte> hash = stackalloc byte[SigV4.Size];
            Checksums.Sha256.Hash(document, hash);
            return (PayloadKind.Hashed, Convert.ToHexStringLower(hash));
        }

        var form = options.BodyForm;
        if (form == S3BodyForm.Auto) form = scheme == Uri.UriSchemeHttps ? S3BodyForm.UnsignedTrailer : S3BodyForm.SignedChunks;
        // Without keys there is nothing to sign with.
        if (form == S3BodyForm.SignedChunks && keys is null) form = S3BodyForm.UnsignedTrailer;
        return form switch
        {
            S3BodyForm.SignedChunks => (PayloadKind.SignedChunksWithTrailer, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"),
            S3BodyForm.UnsignedTrailer => (PayloadKind.UnsignedChunksWithTrailer, "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
            _ => (PayloadKind.Unsigned, SigV4.UnsignedPayload),
        };
    }

    private string RegionOf(S3Call call) => call.Bucket is { } bucket && regions.TryGetValue(bucket, out var region) ? region : options.Region;

    private void Learn(string bucket, string region)
    {
        if (regions.Count >= RegionCountMax) regions.Clear();
        regions[bucket] = region;
    }

    private async Task<S3ClientException> ErrorAsync(S3Call call, S3Exchange exchange)
    {
        var response = exchange.Response;
        var status = (int)response.StatusCode;
        var (code, message, regionInBody) = ErrorDocument.Read(await exchange.ReadAsync(ErrorSizeMax, isCut: true));
        if (code.Length == 0) code = CodeOf(response.StatusCode, call);
        var kind = S3ErrorKinds.Of(code, status);
        var requestId = exchange.Header("x-amz-request-id") ?? "";
        var text = $"{call.Operation} of {call.Resource} was answered {status}{(code.Length > 0 ? " " + code : "")}{(message.Length > 0 ? ": " + message : "")}{(requestId.Length > 0 ? $" (request {requestId})" : "")}";
        // HEAD has no body to say it in, so S3 says it in a header; the others in both.
        var region = exchange.Header("x-amz-bucket-region") ?? regionInBody;
        var isElsewhere = status is 301 or 307 || code is "AuthorizationHeaderMalformed" or "PermanentRedirect" or "IncorrectEndpoint" or "IllegalLocationConstraintException" || (status == 400 && call.Method == HttpMethod.Head);
        return new(kind, text)
        {
            Code = code,
            Status = response.StatusCode,
            RequestId = requestId,
            RetryAfter = RetryAfterOf(exchange),
            Region = isElsewhere && call.Bucket is not null && region is { Length: > 0 and <= 64 } && region.All(c => char.IsAsciiLetterOrDigit(c) || c == '-') ? region : null,
            ServerTime = HttpDate.TryParse(exchange.Header("Date"), out var date) ? date : null,
        };
    }

    /// <summary>Answers to HEAD have no document.</summary>
    private static string CodeOf(HttpStatusCode status, S3Call call) => status switch
    {
        HttpStatusCode.NotFound when call.Key is null => "NoSuchBucket",
        HttpStatusCode.NotFound => "NotFound",
        HttpStatusCode.PreconditionFailed => "PreconditionFailed",
        HttpStatusCode.NotModified => "NotModified",
        _ => "",
    };

    private TimeSpan? RetryAfterOf(S3Exchange exchange)
    {
        var text = exchange.Header("Retry-After");
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)) return TimeSpan.FromSeconds(seconds);
        return HttpDate.TryParse(text, out var date) && date > time.GetUtcNow() ? date - time.GetUtcNow() : null;
    }

    /// <summary>No answer at all.</summary>
    private static S3ClientException Failure(S3Call call, Exception e, StallWatch watch)
    {
        for (var cause = e; cause is not null; cause = cause.InnerException)
            if (cause is S3ClientException { Kind: S3ErrorKind.Refused } refused) return new(S3ErrorKind.Refused, refused.Message, e);
        if (watch.HasStalled) return new(S3ErrorKind.Transient, $"{call.Operation} of {call.Resource}: nothing moved for {watch.Patience.TotalSeconds} seconds.", e);
        // A certificate that does not hold today does not hold in a second.
        var isLasting = e is HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError or HttpRequestError.ConfigurationLimitExceeded or HttpRequestError.UserAuthenticationError };
        var isNoAnswer = e is HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse };
        return new(isLasting || isNoAnswer ? S3ErrorKind.BadAnswer : S3ErrorKind.Transient, $"{call.Operation} of {call.Resource}: {e.Message}", e);
    }
}

/// <summary>A body that was to be sent could not be read: the source's failure, not the service's.</summary>
public sealed class S3BodyException(string message, Exception inner) : Exception(message, inner);
