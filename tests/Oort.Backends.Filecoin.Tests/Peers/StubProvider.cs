using System.Globalization;
using System.Numerics;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Oort.Backends.Suite;
using Oort.Evm;

namespace Oort.Backends.Filecoin.Tests.Peers;

/// <summary>A storage provider (Curio's /pdp and /piece) and a node of the chain (/rpc), over a <see cref="StubChain"/>: PieceCIDs are computed, signatures recovered, and on demand it misbehaves.</summary>
internal sealed class StubProvider : IAsyncDisposable
{
    /// <summary>The node's key, which its answers depend on.</summary>
    public const string NodeKey = "Bearer n0de-s3cr3t";

    /// <summary>After so many additions that the chain would reject whoever sends them is turned away.</summary>
    private const int BadCallCountMax = 3;

    private readonly WebApplication application;
    private readonly TimeProvider time;
    private readonly Lock gate = new();
    private readonly Dictionary<string, PieceCid> uploads = [];
    private readonly Dictionary<string, (byte[] Bytes, DateTimeOffset Ready)> parked = [];
    private int badCallCount;

    private StubProvider(WebApplication application, TimeProvider time)
    {
        this.application = application;
        this.time = time;
        Chain = new(time);
        application.Run(HandleAsync);
    }

    public StubChain Chain { get; }

    public PeerFault Fault { get; set; }

