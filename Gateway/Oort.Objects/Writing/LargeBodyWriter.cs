using System.Collections.Immutable;
using Oort.Crypto;
using Oort.Metadata;
using Oort.Objects.Budget;
using Oort.Objects.Shards;

namespace Oort.Objects.Writing;

/// <summary>Stores a body that is too large for a pack: one data id over as many segments of its own as it needs.</summary>
internal sealed class LargeBodyWriter(DataPath path)
{
    /// <summary>
    /// 1. Admit it: one run buffer, and enough stores. 2. For each segment, run by run: read chunks, seal each where it will lie, code stripe by stripe, send to
    /// all stores, while the next run is read. A segment's commit runs beside the next segment. 3. Check the body's end, length and digests.
    /// 4. Only then commit the last segment, so that a body that is not what was announced is never whole on the stores.
    /// Of a body whose length is not known, the chunks that come surely and are not the last are written so; then it is measured, and the rest is a segment more.
    /// </summary>
    /// <exception cref="BodyMismatchException">The body is not what was announced.</exception>
    /// <exception cref="ObjectUnavailableException">Fewer stores than the quorum took it.</exception>
    /// <exception cref="OverloadedException">No memory.</exception>
    public async ValueTask<WrittenBody> WriteAsync(ObjectBody body, IPlacer placer, CancellationToken cancellationToken)
    {
        var geometry = placer.Geometry;
        var isMeasured = body.MeasureRestAsync is null;
        var announced = body.Sealed?.Length ?? body.Length;
        var chunkCount = isMeasured ? ChunkCipher.ChunkCount(announced) : (announced - 1) / ChunkCipher.PlaintextSize;
        var sure = chunkCount * ChunkCipher.PlaintextSize;
        // While it is not known, no chunk is the last.
        var length = isMeasured ? announced : sure + ChunkCipher.PlaintextSize;
        var written = new List<(SegmentRow Row, SegmentIds.SegmentUse Use)>();
        // 1.
        using var buffers = await RunBuffers.RentAsync(path, geometry, (ChunkCipher.ChunkCount(length) + geometry.DataShards - 1) / geometry.DataShards, cancellationToken);
        using var key = body.Sealed is { } source ? DataKey.OfSealed(source, path.Time) : DataKey.Create(path.Keyring, body.Inner, path.Time);
        await using var bytes = new BodySource(body, hashesMd5: body.Sealed is null, firstBytes: isMeasured ? null : sure);
        SegmentWriter? segment = null, before = null;
        Task<SegmentRow>? committing = null;
        try
        {
            // 2.
            for (var first = 0L; first < chunkCount;)
            {
                if (segment is not null) (before, committing) = (segment, segment.CommitAsync(buffers));
                var count = Math.Min(path.Options.SegmentChunks, chunkCount - first);
                var layout = new ShardLayout(geometry, SealedLength(length, first, count));
                segment = SegmentWriter.Open(path, placer, layout);
                await SendRunsAsync(segment, buffers, bytes, key.Cipher, length, first, cancellationToken);
                first += count;
                if (before is not null)
                {
                    written.Add((await committing!, before.Use));
                    before.Dispose();
                    before = null;
                }

                if (isMeasured || first < chunkCount) continue;
                length = sure + await bytes.MeasureRestAsync(cancellationToken);
                chunkCount = ChunkCipher.ChunkCount(length);
                isMeasured = true;
            }
            // 3.
            var digest = await bytes.FinishAsync(cancellationToken);

            // 4.
            await buffers.DrainAsync();
            written.Add((await segment!.CommitAsync(buffers), segment.Use));
            segment.Dispose();
            return ToWritten(digest, key, length, written);
        }
        catch
        {
            Abandon(before, committing);
            Abandon(segment, null);
            foreach (var (_, use) in written) use.Dispose();
            throw;
        }
    }

    private static void Abandon(SegmentWriter? segment, Task<SegmentRow>? committing)
    {
        if (segment is null) return;
        segment.Dispose();
        segment.Use.Dispose();
        // What became of its commit matters no more; a second failure beside the one under way is not news.
        _ = committing?.ContinueWith(static task => task.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
    }

    /// <summary>Sealed bytes of chunks first … first + count − 1 of a body.</summary>
    private static long SealedLength(long bodyLength, long first, long count) =>
        Math.Min(count * ChunkCipher.SealedSize, ChunkCipher.SealedLength(bodyLength) - first * ChunkCipher.SealedSize);

    private static async ValueTask SendRunsAsync(SegmentWriter segment, RunBuffers buffers, BodySource source, ChunkCipher? cipher, long bodyLength, long chunk, CancellationToken cancellationToken)
    {
        while (!segment.IsFilled)
        {
            // No buffer is taken before there is something to put into it.
            await source.WaitAsync(cancellationToken);
            segment.Begin(await buffers.TakeAsync(cancellationToken));
            while (!segment.IsRunFilled)
            {
                for (var offset = 0; offset < segment.StripeLength; offset += ChunkCipher.SealedSize)
                    segment.Place(offset, await SealAsync(source, cipher, bodyLength, chunk++, segment.ChunkAt(offset), cancellationToken));
                segment.Code();
            }
            segment.Send(buffers);
        }
    }

    /// <param name="cipher">Null: the chunk comes sealed.</param>
    /// <returns>Bytes of the sealed chunk.</returns>
    private static async ValueTask<int> SealAsync(BodySource source, ChunkCipher? cipher, long bodyLength, long chunk, Memory<byte> destination, CancellationToken cancellationToken)
    {
        var length = (int)Math.Min(ChunkCipher.PlaintextSize, bodyLength - chunk * ChunkCipher.PlaintextSize);
        var isLast = (chunk + 1) * ChunkCipher.PlaintextSize >= bodyLength;
        destination = destination[..(length + ChunkCipher.TagSize)];
        if (cipher is null)
        {
            await source.FillAsync(destination, cancellationToken);
            return destination.Length;
        }

        await source.WaitAsync(cancellationToken);
        if (source.TryTake(length, out var plaintext))
        {
            cipher.Seal(chunk, isLast, plaintext, destination.Span);
            return destination.Length;
        }
        await source.FillAsync(destination[..length], cancellationToken);
        cipher.Seal(chunk, isLast, destination.Span[..length], destination.Span);
        return destination.Length;
    }

    private static WrittenBody ToWritten(BodyDigest digest, DataKey key, long length, List<(SegmentRow Row, SegmentIds.SegmentUse Use)> written) => new(
        digest,
        key.ToRow(length, [.. written.Select(segment => new SegmentRun(segment.Row.Id, 0, segment.Row.PayloadLength))]),
        [.. written.Select(segment => segment.Row)],
        written.TrueForAll(segment => segment.Row.IsFull),
        Task.CompletedTask,
        [.. written.Select(segment => segment.Use)]);
}
