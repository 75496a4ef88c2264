using System.Security.Cryptography;
using Oort.Backends.Arweave.Hashing;
using Oort.Backends.Arweave.Items;
using Oort.Backends.Arweave.Nodes;
using Oort.Backends.Arweave.Sending;
using Oort.Backends.Arweave.Transactions;
using Oort.Backends.Arweave.Trees;

namespace Oort.Backends.Arweave.Routes;

/// <summary>Writes each item to the chain as a transaction of its own, paid in AR from a wallet.</summary>
/// <remarks>
/// Planned: 1. priced, anchored and signed, and the transaction kept, which can be mined once only; 2. posted to all nodes. Uploading: 3. its chunks; 4. its block is waited for, and
/// chunks that nodes may have forgotten meanwhile are sent again. Accepted, Pending: 5. its confirmations are counted. A transaction that no node knows when its anchor has
/// expired will never be mined, and costs nothing: 6. the item is signed anew.
/// </remarks>
internal sealed class DirectRoute(ArweaveHttp http, ArweaveOptions options, ArweaveKey key, TimeProvider time) : ISendingRoute
{
    /// <summary>Blocks for which an anchor is valid.</summary>
    private const int AnchorLifetime = 50;

    /// <summary>Blocks more before a transaction is called dropped: chains fork, and nodes lag.</summary>
    private const int AnchorMargin = 10;

    /// <summary>Nodes that a chunk is stored by, where there are as many.</summary>
    private const int ChunkCopyCount = 2;

    /// <summary>Chunks in one step: 64 MiB, before each of which all of the item is hashed.</summary>
    private const int ChunksPerStepMax = 256;

    /// <summary>Nodes forget chunks of a transaction without a block after 30 minutes.</summary>
    private static readonly TimeSpan chunkLifetime = TimeSpan.FromMinutes(20);

    private readonly NodeClient[] nodes = [.. options.Nodes.Select(node => new NodeClient(http, node))];

    public string Location => options.Nodes[0].AbsoluteUri;

    public long ItemLengthMax => 2L << 30;

    /// <summary>A transaction pays for 256 KiB at least, and for itself.</summary>
    public long BundleBelow => 16 * DataChunks.SizeMax;

    public long SampleBytes => DataChunks.SizeMax;

    public IReadOnlySet<string> Authorities { get; } = options.Nodes.Select(node => node.Authority).ToHashSet();

    public ValueTask<NetworkItem> StepAsync(NetworkItem item, IItemSource source, CancellationToken cancellationToken) => item.State switch
    {
        ItemState.Planned => SendAsync(item, source, cancellationToken),
        ItemState.Uploading => UploadAsync(item, source, cancellationToken),
        _ => LookAsync(item, cancellationToken),
    };

    public async ValueTask<bool> IsConfirmedAsync(NetworkItem item, CancellationToken cancellationToken) =>
        await GetStatusAsync(ItemLocator.Of(item.Receipt!).Id, long.MaxValue, cancellationToken) is { IsKnown: true, Confirmations: >= Steps.ConfirmationCountMin };

    /// <summary>A chunk, its path to the data root, and the root's place in a transaction that has the item's id because our key has signed it: nobody needs to be believed.</summary>
    public async ValueTask<NetworkEvidence?> SampleAsync(NetworkItem item, CancellationToken cancellationToken)
    {
        BackendException? failure = null;
        foreach (var node in nodes)
        {
            try
            {
                if (await SampleAsync(node, item, ItemLocator.Of(item.Receipt!).Id, cancellationToken) is { } evidence) return evidence;
            }
            catch (BackendException e)
            {
                if (failure is null || e.Kind != BackendErrorKind.Corrupt) failure = e;
            }
        }

        // A node that lies is as one that keeps no chunks: neither says what others have.
        return failure is null or { Kind: BackendErrorKind.Corrupt } ? null : throw failure;
    }

    public DateTimeOffset ConfirmedSince(NetworkItem item) => SendingProgress.Of(item, SendingKind.Transaction).Since ?? item.Receipt!.Accepted;

    public async ValueTask<UInt128> GetPriceAsync(long length, CancellationToken cancellationToken) => await FirstAsync(node => node.GetPriceAsync(length, cancellationToken), cancellationToken);

    public async ValueTask<NetworkAccount> GetAccountAsync(CancellationToken cancellationToken) =>
        new(Amounts.ToAr(await FirstAsync(node => node.GetBalanceAsync(key.Address, cancellationToken), cancellationToken)), "AR", null);

