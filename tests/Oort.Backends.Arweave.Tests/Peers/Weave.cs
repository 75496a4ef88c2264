using System.Security.Cryptography;
using System.Text;
using Oort.Backends.Arweave.Hashing;
using Oort.Backends.Arweave.Items;
using Oort.Backends.Arweave.Transactions;
using Oort.Backends.Arweave.Trees;

namespace Oort.Backends.Arweave.Tests.Peers;

/// <summary>The chain and the data behind it, as all nodes see them. Blocks come when a test says so.</summary>
/// <remarks>Thread-safe. Checks what a node checks: signature, id, anchor, price and balance of a transaction, and the path of every chunk.</remarks>
internal sealed class Weave
{
    private readonly Lock gate = new();
    private readonly List<byte[]> blocks = [SHA384.HashData("genesis"u8)];
    private readonly Dictionary<string, ArweaveTransaction> waiting = [];
    private readonly Dictionary<string, (ArweaveTransaction Transaction, long Height, long Start)> mined = [];
    private readonly Dictionary<string, SortedDictionary<long, (byte[] Bytes, byte[] Path)>> chunks = [];
    private readonly Dictionary<string, UInt128> balances = [];
    private readonly HashSet<string> lost = [];
    private readonly HashSet<string> damaged = [];
    private readonly HashSet<string> paid = [];
    private long size;

    /// <summary>Winston for each byte.</summary>
    public UInt128 Price { get; set; } = 10;

    public long Height
    {
        get
        {
            lock (gate) return blocks.Count - 1;
        }
    }

    public byte[] Anchor
    {
        get
        {
            lock (gate) return blocks[^1];
        }
    }

    /// <summary>Ids of all transactions that were ever mined, in order.</summary>
    public IReadOnlyList<string> Mined
    {
        get
        {
            lock (gate) return [.. mined.OrderBy(one => one.Value.Start).Select(one => one.Key)];
        }
    }

    public IReadOnlyList<string> Waiting
    {
        get
        {
            lock (gate) return [.. waiting.Keys];
        }
    }

    /// <summary>Every wallet seems to be empty.</summary>
    public bool AreWalletsEmpty { get; set; }

    /// <summary>Transactions that were paid for, also those that were lost later.</summary>
    public int PaidCount
    {
        get
        {
            lock (gate) return paid.Count;
        }
    }

    public UInt128 PriceOf(long length) => Price * (UInt128)Math.Max(length, DataChunks.SizeMax);

    public void Pay(string address, UInt128 winston)
    {
        lock (gate) balances[address] = balances.GetValueOrDefault(address) + winston;
    }

    public UInt128 BalanceOf(string address)
    {
        lock (gate) return AreWalletsEmpty ? 0 : balances.GetValueOrDefault(address);
    }

    /// <summary>What a node says of a posted transaction: status and text.</summary>
    public (int Status, string Text) Post(byte[] json)
    {
        lock (gate)
        {
            if (ArweaveTransaction.ReadJson(json) is not { } transaction || !transaction.Verify()) return (400, "Transaction verification failed.");
            var id = Base64UrlText.Write(transaction.Id);
            if (waiting.ContainsKey(id)) return (208, "Transaction already processed.");
            if (mined.ContainsKey(id)) return (400, "Transaction is already on the weave.");
            if (!IsAnchor(transaction)) return (400, "Invalid anchor (last_tx).");
            if (transaction.Reward < PriceOf(transaction.DataSize)) return (400, "Transaction verification failed.");
            if (transaction.Reward > BalanceOf(ArweaveKey.AddressOf(transaction.Owner.Span))) return (410, "You don't have enough tokens");
            waiting[id] = transaction;
            return (200, "OK");
        }
    }

    /// <summary>Null: stored. Otherwise the error's word.</summary>
    public string? PostChunk(byte[] root, long dataSize, long offset, byte[] path, byte[] chunk)
    {
        lock (gate)
        {
            var known = waiting.Values.Concat(mined.Values.Select(one => one.Transaction)).Any(transaction => transaction.DataRoot.Span.SequenceEqual(root) && transaction.DataSize == dataSize);
            if (!known) return "data_root_not_found";
            if (DataPath.Check(root, dataSize, offset, path) is not { } proven || proven.Range.End - 1 != offset || proven.Range.Length != chunk.Length || !SHA256.HashData(chunk).AsSpan().SequenceEqual(proven.DataHash)) return "invalid_proof";
            Chunks(root)[proven.Range.Start] = (chunk, path);
            return null;
        }
    }

