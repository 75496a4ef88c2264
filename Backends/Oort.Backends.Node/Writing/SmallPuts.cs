using Oort.Checksums;
using Oort.Node.Protocol;

namespace Oort.Backends.Node;

/// <summary>Puts small shards: a lone one at once; what comes while some requests are under way goes together in the next.</summary>
internal sealed class SmallPuts(NodeClient client, int requestCountMax)
{
    private readonly Lock _lock = new();
    private readonly LinkedList<Waiting> _waiting = new();
    private int _requests;
    private TaskCompletionSource? _idle;

    /// <summary>Returns when the shard is durable. Cancelled before its request has begun, it is not sent; later, only when all that share the request are cancelled.</summary>
    public async Task PutAsync(ShardName name, ReadOnlyMemory<byte> content, ulong crc, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var one = new Waiting(name, content, crc, cancellationToken);
        lock (_lock)
        {
            one.Node = _waiting.AddLast(one);
            if (_requests < requestCountMax)
            {
                _requests++;
                _ = SendAllAsync();
            }
        }

        using (cancellationToken.UnsafeRegister(_ => Cancel(one), null))
            await one.Done.Task;
    }

    /// <summary>Ends when nothing is under way.</summary>
    public Task WhenIdleAsync()
    {
        lock (_lock)
            return _requests == 0 ? Task.CompletedTask : (_idle ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
    }

    /// <summary>Sends until nothing waits.</summary>
    private async Task SendAllAsync()
    {
        // The lock is still held by who began this.
        await Task.Yield();
        while (TryTake(out var together))
            await SendAsync(together);
    }

    private bool TryTake(out List<Waiting> together)
    {
        together = [];
        lock (_lock)
        {
            var size = ShardBatch.HeaderSize;
            while (_waiting.First?.Value is { } next && together.Count < NodeLimits.BatchCountMax && (size += ShardBatch.ShardHeaderSize + next.Content.Length) <= NodeLimits.BatchSizeMax)
            {
                _waiting.RemoveFirst();
                next.Node = null;
                together.Add(next);
            }

            if (together.Count > 0) return true;
            _requests--;
            if (_requests == 0) _idle?.TrySetResult();
            return false;
        }
    }

    /// <summary>Never throws: each waits for his own outcome.</summary>
    private async Task SendAsync(List<Waiting> together)
    {
        using var request = new SharedCancellation(together.Count);
        foreach (var one in together) one.Request = request;
        try
        {
            // Who was cancelled between the taking and now has not found the request.
            foreach (var one in together.Where(one => one.Token.IsCancellationRequested)) Cancel(one);
            if (together.Count == 1)
            {
                var one = together[0];
                await client.SendAsync(HttpMethod.Put, NodePaths.Shard(one.Name), (message, guard) => message.Content = new CheckedContent([one.Content], one.Crc, guard), NodeStore.Nothing, request.Token);
                one.Done.TrySetResult();
            }
            else
            {
                await SendBatchAsync(together, request.Token);
            }
        }
        catch (OperationCanceledException)
        {
            foreach (var one in together) one.Done.TrySetCanceled(one.Token);
        }
        catch (Exception e) // Comes out of the puts.
        {
            foreach (var one in together) one.Done.TrySetException(e is BackendException known ? new BackendException(known.Kind, known.Message, known) : e);
        }
    }

    private async Task SendBatchAsync(List<Waiting> together, CancellationToken cancellationToken)
    {
        // 1. Header, then header and content in turn; the checksum of it all is put together from theirs.
        var headers = new byte[ShardBatch.HeaderSize + (ShardBatch.ShardHeaderSize * together.Count)];
        var runs = new List<ReadOnlyMemory<byte>>(1 + (2 * together.Count)) { headers.AsMemory(0, ShardBatch.HeaderSize) };
        ShardBatch.WriteHeader(headers, together.Count);
        var crc = Crc64Nvme.Compute(runs[0].Span);
        foreach (var (i, one) in together.Index())
        {
            var header = headers.AsMemory(ShardBatch.HeaderSize + (i * ShardBatch.ShardHeaderSize), ShardBatch.ShardHeaderSize);
            ShardBatch.WriteShardHeader(header.Span, one.Name, one.Content.Length, one.Crc);
            runs.Add(header);
            runs.Add(one.Content);
            crc = Crc64Nvme.Combine(Crc64Nvme.Append(crc, header.Span), one.Crc, one.Content.Length);
        }

        // 2. Each has its own outcome.
        var outcomes = await client.SendAsync(HttpMethod.Post, NodePaths.Batch, (message, guard) => message.Content = new CheckedContent(runs, crc, guard), async response =>
            BatchAnswer.TryRead(await response.ReadCheckedAsync(BatchAnswer.SizeMax), together.Count, out var read) ? read : throw response.Wrong("the answer to a batch is none"), cancellationToken);
        for (var i = 0; i < together.Count; i++)
        {
            if (outcomes[i].Code == NodeErrorCode.None) together[i].Done.TrySetResult();
            else together[i].Done.TrySetException(new NodeFailure(outcomes[i].Code, outcomes[i].Text, null, null, null).ToException(client.Address.HostAndPort));
        }
    }

    private void Cancel(Waiting one)
    {
        lock (_lock)
        {
            if (one.Node is { } node)
            {
                _waiting.Remove(node);
                one.Node = null;
                one.Done.TrySetCanceled(one.Token);
                return;
            }
        }

        if (one.Request is { } request && !Interlocked.Exchange(ref one.HasLeft, true)) request.Leave();
    }

    private sealed class Waiting(ShardName name, ReadOnlyMemory<byte> content, ulong crc, CancellationToken token)
    {
        public readonly TaskCompletionSource Done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        public bool HasLeft;

        public ShardName Name => name;

        public ReadOnlyMemory<byte> Content => content;

        public ulong Crc => crc;

        public CancellationToken Token => token;

        /// <summary>Its place in the queue; null once its request has begun.</summary>
        public LinkedListNode<Waiting>? Node { get; set; }

        public SharedCancellation? Request { get; set; }
    }

    /// <summary>Cancels when everyone has left.</summary>
    private sealed class SharedCancellation(int count) : IDisposable
    {
        private readonly CancellationTokenSource _source = new();
        private int _count = count;
        private bool _isDisposed;

        public CancellationToken Token => _source.Token;

        public void Leave()
        {
            lock (_source)
            {
                if (--_count == 0 && !_isDisposed) _source.Cancel();
            }
        }

        public void Dispose()
        {
            lock (_source)
            {
                _isDisposed = true;
                _source.Dispose();
            }
        }
    }
}
