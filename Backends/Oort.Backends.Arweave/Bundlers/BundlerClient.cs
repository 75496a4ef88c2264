using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using Oort.Backends.Arweave.Hashing;
using Oort.Backends.Arweave.Items;
using Oort.Backends.Arweave.Sending;

namespace Oort.Backends.Arweave.Bundlers;

/// <summary>What a bundler says of an item that it was sent.</summary>
internal enum BundledState
{
    /// <summary>It knows of none.</summary>
    Unknown,

    /// <summary>It has it, and will put it into a bundle.</summary>
    Taken,

    /// <summary>The bundle's transaction is there to stay.</summary>
    Final,

    /// <summary>It has given up.</summary>
    Failed,
}

/// <param name="Bundle">Id of the bundle's transaction; null as long as there is none.</param>
/// <param name="Reason">Why it has given up.</param>
internal sealed record BundledStatus(BundledState State, byte[]? Bundle, string Reason);

/// <summary>Which parts of an upload have arrived.</summary>
/// <param name="SizeMin">Bytes that a part must have, but for the last.</param>
/// <param name="SizeMax">Bytes that a part may have; at least <paramref name="SizeMin"/>.</param>
/// <param name="Size">Bytes of every part but the last, once one is there.</param>
/// <param name="Lengths">Bytes of each by its offset.</param>
internal sealed record BundlerParts(long SizeMin, long SizeMax, long Size, IReadOnlyDictionary<long, long> Lengths)
{
    /// <summary>What the next parts are to have: what the first has, or what is wanted within the bundler's limits.</summary>
    public long SizeOr(long wanted) => Math.Clamp(Lengths.Count > 0 && Size > 0 ? Size : wanted, SizeMin, SizeMax);
}

/// <summary>A bundler's interface over HTTP, as Turbo has it. One request a method.</summary>
/// <remarks>Thread-safe. Failures are <see cref="BackendException"/>.</remarks>
internal sealed class BundlerClient(ArweaveHttp http, Uri endpoint, Uri payments, string token)
{
    /// <summary>Answers of a few fields.</summary>
    private const int AnswerSizeMax = 64 * 1024;

    /// <summary>A list of at most 10,000 parts.</summary>
    private const int PartsSizeMax = 1024 * 1024;

    private const int IdLengthMax = 1024;

    public string Authority => endpoint.Authority;

    /// <summary>Sends a data item in one request.</summary>
    /// <returns>The receipt; null: it has had this very item before.</returns>
    public async Task<BundlerReceipt?> PostAsync(SignedItem item, string? bundler, CancellationToken cancellationToken)
    {
        var what = $"Sending item {Base64UrlText.Write(item.Header.Id)} to {Authority}";
        var answer = await http.SendAsync(what, HttpMethod.Post, At($"v1/tx/{token}"), watch => Octets(new ItemContent(item, 0, item.Length, watch)), AnswerSizeMax, cancellationToken);
        return answer.Status switch
        {
            200 or 201 => BundlerReceipt.Read(what, answer.Body, item.Header.Id, bundler),
            // "Data Item Exists".
            202 => null,
            _ => throw Refusals.Of(what, answer),
        };
    }

    /// <summary>Begins an upload in parts; costs nothing.</summary>
    /// <returns>Its id.</returns>
    public async Task<string> BeginAsync(long partSize, CancellationToken cancellationToken)
    {
        var what = $"Beginning an upload at {Authority}";
        var answer = await http.GetAsync(what, At($"v1/chunks/{token}/-1/-1?chunkSize={Text(partSize)}"), AnswerSizeMax, cancellationToken);
        if (answer.Status != 200) throw Refusals.Of(what, answer);
        using var json = new AnswerJson(what, answer.Body);
        var id = json.RequiredText("id");
        return id.Length is 0 or > IdLengthMax || id.Any(c => c is <= ' ' or > '~') || id.All(c => c == '.') ? throw json.Bad("id") : id;
    }