    public async ValueTask TestAsync(CancellationToken cancellationToken)
    {
        await FirstAsync(node => node.GetHeightAsync(cancellationToken), cancellationToken);
        var (balance, price) = (await FirstAsync(node => node.GetBalanceAsync(key.Address, cancellationToken), cancellationToken), await GetPriceAsync(DataChunks.SizeMax, cancellationToken));
        if (balance < price) throw new BackendException(BackendErrorKind.Funds, $"The wallet {key.Address} has {balance} winston, and the smallest transaction costs {price}; send AR to it.");
    }

    private static async Task<NetworkEvidence?> SampleAsync(NodeClient node, NetworkItem item, byte[] id, CancellationToken cancellationToken)
    {
        if (await node.GetTransactionAsync(id, cancellationToken) is not { } transaction || await node.GetOffsetAsync(id, transaction.DataSize, cancellationToken) is not { } last) return null;
        var name = Base64UrlText.Write(id);
        if (transaction.DataSize != item.Length) throw new BackendException(BackendErrorKind.Corrupt, $"Transaction {name} has {transaction.DataSize} bytes, the item {item.Length}.");
        var offset = RandomOffset(item.Length);
        if (await node.GetChunkAsync(last - item.Length + 1 + offset, cancellationToken) is not var (chunk, path)) return null;
        var proven = DataPath.Check(transaction.DataRoot.Span, item.Length, offset, path);
        return proven is not null && proven.Range.Length == chunk.Length && proven.DataHash.AsSpan().SequenceEqual(SHA256.HashData(chunk))
            ? new(true, ProofKinds.MerkleInclusion, chunk.Length, $"{node.Authority} has shown {chunk.Length} bytes from {proven.Range.Start} on to be in transaction {name}, which our wallet has signed.")
            : throw new BackendException(BackendErrorKind.Corrupt, $"{node.Authority} answered for byte {offset} of transaction {name} with a chunk that its path does not lead to.");
    }

    private async ValueTask<NetworkItem> SendAsync(NetworkItem item, IItemSource source, CancellationToken cancellationToken)
    {
        var progress = SendingProgress.Of(item, SendingKind.Transaction);
        // 1.
        if (progress.Header.IsEmpty)
        {
            var tree = await HashAsync(item, source, cancellationToken);
            return await FirstAsync(node => PlanAsync(node, item, progress, tree, cancellationToken), cancellationToken);
        }

        // 2.
        var transaction = Read(progress);
        if (await PostAsync(progress, cancellationToken) == PostOutcome.Taken) return Steps.Next(item, ItemState.Uploading, time.GetUtcNow());
        var status = await GetStatusAsync(transaction.Id, progress.SignedHeight, cancellationToken);
        if (status.IsKnown) return Steps.Next(item, ItemState.Uploading, time.GetUtcNow());
        if (status.IsDropped) return Anew(item, progress);
        throw new BackendException(BackendErrorKind.Transient, $"No node takes the anchor of transaction {Base64UrlText.Write(transaction.Id)} now; it is posted again, and signed anew once it can never be mined.");
    }

    private async Task<NetworkItem> PlanAsync(NodeClient node, NetworkItem item, SendingProgress progress, DataTree tree, CancellationToken cancellationToken)
    {
        // The height is asked for first: blocks that come meanwhile make the anchor younger than thought, and only delay what follows from its age.
        var height = await node.GetHeightAsync(cancellationToken);
        var anchor = await node.GetAnchorAsync(cancellationToken);
        var price = await node.GetPriceAsync(item.Length, cancellationToken);
        if (price > options.RewardMax) throw new BackendException(BackendErrorKind.Funds, $"{node.Authority} asks {price} winston for {item.Length} bytes, and {options.RewardMax} is the most that is configured; raise it, or wait.");
        var balance = await node.GetBalanceAsync(key.Address, cancellationToken);
        if (balance < price) throw new BackendException(BackendErrorKind.Funds, $"The wallet {key.Address} has {balance} winston, and {item.Length} bytes cost {price}; send AR to it.");
        var transaction = new ArweaveTransaction { Anchor = anchor, Owner = key.Owner, Tags = Steps.Tags, DataSize = item.Length, DataRoot = tree.Root, Reward = price }.Signed(key);
        // Just now is not yet after the block that the anchor names: the height that was asked for before it may be one less than its own.
        return Steps.Next(item, ItemState.Planned, time.GetUtcNow()) with { Progress = (progress with { Header = transaction.WriteJson(), SignedHeight = height + 1 }).Encode() };
    }

