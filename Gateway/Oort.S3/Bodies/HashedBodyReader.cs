using System.Buffers;
using System.IO.Pipelines;
using System.Security.Cryptography;
using Oort.Checksums;

namespace Oort.S3;

/// <summary>A plain body whose SHA-256 was signed: hashes the bytes as they pass and compares before the last of them is handed over.</summary>
/// <remarks>Passes the inner reader's buffers through.</remarks>
internal sealed class HashedBodyReader(PipeReader inner, byte[] expected, long? length) : PipeReader, IDisposable
{
    private readonly RunningSha256 sha = RunningSha256.Create();
    private ReadOnlySequence<byte> buffer;

    // Bytes at the front of the next buffer that were hashed already because the reader did not consume them.
    private long hashedUnconsumed;
    private long total;
    private bool isVerified;

    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        var result = await inner.ReadAsync(cancellationToken);
        Take(result);
        return result;
    }

    public override bool TryRead(out ReadResult result)
    {
        if (!inner.TryRead(out result))
            return false;
        Take(result);
        return true;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        hashedUnconsumed = buffer.Slice(consumed).Length;
        buffer = default;
        inner.AdvanceTo(consumed, examined);
    }

    public override void CancelPendingRead() => inner.CancelPendingRead();

    public override void Complete(Exception? exception = null)
    {
        Dispose();
        inner.Complete(exception);
    }

    public void Dispose() => sha.Dispose();

    private void Take(in ReadResult result)
    {
        buffer = result.Buffer;
        if (isVerified)
            return;
        foreach (var segment in buffer.Slice(hashedUnconsumed))
        {
            sha.Append(segment.Span);
            total += segment.Length;
        }

        hashedUnconsumed = buffer.Length;
        if (!result.IsCompleted && total != length)
            return;
        Span<byte> actual = stackalloc byte[SigV4.Size];
        sha.Finish(actual);
        if (!CryptographicOperations.FixedTimeEquals(actual, expected))
            throw new S3Exception(S3Errors.XAmzContentSha256Mismatch, null, ("ClientComputedContentSHA256", Convert.ToHexStringLower(expected)), ("S3ComputedContentSHA256", Convert.ToHexStringLower(actual)));
        isVerified = true;
    }
}
