using System.Security.Cryptography;
using Oort.Backends;
using Oort.Backends.Local;
using Oort.Node.Protocol;

namespace Oort.Node;

/// <summary>Shards that come in several requests (docs/formats/node-protocol.md §3, Upload). Nothing of them can be read before the commit.</summary>
internal sealed class UploadTable(TimeSpan idleMax, TimeProvider time) : IAsyncDisposable
{
    /// <summary>Uploads at once: each has its space set aside on the disk.</summary>
    public const int CountMax = 256;

    /// <summary>Commits whose answers are remembered, so that one that is repeated gets the same.</summary>
    private const int CommittedCountMax = 1024;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Upload> _open = [];
    private readonly Dictionary<string, byte[]?> _committed = [];
    private readonly Queue<string> _committedInOrder = new();
    private int _beginning;

    public int Count
    {
        get
        {
            lock (_lock)
                return _open.Count;
        }
    }

    /// <summary>Begins an upload: the store sets the space aside.</summary>
    /// <returns>Its id.</returns>
    /// <exception cref="NodeRequestException">Throttled: too many are open.</exception>
    public async Task<string> BeginAsync(LocalStore store, ShardId shard, long length, bool wantsReceipt, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_open.Count + _beginning >= CountMax)
                throw new NodeRequestException(NodeErrorCode.Throttled, $"{CountMax} uploads are open already.");
            _beginning++;
        }

        try
        {
            var upload = new Upload(shard, length, await store.BeginAsync(shard, length, cancellationToken), wantsReceipt ? new MerkleRoot() : null) { TouchedAt = time.GetTimestamp() };
            var id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
            lock (_lock)
                _open.Add(id, upload);
            return id;
        }
        finally
        {
            lock (_lock)
                _beginning--;
        }
    }

    /// <summary>The upload, for this caller alone until he lets it go.</summary>
    /// <exception cref="NodeRequestException">UnknownUpload: there is no such upload (any more).</exception>
    public async Task<Turn> EnterAsync(string id, CancellationToken cancellationToken)
    {
        Upload? upload;
        lock (_lock)
            _open.TryGetValue(id, out upload);
        if (upload is not null)
        {
            await upload.Gate.WaitAsync(cancellationToken);
            if (!upload.IsEnded)
            {
                upload.TouchedAt = time.GetTimestamp();
                return new(upload, time);
            }

            upload.Gate.Release();
        }

        throw new NodeRequestException(NodeErrorCode.UnknownUpload, "There is no such upload: it was given up, has expired, or was begun before the node's last start.");
    }

    /// <summary>What a commit answered; false when the node remembers none under this id.</summary>
    public bool TryGetCommitted(string id, out byte[]? receipt)
    {
        lock (_lock)
            return _committed.TryGetValue(id, out receipt);
    }

    /// <summary>Remembers a commit that took effect, and forgets the upload. The caller has its turn.</summary>
    public void Committed(string id, Turn turn, byte[]? receipt)
    {
        turn.Upload.IsEnded = true;
        lock (_lock)
        {
            _open.Remove(id);
            _committed[id] = receipt;
            _committedInOrder.Enqueue(id);
            if (_committedInOrder.Count > CommittedCountMax) _committed.Remove(_committedInOrder.Dequeue());
        }
    }

    /// <summary>Gives an upload up. The caller has its turn.</summary>
    public async ValueTask GiveUpAsync(string id, Turn turn)
    {
        turn.Upload.IsEnded = true;
        lock (_lock)
            _open.Remove(id);
        await turn.Upload.Writer.DisposeAsync();
    }

    /// <summary>Gives up what nobody has touched for too long.</summary>
    public async Task ExpireAsync()
    {
        List<string> old;
        lock (_lock)
            old = [.. _open.Where(pair => time.GetElapsedTime(pair.Value.TouchedAt) > idleMax).Select(pair => pair.Key)];
        foreach (var id in old)
            await EndAsync(id, onlyIfIdle: true);
    }

    public async ValueTask DisposeAsync()
    {
        List<string> all;
        lock (_lock)
            all = [.. _open.Keys];
        foreach (var id in all)
            await EndAsync(id, onlyIfIdle: false);
    }

    private async Task EndAsync(string id, bool onlyIfIdle)
    {
        Upload? upload;
        lock (_lock)
            _open.TryGetValue(id, out upload);
        if (upload is null) return;
        await upload.Gate.WaitAsync(CancellationToken.None);
        using var turn = new Turn(upload, time);
        if (!upload.IsEnded && (!onlyIfIdle || time.GetElapsedTime(upload.TouchedAt) > idleMax)) await GiveUpAsync(id, turn);
    }

    /// <summary>One shard under way.</summary>
    /// <param name="Root">Goes along when a receipt is wanted.</param>
    internal sealed record Upload(ShardId Shard, long Length, IShardWriter Writer, MerkleRoot? Root)
    {
        public SemaphoreSlim Gate { get; } = new(1, 1);

        public long Offset { get; set; }

        /// <summary>Of the bytes so far.</summary>
        public ulong Crc { get; set; }

        public long TouchedAt { get; set; }

        public bool IsEnded { get; set; }
    }

    /// <summary>The right to change an upload; ends by disposing.</summary>
    internal readonly struct Turn(Upload upload, TimeProvider time) : IDisposable
    {
        public Upload Upload => upload;

        public void Dispose()
        {
            upload.TouchedAt = time.GetTimestamp();
            upload.Gate.Release();
        }
    }
}
