using System.Numerics;
using Oort.Backends;
using Oort.Objects.Budget;

namespace Oort.Objects.Reading;

/// <summary>Keeps the data cells that are asked for again and again and do not come at once: those of slow disks, nodes and clouds. What a store has in memory is not kept twice.</summary>
/// <remarks>
/// Thread-safe. Cells are kept sealed, as they were read or decoded, and are not authenticated before they are opened: a reader for whom one does not open has it
/// dropped. Nothing else has to be dropped, since what a <see cref="StripeRange"/> names never changes; cells of segments that are gone are no longer asked for.
/// A cell comes in when it is asked for the second time, so a scan, which asks once, pushes nothing out.
/// </remarks>
/// <param name="buffers">Its budget is charged for what is kept.</param>
/// <param name="bytesMax">Bytes to keep at most; 0 to keep none.</param>
internal sealed class HotCells(BufferPool buffers, long bytesMax) : KeptBytes<StripeRange>(buffers, bytesMax)
{
    /// <summary>Requests that are remembered to know the second from the first, as a power of two: those for as many full cells, 1 GiB.</summary>
    private const int RememberedBits = 14;

    private readonly bool keepsAny = bytesMax > 0;
    private readonly Doorkeeper remembered = new(bytesMax > 0 ? RememberedBits : 1);

    /// <summary>Remembers that a cell was asked for.</summary>
    /// <returns>Whether it was asked for before, among the last requests: then it is worth keeping. Seldom true by mistake, where two cells have the same hash.</returns>
    public bool Remember(StripeRange cell) => keepsAny && remembered.Count(HashOf(cell)) > 1;

    private static ulong HashOf(StripeRange cell)
    {
        var segment = Doorkeeper.Mix(BitOperations.RotateLeft(cell.Segment.Epoch, 32) ^ cell.Segment.Counter);
        return Doorkeeper.Mix(segment ^ ((ulong)cell.Stripe << 32) ^ (uint)cell.From);
    }
}
