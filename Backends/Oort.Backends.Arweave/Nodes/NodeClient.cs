using System.Buffers;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using Oort.Backends.Arweave.Hashing;
using Oort.Backends.Arweave.Sending;
using Oort.Backends.Arweave.Transactions;
using Oort.Backends.Arweave.Trees;

namespace Oort.Backends.Arweave.Nodes;

/// <summary>What became of a transaction that was posted.</summary>
internal enum PostOutcome
{
    /// <summary>It waits for its block, or has one.</summary>
    Taken,

    /// <summary>Its anchor is no longer, or not yet, one of the last 50 blocks.</summary>
    AnchorRefused,
}

/// <summary>What became of a chunk that was posted.</summary>
internal enum ChunkOutcome
{
    Stored,

    /// <summary>Kept for now, by a node that will not store it.</summary>
    KeptForNow,

    /// <summary>The node knows no transaction with this data root.</summary>
    RootUnknown,
}

/// <param name="IsKnown">Whether the node knows it at all.</param>
/// <param name="Confirmations">Blocks that have it or follow the one that has; 0 while it waits.</param>
internal readonly record struct TransactionStatus(bool IsKnown, long Confirmations);

/// <summary>One Arweave node, or a gateway that has a node's interface. One request a method.</summary>
/// <remarks>Thread-safe. Failures are <see cref="BackendException"/>.</remarks>
internal sealed class NodeClient(ArweaveHttp http, Uri endpoint)
{
    private const int AnswerSizeMax = 64 * 1024;

    /// <summary>A chunk and its path, as base64url.</summary>
    private const int ChunkAnswerSizeMax = 1024 * 1024;

    /// <summary>Bytes of an anchor: a block's hash, or a transaction's id.</summary>
    private const int AnchorSizeMax = 48;

    public string Authority => endpoint.Authority;

    /// <summary>How many blocks there are.</summary>
    public async Task<long> GetHeightAsync(CancellationToken cancellationToken)
    {
        var what = $"Asking {Authority} for its height";
        using var json = new AnswerJson(what, (await GetAsync(what, "info", cancellationToken)).Body);
        return json.RequiredNumber("height");
    }

    public async Task<byte[]> GetAnchorAsync(CancellationToken cancellationToken)
    {
        var what = $"Asking {Authority} for an anchor";
        var answer = await GetAsync(what, "tx_anchor", cancellationToken);
        return Base64UrlText.Read(answer.Text, AnchorSizeMax) is { Length: > 0 } anchor
            ? anchor
            : throw new BackendException(BackendErrorKind.Transient, $"{what} was answered with something that is none.");
    }

    /// <summary>What storing so many bytes costs now, in winston.</summary>
    public async Task<UInt128> GetPriceAsync(long length, CancellationToken cancellationToken)
    {
        var what = $"Asking {Authority} for a price";
        return Amounts.Of(what, await GetAsync(what, $"price/{Text(length)}", cancellationToken));
    }

    /// <summary>What a wallet holds, in winston.</summary>
    public async Task<UInt128> GetBalanceAsync(string address, CancellationToken cancellationToken)
    {
        var what = $"Asking {Authority} for the balance of {address}";
        return Amounts.Of(what, await GetAsync(what, $"wallet/{address}/balance", cancellationToken));
    }

    /// <summary>Posts a transaction without its data. One that the node has already is taken as well.</summary>
    /// <param name="json">Of <see cref="ArweaveTransaction.WriteJson"/>.</param>
    public async Task<PostOutcome> PostAsync(ReadOnlyMemory<byte> json, CancellationToken cancellationToken)
    {
        var what = $"Sending a transaction to {Authority}";
        var answer = await PostJsonAsync(what, "tx", json, cancellationToken);
        return answer switch
        {
            { Status: 200 or 208 } => PostOutcome.Taken,
            { Status: 400 } when answer.Text.Contains("already", StringComparison.OrdinalIgnoreCase) => PostOutcome.Taken,
            { Status: 400 } when answer.Text.Contains("anchor", StringComparison.OrdinalIgnoreCase) => PostOutcome.AnchorRefused,
            _ => throw Refusals.Of(what, answer),
        };
    }

    public async Task<ChunkOutcome> PostChunkAsync(ReadOnlyMemory<byte> root, long size, ChunkRange range, byte[] path, ReadOnlyMemory<byte> chunk, CancellationToken cancellationToken)
    {
        var what = $"Sending the chunk that ends at {Text(range.End)} to {Authority}";
        var buffer = new ArrayBufferWriter<byte>(chunk.Length * 4 / 3 + 4096);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("data_root", Base64UrlText.Write(root.Span));
            json.WriteString("data_size", Text(size));
            json.WriteString("data_path", Base64UrlText.Write(path));
            json.WriteString("offset", Text(range.End - 1));
            json.WriteString("chunk", Base64UrlText.Write(chunk.Span));
            json.WriteEndObject();
        }

