using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Oort.Backends.Arweave.Hashing;

namespace Oort.Backends.Arweave.Tests.Peers;

/// <summary>A node: the interface to a weave.</summary>
internal sealed class FakeNode(Weave weave) : FakeServer
{
    /// <summary>Turned into something else on its way out.</summary>
    public Func<byte[], byte[]> Chunk { get; set; } = chunk => chunk;

    protected override async Task ServeAsync(HttpContext context, string[] path)
    {
        switch ((context.Request.Method, path))
        {
            case ("GET", ["info"]):
                await JsonAsync(context, new { network = "arweave.N.1", height = weave.Height });
                break;
            case ("GET", ["tx_anchor"]):
                await TextAsync(context, 200, Base64UrlText.Write(weave.Anchor));
                break;
            case ("GET", ["price", var size]):
                await TextAsync(context, 200, Text(weave.PriceOf(long.Parse(size, null))));
                break;
            case ("GET", ["wallet", var address, "balance"]):
                await TextAsync(context, 200, Text(weave.BalanceOf(address)));
                break;
            case ("POST", ["tx"]):
                var (status, text) = weave.Post(await BodyAsync(context));
                await TextAsync(context, status, text);
                break;
            case ("POST", ["chunk"]):
                await PostChunkAsync(context);
                break;
            case ("GET", ["tx", var id, "status"]):
                await StatusAsync(context, weave.Confirmations(id));
                break;
            case ("GET", ["tx", var id]) when weave.Transaction(id) is { } transaction:
                await TextAsync(context, 200, System.Text.Encoding.UTF8.GetString(transaction.WriteJson()));
                break;
            case ("GET", ["tx", var id, "offset"]) when weave.Place(id) is var (last, size):
                await JsonAsync(context, new { offset = Text(last), size = Text(size) });
                break;
            case ("GET", ["chunk", var offset]) when weave.Chunk(long.Parse(offset, null)) is var (chunk, steps):
                await JsonAsync(context, new { chunk = Base64UrlText.Write(Chunk(chunk)), data_path = Base64UrlText.Write(steps), tx_path = "" });
                break;
            default:
                await TextAsync(context, 404, "Not Found.");
                break;
        }
    }

    private static Task StatusAsync(HttpContext context, long? confirmations) => confirmations switch
    {
        null => TextAsync(context, 404, "Not Found."),
        0 => TextAsync(context, 202, "Pending"),
        { } count => JsonAsync(context, new { block_height = 7, block_indep_hash = "AAAA", number_of_confirmations = count }),
    };

    private async Task PostChunkAsync(HttpContext context)
    {
        using var json = JsonDocument.Parse(await BodyAsync(context));
        var error = weave.PostChunk(Bytes("data_root"), Number("data_size"), Number("offset"), Bytes("data_path"), Bytes("chunk"));
        if (error is null) await TextAsync(context, 200, "OK");
        else await JsonAsync(context, new { error }, 400);

        byte[] Bytes(string name) => Base64UrlText.Read(json.RootElement.GetProperty(name).GetString(), 1 << 20)!;

        long Number(string name) => long.Parse(json.RootElement.GetProperty(name).GetString()!, null);
    }
}
