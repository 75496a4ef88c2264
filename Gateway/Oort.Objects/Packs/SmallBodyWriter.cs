using Oort.Crypto;
using Oort.Objects.Budget;
using Oort.Objects.Writing;

namespace Oort.Objects.Packs;

/// <summary>Stores a body that fits a pack: reads it whole, and joins the next flush, which seals it under its own key.</summary>
internal sealed class SmallBodyWriter(DataPath path, PackWriter packs)
{
    /// <exception cref="BodyMismatchException">The body is not what was announced; it has not joined a pack.</exception>
    /// <exception cref="ObjectUnavailableException">Fewer stores than the quorum took the pack.</exception>
    /// <exception cref="OverloadedException">No memory.</exception>
    public async ValueTask<WrittenBody> WriteAsync(ObjectBody body, IPlacer placer, CancellationToken cancellationToken)
    {
        var length = (int)(body.Sealed?.Length ?? body.Length);
        // An MD5 that nobody compares, because it only becomes the ETag, is computed in the flush: side by side with others it costs a fifth.
        var isHashedInFlush = length is > 0 and <= ChunkCipher.PlaintextSize && body is { ContentMd5: null, Sealed: null };
        await using var source = new BodySource(body, hashesMd5: !isHashedInFlush && body.Sealed is null);
        if (length == 0) return new WrittenBody(await source.FinishAsync(cancellationToken), null, [], isFull: true, Task.CompletedTask, []);

        var content = await path.Buffers.RentAsync((int)ChunkCipher.SealedLength(length), MemoryBudget.AdmissionWait, cancellationToken);
        BodyDigest digest;
        DataKey key;
        try
        {
            // 1. Read each chunk to where it will lie sealed.
            if (body.Sealed is not null) await source.FillAsync(content.Memory, cancellationToken);
            else
                for (var offset = 0; offset < content.Size; offset += ChunkCipher.SealedSize)
                    await source.FillAsync(PackEntry.PlaintextAt(content, offset), cancellationToken);
            digest = await source.FinishAsync(cancellationToken);
            if (isHashedInFlush) digest = digest with { Md5 = new byte[Checksums.Md5.Size] };

            // 2. It is what was announced.
            key = body.Sealed is { } copied ? DataKey.OfSealed(copied, path.Time) : DataKey.Create(path.Keyring, body.Inner, path.Time);
        }
        catch
        {
            content.Clear();
            content.Dispose();
            throw;
        }

        // 3. Share a flush.
        var place = await packs.AppendAsync(new PackEntry(content, placer, body.Sealed is null ? key : null, isHashedInFlush ? digest.Md5 : null), cancellationToken);
        var row = key.ToRow(length, [place.Run]);
        return place.Use is null
            ? new WrittenBody(digest, row, [], place.Segment.IsFull, place.Known, [])
            : new WrittenBody(digest, row, [place.Segment], place.Segment.IsFull, place.Known, [place.Use]);
    }
}
