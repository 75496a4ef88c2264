using System.Net;
using System.Net.Http.Headers;

namespace Oort.Backends.Icp;

/// <summary>The HTTP gateway in front of canisters: what it gives is bounded, and compared in place and length with what was asked for. Certificates are not looked at.</summary>
/// <remarks>Thread-safe. Nothing is repeated.</remarks>
internal sealed class CanisterGateway : IDisposable
{
    private const int HeadersSizeMaxKib = 32;
    private const int BufferSize = 64 * 1024;

    private readonly HttpMessageInvoker http;
    private readonly IcpOptions options;
    private readonly TimeProvider time;

    public CanisterGateway(IcpOptions options, TimeProvider time)
    {
        (this.options, this.time) = (options, time);
        http = new(new SocketsHttpHandler
        {
            // A redirect would have another host say what the canister holds.
            AllowAutoRedirect = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = options.ConnectTimeout,
            MaxResponseHeadersLength = HeadersSizeMaxKib,
            ActivityHeadersPropagator = null,
        });
    }

    public void Dispose() => http.Dispose();

    /// <summary>The address of a canister.</summary>
    public string AddressOf(CanisterId canister) => options.Gateway.Replace(IcpOptions.Placeholder, canister.ToString(), StringComparison.Ordinal).TrimEnd('/');

    /// <summary>Reads a range of an item, in order.</summary>
    /// <param name="count">At least 1; the range ends with the item or before.</param>
    /// <param name="sink">Takes the bytes as they come. What it was given counts only when this returns.</param>
    /// <exception cref="BackendException">NotFound; Corrupt: its length or its place are others; and as the gateway fails.</exception>
    public async ValueTask ReadAsync(ItemLocator locator, long offset, long count, Action<ReadOnlyMemory<byte>> sink, CancellationToken cancellationToken)
    {
        var isWhole = offset == 0 && count == locator.Length;
        await ExchangeAsync(AddressOf(locator.Canister) + locator.Path, isWhole ? null : new(offset, offset + count - 1), async (response, stall, token) =>
        {
            // A gateway may pay no heed to ranges; then what is before the range is passed over.
            var skipped = response.StatusCode switch
            {
                HttpStatusCode.OK => offset,
                HttpStatusCode.PartialContent when !isWhole && response.Content.Headers.ContentRange is { } range && range.From == offset && range.To == offset + count - 1 && range.Length == locator.Length => 0,
                HttpStatusCode.PartialContent => throw Wrong(locator, "answers with another range than was asked for"),
                _ => throw Refused(locator, response.StatusCode),
            };
            var expected = response.StatusCode == HttpStatusCode.OK ? locator.Length : count;
            if (response.Content.Headers.ContentLength is { } said && said != expected) throw Wrong(locator, $"has {said} bytes there instead of {expected}");
            if (response.Content.Headers.ContentEncoding.Count > 0) throw Wrong(locator, "answers with bytes that are encoded, which was not asked for");
            await CopyAsync(locator, await response.Content.ReadAsStreamAsync(token), skipped, count, expected, sink, stall, token);
        }, cancellationToken);
    }

    /// <summary>Whether it answers for a canister, whatever that may say.</summary>
    public ValueTask TestAsync(CanisterId canister, CancellationToken cancellationToken) => ExchangeAsync(AddressOf(canister) + "/", null, (response, _, _) =>
    {
        // A canister with no page of its own says 404.
        if (response.StatusCode is HttpStatusCode.OK or HttpStatusCode.NotFound) return ValueTask.CompletedTask;
        throw new BackendException(KindOf(response.StatusCode), $"{AddressOf(canister)} answers {(int)response.StatusCode}. Check the gateway and the canister.");
    }, cancellationToken);

    private async ValueTask ExchangeAsync(string address, RangeItemHeaderValue? range, Func<HttpResponseMessage, CancellationTokenSource, CancellationToken, ValueTask> take, CancellationToken cancellationToken)
    {
        using var stall = new CancellationTokenSource(options.StallTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, stall.Token);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, address) { Version = HttpVersion.Version11 };
            request.Headers.AcceptEncoding.Add(new("identity"));
            if (range is not null) request.Headers.Range = new() { Ranges = { range } };
            using var response = await http.SendAsync(request, either.Token);
            await take(response, stall, either.Token);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            throw new BackendException(BackendErrorKind.Transient, $"{address} did not answer to the end: {(stall.IsCancellationRequested ? $"no byte came for {options.StallTimeout}" : e.Message.TrimEnd('.'))}. It is asked again.", e);
        }
    }

    /// <summary>Gives on what belongs to the range, and sees that what came has the length that it must have.</summary>
    private async ValueTask CopyAsync(ItemLocator locator, Stream body, long skipped, long count, long expected, Action<ReadOnlyMemory<byte>> sink, CancellationTokenSource stall, CancellationToken token)
    {
        var buffer = new byte[BufferSize];
        var position = 0L;
        // Not more than a buffer beyond the end is read of an answer that has none.
        while (await body.ReadAsync(buffer, token) is > 0 and var read)
        {
            stall.CancelAfter(options.StallTimeout);
            var (from, to) = (Math.Max(position, skipped), Math.Min(position + read, skipped + count));
            if (from < to) sink(buffer.AsMemory((int)(from - position), (int)(to - from)));
            position += read;
            if (position > expected) throw Wrong(locator, $"has more than {expected} bytes there");
        }

        if (position != expected) throw Wrong(locator, $"has {position} bytes there instead of {expected}");
    }

    private static BackendException Wrong(ItemLocator locator, string what) => new(BackendErrorKind.Corrupt, $"The gateway of {locator.Address} {what}: it is not the item.");

    private static BackendException Refused(ItemLocator locator, HttpStatusCode status) => new(KindOf(status), (int)status is >= 300 and < 400
        ? $"The gateway of {locator.Address} sends elsewhere ({(int)status}), which is not followed. Correct its address."
        : $"The gateway of {locator.Address} answers {(int)status}.");

    private static BackendErrorKind KindOf(HttpStatusCode status) => status switch
    {
        HttpStatusCode.NotFound or HttpStatusCode.Gone => BackendErrorKind.NotFound,
        HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => BackendErrorKind.Unauthorized,
        HttpStatusCode.PaymentRequired => BackendErrorKind.Funds,
        HttpStatusCode.TooManyRequests => BackendErrorKind.Throttled,
        // Redirects, canisters that are stopped, and gateways that fail: no item is lost by them.
        _ => BackendErrorKind.Transient,
    };
}
