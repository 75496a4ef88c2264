using System.Collections.Immutable;
using Oort.Crypto;
using Oort.Metadata;
using Oort.Objects.Events;
using Oort.Objects.Writing;

namespace Oort.Objects.Tiering;

/// <summary>What became of a version that was to be moved.</summary>
internal enum MoveVersionOutcome
{
    /// <summary>It is as it was to be.</summary>
    Done,

    /// <summary>It was so before.</summary>
    AsItWas,

    /// <summary>It was deleted, replaced or changed meanwhile: the next look decides anew.</summary>
    Changed,
}

/// <summary>Gives the bytes of versions other places: those that a class or a policy wants, or a copy beside an archive. For clients a version stays what it is.</summary>
/// <remarks>
/// 1. Bytes are written anew, under a key of their own, where they are to lie. 2. They are read back from there and compared. 3. One commit lets the version refer to them, if it is
/// still what was read; the old bytes, and their keys, go when nothing else refers to them. A large version goes in batches, so that a crash costs one batch: until the last, the
/// version lies in both places, and its class says the old one. What a crash leaves before the commit is named by no row, and collected as an orphan.
/// </remarks>
internal sealed class VersionMover(ObjectLayer objects, DataPath path, Pacer pacer)
{
    /// <summary>Plaintext bytes of one data id, whole chunks: four segments.</summary>
    private readonly long runBytesMax = 4 * path.Options.SegmentChunks * (long)ChunkCipher.PlaintextSize;

    /// <summary>Bytes in a batch, which a crash makes be written twice: sixteen segments, 1 GiB as a rule.</summary>
    private long BatchBytesMax => 4 * runBytesMax;

    /// <summary>Data ids in a batch: keeps its commit, some kilobytes for each, far below what one command may have.</summary>
    private const int BatchRunsMax = 64;

    /// <summary>Class under whose placement policy restored copies lie.</summary>
    private const string RestoredClass = "STANDARD";

    /// <summary>Who tells of what was moved, restored and let go; null: nobody.</summary>
    public IChangeEvents? Events { get; init; }

    /// <summary>Bytes that were written anew.</summary>
    public long Bytes => Interlocked.Read(ref bytes);

    private long bytes;

    /// <summary>Moves a version's bytes to where its bucket keeps a class, and then gives it that class.</summary>
    /// <param name="version">As a listing shows it.</param>
    /// <exception cref="ObjectUnavailableException">Too few stores answer; what was moved so far stays moved.</exception>
    /// <exception cref="OverloadedException">No memory now; likewise.</exception>
    /// <exception cref="MetadataUnavailableException">It is not known whether the last batch was committed; asked again, it goes on.</exception>
    public async ValueTask<MoveVersionOutcome> MoveAsync(VersionRow version, string storageClass, CancellationToken cancellationToken)
    {
        var placer = path.Stores.PlacerFor(version.Bucket, storageClass);
        // A copy that was restored has no use for a class that is read as it is.
        var keepsCopy = StorageClassOrder.IsArchive(storageClass);
        for (var isWhole = false; !isWhole;)
        {
            if (await FindAsync(version, cancellationToken) is not { } present) return MoveVersionOutcome.Changed;
            (var plan, isWhole) = await PlanAsync(present, placer, cancellationToken);
            if (present.StorageClass == storageClass && !plan.Exists(step => step.IsMoved)) return MoveVersionOutcome.AsItWas;
            using var written = new WrittenBodies();
            var body = await WriteAsync(plan, placer, written, cancellationToken);
            var isCommitted = await CommitAsync(present, written, isWhole
                ? row => row with { StorageClass = storageClass, Attributes = keepsCopy ? row.Attributes : RestoreState.Set(row.Attributes, null), Extents = keepsCopy ? [.. body, .. row.Restored] : body, Announcement = row.StorageClass == storageClass ? null : Tell(ChangeCause.LifecycleTransition) }
                : row => row with { Extents = [.. body, .. row.Restored] });
            if (!isCommitted) return MoveVersionOutcome.Changed;
        }

        return MoveVersionOutcome.Done;
    }

