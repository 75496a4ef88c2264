using Oort.Crypto;
using Oort.Objects.Budget;
using Oort.Objects.Writing;

namespace Oort.Objects.Packs;

/// <summary>A small body that waits for its pack. Owns the buffer until the pack has copied it.</summary>
/// <remarks>
/// Who waits for its place goes on in the thread of the flush, one after the other: what follows is to queue a commit, and sixty changes of threads would cost more
/// than the sixty commits. It must not block. (After a failure or a cancellation more may follow: that has a thread of its own.)
/// </remarks>
/// <param name="content">Its sealed chunks; or, with a key, room for them, with the plaintext of each where it will lie sealed.</param>
/// <param name="placer">Of its policy: a pack holds bodies of one policy only.</param>
/// <param name="key">Seals it, in the flush; taken over. Null when it is sealed already.</param>
/// <param name="md5">Where the flush writes the MD5 of the plaintext, side by side with others; null when nobody asks for it. Only for a body of one chunk.</param>
internal sealed class PackEntry(PooledBuffer content, IPlacer placer, DataKey? key = null, byte[]? md5 = null) : IDisposable
{
    private readonly TaskCompletionSource<PackPlace> placed = new();
    private volatile bool isCancelled;
    private bool isSealed = key is null;

    /// <summary>Its sealed chunks, once it is sealed.</summary>
    public ReadOnlyMemory<byte> Content => content.Memory;

    public int Length => content.Size;

    public IPlacer Placer => placer;

    /// <summary>The plaintext of a chunk as it lies in a buffer for sealed ones.</summary>
    public static Memory<byte> PlaintextAt(PooledBuffer content, int offset) =>
        content.Memory.Slice(offset, Math.Min(ChunkCipher.SealedSize, content.Size - offset) - ChunkCipher.TagSize);

    /// <summary>Nobody waits any more: it need not be written.</summary>
    public bool IsCancelled => isCancelled;

    public Task<PackPlace> Placed => placed.Task;

    /// <summary>Lets go of whoever waits. It may be placed all the same; then nobody will commit it.</summary>
    public void Cancel(CancellationToken cancellationToken)
    {
        isCancelled = true;
        placed.TrySetCanceled(cancellationToken);
    }

    public void Complete(PackPlace place)
    {
        if (!placed.TrySetResult(place)) place.Use?.Dispose();
    }

    public void Fail(Exception failure)
    {
        if (!placed.Task.IsCompleted) ThreadPool.UnsafeQueueUserWorkItem(static told => told.Placed.TrySetException(told.Failure), (Placed: placed, Failure: failure), preferLocal: false);
    }

    /// <summary>Seals all entries of a pack in place, after the MD5s that are asked for have been computed side by side.</summary>
    public static void SealAll(List<PackEntry> entries)
    {
        var asked = entries.FindAll(static entry => entry.Md5 is not null);
        if (asked.Count > 0)
        {
            var digests = new byte[asked.Count * Checksums.Md5.Size];
            Checksums.Md5.HashMany(asked.ConvertAll(static entry => entry.Plaintext).ToArray(), digests);
            for (var i = 0; i < asked.Count; i++) digests.AsSpan(i * Checksums.Md5.Size, Checksums.Md5.Size).CopyTo(asked[i].Md5);
        }

        foreach (var entry in entries) entry.Seal();
    }

    /// <summary>Gives the buffer back, cleared if plaintext is in it still. Only when no flush uses it.</summary>
    public void Dispose()
    {
        if (!isSealed) content.Clear();
        isSealed = true;
        content.Dispose();
        key?.Dispose();
    }

    private byte[]? Md5 => md5;

    private ReadOnlyMemory<byte> Plaintext => PlaintextAt(content, 0);

    private void Seal()
    {
        if (isSealed) return;
        for (var offset = 0; offset < content.Size; offset += ChunkCipher.SealedSize)
        {
            var plaintext = PlaintextAt(content, offset).Span;
            var isLast = offset + ChunkCipher.SealedSize >= content.Size;
            key!.Cipher!.Seal(offset / ChunkCipher.SealedSize, isLast, plaintext, content.Span.Slice(offset, plaintext.Length + ChunkCipher.TagSize));
        }

        isSealed = true;
    }
}
