using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Oort.Backends.Ipfs.Tests.Support;

namespace Oort.Conformance.Networks;

/// <summary>Passes JSON-RPC on to a chain's node, and says of each call that it was made before its answer is given.</summary>
internal sealed class RpcPeer : PeerServer
{
    private readonly HttpClient node = new();
    private readonly Uri address;
    private readonly Action<string> called;

    private RpcPeer(Uri address, Action<string> called) => (this.address, this.called) = (address, called);

    /// <param name="called">Takes the method.</param>
    public static async Task<RpcPeer> RunAsync(Uri node, Action<string> called)
    {
        var peer = new RpcPeer(node, called);
        await peer.StartAsync();
        return peer;
    }

    protected override async Task<PeerReply> AnswerAsync(HttpRequest request)
    {
        var body = new MemoryStream();
        await request.Body.CopyToAsync(body);
        using var content = new ByteArrayContent(body.ToArray()) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        using var answer = await node.PostAsync(address, content);
        var reply = new PeerReply((int)answer.StatusCode, "application/json", await answer.Content.ReadAsByteArrayAsync());
        using var call = JsonDocument.Parse(body.ToArray());
        called(call.RootElement.GetProperty("method").GetString()!);
        return reply;
    }
}