    /// <summary>Blocks, the first of them with all that waits whose anchor is still valid.</summary>
    public void Mine(int count = 1)
    {
        lock (gate)
        {
            blocks.Add(SHA384.HashData(Encoding.ASCII.GetBytes($"block {blocks.Count}")));
            foreach (var (id, transaction) in waiting)
            {
                if (!IsAnchor(transaction)) continue;
                mined[id] = (transaction, blocks.Count - 1, size);
                size += transaction.DataSize;
                var owner = ArweaveKey.AddressOf(transaction.Owner.Span);
                balances[owner] = balances.GetValueOrDefault(owner) - transaction.Reward;
                paid.Add(id);
            }

            waiting.Clear();
            for (var i = 1; i < count; i++) blocks.Add(SHA384.HashData(Encoding.ASCII.GetBytes($"block {blocks.Count}")));
        }
    }

    /// <summary>All nodes forget what waits, and the chunks of what has no block.</summary>
    public void Forget(bool forgetsTransactions = true)
    {
        lock (gate)
        {
            foreach (var transaction in waiting.Values) chunks.Remove(Base64UrlText.Write(transaction.DataRoot.Span));
            if (forgetsTransactions) waiting.Clear();
        }
    }

    /// <summary>Nobody has a transaction, or an item in a bundle, any more.</summary>
    public void Lose(string id)
    {
        lock (gate)
        {
            lost.Add(id);
            waiting.Remove(id);
            mined.Remove(id);
        }
    }

    /// <summary>An item that was lost is there again, in another bundle.</summary>
    public void Find(string id)
    {
        lock (gate) lost.Remove(id);
    }

    /// <summary>Every byte of a transaction's data, or of an item in a bundle, is another.</summary>
    public void Damage(string id)
    {
        lock (gate) damaged.Add(id);
    }

    /// <summary>The newest blocks were a fork: their transactions wait again.</summary>
    public void Undo(int count)
    {
        lock (gate)
        {
            blocks.RemoveRange(blocks.Count - count, count);
            foreach (var (id, one) in mined.Where(one => one.Value.Height >= blocks.Count).ToList())
            {
                mined.Remove(id);
                waiting[id] = one.Transaction;
            }
        }
    }

    /// <summary>0 while it waits; null where nobody knows it.</summary>
    public long? Confirmations(string id)
    {
        lock (gate)
        {
            if (mined.TryGetValue(id, out var one)) return blocks.Count - one.Height;
            return waiting.ContainsKey(id) ? 0 : null;
        }
    }

    public ArweaveTransaction? Transaction(string id)
    {
        lock (gate) return mined.TryGetValue(id, out var one) ? one.Transaction : null;
    }

    /// <summary>Offset of the last byte, and their count. The weave's first byte is number 1.</summary>
    public (long Last, long Size)? Place(string id)
    {
        lock (gate) return mined.TryGetValue(id, out var one) ? (one.Start + one.Transaction.DataSize, one.Transaction.DataSize) : null;
    }

    public (byte[] Chunk, byte[] Path)? Chunk(long offset)
    {
        lock (gate)
        {
            foreach (var (id, (transaction, _, start)) in mined)
            {
                if (offset <= start || offset > start + transaction.DataSize) continue;
                foreach (var (from, chunk) in Chunks(transaction.DataRoot.ToArray()))
                    if (offset - start > from && offset - start <= from + chunk.Bytes.Length) return (Served(id, chunk.Bytes), chunk.Path);
            }

            return null;
        }
    }

    /// <summary>The data of a mined transaction, if every chunk of it is there; or of an item in a mined bundle.</summary>
    public byte[]? Data(string id)
    {
        lock (gate)
        {
            if (lost.Contains(id)) return null;
            if (mined.TryGetValue(id, out var one)) return Data(one.Transaction) is { } data ? Served(id, data) : null;
            foreach (var (transaction, _, _) in mined.Values.Where(one => one.Transaction.Tags.Contains(new("Bundle-Format", "binary"))))
            {
                if (Data(transaction) is not { } bundle || BundleIndex.Read(bundle, bundle.Length) is not { } items) continue;
                foreach (var item in items.Where(item => Base64UrlText.Write(item.Id.Span) == id))
                {
                    var raw = bundle[(int)item.Offset..(int)(item.Offset + item.Length)];
                    return Served(id, raw[DataItemHeader.Read(raw, out _)!.Size..]);
                }
            }

            return null;
        }
    }

    private byte[] Served(string id, byte[] bytes) => damaged.Contains(id) ? [.. bytes.Select(b => (byte)~b)] : bytes;

    private byte[]? Data(ArweaveTransaction transaction)
    {
        var data = new List<byte>();
        foreach (var (start, chunk) in Chunks(transaction.DataRoot.ToArray()))
            if (start == data.Count) data.AddRange(chunk.Bytes);
        return data.Count == transaction.DataSize ? [.. data] : null;
    }

    private SortedDictionary<long, (byte[] Bytes, byte[] Path)> Chunks(byte[] root)
    {
        var name = Base64UrlText.Write(root);
        if (!chunks.TryGetValue(name, out var found)) chunks[name] = found = [];
        return found;
    }

    private bool IsAnchor(ArweaveTransaction transaction) => blocks.TakeLast(50).Any(block => transaction.Anchor.Span.SequenceEqual(block));
}
