using System.Buffers;
using Oort.Backends;
using Oort.Backends.Local;
using Oort.Checksums;
using Oort.Node.Protocol;

namespace Oort.Node;

/// <summary>Receipts and challenges: what only who holds a shard can say (docs/formats/node-protocol.md §6, §7).</summary>
internal sealed class ProofHandlers : IDisposable
{
    /// <summary>At once: each reads a whole shard and keeps 1/32 of it.</summary>
    private const int CountMax = 2;

    private readonly SemaphoreSlim _turns = new(CountMax, CountMax);

    public async Task ReceiptAsync(NodeRequest request, ShardId id)
    {
        request.AllowQuery();
        var store = request.Store();
        using var turn = Enter();
        var root = new MerkleRoot();
        var (length, crc) = await ReadAllAsync(request, store, id, window => root.Append(window.Span));
        await ShardHandlers.AnswerReceiptAsync(request, store, id, length, crc, root);
    }

    public async Task ChallengeAsync(NodeRequest request)
    {
        request.AllowQuery();
        var store = request.Store();
        using var body = await request.ReadBodyAsync(Challenge.SizeMax);
        if (!Challenge.TryRead(body.Memory.Span, out var challenge)) throw NodeRequest.Bad("The body is not a challenge.");
        using var turn = Enter();
        var id = challenge.Shard.Id();

        // 1. All leaves are hashed, and those that are asked for kept.
        var length = await store.StatAsync(id, request.Aborted) ?? throw ShardHandlers.NotFound(id);
        if (challenge.Leaves[^1] >= MerkleTree.LeafCountOf(length)) throw NodeRequest.Bad($"The shard has {MerkleTree.LeafCountOf(length)} leaves.");
        var tree = new MerkleTree(length);
        var contents = new byte[challenge.Leaves.Count][];
        var at = 0L;
        await ReadAllAsync(request, store, id, window =>
        {
            tree.Append(window.Span);
            for (var i = 0; i < contents.Length; i++)
            {
                // Windows begin at multiples of a leaf, so each leaf lies in one.
                var begin = ((long)challenge.Leaves[i] * MerkleTree.LeafSize) - at;
                if (begin >= 0 && begin < window.Length)
                    contents[i] = window.Slice((int)begin, (int)Math.Min(MerkleTree.LeafSize, length - at - begin)).ToArray();
            }

            at += window.Length;
        });

        // 2. Each with the way to the root.
        var leaves = challenge.Leaves.Select((leaf, i) => new OpenedLeaf(leaf, contents[i], tree.Path(leaf))).ToList();
        var time = request.Services.Time.GetUtcNow().ToUnixTimeMilliseconds();
        await request.AnswerAsync(ChallengeAnswer.Sign(request.Services.Identity, challenge, store.Id.Value, length, time, tree.Root(), leaves));
    }

    public void Dispose() => _turns.Dispose();

    private static async Task<(long Length, ulong Crc)> ReadAllAsync(NodeRequest request, LocalStore store, ShardId id, Action<ReadOnlyMemory<byte>> take)
    {
        var length = await store.StatAsync(id, request.Aborted) ?? throw ShardHandlers.NotFound(id);
        var size = (int)Math.Clamp(length, 1, NodeRequest.WindowSize);
        using var share = request.Services.Budget.TakeBytes(size);
        var buffer = ArrayPool<byte>.Shared.Rent(size);
        try
        {
            var crc = 0UL;
            for (var at = 0L; at < length;)
            {
                var window = buffer.AsMemory(0, (int)Math.Min(size, length - at));
                if (await store.ReadAsync(id, at, window, request.Aborted) != window.Length)
                    throw new BackendException(BackendErrorKind.Transient, $"Shard {id} became shorter while it was read.");
                crc = Crc64Nvme.Append(crc, window.Span);
                take(window);
                at += window.Length;
            }

            return (length, crc);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private Turn Enter() => _turns.Wait(0) ? new(_turns) : throw new NodeRequestException(NodeErrorCode.Throttled, $"{CountMax} shards are being proven already.");

    private readonly struct Turn(SemaphoreSlim turns) : IDisposable
    {
        public void Dispose() => turns.Release();
    }
}
