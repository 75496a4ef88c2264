using System.IO.Pipelines;
using Oort.Objects.Shards;

namespace Oort.Objects.Reading;

/// <summary>The sealed bytes of a window, in the pieces in which its stripes were read or kept. They stay as they are until they are disposed.</summary>
internal sealed class WindowBytes : IDisposable
{
    private readonly List<(long Offset, ReadOnlyMemory<byte> Bytes)> pieces = [];
    private readonly List<StripeBytes> owned = [];

    private WindowBytes(ChunkWindow window) => Window = window;

    public ChunkWindow Window { get; }

    public int ChunkCount => Window.ChunkCount;

    /// <summary>Nothing has been added yet.</summary>
    public bool IsEmpty => pieces.Count == 0;

    /// <summary>Reads the stripes that the window lies in, or takes what of them others read too or was kept. Full stripes that follow one another are read in one go.</summary>
    /// <param name="wait">How long to wait for memory.</param>
    public static Task<WindowBytes> ReadAsync(DataPath path, ChunkWindow window, TimeSpan wait, CancellationToken cancellationToken) =>
        ReadAsync(window, window.PayloadOffset, window.PayloadEnd, async (bytes, stripe, from, to) =>
        {
            var shared = new SharedStripe(path, window.Segment, stripe);
            var patience = bytes.IsEmpty ? wait : Budget.MemoryBudget.ProgressWait;
            var fullCount = shared.CountFull(from, to);
            if (fullCount > 1) await shared.ReadRunAsync(fullCount, bytes, patience, cancellationToken);
            else await shared.ReadAsync(from, to, bytes, patience, cancellationToken);
            return Math.Max(1, fullCount);
        }, cancellationToken);

    /// <summary>Reads the stripes of one chunk again, checking every cell. Nothing is kept of what was read of it before.</summary>
    public static Task<WindowBytes> ReadVerifiedAsync(DataPath path, ChunkWindow window, int index, CancellationToken cancellationToken)
    {
        var (from, to) = window.Place(index);
        SharedStripe.Drop(path, window.Segment, from, to);
        window.Segment.Doubt();
        return ReadAsync(window, from, to, async (bytes, stripe, first, last) =>
        {
            var whole = await new VerifiedStripe(path, window.Segment, stripe).ReadAsync(cancellationToken);
            var end = (int)Math.Min(last, whole.Payload.Length);
            bytes.Add(window.Segment.Layout.StripeOffset(stripe) + first, new StripeBytes(whole, whole.Payload[first..end]));
            return 1;
        }, cancellationToken);
    }

    /// <summary>Takes some neighbouring payload bytes.</summary>
    /// <param name="offset">Of the first, in the segment's payload.</param>
    public void Add(long offset, StripeBytes bytes)
    {
        owned.Add(bytes);
        pieces.Add((offset, bytes.Payload));
    }

    /// <summary>Takes full stripes that lie shard by shard: the cells of the first data shard, those of the second, and so on.</summary>
    public void AddRun(int stripe, int count, StripeBytes bytes)
    {
        owned.Add(bytes);
        var layout = Window.Segment.Layout;
        for (var row = 0; row < count; row++)
            for (var cell = 0; cell < layout.Geometry.DataShards; cell++)
                pieces.Add((layout.StripeOffset(stripe + row) + (long)cell * ShardLayout.FullCellSize, bytes.Payload.Slice((cell * count + row) * ShardLayout.FullCellSize, ShardLayout.FullCellSize)));
    }

    /// <summary>Opens a chunk into the writer.</summary>
    /// <param name="index">Within the window.</param>
    /// <returns>False when the bytes that were read are not what was sealed.</returns>
    public bool TryOpen(int index, PipeWriter destination)
    {
        var (from, to) = Window.Place(index);
        foreach (var (offset, bytes) in pieces)
            if (from >= offset && to <= offset + bytes.Length) return ChunkSink.TryOpen(Window, index, bytes.Span[(int)(from - offset)..(int)(to - offset)], destination);

        // It reaches over the end of a piece.
        var whole = destination.GetSpan((int)(to - from))[..(int)(to - from)];
        foreach (var (offset, bytes) in pieces)
        {
            var (first, last) = (Math.Max(from, offset), Math.Min(to, offset + bytes.Length));
            if (first < last) bytes.Span[(int)(first - offset)..(int)(last - offset)].CopyTo(whole[(int)(first - from)..]);
        }
        return ChunkSink.TryOpenInPlace(Window, index, whole, destination);
    }

    public void Dispose()
    {
        foreach (var bytes in owned) bytes.Dispose();
    }

    /// <param name="read">Adds bytes from the stripe on, and says of how many stripes: the offsets are of the first and behind the last byte that are wanted, within the payload from this stripe on.</param>
    private static async Task<WindowBytes> ReadAsync(ChunkWindow window, long from, long to, Func<WindowBytes, int, int, long, ValueTask<int>> read, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var bytes = new WindowBytes(window);
        try
        {
            var layout = window.Segment.Layout;
            for (var position = from; position < to;)
            {
                var stripe = layout.Locate(position).Stripe;
                var offset = layout.StripeOffset(stripe);
                var last = stripe + await read(bytes, stripe, (int)(position - offset), to - offset) - 1;
                position = layout.StripeOffset(last) + layout.StripeLength(last);
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
