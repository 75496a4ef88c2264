using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;

namespace Oort.S3;

/// <summary>The file of a form, as its bytes come. How many they are is known only when the boundary after them has come; that it is at least so many is known before.</summary>
/// <remarks>One reader. Throws <see cref="S3Exception"/>: MalformedPOSTRequest, EntityTooSmall, EntityTooLarge.</remarks>
internal sealed class FormFile(PipeReader inner, long lengthLeast) : PipeReader, IDisposable
{
    /// <summary>What may be kept while the end is looked for: what may follow the file, and a chunk or two of the layer below.</summary>
    private const int RestMax = 1024 * 1024;

    private ReadOnlySequence<byte> buffer;
    private long consumed;
    private long sizeMin;
    private long sizeMax = long.MaxValue;

    /// <summary>Bytes that come at least.</summary>
    public long LengthLeast => lengthLeast;

    /// <summary>Whether reading a form failed because it is none.</summary>
    public static bool IsMalformed(Exception failure) => failure is InvalidDataException or (IOException and not ClientDisconnectedException);

    /// <summary>Holds the file to a size.</summary>
    /// <exception cref="S3Exception">EntityTooLarge: it is known already that it is.</exception>
    public void Limit(long least, long most)
    {
        (sizeMin, sizeMax) = (Math.Max(sizeMin, least), Math.Min(sizeMax, most));
        if (lengthLeast > sizeMax) throw TooLarge(lengthLeast);
    }

    /// <summary>Waits for the end.</summary>
    /// <returns>Bytes that are not consumed.</returns>
    public async ValueTask<long> MeasureRestAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var result = await ReadAsync(cancellationToken);
            var (count, isCompleted) = (result.Buffer.Length, result.IsCompleted);
            AdvanceTo(result.Buffer.Start, result.Buffer.End);
            if (isCompleted) return count;
            if (count > RestMax) throw new InvalidOperationException("The end of a file is asked for before the rest of it was taken.");
        }
    }

    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            return Judge(await inner.ReadAsync(cancellationToken));
        }
        catch (Exception failure) when (IsMalformed(failure))
        {
            throw PostFormReader.Malformed();
        }
    }

    public override bool TryRead(out ReadResult result)
    {
        if (!inner.TryRead(out result)) return false;
        Judge(result);
        return true;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        this.consumed += buffer.Slice(buffer.Start, consumed).Length;
        buffer = default;
        inner.AdvanceTo(consumed, examined);
    }

    public override void CancelPendingRead() => inner.CancelPendingRead();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    public void Dispose() => inner.Complete();

    private ReadResult Judge(in ReadResult result)
    {
        buffer = result.Buffer;
        var total = consumed + buffer.Length;
        if (total > sizeMax) throw TooLarge(total);
        if (!result.IsCompleted) return result;
        if (total < sizeMin) throw new S3Exception(S3Errors.EntityTooSmall, null, ("ProposedSize", Text(total)), ("MinSizeAllowed", Text(sizeMin)));
        if (total < lengthLeast) throw PostFormReader.Malformed($"More than {PostFormReader.AfterBytesMax} bytes follow the file.");
        return result;
    }

    private S3Exception TooLarge(long size) => new(S3Errors.EntityTooLarge, null, ("ProposedSize", Text(size)), ("MaxSizeAllowed", Text(sizeMax)));

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
