using Oort.Crypto;
using Oort.Objects.Budget;
using Oort.Objects.Writing;

namespace Oort.Objects.Packs;

/// <summary>Stores a body that fits a pack: reads and hashes it whole, seals it under its own key, and joins the next flush.</summary>
internal sealed class SmallBodyWriter(DataPath path, PackWriter packs)
{
    /// <exception cref="BodyMismatchException">The body is not what was announced; it has not joined a pack.</exception>
    /// <exception cref="ObjectUnavailableException">Fewer stores than the quorum took the pack.</exception>
    /// <exception cref="OverloadedException">No memory.</exception>
    public async ValueTask<WrittenBody> WriteAsync(ObjectBody body, CancellationToken cancellationToken)
    {
        var length = (int)body.Length;
        await using var source = new BodySource(body);
        if (length == 0) return new WrittenBody(await source.FinishAsync(cancellationToken), null, [], isFull: true, Task.CompletedTask, []);

        var content = await path.Buffers.RentAsync((int)ChunkCipher.SealedLength(length), MemoryBudget.AdmissionWait, cancellationToken);
        var isAppended = false;
        try
        {
            // 1. Read each chunk to where it will lie sealed.
            for (var offset = 0; offset < content.Size; offset += ChunkCipher.SealedSize)
                await source.FillAsync(PlaintextAt(content, offset), cancellationToken);
            var digest = await source.FinishAsync(cancellationToken);

            // 2. It is what was announced: seal it in place.
            using var key = DataKey.Create(path.Keyring, path.Time);
            for (var offset = 0; offset < content.Size; offset += ChunkCipher.SealedSize)
            {
                var plaintext = PlaintextAt(content, offset).Span;
                var isLast = offset + ChunkCipher.SealedSize >= content.Size;
                key.Cipher.Seal(offset / ChunkCipher.SealedSize, isLast, plaintext, content.Span.Slice(offset, plaintext.Length + ChunkCipher.TagSize));
            }

            // 3. Share a flush.
            isAppended = true;
            var place = await packs.AppendAsync(new PackEntry(content), cancellationToken);
            var row = key.ToRow(length, [place.Run]);
            return place.Use is null
                ? new WrittenBody(digest, row, [], place.Segment.IsFull, place.Known, [])
                : new WrittenBody(digest, row, [place.Segment], place.Segment.IsFull, place.Known, [place.Use]);
        }
        finally
        {
            if (!isAppended)
            {
                content.Clear();
                content.Dispose();
            }
        }
    }

    private static Memory<byte> PlaintextAt(PooledBuffer content, int offset) =>
        content.Memory.Slice(offset, Math.Min(ChunkCipher.SealedSize, content.Size - offset) - ChunkCipher.TagSize);
}