    /// <summary>Makes a copy of an archived version that can be read at once, as far as there is none yet.</summary>
    /// <param name="version">As a listing shows it.</param>
    /// <param name="complete">The attributes that the version then gets, from the row as it is when the copy is whole.</param>
    /// <exception cref="ObjectUnavailableException">As of <see cref="MoveAsync"/>; an archive that has to be asked first says so too.</exception>
    /// <exception cref="OverloadedException">As of <see cref="MoveAsync"/>.</exception>
    /// <exception cref="MetadataUnavailableException">As of <see cref="MoveAsync"/>.</exception>
    public async ValueTask<MoveVersionOutcome> RestoreAsync(VersionRow version, Func<VersionRow, ObjectAttributes> complete, CancellationToken cancellationToken)
    {
        var placer = path.Stores.PlacerFor(version.Bucket, RestoredClass);
        for (var isWhole = false; !isWhole;)
        {
            if (await FindAsync(version, cancellationToken) is not { } present) return MoveVersionOutcome.Changed;
            var isSealed = ObjectEncryption.IsCustomers(present.Attributes);
            (var plan, isWhole) = Take(Behind(present.Body, present.Restored.Sum(extent => extent.Length)).SelectMany(extent => Split(extent, isSealed)));
            plan.RemoveAll(step => !step.IsMoved);
            using var written = new WrittenBodies();
            var copy = await WriteAsync(plan, placer, written, cancellationToken);
            var isLast = isWhole;
            if (!await CommitAsync(present, written, row => row with
            {
                Attributes = isLast ? complete(row) : row.Attributes,
                Extents = [.. row.Extents, .. copy.Select(extent => extent with { IsRestored = true })],
                Announcement = isLast ? Tell(ChangeCause.RestoreCompleted) : null,
            })) return MoveVersionOutcome.Changed;
        }

        return MoveVersionOutcome.Done;
    }

    /// <summary>Lets go of a restored copy.</summary>
    /// <param name="isOver">Whether that is still to be, by the row as it is then.</param>
    public async ValueTask<MoveVersionOutcome> ExpireAsync(VersionRow version, Func<VersionRow, bool> isOver)
    {
        var outcome = await path.Metadata.RewriteVersionAsync(
            version.Bucket, version.Key, version.IdText,
            row => row.Id == version.Id && isOver(row) ? row with { Attributes = RestoreState.Set(row.Attributes, null), Extents = row.Body, Announcement = Tell(ChangeCause.RestoreExpired) } : null,
            NewData.None, CancellationToken.None);
        return outcome == CommitOutcome.Done ? MoveVersionOutcome.Done : MoveVersionOutcome.Changed;
    }

    private ChangeAnnouncement? Tell(ChangeCause cause) => Events?.Of(cause, ChangeOrigin.Service);

    /// <summary>What is to be written next, among what stays as it is. Neighbours of one part become one data id.</summary>
    private async ValueTask<(List<Step> Plan, bool IsWhole)> PlanAsync(VersionRow version, IPlacer placer, CancellationToken cancellationToken)
    {
        var steps = new List<Step>();
        var isSealed = ObjectEncryption.IsCustomers(version.Attributes);
        foreach (var extent in version.Body)
        {
            if (await objects.LiesUnderAsync(extent, placer, cancellationToken))
            {
                steps.Add(new([extent], IsMoved: false));
                continue;
            }

            steps.AddRange(Split(extent, isSealed));
        }

        return Take(steps);
    }

    /// <summary>What is behind the first bytes, part by part.</summary>
    private static IEnumerable<Extent> Behind(IEnumerable<Extent> body, long bytes)
    {
        foreach (var extent in body)
        {
            var skipped = Math.Min(bytes, extent.Length);
            bytes -= skipped;
            if (skipped < extent.Length) yield return extent with { Offset = extent.Offset + skipped, Length = extent.Length - skipped };
        }
    }

    /// <summary>An extent in lengths of one data id each.</summary>
    /// <param name="isSealed">Under a customer's key: data ids are copied whole, as they are sealed, and refer to nothing but whole ones.</param>
    private IEnumerable<Step> Split(Extent extent, bool isSealed)
    {
        if (isSealed)
        {
            yield return new([extent], IsMoved: true) { IsSealed = true };
            yield break;
        }

        for (var offset = 0L; offset < extent.Length; offset += runBytesMax)
            yield return new([extent with { Offset = extent.Offset + offset, Length = Math.Min(runBytesMax, extent.Length - offset) }], IsMoved: true);
    }

