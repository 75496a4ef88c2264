using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Numerics;
using System.Text;
using System.Text.Json;
using Oort.Evm;

namespace Oort.Backends.Filecoin;

/// <summary>A storage provider's HTTP interface (Curio, /pdp and /piece). Thread-safe. Nothing is repeated, no redirect is followed, and no answer is longer than it may be.</summary>
/// <remarks>All methods throw <see cref="BackendException"/> by <see cref="PdpFailures"/>. A provider asks for no credentials: what is to be paid is signed in the requests.</remarks>
/// <param name="http">Follows no redirects and has no timeout of its own. Not disposed of here.</param>
internal sealed class PdpClient(HttpClient http, Uri serviceUrl, PdpClientOptions options, TimeProvider time)
{
    /// <summary>Bytes of an answer in JSON: those asked for here have some hundred.</summary>
    private const int AnswerSizeMax = 64 * 1024;

    private const int BufferSize = 256 * 1024;

    private const int UploadIdLengthMax = 64;

    private readonly Uri root = new(serviceUrl.ToString().TrimEnd('/') + "/");

    /// <summary>Whether the provider is there.</summary>
    public async Task PingAsync(CancellationToken cancellationToken)
    {
        using var answer = await AskAsync(HttpMethod.Get, "pdp/ping", null, cancellationToken);
        if (answer.Status != HttpStatusCode.OK) throw answer.Failure();
    }

    /// <summary>Whether the provider has taken the bytes of a piece and has them where it can add them.</summary>
    public async Task<bool> FindAsync(PieceCid cid, CancellationToken cancellationToken)
    {
        using var answer = await AskAsync(HttpMethod.Get, $"pdp/piece?pieceCid={cid}", null, cancellationToken);
        // 202: it has them, and works on them.
        if (answer.Status is HttpStatusCode.NotFound or HttpStatusCode.Accepted) return false;
        if (answer.Status != HttpStatusCode.OK) throw answer.Failure();
        return answer.Text("pieceCid") == cid.ToString() ? true : throw answer.Wrong("it is of another piece");
    }

    /// <summary>Begins an upload.</summary>
    /// <returns>Its id; null: the provider has the bytes already.</returns>
    public async Task<string?> BeginUploadAsync(PieceCid cid, CancellationToken cancellationToken)
    {
        using var answer = await AskAsync(HttpMethod.Post, "pdp/piece", writer => writer.WriteString("pieceCid", cid.ToString()), cancellationToken);
        if (answer.Status == HttpStatusCode.OK) return answer.Text("pieceCid") == cid.ToString() ? null : throw answer.Wrong("it is of another piece");
        if (answer.Status != HttpStatusCode.Created) throw answer.Failure();
        // Only the last part is taken, so that no answer says where the bytes go.
        var id = answer.LastOfLocation();
        var isId = id.Length is > 0 and <= UploadIdLengthMax && id.All(c => char.IsAsciiLetterOrDigit(c) || c == '-');
        return isId ? id : throw answer.Wrong("its Location names no upload");
    }

    /// <summary>Sends an item's bytes in one go. The provider computes their PieceCID before it answers.</summary>
    /// <exception cref="BackendException">Corrupt: the provider says that they are not the piece's. What the source throws.</exception>
    public async Task UploadAsync(string uploadId, IItemSource source, long length, CancellationToken cancellationToken)
    {
        const string call = "Sending a piece";
        using var stall = new StallWatch(options.StallTimeout, time, cancellationToken);
        using var content = new PdpUploadContent(source, length, () => stall.Restart(options.UploadAnswerTimeout), stall.Token);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        using var request = new HttpRequestMessage(HttpMethod.Put, new Uri(root, $"pdp/piece/upload/{uploadId}")) { Content = content };
        using var answer = await SendAsync(request, call, stall, content);
        // 409: an answer before this one was lost.
        if (answer.Status is HttpStatusCode.NoContent or HttpStatusCode.OK or HttpStatusCode.Conflict) return;
        throw answer.Status switch
        {
            HttpStatusCode.BadRequest => new BackendException(BackendErrorKind.Corrupt, $"{call}: the provider says that the bytes are not the piece's ({PdpFailures.Shown(answer.Said)}). Make the item anew."),
            HttpStatusCode.NotFound => new BackendException(BackendErrorKind.Transient, $"{call}: the provider has forgotten the upload. It is begun anew by itself."),
            _ => answer.Failure(),
        };
    }

    /// <summary>Has the provider create a data set.</summary>
    /// <returns>The transaction that it says to have sent.</returns>
    public async Task<EvmHash> CreateDataSetAsync(EvmAddress service, byte[] extraData, CancellationToken cancellationToken)
    {
        using var answer = await AskAsync(HttpMethod.Post, "pdp/data-sets", writer =>
        {
            writer.WriteString("recordKeeper", service.ToString());
            writer.WriteString("extraData", EvmHex.Encode(extraData));
        }, cancellationToken);
        return answer.Status == HttpStatusCode.Created ? answer.TransactionOfLocation() : throw answer.Failure();
    }

