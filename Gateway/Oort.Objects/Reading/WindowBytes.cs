using Oort.Crypto;
using Oort.Objects.Budget;

namespace Oort.Objects.Reading;

/// <summary>The sealed bytes of a window, in the pieces in which its stripes were read.</summary>
internal sealed class WindowBytes : IDisposable
{
    private readonly ChunkWindow window;
    private readonly List<(long Offset, StripeBytes Bytes)> pieces = [];
    private PooledBuffer? gathered;

    private WindowBytes(ChunkWindow window) => this.window = window;

    /// <summary>Reads the stripes that the window lies in.</summary>
    /// <param name="wait">How long to wait for memory.</param>
    public static Task<WindowBytes> ReadAsync(DataPath path, ChunkWindow window, TimeSpan wait, CancellationToken cancellationToken) =>
        ReadAsync(path, window, window.PayloadOffset, PayloadEnd(window), (stripe, from, to, isFirst) =>
            new StripeReader(path, window.Segment, stripe, from, to).ReadAsync(isFirst ? wait : MemoryBudget.ProgressWait, cancellationToken), cancellationToken);

    /// <summary>Reads the stripes of one chunk again, checking every cell.</summary>
    public static Task<WindowBytes> ReadVerifiedAsync(DataPath path, ChunkWindow window, int index, CancellationToken cancellationToken)
    {
        var (from, to) = Place(window, index);
        return ReadAsync(path, window, from, to, async (stripe, first, last, _) =>
        {
            var whole = await new VerifiedStripe(path, window.Segment, stripe).ReadAsync(cancellationToken);
            return new StripeBytes(whole, whole.Payload[first..last]);
        }, cancellationToken);
    }

    /// <summary>A sealed chunk in one piece; it may be opened in place.</summary>
    /// <param name="index">Within the window.</param>
    public async ValueTask<Memory<byte>> ChunkAsync(DataPath path, int index, CancellationToken cancellationToken)
    {
        var (from, to) = Place(window, index);
        foreach (var (offset, bytes) in pieces)
            if (from >= offset && to <= offset + bytes.Payload.Length) return bytes.Payload[(int)(from - offset)..(int)(to - offset)];

        // It reaches over the end of a stripe.
        gathered ??= await path.Buffers.RentAsync(ChunkCipher.SealedSize, MemoryBudget.ProgressWait, cancellationToken);
        var whole = gathered.Memory[..(int)(to - from)];
        foreach (var (offset, bytes) in pieces)
        {
            var (first, last) = (Math.Max(from, offset), Math.Min(to, offset + bytes.Payload.Length));
            if (first < last) bytes.Payload[(int)(first - offset)..(int)(last - offset)].CopyTo(whole[(int)(first - from)..]);
        }
        return whole;
    }

    public void Dispose()
    {
        gathered?.Dispose();
        foreach (var (_, bytes) in pieces) bytes.Dispose();
    }

    private static async Task<WindowBytes> ReadAsync(DataPath path, ChunkWindow window, long from, long to, Func<int, int, int, bool, ValueTask<StripeBytes>> read, CancellationToken cancellationToken)
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
                bytes.pieces.Add((position, await read(stripe, (int)(position - stripeOffset), (int)(end - stripeOffset), position == from)));
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

    private static long PayloadEnd(ChunkWindow window) => Place(window, window.ChunkCount - 1).To;

    private static (long From, long To) Place(ChunkWindow window, int index)
    {
        var from = window.PayloadOffset + (long)index * ChunkCipher.SealedSize;
        return (from, from + window.Data.LengthOf(window.FirstChunk + index) + ChunkCipher.TagSize);
    }
}
