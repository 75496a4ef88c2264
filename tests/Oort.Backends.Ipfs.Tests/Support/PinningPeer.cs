using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Oort.Backends.Ipfs.Tests.Support;

/// <summary>A pinning service: takes any request, and is as far with it as a test says.</summary>
internal sealed class PinningPeer : PeerServer
{
    private readonly Lock gate = new();
    private int count;

    private PinningPeer()
    {
    }

    /// <summary>Requests that it has, by id.</summary>
    public Dictionary<string, (string Cid, string Name, string[] Origins)> Requests { get; } = [];

    /// <summary>Requests that it was ever paid for.</summary>
    public int PaidCount { get; private set; }

    /// <summary>What it says of a request instead of <see cref="Status"/>.</summary>
    public Func<string, string>? StatusOf { get; set; }

    /// <summary>What it says of every request.</summary>
    public string Status { get; set; } = "queued";

    /// <summary>Whether it is as Crust's: a CID that it knows has its request's id replaced and keeps its name, and what it does not know is deleted all the same.</summary>
    public bool HasOneRequestPerCid { get; init; }

    /// <summary>Whether its lists leave out nothing, whatever is asked for.</summary>
    public bool ListsAll { get; set; }

    /// <summary>The name that it answers instead of the one asked for.</summary>
    public string? OtherCid { get; set; }

    /// <summary>The id under which it answers a request's state, instead of the request's.</summary>
    public string? AnsweredId { get; set; }

    /// <summary>The id that it gives instead of its own.</summary>
    public string? OtherId { get; set; }

    public static async Task<PinningPeer> RunAsync(bool hasOneRequestPerCid = false)
    {
        var peer = new PinningPeer { HasOneRequestPerCid = hasOneRequestPerCid, Admits = sent => sent == "Bearer the-pinning-secret" };
        await peer.StartAsync();
        return peer;
    }

    protected override async Task<PeerReply> AnswerAsync(HttpRequest request)
    {
        using var body = request.Method == "POST" ? await JsonDocument.ParseAsync(request.Body) : null;
        lock (gate)
        {
            if (request.Path == "/pins" && request.Method == "GET")
            {
                // Without states it answers those that are pinned only, as the API says.
                var states = request.Query["status"].ToString() is { Length: > 0 } named ? named.Split(',') : ["pinned"];
                var found = Requests.Where(pair => ListsAll || ((request.Query["cid"].Count == 0 || pair.Value.Cid == request.Query["cid"])
                    && (request.Query["name"].Count == 0 || pair.Value.Name == request.Query["name"]) && states.Contains(StatusOf?.Invoke(pair.Key) ?? Status)))
                    .Take(int.Parse(request.Query["limit"].ToString(), System.Globalization.CultureInfo.InvariantCulture)).ToList();
                return PeerReply.Json(new { count = found.Count, results = found.Select(pair => Answer(pair.Key)) });
            }

            if (request.Path == "/pins" && request.Method == "POST")
            {
                var pin = body!.RootElement;
                var id = OtherId ?? $"request-{++count}";
                var (cid, name) = (pin.GetProperty("cid").GetString()!, pin.GetProperty("name").GetString()!);
                if (HasOneRequestPerCid && Requests.FirstOrDefault(pair => pair.Value.Cid == cid) is { Key: { } old } known && Requests.Remove(old)) name = known.Value.Name;
                Requests[id] = (cid, name, [.. pin.GetProperty("origins").EnumerateArray().Select(origin => origin.GetString()!)]);
                PaidCount++;
                return PeerReply.Json(Answer(id), 202);
            }

            var asked = request.Path.Value!.Split('/')[^1];
            if (HasOneRequestPerCid && request.Method == "DELETE") Requests.TryAdd(asked, ("", "", []));
            if (!Requests.ContainsKey(asked)) return PeerReply.Json(new { error = new { reason = "NOT_FOUND", details = "no such request" } }, 404);
            if (request.Method == "GET") return PeerReply.Json(Answer(asked));
            if (request.Method != "DELETE") return new(405, "text/plain", []);
            Requests.Remove(asked);
            return new(202, "text/plain", []);
        }
    }

    private object Answer(string id)
    {
        var (cid, name, origins) = Requests[id];
        return new
        {
            requestid = AnsweredId ?? id,
            status = StatusOf?.Invoke(id) ?? Status,
            created = "2026-01-01T00:00:00Z",
            pin = new { cid = OtherCid ?? cid, name, origins },
            delegates = new[] { "/ip4/127.0.0.1/tcp/1/p2p/x" },
            info = new Dictionary<string, string> { ["status_details"] = Status == "failed" ? "nobody has it" : "position 3" },
        };
    }
}
