using Microsoft.AspNetCore.Http;

namespace Oort.Backends.Ipfs.Tests.Support;

/// <summary>A trustless gateway over somebody's blocks.</summary>
internal sealed class GatewayPeer : PeerServer
{
    /// <summary>From a naive name to its bytes; null: they are not to be had.</summary>
    private readonly Func<string, byte[]?> block;

    private GatewayPeer(Func<string, byte[]?> block) => this.block = block;

    /// <summary>Whether blocks come as they lie, all of them, whatever range was asked for.</summary>
    public bool SendsAll { get; set; }

    public static async Task<GatewayPeer> RunAsync(Func<string, byte[]?> block)
    {
        var peer = new GatewayPeer(block);
        await peer.StartAsync();
        return peer;
    }

    protected override Task<PeerReply> AnswerAsync(HttpRequest request) => Task.FromResult(Answer(request));

    private PeerReply Answer(HttpRequest request)
    {
        if (request.Method != "GET") return new(405, "text/plain", []);
        if (!request.Path.StartsWithSegments("/ipfs", out var rest)) return new(404, "text/plain", []);
        var text = rest.Value!.Trim('/');
        var accept = request.Headers.Accept.ToString();
        var format = request.Query["format"].ToString();
        // Half of the gateways and caches look at the one, half at the other.
        if (!accept.StartsWith($"application/vnd.ipld.{format}", StringComparison.Ordinal)) return new(400, "text/plain", "the query and the header disagree"u8.ToArray());
        if (text == "bafkqaaa" && format == "raw") return new(200, "application/vnd.ipld.raw", []);
        if (!Cid.TryParse(text, out var cid)) return new(400, "text/plain", "invalid CID"u8.ToArray());
        var root = Convert.ToHexStringLower(cid.ToBytes());
        if (block(root) is not { } bytes) return new(404, "text/plain", "could not find it"u8.ToArray());
        if (format == "raw") return new(200, "application/vnd.ipld.raw", bytes);
        if (!accept.Contains("order=dfs", StringComparison.Ordinal) || request.Query["dag-scope"] != "entity") return new(400, "text/plain", "the test wants dfs and entity"u8.ToArray());

        var range = request.Query["entity-bytes"].ToString().Split(':').Select(number => long.Parse(number, System.Globalization.CultureInfo.InvariantCulture)).ToArray();
        var sent = new List<(string, byte[])>();
        Walk(root, 0);
        return new(200, "application/vnd.ipld.car", NaiveUnixFs.WriteCar(root, sent));

        // What is missing ends the CAR early, with 200.
        bool Walk(string name, long start)
        {
            if (block(name) is not { } found) return false;
            sent.Add((name, found));
            if (name.StartsWith("0155", StringComparison.Ordinal)) return true;
            foreach (var link in NaiveUnixFs.Links(found))
            {
                var length = block(link)?.Length ?? 1 << 20;
                if ((SendsAll || (start + length > range[0] && start <= range[1])) && !Walk(link, start)) return false;
                start += length;
            }

            return true;
        }
    }
}
