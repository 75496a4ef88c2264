using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Oort.Backends.Arweave.Bundlers;
using Oort.Backends.Arweave.Hashing;
using Oort.Backends.Arweave.Items;
using Oort.Backends.Arweave.Tests.Support;
using Oort.Backends.Arweave.Transactions;
using Oort.Backends.Arweave.Trees;

namespace Oort.Backends.Arweave.Tests.Peers;

/// <summary>A bundler: takes data items that verify, charges each once, and writes them to a weave in bundles when a test says so.</summary>
internal sealed class FakeBundler(Weave weave) : FakeServer
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, byte[]> items = [];
    private readonly Dictionary<string, string> bundles = [];
    private readonly Dictionary<string, SortedDictionary<long, byte[]>> uploads = [];
    private readonly HashSet<string> failed = [];
    private int uploadCount;

    public long PartSizeMin { get; set; } = 1000;

    public long PartSizeMax { get; set; } = 1 << 30;

    public UInt128 Balance { get; set; } = 1_000_000_000;

    /// <summary>False: no account has anything left.</summary>
    public bool IsPaid { get; set; } = true;

    /// <summary>Confirmations of a bundle from which on it calls its items final.</summary>
    public int FinalFrom { get; set; } = 18;

    public int ItemCount
    {
        get
        {
            lock (gate) return items.Count;
        }
    }

    /// <summary>Ids of the items in the order in which they were charged.</summary>
    public List<string> Charged { get; } = [];

    /// <summary>Turns receipts into something else on their way out.</summary>
    public Action<JsonObject> Receipt { get; set; } = _ => { };

    /// <summary>Writes all that it has to the weave, in one bundle, and has it mined.</summary>
    public void Bundle()
    {
        lock (gate)
        {
            var fresh = items.Where(item => !bundles.ContainsKey(item.Key)).ToList();
            if (fresh.Count == 0) return;
            var data = BundleWriter.Write([.. fresh.Select(item => item.Value)]);
            var tree = new DataTree(data.Length, [.. DataChunks.Of(data.Length).Select(range => SHA256.HashData(data.AsSpan((int)range.Start, range.Length)))]);
            weave.Pay(Wallets.Bundler.Address, weave.PriceOf(data.Length));
            var transaction = new ArweaveTransaction
            {
                Anchor = weave.Anchor,
                Owner = Wallets.Bundler.Owner,
                Tags = [new("Bundle-Format", "binary"), new("Bundle-Version", "2.0.0")],
                DataSize = data.Length,
                DataRoot = tree.Root,
                Reward = weave.PriceOf(data.Length),
            }.Signed(Wallets.Bundler);
            if (weave.Post(transaction.WriteJson()).Status != 200) throw new InvalidOperationException("The weave does not take the bundle.");
            for (var i = 0; i < tree.Chunks.Length; i++)
            {
                var range = tree.Chunks[i];
                if (weave.PostChunk(tree.Root.ToArray(), data.Length, range.End - 1, tree.PathOf(i), data[(int)range.Start..(int)range.End]) is { } error) throw new InvalidOperationException(error);
            }

            foreach (var item in fresh)
            {
                bundles[item.Key] = Base64UrlText.Write(transaction.Id);
                weave.Find(item.Key);
            }

            weave.Mine();
        }
    }

    /// <summary>Knows nothing any more of what it has taken.</summary>
    public void Lose()
    {
        lock (gate) items.Clear();
    }

    /// <summary>Knows nothing any more of one item, not even which bundle it was in.</summary>
    public void Lose(string id)
    {
        lock (gate)
        {
            items.Remove(id);
            bundles.Remove(id);
        }
    }

    public void Fail(string id)
    {
        lock (gate) failed.Add(id);
    }

    public void LoseUploads()
    {
        lock (gate) uploads.Clear();
    }

    /// <summary>Throws every part away, not the uploads.</summary>
    public void LoseParts()
    {
        lock (gate)
        {
            foreach (var parts in uploads.Values) parts.Clear();
        }
    }

    protected override async Task ServeAsync(HttpContext context, string[] path)
    {
        switch ((context.Request.Method, path))
        {
            case ("GET", ["info"]):
                await JsonAsync(context, new { version = "0.2.0", addresses = new { arweave = Wallets.Bundler.Address }, freeUploadLimitBytes = 0 });
                break;
            case ("GET", ["price", _, var size]):
                await TextAsync(context, 200, Text(weave.Price * (UInt128)long.Parse(size, null)));
                break;
            case ("GET", ["account", "balance", _]) when context.Request.Query["address"] != Wallets.Own.Address && context.Request.Query["address"] != Wallets.Ethereum.Address:
                await TextAsync(context, 404, "User not found");
                break;
            case ("GET", ["account", "balance", _]):
                await JsonAsync(context, new { winc = Text(IsPaid ? Balance : 0) });
                break;
            case ("POST", ["v1", "tx", _]):
                await TakeAsync(context, await BodyAsync(context), 202);
                break;
            case ("GET", ["v1", "tx", var id, "status"]):
                await StatusAsync(context, id);
                break;
            case ("GET", ["v1", "chunks", _, "-1", "-1"]):
                await BeginAsync(context);
                break;
            case (_, ["v1", "chunks", _, var upload, var last]):
                await UploadAsync(context, upload, last);
                break;
            default:
                await TextAsync(context, 404, "Not Found");
                break;
        }
    }

    private Task BeginAsync(HttpContext context)
    {
        lock (gate)
        {
            var id = $"upload.{++uploadCount}_x";
            uploads[id] = [];
            return JsonAsync(context, new { id, min = PartSizeMin, max = PartSizeMax });
        }
    }

    private async Task UploadAsync(HttpContext context, string upload, string last)
    {
        SortedDictionary<long, byte[]>? parts;
        lock (gate) parts = uploads.GetValueOrDefault(upload);
        if (parts is null)
        {
            await TextAsync(context, 404, "Multi-part upload not found");
            return;
        }

        if (context.Request.Method == "GET" && last == "-1")
        {
            var size = parts.Count == 0 ? 25_000_000 : parts.Values.Max(part => part.Length);
            await JsonAsync(context, new { id = upload, min = PartSizeMin, max = PartSizeMax, size, chunks = parts.Select(part => new long[] { part.Key, part.Value.Length }) });
        }
        else if (last != "-1")
        {
            var body = await BodyAsync(context);
            lock (gate) parts[long.Parse(last, null)] = body;
            context.Response.StatusCode = 200;
        }
        else
        {
            var whole = parts.Values.SelectMany(part => part).ToArray();
            var isInOrder = parts.Keys.SequenceEqual(parts.Values.Select((_, i) => parts.Values.Take(i).Sum(part => (long)part.Length)));
            if (!isInOrder) await TextAsync(context, 400, "Parts are missing");
            else if (await TakeAsync(context, whole, 201)) Remove(upload);
        }
    }

    private void Remove(string upload)
    {
        lock (gate) uploads.Remove(upload);
    }

    /// <returns>Whether it has it now.</returns>
    private async Task<bool> TakeAsync(HttpContext context, byte[] raw, int existsStatus)
    {
        if (DataItemHeader.Read(raw, out var problem) is not { } header || !await new SignedItem(header, new MemorySource(raw[header.Size..])).VerifyAsync(context.RequestAborted))
        {
            await TextAsync(context, 400, "Invalid Data Item! " + problem);
            return false;
        }

        var id = Base64UrlText.Write(header.Id);
        var price = weave.Price * (UInt128)raw.Length;
        var isKnown = false;
        lock (gate)
        {
            isKnown = items.ContainsKey(id);
            if (!isKnown && IsPaid && Balance >= price)
            {
                items[id] = raw;
                Balance -= price;
                Charged.Add(id);
            }
        }

        if (isKnown) await TextAsync(context, existsStatus, "");
        else if (!items.ContainsKey(id)) await TextAsync(context, 402, "Insufficient balance");
        else await TextAsync(context, 200, ReceiptFor(id, price));
        return items.ContainsKey(id);
    }

    private string ReceiptFor(string id, UInt128 price)
    {
        const long deadline = 1_500_200, timestamp = 1_790_000_000_000;
        var receipt = new JsonObject
        {
            ["id"] = id,
            ["owner"] = Wallets.Own.Address,
            ["winc"] = Text(price),
            ["dataCaches"] = new JsonArray("arweave.net"),
            ["fastFinalityIndexes"] = new JsonArray("arweave.net"),
            ["deadlineHeight"] = deadline,
            ["timestamp"] = timestamp,
            ["version"] = "0.2.0",
            ["public"] = Base64UrlText.Write(Wallets.Bundler.Owner.Span),
            ["signature"] = Base64UrlText.Write(Wallets.Bundler.Sign(BundlerReceipt.Digest(id, deadline, timestamp))),
        };
        Receipt(receipt);
        return receipt.ToJsonString();
    }

    private Task StatusAsync(HttpContext context, string id)
    {
        lock (gate)
        {
            if (!items.ContainsKey(id)) return TextAsync(context, 404, "TX doesn't exist");
            if (failed.Contains(id)) return JsonAsync(context, new { status = "FAILED", info = "failed", reason = "too_many_failures" });
            if (!bundles.TryGetValue(id, out var bundle)) return JsonAsync(context, new { status = "CONFIRMED", info = "new", winc = "0" });
            var isFinal = weave.Confirmations(bundle) >= FinalFrom;
            return JsonAsync(context, new { status = isFinal ? "FINALIZED" : "CONFIRMED", info = isFinal ? "permanent" : "pending", bundleId = bundle, winc = "0" });
        }
    }
}
