using System.Buffers;
using System.IO.Pipelines;

namespace Oort.S3;

/// <summary>Decodes an aws-chunked body without copying: what it hands over are slices of the raw buffers, linked across the framing.</summary>
/// <remarks>
/// The raw buffer is held until the consumer has examined all that was decoded from it; only then are more raw bytes asked for. So positions are
/// simple, and the memory held is one raw buffer, however large a chunk is. One reader.
/// </remarks>
internal sealed class AwsChunkedReader(PipeReader inner, AwsChunkedParser parser) : PipeReader, IDisposable
{
    private readonly List<Segment> segments = [];
    private ReadOnlySequence<byte> raw;
    private bool isHolding;
    private bool isInnerCompleted;

    // Of the decoded bytes in the raw buffer: all, those consumed, those the consumer has seen and wants more than.
    private long released;
    private long consumed;
    private long examined;
    private Exception? failure;

    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        if (HasUnexamined)
            return Result(isCanceled: false);
        while (true)
        {
            LetGo();
            if (Take(await inner.ReadAsync(cancellationToken), out var result))
                return result;
        }
    }

    public override bool TryRead(out ReadResult result)
    {
        if (HasUnexamined)
        {
            result = Result(isCanceled: false);
            return true;
        }

        while (true)
        {
            LetGo();
            if (!inner.TryRead(out var some))
            {
                result = default;
                return false;
            }

            if (Take(some, out result))
                return true;
        }
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        var start = this.consumed;
        this.consumed = start + OffsetOf(consumed);
        this.examined = Math.Max(start + OffsetOf(examined), this.consumed);
    }

    public override void CancelPendingRead() => inner.CancelPendingRead();

    public override void Complete(Exception? exception = null)
    {
        Dispose();
        inner.Complete(exception);
    }

    public void Dispose() => parser.Dispose();

    private bool HasUnexamined => isHolding && failure is null && examined < released;

    // Gives the raw buffer back, but for what was not consumed.
    private void LetGo()
    {
        if (failure is not null)
            throw failure;
        if (!isHolding)
            return;
        var rawConsumed = RawOffset(consumed);
        parser.Drop(rawConsumed);
        released -= consumed;
        examined -= consumed;
        consumed = 0;
        isHolding = false;
        inner.AdvanceTo(raw.GetPosition(rawConsumed), raw.End);
        raw = default;
    }

    // False: nothing new was decoded, and more has to be read.
    private bool Take(in ReadResult some, out ReadResult result)
    {
        raw = some.Buffer;
        isHolding = true;
        isInnerCompleted = some.IsCompleted;
        try
        {
            parser.Parse(raw, some.IsCompleted);
        }
        catch (S3Exception e)
        {
            failure = e;
            throw;
        }

        released = 0;
        foreach (var (_, length) in parser.Runs)
            released += length;
        var isNew = released > examined || IsCompleted || some.IsCanceled;
        result = isNew ? Result(some.IsCanceled) : default;
        return isNew;
    }

    private bool IsCompleted => parser.IsDone && isInnerCompleted;

    private ReadResult Result(bool isCanceled) => new(Decoded(), isCanceled, IsCompleted);

    // The decoded bytes that are not consumed, as one sequence over slices of the raw buffer.
    private ReadOnlySequence<byte> Decoded()
    {
        var count = 0;
        var skip = consumed;
        var index = 0L;
        foreach (var (offset, length) in parser.Runs)
        {
            var skipped = Math.Min(skip, length);
            skip -= skipped;
            foreach (var memory in raw.Slice(offset + skipped, length - skipped))
            {
                if (memory.IsEmpty)
                    continue;
                if (count == segments.Count)
                    segments.Add(new Segment());
                segments[count].Set(memory, index);
                if (count > 0)
                    segments[count - 1].Link(segments[count]);
                count++;
                index += memory.Length;
            }
        }

        if (count == 0)
            return ReadOnlySequence<byte>.Empty;
        segments[count - 1].Link(null);
        return new ReadOnlySequence<byte>(segments[0], 0, segments[count - 1], segments[count - 1].Memory.Length);
    }

    // Of a position in the sequence handed over last, from that sequence's start.
    private static long OffsetOf(SequencePosition position) =>
        position.GetObject() is Segment segment ? segment.RunningIndex + position.GetInteger() : 0;

    private long RawOffset(long decodedOffset)
    {
        foreach (var (offset, length) in parser.Runs)
        {
            if (decodedOffset < length)
                return offset + decodedOffset;
            decodedOffset -= length;
        }

        return parser.Parsed;
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public void Set(ReadOnlyMemory<byte> memory, long index)
        {
            Memory = memory;
            RunningIndex = index;
        }

        public void Link(Segment? next) => Next = next;
    }
}