    private async ValueTask<NetworkItem> UploadAsync(NetworkItem item, IItemSource source, CancellationToken cancellationToken)
    {
        var progress = SendingProgress.Of(item, SendingKind.Transaction);
        var transaction = Read(progress);
        // 3.
        if (progress.SentLength < transaction.DataSize)
        {
            var sent = await PostChunksAsync(item, progress, transaction, source, cancellationToken);
            if (sent is not null) return Steps.Next(item, ItemState.Uploading, time.GetUtcNow()) with { Progress = sent.Encode() };
        }

        // 4.
        var status = await GetStatusAsync(transaction.Id, progress.SignedHeight, cancellationToken);
        if (status.IsDropped) return Anew(item, progress);
        if (progress.SentLength < transaction.DataSize)
        {
            await PostAsync(progress, cancellationToken);
            throw new BackendException(BackendErrorKind.Transient, $"No node knows transaction {Base64UrlText.Write(transaction.Id)} yet; it was posted again, and its chunks follow.");
        }

        var now = time.GetUtcNow();
        var isFresh = progress.Since is { } began && now - began < chunkLifetime;
        if (status.Confirmations > 0 && (isFresh || progress.IsMined)) return Accepted(item, transaction, now);
        if (isFresh) return Steps.Next(item, ItemState.Uploading, now + options.PollInterval);
        if (!status.IsKnown) await PostAsync(progress, cancellationToken);
        return Steps.Next(item, ItemState.Uploading, now) with { Progress = (progress with { SentLength = 0, Since = null, IsMined = status.Confirmations > 0 }).Encode() };
    }

    /// <summary>Sends the next chunks.</summary>
    /// <returns>How far it has come; null where no node knows the transaction.</returns>
    private async ValueTask<SendingProgress?> PostChunksAsync(NetworkItem item, SendingProgress progress, ArweaveTransaction transaction, IItemSource source, CancellationToken cancellationToken)
    {
        var tree = await HashAsync(item, source, cancellationToken);
        if (!tree.Root.Span.SequenceEqual(transaction.DataRoot.Span)) throw new BackendException(BackendErrorKind.Corrupt, "The notes of the item hold a transaction for other bytes.");
        progress = progress with { Since = progress.Since ?? time.GetUtcNow() };
        var buffer = new byte[DataChunks.SizeMax];
        var sent = 0;
        for (var i = 0; i < tree.Chunks.Length && sent < ChunksPerStepMax; i++)
        {
            var range = tree.Chunks[i];
            if (range.Start < progress.SentLength) continue;
            var chunk = buffer.AsMemory(0, range.Length);
            await ItemReader.ReadExactlyAsync(source, range.Start, chunk, cancellationToken);
            if (!await PostChunkAsync(transaction, range, tree.PathOf(i), chunk, cancellationToken)) return null;
            progress = progress with { SentLength = range.End };
            sent++;
        }

        return progress;
    }

    /// <summary>Has a chunk stored by as many nodes as it should, and at least one.</summary>
    /// <returns>False where no node knows the transaction.</returns>
    private async ValueTask<bool> PostChunkAsync(ArweaveTransaction transaction, ChunkRange range, byte[] path, ReadOnlyMemory<byte> chunk, CancellationToken cancellationToken)
    {
        var (stored, isRootUnknown) = (0, false);
        BackendException? failure = null;
        foreach (var node in nodes)
        {
            try
            {
                var outcome = await node.PostChunkAsync(transaction.DataRoot, transaction.DataSize, range, path, chunk, cancellationToken);
                isRootUnknown |= outcome == ChunkOutcome.RootUnknown;
                if (outcome == ChunkOutcome.Stored && ++stored == ChunkCopyCount) return true;
            }
            catch (BackendException e)
            {
                failure = e;
            }
        }

        if (stored > 0) return true;
        if (isRootUnknown) return false;
        throw failure ?? new BackendException(BackendErrorKind.Transient, $"No node stores the chunk that ends at {range.End}; configure more nodes.");
    }

    // 5.
    private async ValueTask<NetworkItem> LookAsync(NetworkItem item, CancellationToken cancellationToken)
    {
        var progress = SendingProgress.Of(item, SendingKind.Transaction);
        var now = time.GetUtcNow();
        var status = await GetStatusAsync(ItemLocator.Of(item.Receipt!).Id, progress.SignedHeight, cancellationToken);
        if (status.IsDropped) return Anew(item, progress);
        if (status.Confirmations >= Steps.ConfirmationCountMin) return Steps.Confirmed(item, progress, now);
        return status.IsKnown ? Steps.Next(item, ItemState.Pending, now + options.PollInterval) : Steps.Next(item, item.State, now + options.PollInterval);
    }

