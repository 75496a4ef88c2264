using System.Buffers;
using Oort.Backends;
using Oort.Backends.Local;
using Oort.Checksums;
using Oort.Node.Protocol;

namespace Oort.Node;

/// <summary>Whole shards: put, read, stat, delete, list, batch (docs/formats/node-protocol.md §3).</summary>
internal static class ShardHandlers
{
    public static async Task PutAsync(NodeRequest request, ShardId id)
    {
        request.AllowQuery();
        var store = request.Store();
        var length = request.BodyLength(NodeLimits.ShardLengthMax);
        request.Services.Bandwidth.ThrowIfBusy();
        request.Services.Storage.Admit(length);
        var root = request.WantsReceipt ? new MerkleRoot() : null;
        var crc = length <= NodeLimits.BatchShardLengthMax ? await PutWholeAsync(request, store, id, root) : await PutInWindowsAsync(request, store, id, length, root);
        await AnswerReceiptAsync(request, store, id, length, crc, root);
    }

    public static async Task GetAsync(NodeRequest request, ShardId id)
    {
        request.AllowQuery("offset", "length");
        var store = request.Store();
        var offset = request.Number("offset", long.MaxValue);
        var wanted = request.Number("length", NodeLimits.ShardLengthMax);
        request.Services.Bandwidth.ThrowIfBusy();
        var total = await store.StatAsync(id, request.Aborted) ?? throw NotFound(id);
        var length = Math.Clamp(total - offset, 0, wanted);
        await SendRangeAsync(request, (at, window) => store.ReadAsync(id, at, window, request.Aborted), offset, length, () => request.SetHeader(NodeHeaders.Length, total));
    }

    public static async Task HeadAsync(NodeRequest request, ShardId id)
    {
        request.AllowQuery();
        request.SetHeader(NodeHeaders.Length, await request.Store().StatAsync(id, request.Aborted) ?? throw NotFound(id));
    }

    public static async Task DeleteAsync(NodeRequest request, ShardId id)
    {
        request.AllowQuery();
        if (await request.Store().DeleteAsync(id, CancellationToken.None) == DeleteOutcome.NotFound) throw NotFound(id);
        request.Done();
    }

    /// <summary>A page: the smallest names behind the cursor, found in one pass over all shards.</summary>
    public static async Task ListAsync(NodeRequest request)
    {
        request.AllowQuery("after", "limit");
        var store = request.Store();
        ShardName? after = null;
        if (request.Query("after") is { } text) after = ShardName.TryParse(text, out var name) ? name : throw NodeRequest.Bad("The parameter after is the name of a shard.");
        var limit = request.Query("limit") is null ? NodeLimits.ShardPageCountMax : (int)request.Number("limit", NodeLimits.ShardPageCountMax);
        if (limit == 0) throw NodeRequest.Bad("A page has at least one entry.");
        using var share = request.Services.Budget.TakeBytes(64L * limit);

        // The largest of those kept is the first to go, so the order is turned round.
        var kept = new PriorityQueue<long, ShardName>(Comparer<ShardName>.Create((a, b) => b.CompareTo(a)));
        var hasMore = false;
        await foreach (var shard in store.ListAsync(request.Aborted))
        {
            var found = shard.Id.Name();
            if (after is { } cursor && found <= cursor) continue;
            if (kept.Count < limit)
            {
                kept.Enqueue(shard.Length, found);
                continue;
            }

            hasMore = true;
            kept.EnqueueDequeue(shard.Length, found);
        }

        var page = new (ShardName, long)[kept.Count];
        for (var i = page.Length - 1; i >= 0; i--)
        {
            kept.TryDequeue(out var length, out var found);
            page[i] = (found, length);
        }

        await request.AnswerAsync(new ShardPage(hasMore, page).Encode());
    }

    /// <summary>Many small shards, put at once so that the store makes them durable together.</summary>
    public static async Task BatchAsync(NodeRequest request)
    {
        request.AllowQuery();
        var store = request.Store();
        using var body = await request.ReadBodyAsync(NodeLimits.BatchSizeMax);
        if (!ShardBatch.TryRead(body.Memory, out var shards)) throw NodeRequest.Bad("The body is not a batch.");
        var outcomes = await Task.WhenAll(shards.Select(shard => PutOneAsync(request, store, shard)));
        await request.AnswerAsync(BatchAnswer.Encode(outcomes));
    }

