using System.Buffers;
using System.Diagnostics;
using System.IO.Pipelines;
using Oort.Checksums;

namespace Oort.Objects.Writing;

/// <summary>What a body turned out to be.</summary>
/// <param name="Md5">16 bytes; empty when the source was not to compute it.</param>
/// <param name="Checksum">Of the client's algorithm, or null when there is none.</param>
internal readonly record struct BodyDigest(byte[] Md5, byte[]? Checksum);

/// <summary>Reads a body of announced length to its end, hashing it on the way, and checks everything that was announced.</summary>
/// <remarks>
/// MD5 costs more than all the rest of a PUT together unless several bodies are hashed side by side, so what one read has brought is handed to the
/// hashing as a whole while the caller copies and seals it; the next read waits for the hash. Disposing waits too: the pipe's memory must not be freed under it.
/// </remarks>
internal sealed class BodySource : IAsyncDisposable
{
    /// <summary>Bytes that a read waits for, if the body still has so many: a read costs a thread's wake-up or two, and a hand-over to the hashing.</summary>
    private const int ReadSizeMin = 128 * 1024;

    private readonly ObjectBody body;

    /// <summary>More follows what is to come.</summary>
    private bool isPart;
    private readonly RunningMd5? md5;
    private readonly RunningChecksum? checksum;
    private ReadOnlySequence<byte> unread;
    private SequencePosition end;
    private bool hasRead;
    private Task hashing = Task.CompletedTask;
    private long toCome;

    /// <param name="hashesMd5">Whether it computes the MD5; it must where one was announced.</param>
    /// <param name="firstBytes">Bytes to take before the body is measured; null: its length is known.</param>
    public BodySource(ObjectBody body, bool hashesMd5 = true, long? firstBytes = null)
    {
        Debug.Assert(hashesMd5 || body.ContentMd5 is null, "What was announced is compared here.");
        this.body = body;
        md5 = hashesMd5 ? new RunningMd5() : null;
        toCome = firstBytes ?? body.Length;
        isPart = firstBytes is not null;
        checksum = body.Checksum is { Algorithm: not ChecksumAlgorithm.None } announced ? new RunningChecksum(announced.Algorithm) : null;
    }

    /// <summary>Waits until at least one byte can be taken.</summary>
    /// <exception cref="BodyMismatchException">The body ended, or went on after its announced length.</exception>
    public ValueTask WaitAsync(CancellationToken cancellationToken) => unread.IsEmpty ? ReadAsync(cancellationToken) : ValueTask.CompletedTask;

    /// <summary>Copies exactly that many bytes.</summary>
    public async ValueTask FillAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        while (!destination.IsEmpty)
        {
            await WaitAsync(cancellationToken);
            var count = (int)Math.Min(unread.Length, destination.Length);
            unread.Slice(0, count).CopyTo(destination.Span);
            unread = unread.Slice(count);
            destination = destination[count..];
        }
    }

    /// <summary>Takes that many bytes without copying if they are there in one piece. They stay valid until the next wait.</summary>
    public bool TryTake(int count, out ReadOnlySpan<byte> bytes)
    {
        bytes = unread.FirstSpan;
        if (bytes.Length < count) return false;
        bytes = bytes[..count];
        unread = unread.Slice(count);
        return true;
    }

    /// <summary>Finds out how many bytes follow the first ones, which must have been taken.</summary>
    public async ValueTask<long> MeasureRestAsync(CancellationToken cancellationToken)
    {
        Debug.Assert(isPart && toCome == 0 && unread.IsEmpty, "The first bytes have been taken.");
        await ReleaseAsync();
        toCome = await body.MeasureRestAsync!(cancellationToken);
        isPart = false;
        return toCome;
    }

    /// <summary>Reads all of the body for its digest alone.</summary>
    public async ValueTask<BodyDigest> SkipAsync(CancellationToken cancellationToken)
    {
        while (toCome > 0 || !unread.IsEmpty)
        {
            await WaitAsync(cancellationToken);
            unread = default;
        }
        return await FinishAsync(cancellationToken);
    }

    /// <summary>Reads the end of the body, trailers included, and compares it with what was announced. All of it must have been taken.</summary>
    /// <exception cref="BodyMismatchException">It differs.</exception>
    public async ValueTask<BodyDigest> FinishAsync(CancellationToken cancellationToken)
    {
        Debug.Assert(toCome == 0 && unread.IsEmpty, "The body has been taken whole.");

        // 1. The end: no more bytes, and the reader has seen its last frame and the trailers.
        await ReleaseAsync();
        while (true)
        {
            var result = await body.Reader.ReadAsync(cancellationToken);
            var (extra, isCompleted, isCanceled) = (!result.Buffer.IsEmpty, result.IsCompleted, result.IsCanceled);
            body.Reader.AdvanceTo(result.Buffer.End);
            if (extra) throw new BodyMismatchException(BodyMismatch.Length);
            if (isCompleted) break;
            if (isCanceled) throw new OperationCanceledException("Reading the body was cancelled.");
        }

        // 2. The digests.
        var digest = new BodyDigest(md5?.Finish() ?? [], checksum?.Finish());
        if (body.ContentMd5 is { } md5Expected && !md5Expected.AsSpan().SequenceEqual(digest.Md5)) throw new BodyMismatchException(BodyMismatch.Md5);
        if (digest.Checksum is null) return digest;
        if (body.Checksum!.Expected is { } expected && !expected.AsSpan().SequenceEqual(digest.Checksum)) throw new BodyMismatchException(BodyMismatch.Checksum);
        if (body.Checksum.Trailer is not { } trailer) return digest;
        var sent = trailer() ?? throw new BodyMismatchException(BodyMismatch.Trailer);
        if (!sent.AsSpan().SequenceEqual(digest.Checksum)) throw new BodyMismatchException(BodyMismatch.Checksum);
        return digest;
    }

    public async ValueTask DisposeAsync()
    {
        await ReleaseAsync();
        checksum?.Dispose();
    }

    private async ValueTask ReadAsync(CancellationToken cancellationToken)
    {
        while (unread.IsEmpty)
        {
            await ReleaseAsync();
            if (toCome == 0) throw new InvalidOperationException("More is taken than the body has.");
            var result = await body.Reader.ReadAtLeastAsync((int)Math.Min(toCome, ReadSizeMin), cancellationToken);
            unread = isPart && result.Buffer.Length > toCome ? result.Buffer.Slice(0, toCome) : result.Buffer;
            end = unread.End;
            hasRead = true;
            if (result.IsCanceled) throw new OperationCanceledException("Reading the body was cancelled.");
            if (unread.Length > toCome) throw new BodyMismatchException(BodyMismatch.Length);
            if (unread.IsEmpty && result.IsCompleted) throw new BodyMismatchException(BodyMismatch.Length);
            toCome -= unread.Length;
            if (md5 is not null) hashing = md5.AppendAsync(unread, CancellationToken.None).AsTask();
            if (checksum is null) continue;
            foreach (var piece in unread) checksum.Append(piece.Span);
        }
    }

    /// <summary>Gives the last read back to the pipe when its hash is done.</summary>
    private async ValueTask ReleaseAsync()
    {
        await hashing;
        if (!hasRead) return;
        hasRead = false;
        unread = default;
        body.Reader.AdvanceTo(end);
    }
}