    /// <summary>How long bytes take until they can be added.</summary>
    public TimeSpan ParkDelay { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Stands before the paths in Location.</summary>
    public string LocationPrefix { get; set; } = "";

    /// <summary>Answers what a request is to be answered with in place of the right thing; null: the right thing.</summary>
    public Func<HttpRequest, StubAnswer?> Override { get; set; } = _ => null;

    /// <summary>Uploads whose bytes came.</summary>
    public int UploadCount { get; private set; }

    /// <summary>Method and path of each request to the provider.</summary>
    public List<string> Requests { get; } = [];

    public Uri Endpoint => new(application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    public static async Task<StubProvider> StartAsync(TimeProvider time)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, 0));
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = 64 << 20);
        builder.Logging.ClearProviders();
        var stub = new StubProvider(builder.Build(), time);
        await stub.application.StartAsync();
        return stub;
    }

    /// <summary>Pieces that somebody pays for, or that lie there to be added.</summary>
    public int CountItems()
    {
        Sweep();
        lock (gate) return Chain.Pieces.Select(cid => cid.ToString()).Concat(parked.Keys).Distinct().Count();
    }

    public void Lose(string cid)
    {
        lock (gate) parked.Remove(cid);
    }

    public void Damage(string cid)
    {
        lock (gate) parked[cid] = ([.. parked[cid].Bytes.Select(b => (byte)~b)], parked[cid].Ready);
    }

    public ValueTask DisposeAsync() => application.DisposeAsync();

    private static StubAnswer Json(int status, object document) => new(status, JsonSerializer.Serialize(document));

    private async Task HandleAsync(HttpContext context)
    {
        var isNode = context.Request.Path == "/rpc";
        if (!isNode) lock (gate) Requests.Add($"{context.Request.Method} {context.Request.Path}");
        if (Fault == PeerFault.Hangs)
        {
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            return;
        }

        var body = new MemoryStream();
        try
        {
            await context.Request.Body.CopyToAsync(body);
        }
        catch (Exception e) when (e is IOException or BadHttpRequestException)
        {
            // Whoever sends has stopped in the middle.
            return;
        }

        var answer = Fault switch
        {
            PeerFault.ServerError => new(500, "\"it is broken\""),
            PeerFault.Unavailable => new(503),
            PeerFault.Throttles => new(429),
            PeerFault.RefusesCredentials when isNode => new(401),
            _ => Override(context.Request) ?? (isNode ? Node(context.Request, body.ToArray()) : Provider(context.Request, body.ToArray())),
        };
        if (Fault == PeerFault.LosesAnswers && !isNode && context.Request.Method is "POST" or "PUT" or "DELETE" && Fault == PeerFault.LosesAnswers)
        {
            context.Abort();
            return;
        }

        await WriteAsync(context, answer);
    }

    private static async Task WriteAsync(HttpContext context, StubAnswer answer)
    {
        var response = context.Response;
        response.StatusCode = answer.Status;
        if (answer.Location is { } location) response.Headers.Location = location;
        if (answer.Range is { } range) response.Headers.ContentRange = range;
        if (answer.Json is not null) response.ContentType = "application/json";
        var bytes = answer.Body ?? (answer.Json is { } json ? System.Text.Encoding.UTF8.GetBytes(json) : []);
        if (answer.Status != 204) response.ContentLength = bytes.Length;
        if (context.Request.Method != "HEAD" && answer.Status != 204) await response.Body.WriteAsync(bytes);
    }

    private StubAnswer Node(HttpRequest request, byte[] body)
    {
        if (request.Headers.Authorization != NodeKey) return new(401);
        var document = JsonDocument.Parse(body).RootElement;
        var id = document.GetProperty("id").GetInt64();
        var parameters = document.GetProperty("params");
        object? result;
        switch (document.GetProperty("method").GetString())
        {
            case "eth_chainId":
                result = EvmHex.EncodeQuantity(Chain.ChainId);
                break;
            case "eth_getBlockByNumber":
                var (number, made) = Chain.Head();
                var hash = Keccak256.Hash([]).ToString();
                result = new { number = EvmHex.EncodeQuantity(number), hash, parentHash = hash, timestamp = EvmHex.EncodeQuantity(made.ToUnixTimeSeconds()), gasLimit = "0x1", gasUsed = "0x0" };
                break;
            case "eth_call":
                var funds = Chain.Funds;
                if (Fault == PeerFault.OutOfFunds) Chain.Funds = BigInteger.Zero;
                var data = Chain.Call(EvmAddress.Parse(parameters[0].GetProperty("to").GetString()!), EvmHex.Decode(parameters[0].GetProperty("data").GetString()!));
                Chain.Funds = funds;
                if (data is null) return Json(200, new { jsonrpc = "2.0", id, error = new { code = 3, message = "execution reverted" } });
                result = EvmHex.Encode(data);
                break;
            default:
                return Json(200, new { jsonrpc = "2.0", id, error = new { code = -32601, message = "method not found" } });
        }

        return Json(200, new { jsonrpc = "2.0", id, result });
    }

    private StubAnswer Provider(HttpRequest request, byte[] body)
    {
        Sweep();
        var parts = request.Path.Value!.Split('/', StringSplitOptions.RemoveEmptyEntries);
        return (request.Method, parts) switch
        {
            ("GET", ["pdp", "ping"]) => new(200),
            ("POST", ["pdp", "piece"]) => Begin(JsonDocument.Parse(body).RootElement),
            ("PUT", ["pdp", "piece", "upload", var id]) => Upload(id, body),
            ("GET", ["pdp", "piece"]) => Locked(() => parked.TryGetValue(request.Query["pieceCid"]!, out var held) && held.Ready <= time.GetUtcNow()) ? Json(200, new { pieceCid = request.Query["pieceCid"].ToString() }) : new(404),
            ("POST", ["pdp", "data-sets"]) => Create(JsonDocument.Parse(body).RootElement),
            ("GET", ["pdp", "data-sets", "created", var hash]) => Chain.Find(hash) is { } creation
                ? Json(200, new { createMessageHash = hash, dataSetCreated = creation.IsOk == true, service = "", txStatus = StatusOf(creation), ok = creation.IsOk, dataSetId = creation.IsOk == true ? creation.Made[0] : (ulong?)null })
                : new(404),
            ("POST", ["pdp", "data-sets", var set, "pieces"]) => Add(SetOf(set), JsonDocument.Parse(body).RootElement),
            ("GET", ["pdp", "data-sets", var set, "pieces", "added", var hash]) => Chain.Find(hash) is { } addition
                ? Json(200, new { txHash = hash, txStatus = StatusOf(addition), dataSetId = ulong.Parse(set, CultureInfo.InvariantCulture), pieceCount = 1, addMessageOk = addition.IsOk == true ? true : (bool?)null, piecesAdded = addition.IsOk == true, confirmedPieceIds = addition.Made })
                : new(404),
            ("DELETE", ["pdp", "data-sets", var set, "pieces", var piece]) => Remove(SetOf(set), ulong.Parse(piece, CultureInfo.InvariantCulture), JsonDocument.Parse(body).RootElement),
            ("GET" or "HEAD", ["piece", var cid]) => Read(cid, request.Headers.Range.ToString()),
            _ => new(404, "\"no such call\""),
        };
    }

    private static string StatusOf(StubTransaction transaction) => transaction.IsOk switch
    {
        null => "pending",
        true => "confirmed",
        false => "rejected",
    };

    private StubAnswer Begin(JsonElement document)
    {
        var text = document.GetProperty("pieceCid").GetString()!;
        if (!PieceCid.TryParse(text, out var cid) || cid.Length < 127) return new(400, "\"no PieceCID\"");
        lock (gate)
        {
            if (Fault == PeerFault.OutOfSpace) return new(507);
            if (parked.ContainsKey(text)) return Json(200, new { pieceCid = text });
            var id = $"0a-{uploads.Count}";
            uploads[id] = cid;
            return new(201, null, $"{LocationPrefix}/pdp/piece/upload/{id}");
        }
    }

    private StubAnswer Upload(string id, byte[] body)
    {
        lock (gate)
        {
            if (!uploads.TryGetValue(id, out var cid)) return new(404);
            if (parked.ContainsKey(cid.ToString())) return new(409);
            if (!PieceCid.Of(body).Equals(cid)) return new(400, "\"the bytes have another PieceCID\"");
            parked[cid.ToString()] = (body, time.GetUtcNow() + ParkDelay);
            UploadCount++;
            return new(204);
        }
    }

    private StubAnswer Create(JsonElement document)
    {
        if (!EvmAddress.TryParse(document.GetProperty("recordKeeper").GetString()!, out var keeper) || keeper != Chain.Network.Service) return new(400, "\"another service\"");
        return Sent(Chain.Create(EvmHex.Decode(document.GetProperty("extraData").GetString()!)), hash => $"/pdp/data-sets/created/{hash}");
    }

    private StubAnswer Add(StubDataSet? set, JsonElement document)
    {
        if (badCallCount >= BadCallCountMax) return new(403, "\"turned away\"");
        if (set is null) return new(404);
        if (set.EndBlock != 0) return new(409);
        var pieces = new List<PieceCid>();
        foreach (var piece in document.GetProperty("pieces").EnumerateArray())
        {
            var text = piece.GetProperty("pieceCid").GetString()!;
            if (piece.GetProperty("subPieces")[0].GetProperty("subPieceCid").GetString() != text || !PieceCid.TryParse(text, out var cid)) return new(400, "\"no piece\"");
            if (!Locked(() => parked.ContainsKey(text))) return new(400, "\"no such sub-piece\"");
            pieces.Add(cid);
        }

        return Sent(Chain.Add(set, pieces, EvmHex.Decode(document.GetProperty("extraData").GetString()!)), hash => $"/pdp/data-sets/{set.Id}/pieces/added/{hash}");
    }

    private StubAnswer Remove(StubDataSet? set, ulong piece, JsonElement document)
    {
        if (set is null) return new(404);
        var removal = Chain.Remove(set, piece, EvmHex.Decode(document.GetProperty("extraData").GetString()!));
        return removal is null ? new(400, "\"it would be rejected\"") : Json(200, new { txHash = removal.Hash.ToString() });
    }

    private StubAnswer Sent(StubTransaction? transaction, Func<EvmHash, string> locate)
    {
        if (transaction is not null) return new(201, null, LocationPrefix + locate(transaction.Hash));
        badCallCount++;
        return new(400, "\"it would be rejected\"");
    }

    private StubAnswer Read(string cid, string range)
    {
        byte[]? bytes = Locked(() => parked.TryGetValue(cid, out var held) ? held.Bytes : null);
        if (bytes is null) return new(404);
        bytes = Fault switch
        {
            PeerFault.WrongBytes => [.. bytes.Select(b => (byte)~b)],
            PeerFault.ShortBytes => bytes[..^1],
            PeerFault.LongBytes => [.. bytes, 0],
            _ => bytes,
        };
        if (range.Length == 0) return new(200) { Body = bytes };
        var ends = range["bytes=".Length..].Split('-').Select(end => long.Parse(end, CultureInfo.InvariantCulture)).ToArray();
        var last = (int)Math.Min(ends[1], bytes.Length - 1);
        return ends[0] >= bytes.Length ? new(416) : new(206) { Body = bytes[(int)ends[0]..(last + 1)], Range = string.Create(CultureInfo.InvariantCulture, $"bytes {ends[0]}-{last}/{bytes.Length}") };
    }

    private StubDataSet? SetOf(string id) => Chain.Locked(() => Chain.DataSets.Find(set => set.Id == ulong.Parse(id, CultureInfo.InvariantCulture)));

    private T Locked<T>(Func<T> ask)
    {
        lock (gate) return ask();
    }

    /// <summary>Drops the bytes of pieces that were in a data set and are in none any more.</summary>
    private void Sweep()
    {
        var live = Chain.Pieces.Select(cid => cid.ToString()).ToHashSet();
        lock (gate)
        {
            foreach (var cid in wereAdded.Where(cid => !live.Contains(cid))) parked.Remove(cid);
            wereAdded = live;
        }
    }

    private HashSet<string> wereAdded = [];
}
