using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Oort.Backends.Ipfs.Tests.Support;

/// <summary>What of Kubo's RPC the backend uses, with the naive codec: it hashes what it is sent, and pins only what it has whole.</summary>
internal sealed class NodePeer : PeerServer
{
    private readonly Lock gate = new();

    private NodePeer()
    {
    }

    /// <summary>By naive name, version 1.</summary>
    public Dictionary<string, byte[]> Blocks { get; } = [];

    public HashSet<string> Pins { get; } = [];

    /// <summary>Whether it answers another name than that of what it was sent.</summary>
    public bool AnswersOtherNames { get; set; }

    /// <summary>Whether dag/import says that it could not pin.</summary>
    public string PinError { get; set; } = "";

    public long StorageMax { get; set; } = 10_000_000_000;

    public static async Task<NodePeer> RunAsync()
    {
        var peer = new NodePeer();
        await peer.StartAsync();
        return peer;
    }

    /// <summary>Collects garbage with no regard for pins.</summary>
    public void LoseBlocks(Func<string, bool> which)
    {
        lock (gate) foreach (var name in Blocks.Keys.Where(which).ToList()) Blocks.Remove(name);
    }

    /// <summary>Changes every byte of a file under its name.</summary>
    public void Damage(string root)
    {
        lock (gate) foreach (var name in Tree(root).Where(name => name.StartsWith("0155", StringComparison.Ordinal)).ToList()) Blocks[name] = [.. Blocks[name].Select(value => (byte)~value)];
    }

    /// <summary>Forgets a file and that it was pinned.</summary>
    public void Lose(string root)
    {
        lock (gate)
        {
            foreach (var name in Tree(root).ToList()) Blocks.Remove(name);
            Pins.Remove(root);
        }
    }

    public byte[]? Block(string name)
    {
        lock (gate) return Blocks.GetValueOrDefault(name);
    }

    protected override async Task<PeerReply> AnswerAsync(HttpRequest request)
    {
        if (request.Method != "POST") return new(405, "text/plain", "405 - Method Not Allowed"u8.ToArray());
        var call = request.Path.Value!;
        var file = request.HasFormContentType ? await FileAsync(request) : [];
        var cid = Cid.TryParse(request.Query["arg"], out var parsed) ? Convert.ToHexStringLower([1, (byte)parsed.Codec, .. parsed.ToBytes().AsSpan(parsed.IsVersion0 ? 0 : 2)]) : "";
        lock (gate)
        {
            return call switch
            {
                "/api/v0/version" => PeerReply.Json(new { Version = "0.99.0", Commit = "" }),
                "/api/v0/repo/stat" => PeerReply.Json(new { RepoSize = Blocks.Values.Sum(block => (long)block.Length), StorageMax }),
                "/api/v0/dag/import" => request.Query["pin-roots"] == "true" ? Import(file) : Failed("the test wants a pin"),
                "/api/v0/pin/ls" => Pins.Contains(cid) ? PeerReply.Json(new { Keys = new Dictionary<string, object> { [NaiveUnixFs.Text(cid)] = new { Type = "recursive" } } }) : Failed($"path '{NaiveUnixFs.Text(cid)}' is not pinned"),
                "/api/v0/pin/rm" => Unpin(cid),
                "/api/v0/block/get" => Get(cid, request.Query, block => new(200, "text/plain", block)),
                "/api/v0/block/stat" => Get(cid, request.Query, block => PeerReply.Json(new { Key = NaiveUnixFs.Text(cid), Size = block.Length })),
                _ => new(404, "text/plain", "404 page not found"u8.ToArray()),
            };
        }
    }

    private PeerReply Import(byte[] car)
    {
        var blocks = NaiveUnixFs.ReadCar(car);
        foreach (var (name, block) in blocks)
        {
            if (name[^64..] != Hash(block)) return Failed("mismatch in content integrity");
            if (block.Length > 2 << 20) return Failed("produced block is over 2MiB");
            Blocks[name] = block;
        }

        // The root is in the header, 36 bytes from its end but for the version.
        var root = Convert.ToHexStringLower(car.AsSpan(1 + car[0] - 9 - 36, 36));
        if (PinError.Length == 0 && IsWhole(root)) Pins.Add(root);
        var message = PinError.Length > 0 ? PinError : IsWhole(root) ? "" : "block was not found locally (offline)";
        var lines = System.Text.Json.JsonSerializer.Serialize(new { Root = new { Cid = new Dictionary<string, string> { ["/"] = Answered(root) }, PinErrorMsg = message } }) + "\n"
            + System.Text.Json.JsonSerializer.Serialize(new { Stats = new { BlockCount = blocks.Count, BlockBytesCount = blocks.Sum(block => block.Block.Length) } }) + "\n";
        return new(200, "application/json", Encoding.UTF8.GetBytes(lines));
    }

    private PeerReply Unpin(string cid)
    {
        if (!Pins.Remove(cid)) return Failed("not pinned or pinned indirectly");
        // Garbage is collected at once, so that what a pin no longer holds is seen to be gone.
        var kept = Pins.SelectMany(Tree).ToHashSet();
        foreach (var name in Blocks.Keys.Where(name => !kept.Contains(name)).ToList()) Blocks.Remove(name);
        return PeerReply.Json(new { Pins = new[] { NaiveUnixFs.Text(cid) } });
    }

    private IEnumerable<string> Tree(string cid) =>
        cid.StartsWith("0170", StringComparison.Ordinal) && Blocks.TryGetValue(cid, out var node) ? NaiveUnixFs.Links(node).Append(cid) : [cid];

    private PeerReply Get(string cid, IQueryCollection query, Func<byte[], PeerReply> answer)
    {
        if (query["offline"] != "true") return Failed("the test wants offline=true: a node would look for the block in the whole network");
        return Blocks.TryGetValue(cid, out var block) ? answer(block) : Failed($"block was not found locally (offline): ipld: could not find {NaiveUnixFs.Text(cid)}");
    }

    private bool IsWhole(string cid) => Blocks.TryGetValue(cid, out var block) && (cid.StartsWith("0155", StringComparison.Ordinal) || NaiveUnixFs.Links(block).All(IsWhole));

    private string Answered(string name) => NaiveUnixFs.Text(AnswersOtherNames ? name[..8] + new string('0', 64) : name);

    private static PeerReply Failed(string message) => PeerReply.Json(new { Message = message, Code = 0, Type = "error" }, 500);

    private static string Hash(byte[] block) => Convert.ToHexStringLower(SHA256.HashData(block));

    private static async Task<byte[]> FileAsync(HttpRequest request)
    {
        var copy = new MemoryStream();
        await request.Body.CopyToAsync(copy);
        var body = copy.ToArray();
        var boundary = Encoding.ASCII.GetBytes("--" + request.ContentType!.Split("boundary=")[1].Trim('"'));
        body.AsSpan().StartsWith(boundary).ShouldBeTrue();
        var start = body.AsSpan().IndexOf("\r\n\r\n"u8) + 4;
        byte[] end = [.. "\r\n"u8, .. boundary, .. "--\r\n"u8];
        body.AsSpan().EndsWith(end).ShouldBeTrue();
        return body[start..^end.Length];
    }
}