    // 6.
    private NetworkItem Anew(NetworkItem item, SendingProgress progress)
    {
        var lost = Steps.Lost(progress, "The network has dropped a transaction") with { Header = ReadOnlyMemory<byte>.Empty };
        return Steps.Next(item, ItemState.Planned, time.GetUtcNow()) with { Progress = lost.Encode(), Receipt = null };
    }

    /// <summary>Posts to every node; one that takes it is enough.</summary>
    private async ValueTask<PostOutcome> PostAsync(SendingProgress progress, CancellationToken cancellationToken)
    {
        var (isTaken, isRefused) = (false, false);
        BackendException? failure = null;
        foreach (var node in nodes)
        {
            try
            {
                var outcome = await node.PostAsync(progress.Header, cancellationToken);
                isTaken |= outcome == PostOutcome.Taken;
                isRefused |= outcome == PostOutcome.AnchorRefused;
            }
            catch (BackendException e)
            {
                failure = e;
            }
        }

        if (isTaken) return PostOutcome.Taken;
        return isRefused ? PostOutcome.AnchorRefused : throw failure!;
    }

    /// <summary>What the nodes that answer say together: the fewest confirmations, and dropped only where all say so and see that it can no longer be mined.</summary>
    private async ValueTask<(bool IsKnown, long Confirmations, bool IsDropped)> GetStatusAsync(byte[] id, long signedHeight, CancellationToken cancellationToken)
    {
        var (isKnown, confirmations, answers, dropped) = (false, long.MaxValue, 0, 0);
        BackendException? failure = null;
        foreach (var node in nodes)
        {
            try
            {
                var status = await node.GetStatusAsync(id, cancellationToken);
                if (status.IsKnown) confirmations = Math.Min(confirmations, status.Confirmations);
                else if (signedHeight < long.MaxValue && await node.GetHeightAsync(cancellationToken) - signedHeight > AnchorLifetime + AnchorMargin) dropped++;
                isKnown |= status.IsKnown;
                answers++;
            }
            catch (BackendException e)
            {
                failure = e;
            }
        }

        if (answers == 0) throw failure!;
        return (isKnown, isKnown ? confirmations : 0, dropped == answers);
    }

    private static async ValueTask<DataTree> HashAsync(NetworkItem item, IItemSource source, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var hashes = new List<byte[]>();
        var buffer = new byte[DataChunks.SizeMax];
        foreach (var range in DataChunks.Of(item.Length))
        {
            var chunk = buffer.AsMemory(0, range.Length);
            await ItemReader.ReadExactlyAsync(source, range.Start, chunk, cancellationToken);
            hash.AppendData(chunk.Span);
            hashes.Add(SHA256.HashData(chunk.Span));
        }

        ItemReader.Check(item.Sha256.Span, hash.GetHashAndReset());
        return new(item.Length, hashes);
    }

    private NetworkItem Accepted(NetworkItem item, ArweaveTransaction transaction, DateTimeOffset now) => Steps.Next(item, ItemState.Accepted, now + options.PollInterval) with
    {
        Receipt = new()
        {
            Locator = new ItemLocator(transaction.Id, item.Length).Encode(),
            Address = Base64UrlText.Write(transaction.Id),
            Transaction = Base64UrlText.Write(transaction.Id),
            Paid = transaction.Reward,
            PaidUnit = "winston",
            Accepted = now,
        },
    };

    /// <summary>The answer of the first node that gives one.</summary>
    private async Task<T> FirstAsync<T>(Func<NodeClient, Task<T>> ask, CancellationToken cancellationToken)
    {
        for (var i = 0; ; i++)
        {
            try
            {
                return await ask(nodes[i]);
            }
            catch (BackendException e) when (e.Kind != BackendErrorKind.Funds && i + 1 < nodes.Length)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
    }

    private static long RandomOffset(long size)
    {
        // Not to be foreseen by whoever answers.
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        RandomNumberGenerator.Fill(bytes);
        return (long)(BitConverter.ToUInt64(bytes) % (ulong)size);
    }

    private static ArweaveTransaction Read(SendingProgress progress) =>
        ArweaveTransaction.ReadJson(progress.Header) ?? throw new BackendException(BackendErrorKind.Corrupt, "The notes of an item hold a transaction that cannot be read.");
}
