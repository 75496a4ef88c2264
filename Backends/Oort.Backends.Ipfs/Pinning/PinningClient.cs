using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace Oort.Backends.Ipfs;

/// <summary>A pinning service (IPFS Pinning Service API, version 1).</summary>
internal sealed class PinningClient(HttpPlace place) : IDisposable
{
    /// <summary>Bytes of an answer: as many requests as are asked for, each with 20 addresses.</summary>
    private const int AnswerSizeMax = 256 * 1024;

    /// <summary>Requests of one name that are looked at; there is one, or a few where the service took one twice.</summary>
    public const int FoundCountMax = 10;

    /// <summary>Letters of a request's id.</summary>
    private const int RequestIdSizeMax = 256;

    public string Name => place.Name;

    public void Dispose() => place.Dispose();

    /// <summary>The service's words as a message may have them.</summary>
    public string Quote(string text) => place.Quote(text);

    /// <summary>The requests for an item that the service has, the furthest first.</summary>
    /// <returns>At most <see cref="FoundCountMax"/>: where there are so many there may be more.</returns>
    public async ValueTask<IReadOnlyList<PinStatus>> FindAsync(Cid cid, string name, CancellationToken cancellationToken)
    {
        const string call = "a list of pins";
        // Without the states a service answers only those that are pinned.
        var target = $"/pins?cid={cid}&name={Uri.EscapeDataString(name)}&match=exact&status=queued,pinning,pinned,failed&limit={FoundCountMax}";
        await using var reply = await SendAsync(HttpMethod.Get, call, target, null, cancellationToken);
        if (!reply.IsSuccess) throw await RefusedAsync(reply);
        var answer = await reply.ReadJsonAsync(AnswerSizeMax);
        if (!answer.TryGetProperty("results", out var results) || results.ValueKind != JsonValueKind.Array) throw reply.Strange("a list without results");
        // A service that filters loosely answers others' too.
        return [.. results.EnumerateArray().Take(FoundCountMax).Select(result => Read(result, reply)).Where(status => status.Cid == cid && status.Name == name)
            .OrderByDescending(status => status.State switch { PinState.Failed => 0, PinState.Queued => 1, PinState.Pinning => 2, _ => 3 })];
    }

    /// <summary>Asks for a pin. This is what may cost; the service does not know a request that it has had before.</summary>
    public async ValueTask<PinStatus> AddAsync(Cid cid, string name, IReadOnlyList<string> origins, CancellationToken cancellationToken)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(new { cid = cid.ToString(), name, origins });
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        await using var reply = await SendAsync(HttpMethod.Post, "a request to pin", "/pins", content, cancellationToken);
        if (!reply.IsSuccess) throw await RefusedAsync(reply);
        var status = Read(await reply.ReadJsonAsync(AnswerSizeMax), reply);
        return status.Cid == cid ? status : throw reply.Strange($"a pin of {status.Cid} instead of {cid}");
    }

    /// <returns>Null: the service knows no such request.</returns>
    /// <exception cref="BackendException">Transient: what was answered is another request's state, or another file's.</exception>
    public async ValueTask<PinStatus?> GetAsync(string requestId, Cid cid, CancellationToken cancellationToken)
    {
        await using var reply = await SendAsync(HttpMethod.Get, "a pin's state", $"/pins/{Uri.EscapeDataString(requestId)}", null, cancellationToken);
        if (reply.Status == HttpStatusCode.NotFound) return null;
        if (!reply.IsSuccess) throw await RefusedAsync(reply);
        var status = Read(await reply.ReadJsonAsync(AnswerSizeMax), reply);
        if (status.RequestId != requestId) throw reply.Strange($"the state of request {status.RequestId} instead of {requestId}");
        return status.Cid == cid ? status : throw reply.Strange($"a pin of {status.Cid} instead of {cid}");
    }

    /// <returns>Whether there was such a request.</returns>
    public async ValueTask<bool> DeleteAsync(string requestId, CancellationToken cancellationToken)
    {
        await using var reply = await SendAsync(HttpMethod.Delete, "the removal of a pin", $"/pins/{Uri.EscapeDataString(requestId)}", null, cancellationToken);
        if (reply.Status == HttpStatusCode.NotFound) return false;
        return reply.IsSuccess ? true : throw await RefusedAsync(reply);
    }

    /// <summary>Whether the service is there and lets this account in.</summary>
    public async ValueTask TestAsync(CancellationToken cancellationToken)
    {
        await using var reply = await SendAsync(HttpMethod.Get, "a list of pins", "/pins?limit=1", null, cancellationToken);
        if (!reply.IsSuccess) throw await RefusedAsync(reply);
        if (!(await reply.ReadJsonAsync(AnswerSizeMax)).TryGetProperty("results", out _)) throw reply.Strange("a list without results");
    }

    private Task<HttpReply> SendAsync(HttpMethod method, string call, string target, HttpContent? content, CancellationToken cancellationToken) =>
        place.SendAsync(method, call, target, content, "application/json", cancellationToken);

    private static async ValueTask<BackendException> RefusedAsync(HttpReply reply)
    {
        var text = await reply.ReadErrorAsync();
        var kind = reply.Status switch
        {
            HttpStatusCode.Conflict => BackendErrorKind.Funds,
            // A base address that is wrong: no request is named in such an answer.
            HttpStatusCode.NotFound => BackendErrorKind.Transient,
            _ => reply.KindByStatus,
        };
        return reply.Refused(kind, ReasonIn(text));
    }

    private static string ReasonIn(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("error", out var error)) return text;
            return string.Join(": ", new[] { Text(error, "reason"), Text(error, "details") }.Where(part => part.Length > 0));
        }
        catch (JsonException)
        {
            // A proxy's page.
            return text;
        }
    }

    private static PinStatus Read(JsonElement status, HttpReply reply)
    {
        var requestId = Text(status, "requestid");
        if (requestId.Length is 0 or > RequestIdSizeMax || requestId is "." or ".." || requestId.Any(c => c is <= ' ' or > '~')) throw reply.Strange("a request's id that is none");
        PinState? state = Text(status, "status") switch
        {
            "queued" => PinState.Queued,
            "pinning" => PinState.Pinning,
            "pinned" => PinState.Pinned,
            "failed" => PinState.Failed,
            _ => null,
        };
        if (state is null || !status.TryGetProperty("pin", out var pin) || !Cid.TryParse(Text(pin, "cid"), out var cid)) throw reply.Strange("a pin without its state or name");
        var details = status.TryGetProperty("info", out var info) ? Text(info, "status_details") : "";
        return new(requestId, state.Value, cid, Text(pin, "name"), details);
    }

    private static string Text(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
}
