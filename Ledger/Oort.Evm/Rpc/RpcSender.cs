using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Oort.Evm;

/// <summary>Sends one request and reads its answer (JSON-RPC 2.0 over HTTP). It repeats nothing: who asks knows what may be asked twice.</summary>
internal sealed class RpcSender(HttpClient http, EvmClientOptions options, TimeProvider time)
{
    private const int ReadSize = 16 * 1024;

    private long lastId;

    /// <param name="writeParameters">Writes the elements of the array of parameters.</param>
    /// <returns>The result; null where it is null and may be.</returns>
    /// <exception cref="EvmException">Of every kind.</exception>
    public async Task<T?> SendAsync<T>(string method, Action<Utf8JsonWriter> writeParameters, JsonTypeInfo<T> resultType, bool mayBeNull, CancellationToken cancellationToken)
        where T : class
    {
        var id = Interlocked.Increment(ref lastId);
        var answer = await AskAsync(method, Encode(id, method, writeParameters), cancellationToken);
        if (answer.Error is { } error) throw RpcErrors.Read(method, error);
        if (answer.Id.ValueKind != JsonValueKind.Number || !answer.Id.TryGetInt64(out var answered) || answered != id) throw Wrong(method, "it answers another request");
        if (answer.Result.ValueKind == JsonValueKind.Null) return mayBeNull ? null : throw Wrong(method, "its result is null");
        if (answer.Result.ValueKind == JsonValueKind.Undefined) throw Wrong(method, "it has neither result nor error");
        try
        {
            return answer.Result.Deserialize(resultType) ?? throw Wrong(method, "its result is null");
        }
        catch (JsonException e)
        {
            throw Wrong(method, $"its result is of another form ({e.Message})", e);
        }
    }

    public EvmException Wrong(string method, string what, Exception? inner = null) =>
        EvmException.Malformed($"The answer of {Place} to {method} cannot be used: {what}; if this lasts, use another node", inner);

    /// <summary>The path may hold a key.</summary>
    private string Place => options.Endpoint.Authority;

    private static byte[] Encode(long id, string method, Action<Utf8JsonWriter> writeParameters)
    {
        using var body = new MemoryStream();
        using (var writer = new Utf8JsonWriter(body))
        {
            writer.WriteStartObject();
            writer.WriteString("jsonrpc", "2.0");
            writer.WriteNumber("id", id);
            writer.WriteString("method", method);
            writer.WriteStartArray("params");
            writeParameters(writer);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return body.ToArray();
    }

    private async Task<RpcAnswer> AskAsync(string method, byte[] body, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(options.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, options.Endpoint) { Content = new ByteArrayContent(body) };
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            if (options.Authorization is { } authorization) request.Headers.TryAddWithoutValidation("Authorization", authorization);
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            var text = await ReadAsync(method, response, either.Token);
            return response.IsSuccessStatusCode ? Parse(method, text) : throw Refusal(method, response, text);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var what = timeout.IsCancellationRequested ? $"took longer than {options.Timeout.TotalSeconds} seconds" : $"failed: {e.Message}";
            throw new EvmException(EvmErrorKind.Transient, $"{method} at {Place} {what}. Try again later.", e);
        }
    }

    private async Task<byte[]> ReadAsync(string method, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        using var text = new MemoryStream();
        var buffer = new byte[ReadSize];
        while (await stream.ReadAsync(buffer, cancellationToken) is > 0 and var count)
        {
            if (text.Length + count > options.AnswerSizeMax) throw Wrong(method, $"it is larger than {options.AnswerSizeMax} bytes; ask for fewer blocks, or raise AnswerSizeMax");
            text.Write(buffer, 0, count);
        }

        return text.ToArray();
    }

    private RpcAnswer Parse(string method, byte[] text)
    {
        try
        {
            return JsonSerializer.Deserialize(text, RpcJson.Default.RpcAnswer) ?? throw Wrong(method, "it is null");
        }
        catch (JsonException e)
        {
            throw Wrong(method, $"it is no JSON-RPC ({e.Message})", e);
        }
    }

    /// <summary>A status that is none of success. Some nodes give the error of JSON-RPC with it, which says more.</summary>
    private EvmException Refusal(string method, HttpResponseMessage response, byte[] text)
    {
        var status = (int)response.StatusCode;
        var kind = status switch
        {
            401 or 403 => EvmErrorKind.Unauthorized,
            408 => EvmErrorKind.Transient,
            429 => EvmErrorKind.Throttled,
            >= 500 => EvmErrorKind.Transient,
            _ => EvmErrorKind.Refused,
        };
        if (kind is EvmErrorKind.Transient or EvmErrorKind.Refused && ErrorIn(text) is { } error)
        {
            var read = RpcErrors.Read(method, error);
            return new(read.Kind, read.Message, read) { Code = read.Code, Revert = read.Revert, Status = response.StatusCode };
        }

        var advice = kind switch
        {
            EvmErrorKind.Unauthorized => "Check the credentials in the endpoint's path or in Authorization.",
            EvmErrorKind.Refused => "Check the endpoint's path.",
            _ => "Try again later.",
        };
        return new(kind, $"{method} at {Place} was answered with status {status}. {advice}") { Status = response.StatusCode, RetryAfter = RetryAfterOf(response) };
    }

    private static RpcError? ErrorIn(byte[] text)
    {
        try
        {
            return JsonSerializer.Deserialize(text, RpcJson.Default.RpcAnswer)?.Error;
        }
        catch (JsonException)
        {
            // A page of a proxy: the status says all that there is.
            return null;
        }
    }

    private TimeSpan? RetryAfterOf(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } when date > time.GetUtcNow() => date - time.GetUtcNow(),
        _ => null,
    };
}
