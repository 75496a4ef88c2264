using System.Buffers;
using System.IO.Pipelines;

namespace Oort.S3.Tests;

/// <summary>Hands out bytes in given pieces: a further piece only when all that was handed out has been examined, as a socket would. Refuses what breaks the contract of a PipeReader.</summary>
internal sealed class PieceReader : PipeReader
{
    private readonly byte[][] pieces;
    private readonly bool endsApart;
    private int shown;
    private long consumed;
    private long examined;
    private long available;
    private bool isReading;
    private bool isEndShown;
    private ReadOnlySequence<byte> buffer;

    /// <param name="endsApart">The end comes with a read of its own instead of with the last piece.</param>
    public PieceReader(bool endsApart, params byte[][] pieces)
    {
        this.pieces = pieces;
        this.endsApart = endsApart;
    }

    public static PieceReader Split(byte[] bytes, int at, bool endsApart = false) => new(endsApart, bytes[..at], bytes[at..]);

    public static PieceReader Of(byte[] bytes) => new(false, bytes);

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) =>
        TryRead(out var result) ? new(result) : throw new InvalidOperationException("Read past the end.");

    public override bool TryRead(out ReadResult result)
    {
        if (isReading)
            throw new InvalidOperationException("Read twice without AdvanceTo.");
        if (examined == available)
        {
            if (shown < pieces.Length)
                available += pieces[shown++].Length;
            else
                isEndShown = true;
        }

        isEndShown |= shown == pieces.Length && !endsApart;
        isReading = true;
        buffer = Window();
        result = new ReadResult(buffer, isCanceled: false, isCompleted: isEndShown);
        return true;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        if (!isReading)
            throw new InvalidOperationException("AdvanceTo without a read.");
        isReading = false;
        var start = this.consumed;
        var newConsumed = start + buffer.Slice(0, consumed).Length;
        var newExamined = start + buffer.Slice(0, examined).Length;
        if (newExamined < newConsumed || newExamined < this.examined)
            throw new InvalidOperationException("Examined went backwards.");
        (this.consumed, this.examined) = (newConsumed, newExamined);
    }

    public override void CancelPendingRead() => throw new NotSupportedException();

    public override void Complete(Exception? exception = null)
    {
    }

    // A segment for each piece, so that what spans pieces spans segments.
    private ReadOnlySequence<byte> Window()
    {
        Segment? first = null;
        Segment? last = null;
        var offset = 0L;
        for (var i = 0; i < shown; i++)
        {
            var skip = (int)Math.Clamp(consumed - offset, 0, pieces[i].Length);
            offset += pieces[i].Length;
            if (skip == pieces[i].Length)
                continue;
            last = new Segment(pieces[i].AsMemory(skip), last);
            first ??= last;
        }

        return first is null ? ReadOnlySequence<byte>.Empty : new ReadOnlySequence<byte>(first, 0, last!, last!.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, Segment? before)
        {
            Memory = memory;
            if (before is null)
                return;
            RunningIndex = before.RunningIndex + before.Memory.Length;
            before.Next = this;
        }
    }
}