    /// <summary>The steps up to the end of the first batch; those behind it stay as they are.</summary>
    private (List<Step> Plan, bool IsWhole) Take(IEnumerable<Step> steps)
    {
        var (plan, count, size, isWhole) = (new List<Step>(), 0, 0L, true);
        foreach (var step in steps)
        {
            var last = plan.Count > 0 ? plan[^1] : null;
            if (!step.IsMoved || !isWhole)
            {
                plan.Add(step with { IsMoved = false });
            }
            else if (last is { IsMoved: true, IsSealed: false } && !step.IsSealed && last.Extents[0] is var first && first.PartNumber == step.Extents[0].PartNumber && Same(first.PartChecksum, step.Extents[0].PartChecksum) && last.Length + step.Length <= runBytesMax)
            {
                plan[^1] = last with { Extents = [.. last.Extents, .. step.Extents] };
                size += step.Length;
            }
            else if (count == BatchRunsMax || (count > 0 && size + step.Length > BatchBytesMax))
            {
                isWhole = false;
                plan.Add(step with { IsMoved = false });
            }
            else
            {
                plan.Add(step);
                count++;
                size += step.Length;
            }
        }

        return (plan, isWhole);
    }

    /// <summary>Steps 1 and 2.</summary>
    private async ValueTask<ImmutableArray<Extent>> WriteAsync(List<Step> plan, IPlacer placer, WrittenBodies written, CancellationToken cancellationToken)
    {
        var extents = ImmutableArray.CreateBuilder<Extent>();
        foreach (var step in plan)
        {
            if (!step.IsMoved)
            {
                extents.AddRange(step.Extents);
                continue;
            }

            await pacer.SpendAsync(step.Length, cancellationToken);
            var body = await objects.WriteAnewAsync(step.Extents, placer, cancellationToken);
            written.Add(body);
            extents.AddRange(body.Extents(step.Extents[0].PartNumber, step.Extents[0].PartChecksum));
            Interlocked.Add(ref bytes, step.Length);
        }

        return extents.ToImmutable();
    }

    /// <summary>Step 3.</summary>
    /// <returns>Whether the version was still what was read.</returns>
    /// <exception cref="ObjectUnavailableException">This process may not write any more, or the version would have too many extents.</exception>
    private async ValueTask<bool> CommitAsync(VersionRow present, WrittenBodies written, Func<VersionRow, VersionRow> change)
    {
        var outcome = await path.Metadata.RewriteVersionAsync(
            present.Bucket, present.Key, present.IdText, row => row.Id == present.Id && Same(row.Extents, present.Extents) ? change(row) : null, written.ToNewData(path.SegmentIds.Epoch, present.Bucket), CancellationToken.None);
        if (outcome is CommitOutcome.Fenced or CommitOutcome.TooManyExtents) throw new ObjectUnavailableException($"Version {present.IdText} of {present.Key} was not moved: {outcome}.");
        if (outcome != CommitOutcome.Done) return false;
        foreach (var body in written) objects.RepairPartly(body);
        return true;
    }

    private async ValueTask<VersionRow?> FindAsync(VersionRow version, CancellationToken cancellationToken) =>
        await path.Metadata.FindVersionAsync(version.Bucket, version.Key, version.IdText, cancellationToken) is { } row && row.Id == version.Id ? row : null;

    /// <summary>Whether two lists refer to the same bytes of the same data; what they say of parts does not change while data stay.</summary>
    private static bool Same(ImmutableArray<Extent> one, ImmutableArray<Extent> other)
    {
        if (one.Length != other.Length) return false;
        for (var i = 0; i < one.Length; i++)
            if ((one[i].Data, one[i].Offset, one[i].Length, one[i].IsRestored) != (other[i].Data, other[i].Offset, other[i].Length, other[i].IsRestored)) return false;
        return true;
    }

    private static bool Same(ImmutableArray<byte> one, ImmutableArray<byte> other) => one.AsSpan().SequenceEqual(other.AsSpan());

    /// <summary>Neighbouring extents of one part that become one data id, or that stay as they are.</summary>
    private sealed record Step(ImmutableArray<Extent> Extents, bool IsMoved)
    {
        public bool IsSealed { get; init; }

        public long Length => Extents.Sum(extent => extent.Length);
    }

    /// <summary>What was written for one commit; disposed when that has decided.</summary>
    private sealed class WrittenBodies : List<WrittenBody>, IDisposable
    {
        public NewData ToNewData(ulong epoch, BucketId bucket) => Count == 0 ? NewData.None : new(epoch, [.. this.SelectMany(body => body.NewSegments).DistinctBy(row => row.Id)], [.. this.Select(body => body.Data! with { Bucket = bucket })]);

        public void Dispose() => ForEach(body => body.Dispose());
    }
}
