using System.IO.Pipelines;

namespace Oort.Objects.Reading;

/// <summary>The sealed bytes of a window, in the pieces in which its stripes were read or kept. They stay as they are until they are disposed.</summary>
internal sealed class WindowBytes : IDisposable
{
    private readonly ChunkWindow window;
    private readonly List<(long Offset, StripeBytes Bytes)> pieces = [];

    private WindowBytes(ChunkWindow window) => this.window = window;

    /// <summary>Reads the stripes that the window lies in, or takes what of them others read too or was kept.</summary>
    /// <param name="wait">How long to wait for memory.</param>
    public static Task<WindowBytes> ReadAsync(DataPath path, ChunkWindow window, TimeSpan wait, CancellationToken cancellationToken) =>
        ReadAsync(window, window.PayloadOffset, window.PayloadEnd, (pieces, stripe, from, to) =>
            new SharedStripe(path, window.Segment, stripe).ReadAsync(from, to, pieces, pieces.Count == 0 ? wait : Budget.MemoryBudget.ProgressWait, cancellationToken), cancellationToken);

    /// <summary>Reads the stripes of one chunk again, checking every cell. Nothing is kept of what was read of it before.</summary>
    public static Task<WindowBytes> ReadVerifiedAsync(DataPath path, ChunkWindow window, int index, CancellationToken cancellationToken)
    {
        var (from, to) = window.Place(index);
        SharedStripe.Drop(path, window.Segment, from, to);
        return ReadAsync(window, from, to, async (pieces, stripe, first, last) =>
        {
            var whole = await new VerifiedStripe(path, window.Segment, stripe).ReadAsync(cancellationToken);
            pieces.Add((window.Segment.Layout.StripeOffset(stripe) + first, new StripeBytes(whole, whole.Payload[first..last])));
        }, cancellationToken);
    }

    /// <summary>Opens a chunk into the writer.</summary>
    /// <param name="index">Within the window.</param>
    /// <returns>False when the bytes that were read are not what was sealed.</returns>
    public bool TryOpen(int index, PipeWriter destination)
    {
        var (from, to) = window.Place(index);
        foreach (var (offset, bytes) in pieces)
            if (from >= offset && to <= offset + bytes.Payload.Length) return ChunkSink.TryOpen(window, index, bytes.Payload.Span[(int)(from - offset)..(int)(to - offset)], destination);

        // It reaches over the end of a piece.
        var whole = destination.GetSpan((int)(to - from))[..(int)(to - from)];
        foreach (var (offset, bytes) in pieces)
        {
            var (first, last) = (Math.Max(from, offset), Math.Min(to, offset + bytes.Payload.Length));
            if (first < last) bytes.Payload.Span[(int)(first - offset)..(int)(last - offset)].CopyTo(whole[(int)(first - from)..]);
        }
        return ChunkSink.TryOpenInPlace(window, index, whole, destination);
    }

    public void Dispose()
    {
        foreach (var (_, bytes) in pieces) bytes.Dispose();
    }

    private static async Task<WindowBytes> ReadAsync(ChunkWindow window, long from, long to, Func<List<(long Offset, StripeBytes Bytes)>, int, int, int, ValueTask> read, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var bytes = new WindowBytes(window);
        try
        {
            var layout = window.Segment.Layout;
            for (var position = from; position < to;)
            {
                var stripe = layout.Locate(position).Stripe;
                var stripeOffset = layout.StripeOffset(stripe);
                var end = Math.Min(to, stripeOffset + layout.StripeLength(stripe));
                await read(bytes.pieces, stripe, (int)(position - stripeOffset), (int)(end - stripeOffset));
                position = end;
            }
            return bytes;
        }
        catch
        {
            bytes.Dispose();
            throw;
        }
    }
}