        var answer = await PostJsonAsync(what, "chunk", buffer.WrittenMemory, cancellationToken);
        if (answer.Status is 200 or 201 or 208) return ChunkOutcome.Stored;
        if (answer.Status == 303) return ChunkOutcome.KeptForNow;
        if (answer.Status != 400) throw Refusals.Of(what, answer);
        using var error = new AnswerJson(what, answer.Body);
        return error.RequiredText("error") switch
        {
            "data_root_not_found" => ChunkOutcome.RootUnknown,
            // What passes: the node has no room, or no time.
            "exceeds_disk_pool_size_limit" or "disk_full" or "timeout" => throw new BackendException(BackendErrorKind.Throttled, $"{what} was answered '{error.Text("error")}'."),
            var reason => throw new BackendException(BackendErrorKind.Permanent, $"{what} was refused: '{reason}'."),
        };
    }

    public async Task<TransactionStatus> GetStatusAsync(byte[] id, CancellationToken cancellationToken)
    {
        var what = $"Asking {Authority} for transaction {Base64UrlText.Write(id)}";
        var answer = await http.GetAsync(what, At($"tx/{Base64UrlText.Write(id)}/status"), AnswerSizeMax, cancellationToken);
        // A node says 202 while it waits; some that stand in for one say 200.
        if (answer.Status == 202 || (answer.Status == 200 && answer.Text.Equals("Pending", StringComparison.OrdinalIgnoreCase))) return new(true, 0);
        if (answer.Status == 404) return new(false, 0);
        if (answer.Status != 200) throw Refusals.Of(what, answer);
        using var json = new AnswerJson(what, answer.Body);
        return new(true, json.RequiredNumber("number_of_confirmations"));
    }

    /// <summary>A transaction, its signature and id checked; null where the node has none.</summary>
    public async Task<ArweaveTransaction?> GetTransactionAsync(byte[] id, CancellationToken cancellationToken)
    {
        var what = $"Asking {Authority} for transaction {Base64UrlText.Write(id)}";
        var answer = await http.GetAsync(what, At($"tx/{Base64UrlText.Write(id)}"), AnswerSizeMax, cancellationToken);
        if (answer.Status is 404 or 202) return null;
        if (answer.Status != 200) throw Refusals.Of(what, answer);
        var transaction = ArweaveTransaction.ReadJson(answer.Body);
        return transaction is not null && transaction.Id.AsSpan().SequenceEqual(id) && transaction.Verify()
            ? transaction
            : throw new BackendException(BackendErrorKind.Corrupt, $"{what} was answered with another, or one that its owner has not signed.");
    }

    /// <summary>Where in the weave, whose first byte is number 1, a transaction's last byte lies; null where the node does not know.</summary>
    public async Task<long?> GetOffsetAsync(byte[] id, long size, CancellationToken cancellationToken)
    {
        var what = $"Asking {Authority} where transaction {Base64UrlText.Write(id)} lies";
        var answer = await http.GetAsync(what, At($"tx/{Base64UrlText.Write(id)}/offset"), AnswerSizeMax, cancellationToken);
        if (answer.Status == 404) return null;
        if (answer.Status != 200) throw Refusals.Of(what, answer);
        using var json = new AnswerJson(what, answer.Body);
        return json.RequiredNumber("size") == size && json.RequiredNumber("offset") is var offset && offset >= size ? offset : throw json.Bad("offset");
    }

    /// <summary>The chunk in which a byte of the weave lies, and its path, neither of them checked; null where the node has none.</summary>
    public async Task<(byte[] Chunk, byte[] Path)?> GetChunkAsync(long offset, CancellationToken cancellationToken)
    {
        var what = $"Asking {Authority} for the chunk at {Text(offset)}";
        var answer = await http.GetAsync(what, At($"chunk/{Text(offset)}"), ChunkAnswerSizeMax, cancellationToken);
        if (answer.Status == 404) return null;
        if (answer.Status != 200) throw Refusals.Of(what, answer);
        using var json = new AnswerJson(what, answer.Body);
        return json.Root.TryGetProperty("chunk", out var chunk) && chunk.ValueKind == JsonValueKind.String && Base64UrlText.Read(chunk.GetString(), DataChunks.SizeMax) is { } bytes
            && json.Root.TryGetProperty("data_path", out var path) && path.ValueKind == JsonValueKind.String && Base64UrlText.Read(path.GetString(), DataPath.SizeMax) is { } steps
            ? (bytes, steps)
            : throw json.Bad("chunk");
    }

    private async Task<HttpAnswer> GetAsync(string what, string path, CancellationToken cancellationToken)
    {
        var answer = await http.GetAsync(what, At(path), AnswerSizeMax, cancellationToken);
        return answer.Status == 200 ? answer : throw Refusals.Of(what, answer);
    }

    private Task<HttpAnswer> PostJsonAsync(string what, string path, ReadOnlyMemory<byte> json, CancellationToken cancellationToken) => http.SendAsync(
        what,
        HttpMethod.Post,
        At(path),
        _ => new ReadOnlyMemoryContent(json) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } },
        AnswerSizeMax,
        cancellationToken);

    private Uri At(string path) => new(endpoint, path);

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
