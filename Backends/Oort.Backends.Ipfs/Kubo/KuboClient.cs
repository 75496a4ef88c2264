using System.Net;
using System.Text;
using System.Text.Json;

namespace Oort.Backends.Ipfs;

/// <summary>The RPC of an IPFS node, as Kubo has it ("Kubo RPC API v0"): every call is a POST, every failure of a command 500 with {"Message"}.</summary>
/// <remarks>
/// Blocks that it gives are checked, and names that it answers compared with those computed here. "cat" is not used: its bytes cannot be checked; nor "add" and "block/put", since
/// dag/import takes files of one block and of many. Whatever asks for blocks says "offline=true", or a node looks for a missing one in the whole network, and a timeout, since js-ipfs does so all the same.
/// </remarks>
internal sealed class KuboClient(HttpPlace place) : IBlockSource, IDisposable
{
    /// <summary>Bytes of an answer: lines with a few names each.</summary>
    private const int AnswerSizeMax = 64 * 1024;

    /// <summary>Late errors come behind the body (Kubo: commands/http). Proxies drop it, so it is no proof of success that there is none.</summary>
    private const string ErrorTrailer = "X-Stream-Error";

    /// <summary>How long a node looks for a block in its own store.</summary>
    private const string LookupLimits = "offline=true&timeout=20s";

    public string Name => place.Name;

    public void Dispose() => place.Dispose();

    /// <summary>Stores the blocks of a CAR and pins its root in the same call: between two, garbage collection could take them.</summary>
    /// <param name="write">Writes the CAR, of so many bytes.</param>
    public async ValueTask ImportAsync(Cid root, long carSize, Func<Func<ReadOnlyMemory<byte>, ValueTask>, CancellationToken, ValueTask> write, CancellationToken cancellationToken)
    {
        const string call = "dag/import";
        using var content = new FormContent(carSize, write);
        foreach (var line in await CallAsync(call, "?pin-roots=true&stats=true&cid-base=base32", content, cancellationToken))
        {
            if (Property(line, "Root") is not { ValueKind: JsonValueKind.Object } imported) continue;
            var name = Property(imported, "Cid") is { ValueKind: JsonValueKind.Object } link ? Text(link, "/") : null;
            CheckName(root, name, call);
            if (Text(imported, "PinErrorMsg") is { Length: > 0 } message) throw new BackendException(KindOf(message), $"{call} at {Name} did not pin {root}: {place.Quote(message)}.");
            return;
        }

        throw new BackendException(BackendErrorKind.Transient, $"{call} at {Name} ended without naming the root {root}.");
    }

    /// <summary>Whether it is pinned by itself.</summary>
    public async ValueTask<bool> IsPinnedAsync(Cid cid, CancellationToken cancellationToken)
    {
        const string call = "pin/ls";
        List<JsonElement> answer;
        try
        {
            answer = await CallAsync(call, $"?arg={cid}&type=recursive&cid-base=base32", null, cancellationToken);
        }
        catch (BackendException e) when (IsNotPinned(e))
        {
            return false;
        }

        return Property(One(call, answer), "Keys") is { ValueKind: JsonValueKind.Object } keys && keys.EnumerateObject().Any(key => Cid.TryParse(key.Name, out var pinned) && pinned == cid);
    }

    /// <summary>Takes the pin away, if there is one; the blocks go when the node collects garbage.</summary>
    public async ValueTask UnpinAsync(Cid cid, CancellationToken cancellationToken)
    {
        try
        {
            await CallAsync("pin/rm", $"?arg={cid}&recursive=true", null, cancellationToken);
        }
        catch (BackendException e) when (IsNotPinned(e))
        {
            // It is as it should be.
        }
    }

    public async ValueTask<ReadOnlyMemory<byte>> GetAsync(Cid cid, CancellationToken cancellationToken)
    {
        await using var reply = await SendAsync("block/get", $"?arg={cid}&{LookupLimits}", null, cancellationToken);
        var block = await reply.ReadAsync(Blocks.SizeMax) ?? throw new BackendException(BackendErrorKind.Corrupt, $"{Name} gave more than {Blocks.SizeMax} bytes for block {cid}.");
        ThrowLate("block/get", reply);
        Blocks.Check(cid, block, Name);
        return block;
    }

    /// <summary>Bytes of a block that the node has; null: it has it not.</summary>
    public async ValueTask<long?> StatBlockAsync(Cid cid, CancellationToken cancellationToken)
    {
        const string call = "block/stat";
        try
        {
            var answer = One(call, await CallAsync(call, $"?arg={cid}&{LookupLimits}&cid-base=base32", null, cancellationToken));
            CheckName(cid, Text(answer, "Key"), call);
            return Number(answer, "Size");
        }
        catch (BackendException e) when (e.Kind == BackendErrorKind.NotFound)
        {
            return null;
        }
    }

