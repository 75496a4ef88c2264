using System.Globalization;
using Oort.Backends;

namespace Oort.Objects.Reading;

/// <summary>One read of a piece of a shard, with what its failure means for the shard and the store.</summary>
internal static class CellRead
{
    /// <summary>Reads exactly <paramref name="destination"/>.Length bytes. Never fails: false when they could not be had.</summary>
    public static async Task<bool> RunAsync(DataPath path, OpenSegment segment, IStore store, int shard, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        try
        {
            var count = await store.ReadAsync(new ShardId(segment.Id, (byte)shard), offset, destination, cancellationToken);
            if (count == destination.Length) return true;
            segment.MarkBad(shard, string.Create(CultureInfo.InvariantCulture, $"ends at byte {offset + count}"));
        }
        catch (BackendException e) when (e.Kind == BackendErrorKind.NotFound)
        {
            segment.MarkMissing(shard);
        }
        catch (BackendException e) when (e.Kind == BackendErrorKind.Corrupt)
        {
            segment.MarkBad(shard, "is damaged, its store says");
        }
        catch (BackendException e)
        {
            path.Stores.Report(store.Id, e);
            path.Stores.Complain(store.Id, new(segment.Id, (byte)shard), offset, destination.Length);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Nobody needs it any more.
        }
        catch (Exception e)
        {
            path.Stores.Report(store.Id, new BackendException(BackendErrorKind.Transient, $"The store failed unexpectedly: {e.Message}", e));
        }
        return false;
    }
}
