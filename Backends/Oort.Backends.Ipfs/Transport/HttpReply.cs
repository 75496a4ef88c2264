using System.Net;
using System.Text;
using System.Text.Json;

namespace Oort.Backends.Ipfs;

/// <summary>An answer whose body is yet to be read.</summary>
internal sealed class HttpReply(HttpPlace place, string call, HttpResponseMessage response, ExchangeGuard guard) : IAsyncDisposable
{
    /// <summary>Longer error texts are cut: what counts is at their beginning.</summary>
    private const int ErrorSizeMax = 16 * 1024;

    private ReplyStream? body;

    public HttpStatusCode Status => response.StatusCode;

    public bool IsSuccess => response.IsSuccessStatusCode;

    /// <summary>Bytes of the body, where the server has said so.</summary>
    public long? Length => response.Content.Headers.ContentLength;

    public string MediaType => response.Content.Headers.ContentType?.MediaType ?? "";

    /// <summary>A header that comes after the body, once that was read; null: there is none.</summary>
    public string? Trailer(string name) => response.TrailingHeaders.TryGetValues(name, out var values) ? string.Join(", ", values) : null;

    public ValueTask DisposeAsync()
    {
        response.Dispose();
        guard.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>The body, of which each failure is a <see cref="BackendException"/>.</summary>
    public async Task<Stream> OpenAsync()
    {
        if (body is not null) return body;
        return body = new ReplyStream(await response.Content.ReadAsStreamAsync(guard.Token), (e) => place.Failure(call, e, guard), guard);
    }

    /// <summary>All of a body that may have no more than so many bytes.</summary>
    /// <returns>Null: it has more.</returns>
    public async Task<byte[]?> ReadAsync(int sizeMax)
    {
        if (Length > sizeMax) return null;
        var stream = await OpenAsync();
        var bytes = new byte[Length is { } length ? (int)length : Math.Min(sizeMax + 1, 64 * 1024)];
        var count = 0;
        while (true)
        {
            // One byte more is asked for even when all are there: what comes after the end is the trailer.
            if (count == bytes.Length) Array.Resize(ref bytes, Math.Min(sizeMax + 1, Math.Max(64, bytes.Length * 2)));
            var read = await stream.ReadAsync(bytes.AsMemory(count), guard.Token);
            if (read == 0) return bytes.AsSpan(0, count).ToArray();
            count += read;
            if (count > sizeMax) return null;
        }
    }

    /// <summary>All of an answer in JSON.</summary>
    /// <exception cref="BackendException">Transient: it is none, or too long.</exception>
    public async Task<JsonElement> ReadJsonAsync(int sizeMax)
    {
        var bytes = await ReadAsync(sizeMax) ?? throw Strange($"more than {sizeMax} bytes");
        return ParseJson(bytes);
    }

    public JsonElement ParseJson(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            using var document = JsonDocument.Parse(bytes);
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : throw Strange("JSON that is no object");
        }
        catch (JsonException e)
        {
            throw Strange("what is no JSON", e);
        }
    }

    /// <summary>The beginning of an error's body.</summary>
    public async Task<string> ReadErrorAsync()
    {
        var stream = await OpenAsync();
        var bytes = new byte[ErrorSizeMax];
        return Encoding.UTF8.GetString(bytes, 0, await stream.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, guard.Token));
    }

    /// <summary>An answer that the protocol does not have: a proxy's page, another program. It may be right the next time.</summary>
    public BackendException Strange(string what, Exception? inner = null) =>
        new(BackendErrorKind.Transient, $"{call} at {place.Name} was answered {(int)Status} with {place.Quote(what)}; check that the address is that of the service itself.", inner);

    /// <summary>A refusal.</summary>
    public BackendException Refused(BackendErrorKind kind, string text) =>
        new(kind, $"{call} at {place.Name} was answered {(int)Status}{(text.Length > 0 ? ": " + place.Quote(text) : "")}{Advice(kind)}");

    /// <summary>The kind of a refusal by its status alone.</summary>
    public BackendErrorKind KindByStatus => Status switch
    {
        HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.ProxyAuthenticationRequired => BackendErrorKind.Unauthorized,
        HttpStatusCode.PaymentRequired => BackendErrorKind.Funds,
        HttpStatusCode.NotFound or HttpStatusCode.Gone => BackendErrorKind.NotFound,
        HttpStatusCode.TooManyRequests => BackendErrorKind.Throttled,
        HttpStatusCode.InsufficientStorage => BackendErrorKind.Full,
        HttpStatusCode.RequestEntityTooLarge => BackendErrorKind.Permanent,
        // Redirects and refusals of the request's form are an address or a version that is wrong, which somebody mends: no item is lost by them.
        _ => BackendErrorKind.Transient,
    };

    private static string Advice(BackendErrorKind kind) => kind switch
    {
        BackendErrorKind.Unauthorized => "; check the credentials that are configured for it.",
        BackendErrorKind.Funds => "; the account needs funds.",
        BackendErrorKind.Full => "; it needs more room.",
        BackendErrorKind.Throttled => "; it is asked again later.",
        _ => ".",
    };
}