    /// <summary>What the node stores, and the most that its configuration allows; null where it does not say.</summary>
    public async ValueTask<(long? Stored, long? Most)> SpaceAsync(CancellationToken cancellationToken)
    {
        var answer = One("repo/stat", await CallAsync("repo/stat", "?size-only=true", null, cancellationToken));
        return (Number(answer, "RepoSize"), Number(answer, "StorageMax"));
    }

    public async ValueTask<string> VersionAsync(CancellationToken cancellationToken) => Text(One("version", await CallAsync("version", "", null, cancellationToken)), "Version")
        ?? throw new BackendException(BackendErrorKind.Transient, $"{Name} says no version; check that it is the RPC address of an IPFS node.");

    // Of this kind is nothing but a command's own answer: what a proxy or a refusal says in these words is no such answer.
    private static bool IsNotPinned(BackendException e) => e.Kind == BackendErrorKind.NotFound && e.Message.Contains("not pinned", StringComparison.OrdinalIgnoreCase);

    /// <summary>The lines of an answer.</summary>
    private async ValueTask<List<JsonElement>> CallAsync(string call, string query, HttpContent? content, CancellationToken cancellationToken)
    {
        await using var reply = await SendAsync(call, query, content, cancellationToken);
        var bytes = await reply.ReadAsync(AnswerSizeMax) ?? throw reply.Strange($"more than {AnswerSizeMax} bytes");
        ThrowLate(call, reply);
        var lines = new List<JsonElement>();
        foreach (var range in SplitLines(bytes))
        {
            var line = reply.ParseJson(bytes.AsMemory(range));
            // Written when the answer had begun already.
            if (Text(line, "Type") == "error" && Text(line, "Message") is { } message) throw reply.Refused(KindOf(message), message);
            lines.Add(line);
        }

        return lines;
    }

    private async ValueTask<HttpReply> SendAsync(string call, string query, HttpContent? content, CancellationToken cancellationToken)
    {
        var reply = await place.SendAsync(HttpMethod.Post, call, $"/api/v0/{call}{query}", content, null, cancellationToken);
        if (reply.Status == HttpStatusCode.OK) return reply;
        await using (reply)
        {
            var text = await reply.ReadErrorAsync();
            var message = MessageIn(text) ?? text;
            throw reply.Status switch
            {
                HttpStatusCode.InternalServerError => reply.Refused(KindOf(message), message),
                HttpStatusCode.NotFound => reply.Strange("an unknown command"),
                _ => reply.Refused(reply.KindByStatus, message),
            };
        }
    }

    private void ThrowLate(string call, HttpReply reply)
    {
        if (reply.Trailer(ErrorTrailer) is { Length: > 0 } late) throw new BackendException(KindOf(late), $"{call} at {Name} failed late: {place.Quote(late)}.");
    }

    private void CheckName(Cid expected, string? answered, string call)
    {
        if (!Cid.TryParse(answered, out var cid) || cid != expected)
            throw new BackendException(BackendErrorKind.Corrupt, $"{call} at {Name} answered the name {place.Quote(answered ?? "")} for what is {expected}; the node did not store what it was sent.");
    }

    private JsonElement One(string call, List<JsonElement> lines) =>
        lines.Count > 0 ? lines[0] : throw new BackendException(BackendErrorKind.Transient, $"{call} at {Name} was answered with nothing.");

    /// <summary>Commands fail with a sentence and one status for all; what is in it is all that tells them apart.</summary>
    private static BackendErrorKind KindOf(string message)
    {
        if (Has("no space left") || Has("disk quota") || Has("not enough space")) return BackendErrorKind.Full;
        return Has("not found") || Has("notfound") || Has("not pinned") ? BackendErrorKind.NotFound : BackendErrorKind.Transient;

        bool Has(string words) => message.Contains(words, StringComparison.OrdinalIgnoreCase);
    }

    private static IEnumerable<Range> SplitLines(byte[] bytes)
    {
        for (var start = 0; start < bytes.Length;)
        {
            var end = Array.IndexOf(bytes, (byte)'\n', start);
            if (end < 0) end = bytes.Length;
            if (bytes.AsSpan(start..end).IndexOfAnyExcept(" \r\t"u8) >= 0) yield return start..end;
            start = end + 1;
        }
    }

    private static string? MessageIn(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return Text(document.RootElement, "Message");
        }
        catch (JsonException)
        {
            // Plain text, as 403 and proxies have it.
            return null;
        }
    }

    /// <summary>Nodes do not agree on the case of names.</summary>
    private static JsonElement? Property(JsonElement parent, string name)
    {
        if (parent.ValueKind != JsonValueKind.Object) return null;
        foreach (var property in parent.EnumerateObject()) if (string.Equals(property.Name, name, StringComparison.OrdinalIgnoreCase)) return property.Value;
        return null;
    }

    private static string? Text(JsonElement parent, string name) => Property(parent, name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;

    private static long? Number(JsonElement parent, string name) => Property(parent, name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt64(out var number) ? number : null;
}
