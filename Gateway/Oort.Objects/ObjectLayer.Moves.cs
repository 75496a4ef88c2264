using System.Collections.Immutable;
using System.IO.Pipelines;
using Oort.Backends;
using Oort.Metadata;
using Oort.Objects.Reading;
using Oort.Objects.Tiering;
using Oort.Objects.Writing;

namespace Oort.Objects;

/// <content>Bytes that are written anew somewhere else.</content>
public sealed partial class ObjectLayer
{
    internal VersionMover CreateMover(Pacer pacer, Events.IChangeEvents? events = null) => new(this, path, pacer) { Events = events };

    /// <summary>Whether all that an extent refers to lies in segments of the policy.</summary>
    internal ValueTask<bool> LiesUnderAsync(Extent extent, IPlacer placer, CancellationToken cancellationToken) => SuitsAsync([extent], placer, cancellationToken);

    /// <summary>Writes bytes that are stored anew, as data of their own, and reads them back from where they then lie.</summary>
    /// <param name="extents">Of at least one byte, all under the same keys. Where a customer's key is inside, one data id, whole: its chunks go as they are sealed.</param>
    /// <returns>Durable on the stores, and named by no row yet; the metadata know the segments that it does not bring.</returns>
    /// <exception cref="VersionGoneException">What they refer to has been dropped.</exception>
    /// <exception cref="ObjectUnavailableException">Too few stores to read from or to write to, or it cannot be read back.</exception>
    /// <exception cref="OverloadedException">No memory now.</exception>
    internal async ValueTask<WrittenBody> WriteAnewAsync(ImmutableArray<Extent> extents, IPlacer placer, CancellationToken cancellationToken)
    {
        // Begun before the row is read: its key-encryption key is not destroyed before what is copied from it has been committed.
        using var use = path.Eras.Begin();
        var source = await FindFirstAsync(extents, cancellationToken);
        if (DataKeys.IsCustomers(source.Data)) return await CopySealedAsync(extents, source, placer, cancellationToken);
        using var inner = DataKeys.InnerOf(source.Data);
        var length = extents.Sum(extent => extent.Length);
        var written = await ThroughPipeAsync(extents, default, length, null, reader => WriteAsync(new ObjectBody(reader, length, null, null) { Inner = inner }, placer, cancellationToken), cancellationToken);
        try
        {
            await written.Known.WaitAsync(cancellationToken);
            // Each chunk that opens is the one that was sealed: no hash need be compared.
            await ThroughPipeAsync(written.Extents(0, []), [await PlaceAsync(written, cancellationToken)], length, null, async reader =>
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

    /// <summary>Reads all that is stored of a version under a customer's key, which cannot be opened here, and checks that it is what was written.</summary>
    /// <returns>Null, in place of a digest of what nobody here can read.</returns>
    /// <exception cref="ObjectUnavailableException">Something of it is not what was written.</exception>
    internal async ValueTask<string?> CheckSealedAsync(VersionRow version, CancellationToken cancellationToken)
    {
        await foreach (var location in opener.LocateAsync(version.Readable, 0, version.Size, cancellationToken))
            await new SealedReader(path, location).CopyToAsync(PipeWriter.Create(Stream.Null), cancellationToken);
        return null;
    }

    /// <summary>What a commit made known is short of shards: they are repaired soon.</summary>
    internal void RepairPartly(WrittenBody written)
    {
        foreach (var segment in written.NewSegments)
            if (!segment.IsFull) path.Repairs.Enqueue(segment.Id, -1, RepairReason.WrittenPartly);
    }

    private async ValueTask<DataLocation> FindFirstAsync(ImmutableArray<Extent> extents, CancellationToken cancellationToken)
    {
        await foreach (var location in opener.LocateAsync(extents[..1], 0, extents[0].Length, cancellationToken)) return location;
        throw new VersionGoneException("The version's data was dropped before it could be copied.");
    }

    /// <summary>Writes the sealed chunks of a data id as they are, as a data id of its own under the same key, and reads them back.</summary>
    private async ValueTask<WrittenBody> CopySealedAsync(ImmutableArray<Extent> extents, DataLocation source, IPlacer placer, CancellationToken cancellationToken)
    {
        if (extents is not [var extent] || extent.Offset != 0 || extent.Length != source.Data.Length) throw new ArgumentException("Data under a customer's key is copied whole.", nameof(extents));
        var length = source.Data.Runs.Sum(run => run.Length);
        byte[] sent = [];
        var written = await PipeAsync(
            async writer => sent = await new SealedReader(path, source).CopyToAsync(writer, cancellationToken),
            reader => WriteAsync(new ObjectBody(reader, length, null, null) { Sealed = source.Data }, placer, cancellationToken), cancellationToken);
        try
        {
            await written.Known.WaitAsync(cancellationToken);
            var place = await PlaceAsync(written, cancellationToken);
            var stored = await new SealedReader(path, place).CopyToAsync(PipeWriter.Create(Stream.Null), cancellationToken);
            return stored.AsSpan().SequenceEqual(sent) ? written : throw new ObjectUnavailableException($"What was copied of data id {source.Data.Id} was read back with other bytes.");
        }
        catch
        {
            written.Dispose();
            throw;
        }
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