    /// <summary>What became of a creation.</summary>
    public async Task<PdpStatus> GetCreationAsync(EvmHash transaction, CancellationToken cancellationToken)
    {
        using var answer = await AskAsync(HttpMethod.Get, $"pdp/data-sets/created/{transaction}", null, cancellationToken);
        return StatusOf(answer, "createMessageHash", "dataSetCreated", transaction);
    }

    /// <summary>Has the provider add a piece to a data set, from which on it is paid for.</summary>
    /// <returns>The transaction that it says to have sent.</returns>
    public async Task<EvmHash> AddPieceAsync(ulong dataSetId, PieceCid cid, byte[] extraData, CancellationToken cancellationToken)
    {
        using var answer = await AskAsync(HttpMethod.Post, Path($"pdp/data-sets/{dataSetId}/pieces"), writer =>
        {
            writer.WriteStartArray("pieces");
            writer.WriteStartObject();
            writer.WriteString("pieceCid", cid.ToString());
            writer.WriteStartArray("subPieces");
            writer.WriteStartObject();
            writer.WriteString("subPieceCid", cid.ToString());
            writer.WriteEndObject();
            writer.WriteEndArray();
            writer.WriteEndObject();
            writer.WriteEndArray();
            writer.WriteString("extraData", EvmHex.Encode(extraData));
        }, cancellationToken);
        return answer.Status == HttpStatusCode.Created ? answer.TransactionOfLocation() : throw answer.Failure();
    }

    /// <summary>What became of an addition.</summary>
    public async Task<PdpStatus> GetAdditionAsync(ulong dataSetId, EvmHash transaction, CancellationToken cancellationToken)
    {
        using var answer = await AskAsync(HttpMethod.Get, Path($"pdp/data-sets/{dataSetId}/pieces/added/{transaction}"), null, cancellationToken);
        return StatusOf(answer, "txHash", "piecesAdded", transaction);
    }

    /// <summary>Has the provider schedule the removal of a piece.</summary>
    public async Task RemovePieceAsync(ulong dataSetId, ulong pieceId, byte[] extraData, CancellationToken cancellationToken)
    {
        using var answer = await AskAsync(HttpMethod.Delete, Path($"pdp/data-sets/{dataSetId}/pieces/{pieceId}"), writer => writer.WriteString("extraData", EvmHex.Encode(extraData)), cancellationToken);
        if (answer.Status is not (HttpStatusCode.OK or HttpStatusCode.NoContent)) throw answer.Failure();
    }

    /// <summary>Whether the provider says that a piece can be read.</summary>
    /// <exception cref="BackendException">Corrupt: it has another length.</exception>
    public async Task<bool> CanBeReadAsync(PieceCid cid, CancellationToken cancellationToken)
    {
        using var answer = await AskAsync(HttpMethod.Head, $"piece/{cid}", null, cancellationToken);
        if (answer.Status == HttpStatusCode.NotFound) return false;
        if (answer.Status != HttpStatusCode.OK) throw answer.Failure();
        return answer.Length is { } length && length != cid.Length ? throw Corrupt(cid, $"has {length} bytes") : true;
    }