    /// <summary>Which parts have arrived; null where there is no such upload, or no longer.</summary>
    public async Task<BundlerParts?> GetPartsAsync(string upload, CancellationToken cancellationToken)
    {
        var what = $"Asking {Authority} for an upload's parts";
        var answer = await http.GetAsync(what, AtUpload(upload, "-1"), PartsSizeMax, cancellationToken);
        if (answer.Status == 404) return null;
        if (answer.Status != 200) throw Refusals.Of(what, answer);
        using var json = new AnswerJson(what, answer.Body);
        if (json.Text("failedReason") is { Length: > 0 } reason) throw new BackendException(BackendErrorKind.Permanent, $"{Authority} has given an upload up: {reason}.");
        var lengths = new Dictionary<long, long>();
        if (!json.Root.TryGetProperty("chunks", out var chunks) || chunks.ValueKind != JsonValueKind.Array) throw json.Bad("chunks");
        foreach (var chunk in chunks.EnumerateArray())
        {
            if (chunk.ValueKind != JsonValueKind.Array || chunk.GetArrayLength() != 2 || !IsCount(chunk[0], out var offset) || !IsCount(chunk[1], out var length)) throw json.Bad("chunks");
            lengths[offset] = length;
        }

        // Where it tells no limits there are none but its own answers.
        var (min, max) = (Math.Max(1, json.Number("min") ?? 1), json.Number("max") ?? long.MaxValue);
        return min <= max ? new(min, max, json.Number("size") ?? 0, lengths) : throw json.Bad("max");

        static bool IsCount(JsonElement value, out long count)
        {
            count = -1;
            return value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out count) && count >= 0;
        }
    }

    public async Task PostPartAsync(string upload, SignedItem item, long offset, long length, CancellationToken cancellationToken)
    {
        var what = $"Sending bytes {Text(offset)} to {Text(offset + length - 1)} of item {Base64UrlText.Write(item.Header.Id)} to {Authority}";
        var answer = await http.SendAsync(what, HttpMethod.Post, AtUpload(upload, Text(offset)), watch => Octets(new ItemContent(item, offset, length, watch)), AnswerSizeMax, cancellationToken);
        // Gone: the next step finds out.
        if (answer.Status != 200) throw Refusals.Of(what, answer, BackendErrorKind.Transient);
    }

    /// <summary>Ends an upload, of which every part is there.</summary>
    /// <returns>The receipt; null: it has had this item before, or is still looking at it.</returns>
    /// <exception cref="BackendException">NotFound: there is no such upload, or no longer.</exception>
    public async Task<BundlerReceipt?> FinishAsync(string upload, byte[] id, string? bundler, CancellationToken cancellationToken)
    {
        var what = $"Ending the upload of item {Base64UrlText.Write(id)} at {Authority}";
        var answer = await http.SendAsync(what, HttpMethod.Post, AtUpload(upload, "-1"), _ => Octets(new ByteArrayContent([])), AnswerSizeMax, cancellationToken);
        return answer.Status switch
        {
            200 => BundlerReceipt.Read(what, answer.Body, id, bundler),
            201 or 202 when answer.Body.Length == 0 || answer.Body[0] != '{' => null,
            201 or 202 => BundlerReceipt.Read(what, answer.Body, id, bundler),
            _ => throw Refusals.Of(what, answer, BackendErrorKind.NotFound),
        };
    }

    public async Task<BundledStatus> GetStatusAsync(byte[] id, CancellationToken cancellationToken)
    {
        var what = $"Asking {Authority} for item {Base64UrlText.Write(id)}";
        var answer = await http.GetAsync(what, At($"v1/tx/{Base64UrlText.Write(id)}/status"), AnswerSizeMax, cancellationToken);
        if (answer.Status == 404) return new(BundledState.Unknown, null, "");
        if (answer.Status != 200) throw Refusals.Of(what, answer);
        using var json = new AnswerJson(what, answer.Body);
        var bundle = json.Text("bundleId") is { } text ? Base64UrlText.ReadExactly(text, 32) ?? throw json.Bad("bundleId") : null;
        var state = json.RequiredText("status") switch
        {
            "CONFIRMED" => BundledState.Taken,
            "FINALIZED" => BundledState.Final,
            "FAILED" => BundledState.Failed,
            _ => throw json.Bad("status"),
        };
        return new(state, bundle, json.Text("reason") ?? "");
    }

    /// <summary>What an item of so many bytes costs now, in winc.</summary>
    public async Task<UInt128> GetPriceAsync(long length, CancellationToken cancellationToken)
    {
        var what = $"Asking {payments.Authority} for a price";
        var answer = await http.GetAsync(what, new Uri(payments, $"price/{token}/{Text(length)}"), AnswerSizeMax, cancellationToken);
        return answer.Status == 200 ? Amounts.Of(what, answer) : throw Refusals.Of(what, answer);
    }

    /// <summary>What an account has left, in winc; 0 for one that was never paid into.</summary>
    public async Task<UInt128> GetBalanceAsync(string address, CancellationToken cancellationToken)
    {
        var what = $"Asking {payments.Authority} for the balance of {address}";
        var answer = await http.GetAsync(what, new Uri(payments, $"account/balance/{token}?address={Uri.EscapeDataString(address)}"), AnswerSizeMax, cancellationToken);
        if (answer.Status == 404) return 0;
        if (answer.Status != 200) throw Refusals.Of(what, answer);
        if (answer.Body is not [(byte)'{', ..]) return Amounts.Of(what, answer);
        using var json = new AnswerJson(what, answer.Body);
        return Amounts.Read(json.RequiredText("winc")) ?? throw json.Bad("winc");
    }

    /// <summary>Address of the key that it signs receipts with, and up to how many bytes an item is free.</summary>
    public async Task<(string Address, long FreeLength)> GetInfoAsync(CancellationToken cancellationToken)
    {
        var what = $"Asking {Authority} what it is";
        var answer = await http.GetAsync(what, At("info"), AnswerSizeMax, cancellationToken);
        if (answer.Status != 200) throw Refusals.Of(what, answer);
        using var json = new AnswerJson(what, answer.Body);
        if (!json.Root.TryGetProperty("addresses", out var addresses) || addresses.ValueKind != JsonValueKind.Object) throw json.Bad("addresses");
        if (!addresses.TryGetProperty("arweave", out var address) || address.ValueKind != JsonValueKind.String || Base64UrlText.ReadExactly(address.GetString(), 32) is null) throw json.Bad("addresses");
        return (address.GetString()!, json.Number("freeUploadLimitBytes") ?? 0);
    }

    private Uri At(string path) => new(endpoint, path);

    private Uri AtUpload(string upload, string last) => At($"v1/chunks/{token}/{Uri.EscapeDataString(upload)}/{last}");

    private static T Octets<T>(T content) where T : HttpContent
    {
        content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        return content;
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