    /// <summary>Sends a range of a shard or log as a checked body. The first window is read before anything is said, so that what cannot be read is an error and no broken answer.</summary>
    public static async Task SendRangeAsync(NodeRequest request, Func<long, Memory<byte>, ValueTask<int>> read, long offset, long length, Action setHeaders)
    {
        if (length == 0)
        {
            setHeaders();
            await request.AnswerAsync(ReadOnlyMemory<byte>.Empty);
            return;
        }

        var size = (int)Math.Min(length, NodeRequest.WindowSize);
        using var share = request.Services.Budget.TakeBytes(size);
        var buffer = ArrayPool<byte>.Shared.Rent(size);
        try
        {
            var crc = 0UL;
            for (var sent = 0L; sent < length;)
            {
                var window = buffer.AsMemory(0, (int)Math.Min(size, length - sent));
                if (!await TryReadAsync(request, read, offset + sent, window, sent > 0)) return;
                if (sent == 0)
                {
                    setHeaders();
                    request.BeginAnswer(length);
                }

                crc = Crc64Nvme.Append(crc, window.Span);
                await request.SendAsync(window);
                sent += window.Length;
            }

            await request.SendCheckAsync(crc);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    public static async Task AnswerReceiptAsync(NodeRequest request, LocalStore store, ShardId id, long length, ulong crc, MerkleRoot? root)
    {
        if (root is null) request.Done();
        else await request.AnswerAsync(StorageReceipt.Sign(request.Services.Identity, id.Name(), store.Id.Value, length, crc, request.Services.Time.GetUtcNow().ToUnixTimeMilliseconds(), root.Finish()));
    }

    public static BackendException NotFound(ShardId id) => new(BackendErrorKind.NotFound, $"There is no shard {id}.");

    /// <returns>False: the answer has begun and cannot be ended; the connection is cut.</returns>
    private static async ValueTask<bool> TryReadAsync(NodeRequest request, Func<long, Memory<byte>, ValueTask<int>> read, long offset, Memory<byte> window, bool hasBegun)
    {
        try
        {
            if (await read(offset, window) == window.Length) return true;
            throw new BackendException(BackendErrorKind.Transient, "It became shorter while it was read.");
        }
        catch (BackendException) when (hasBegun)
        {
            request.Abort();
            return false;
        }
    }

    private static async Task<ulong> PutWholeAsync(NodeRequest request, LocalStore store, ShardId id, MerkleRoot? root)
    {
        using var body = await request.ReadBodyAsync(NodeLimits.BatchShardLengthMax);
        root?.Append(body.Memory.Span);
        await store.PutAsync(id, body.Memory, CancellationToken.None);
        return body.Crc;
    }

    /// <summary>Writes a long shard as it comes; the commit, which makes it visible, waits for the checksum.</summary>
    private static async Task<ulong> PutInWindowsAsync(NodeRequest request, LocalStore store, ShardId id, long length, MerkleRoot? root)
    {
        using var share = request.Services.Budget.TakeBytes(NodeRequest.WindowSize);
        var buffer = ArrayPool<byte>.Shared.Rent(NodeRequest.WindowSize);
        try
        {
            await using var writer = await store.BeginAsync(id, length, CancellationToken.None);
            var crc = 0UL;
            for (var written = 0L; written < length;)
            {
                var window = buffer.AsMemory(0, (int)Math.Min(NodeRequest.WindowSize, length - written));
                await request.ReadAsync(window);
                var windowCrc = Crc64Nvme.Compute(window.Span);
                crc = Crc64Nvme.Combine(crc, windowCrc, window.Length);
                root?.Append(window.Span);
                await writer.WriteAsync(window, windowCrc, CancellationToken.None);
                written += window.Length;
            }

            await request.ReadAsync(buffer.AsMemory(0, NodeLimits.CheckSize));
            NodeRequest.Compare(buffer.AsSpan(0, NodeLimits.CheckSize), crc);
            await writer.CommitAsync(CancellationToken.None);
            return crc;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static async Task<BatchOutcome> PutOneAsync(NodeRequest request, LocalStore store, BatchShard shard)
    {
        try
        {
            request.Services.Storage.Admit(shard.Content.Length);
            await store.PutAsync(shard.Shard.Id(), shard.Content, CancellationToken.None);
            return new(NodeErrorCode.None, "");
        }
        catch (BackendException e)
        {
            return new(NodeRequestException.CodeOf(e.Kind), e.Message);
        }
    }
}