    /// <summary>Reads a range of a piece.</summary>
    /// <param name="offset">Of the first byte.</param>
    /// <param name="count">At least 1, and no more than there are behind the offset.</param>
    /// <param name="take">Is given the bytes in order, some at a time; they are not yet checked.</param>
    /// <exception cref="BackendException">NotFound: the provider does not have it. Corrupt: the answer is of another length, or another range.</exception>
    public async Task ReadAsync(PieceCid cid, long offset, long count, Action<ReadOnlyMemory<byte>> take, CancellationToken cancellationToken)
    {
        const string call = "Reading a piece";
        using var stall = new StallWatch(options.StallTimeout, time, cancellationToken);
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(root, $"piece/{cid}"));
        var isWhole = offset == 0 && count == cid.Length;
        if (!isWhole) request.Headers.Range = new RangeHeaderValue(offset, offset + count - 1);
        using var answer = await SendAsync(request, call, stall, null, isBody: true);
        if (answer.Status == HttpStatusCode.NotFound) throw new BackendException(BackendErrorKind.NotFound, $"The provider does not have the piece {cid}.");
        if (answer.Status == HttpStatusCode.RequestedRangeNotSatisfiable) throw Corrupt(cid, "has no such range");
        if (answer.Status != (isWhole ? HttpStatusCode.OK : HttpStatusCode.PartialContent)) throw answer.Failure();
        if (!isWhole && answer.Range is not { } range) throw Corrupt(cid, "is answered without saying which bytes these are");
        if (!isWhole && (answer.Range!.From != offset || answer.Range.To != offset + count - 1 || answer.Range.Length != cid.Length)) throw Corrupt(cid, $"is answered with the range {PdpFailures.Shown($"{answer.Range}")}");
        if (answer.Length is { } length && length != count) throw Corrupt(cid, $"is answered with {length} bytes where {count} are wanted");
        await stall.RunAsync(async () =>
        {
            await using var body = await answer.Response.Content.ReadAsStreamAsync(stall.Token);
            var buffer = new byte[(int)Math.Min(BufferSize, count)];
            for (var read = 0L; read < count;)
            {
                var got = await body.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, count - read)), stall.Token);
                if (got == 0) throw Corrupt(cid, $"ended after {read} bytes where {count} are wanted");
                stall.Restart(options.StallTimeout);
                take(buffer.AsMemory(0, got));
                read += got;
            }

            if (await body.ReadAsync(buffer.AsMemory(0, 1), stall.Token) != 0) throw Corrupt(cid, "is longer than it says");
            return 0;
        }, call);
    }

    private static string Path(FormattableString path) => path.ToString(CultureInfo.InvariantCulture);

    private static BackendException Corrupt(PieceCid cid, string what) => new(BackendErrorKind.Corrupt, $"The piece {cid} {what}; it has {cid.Length} bytes. It cannot be relied on.");

    private static PdpStatus StatusOf(PdpAnswer answer, string hashName, string doneName, EvmHash transaction)
    {
        if (answer.Status == HttpStatusCode.NotFound) return PdpStatus.Unknown;
        if (answer.Status != HttpStatusCode.OK) throw answer.Failure();
        if (!string.Equals(answer.Text(hashName), transaction.ToString(), StringComparison.OrdinalIgnoreCase)) throw answer.Wrong("it is of another transaction");
        return answer.Text("txStatus") switch
        {
            "rejected" => PdpStatus.Rejected,
            "confirmed" => answer.Flag(doneName) ? PdpStatus.Confirmed : PdpStatus.Pending,
            "pending" => PdpStatus.Pending,
            var other => throw answer.Wrong($"its transaction is \"{PdpFailures.Shown(other)}\""),
        };
    }

    /// <summary>One request whose answer is short, and is read whole.</summary>
    private async Task<PdpAnswer> AskAsync(HttpMethod method, string path, Action<Utf8JsonWriter>? write, CancellationToken cancellationToken)
    {
        using var stall = new StallWatch(options.StallTimeout, time, cancellationToken);
        using var request = new HttpRequestMessage(method, new Uri(root, path));
        if (write is not null)
        {
            using var body = new MemoryStream();
            using (var writer = new Utf8JsonWriter(body))
            {
                writer.WriteStartObject();
                write(writer);
                writer.WriteEndObject();
            }

            request.Content = new ByteArrayContent(body.ToArray()) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        }

        return await SendAsync(request, $"{method} {path.Split('?')[0]}", stall, null);
    }

    private async Task<PdpAnswer> SendAsync(HttpRequestMessage request, string call, StallWatch stall, PdpUploadContent? upload, bool isBody = false) =>
        await stall.RunAsync(async () =>
        {
            var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stall.Token);
            try
            {
                stall.Restart(options.StallTimeout);
                // A body that is wanted is read where it is wanted; that of a refusal says why.
                var said = isBody && response.IsSuccessStatusCode ? "" : await ReadTextAsync(response, call, stall);
                return new PdpAnswer(call, response, said);
            }
            catch
            {
                response.Dispose();
                throw;
            }
        }, call, upload);

    private async Task<string> ReadTextAsync(HttpResponseMessage response, string call, StallWatch stall)
    {
        await using var stream = await response.Content.ReadAsStreamAsync(stall.Token);
        using var text = new MemoryStream();
        var buffer = new byte[4096];
        while (await stream.ReadAsync(buffer, stall.Token) is > 0 and var count)
        {
            if (text.Length + count > AnswerSizeMax) throw new BackendException(BackendErrorKind.Transient, $"{call} was answered with more than {AnswerSizeMax} bytes. If this lasts, use another provider.");
            stall.Restart(options.StallTimeout);
            text.Write(buffer, 0, count);
        }

        return Encoding.UTF8.GetString(text.GetBuffer(), 0, (int)text.Length);
    }
}

/// <summary>How long a provider is waited for.</summary>
/// <param name="StallTimeout">Until the answer begins, and between any two parts of it.</param>
/// <param name="UploadAnswerTimeout">From a part of an upload to the next, or to the answer: the provider hashes everything before it gives one.</param>
internal sealed record PdpClientOptions(TimeSpan StallTimeout, TimeSpan UploadAnswerTimeout);
