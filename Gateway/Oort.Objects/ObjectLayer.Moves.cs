using System.Collections.Immutable;
using Oort.Backends;
using Oort.Metadata;
using Oort.Objects.Reading;
using Oort.Objects.Tiering;
using Oort.Objects.Writing;

namespace Oort.Objects;

/// <content>Bytes that are written anew somewhere else.</content>
public sealed partial class ObjectLayer
{
    internal VersionMover CreateMover(Pacer pacer) => new(this, path, pacer);

    /// <summary>Whether all that an extent refers to lies in segments of the policy.</summary>
    internal ValueTask<bool> LiesUnderAsync(Extent extent, IPlacer placer, CancellationToken cancellationToken) => SuitsAsync([extent], placer, cancellationToken);

    /// <summary>Writes bytes that are stored anew, as data of their own, and reads them back from where they then lie.</summary>
    /// <param name="extents">Of at least one byte.</param>
    /// <returns>Durable on the stores, and named by no row yet; the metadata know the segments that it does not bring.</returns>
    /// <exception cref="VersionGoneException">What they refer to has been dropped.</exception>
    /// <exception cref="ObjectUnavailableException">Too few stores to read from or to write to, or it cannot be read back.</exception>
    /// <exception cref="OverloadedException">No memory now.</exception>
    internal async ValueTask<WrittenBody> WriteAnewAsync(ImmutableArray<Extent> extents, IPlacer placer, CancellationToken cancellationToken)
    {
        var length = extents.Sum(extent => extent.Length);
        var written = await ThroughPipeAsync(extents, default, length, reader => WriteAsync(new ObjectBody(reader, length, null, null), placer, cancellationToken), cancellationToken);
        try
        {
            await written.Known.WaitAsync(cancellationToken);
            // Each chunk that opens is the one that was sealed: no hash need be compared.
            await ThroughPipeAsync(written.Extents(0, []), [await PlaceAsync(written, cancellationToken)], length, async reader =>
            {
                await using var body = new BodySource(new ObjectBody(reader, length, null, null), hashesMd5: false);
                return await body.SkipAsync(cancellationToken);
            }, cancellationToken);
            return written;
        }
        catch
        {
            written.Dispose();
            throw;
        }
    }

    /// <summary>What a commit made known is short of shards: they are repaired soon.</summary>
    internal void RepairPartly(WrittenBody written)
    {
        foreach (var segment in written.NewSegments)
            if (!segment.IsFull) path.Repairs.Enqueue(segment.Id, -1, RepairReason.WrittenPartly);
    }

    private async ValueTask<DataLocation> PlaceAsync(WrittenBody written, CancellationToken cancellationToken)
    {
        var segments = written.NewSegments.ToImmutableDictionary(row => row.Id);
        foreach (var run in written.Data!.Runs)
        {
            if (segments.ContainsKey(run.Segment)) continue;
            var row = await Metadata.FindSegmentAsync(run.Segment, cancellationToken) ?? throw new ObjectUnavailableException("The segment of what was written was dropped at once.");
            segments = segments.Add(row.Id, row);
        }

        return new(written.Data, segments);
    }
}
