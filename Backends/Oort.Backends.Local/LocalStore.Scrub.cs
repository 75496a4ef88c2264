namespace Oort.Backends.Local;

/// <summary>A shard that a scrub has looked at.</summary>
/// <param name="Length">Bytes that were read for it.</param>
/// <param name="IsWhole">Whether it is what was put. False also: no readable group says what it should be.</param>
/// <param name="Written">Tells this writing of the shard from later ones.</param>
public readonly record struct ScrubbedShard(ShardId Id, int Length, bool IsWhole, ulong Written);

// Scrub: shards compared with the checksums that they were put with.
public sealed partial class LocalStore
{
    /// <summary>Reads every shard there is, one at each step, and compares it with the checksum in its group's table (docs/formats/volume.md §4). Blocks on the medium: for a thread of the caller's own, who says how fast it goes.</summary>
    /// <param name="start">Chooses the volume to begin with, so that scrubs that are cut off do not always see the same; any number.</param>
    /// <exception cref="BackendException">The medium is gone.</exception>
    /// <remarks>What compaction moves meanwhile is met in its new volume, at the latest by the next scrub. What is put after the step for its volume is left to the next.</remarks>
    public IEnumerable<ScrubbedShard> Scrub(uint start)
    {
        var numbers = _volumes.All.Select(volume => volume.Number).Order().ToArray();
        for (var i = 0; i < numbers.Length && _isDisposed == 0; i++)
        {
            if (!_volumes.TryGet(numbers[(i + start) % numbers.Length], out var volume)) continue;
            var scanner = new VolumeScanner(volume.File, volume.Header);
            var end = volume.AppliedEnd;
            while (NextGroup(volume, scanner, end) is { } records)
                foreach (var record in records)
                    if (Check(volume, record) is { } looked) yield return looked;
            if (scanner.Damage.Exists(static damage => !damage.IsTail))
                foreach (var unlisted in Unlisted(volume)) yield return unlisted;
        }
    }

    /// <summary>Whether a shard is still as a scrub has seen it: not deleted, and not put again since.</summary>
    public bool IsStill(in ScrubbedShard seen) => _index.TryGet(seen.Id, out var location) && location.Sequence == seen.Written;

    /// <summary>The next group; null at the end, and when the volume was compacted away.</summary>
    private static GroupRecord[]? NextGroup(Volume volume, VolumeScanner scanner, long end)
    {
        try
        {
            return scanner.TryReadNext(end, out _, out var records) ? records : null;
        }
        catch (ObjectDisposedException) when (volume.IsRetired)
        {
            return null;
        }
        catch (DiskException e)
        {
            throw ReadFailure(e);
        }
    }

    /// <summary>Looks at a shard, if it is the record's that counts. One that is not whole is looked at again: it may have been replaced in between.</summary>
    private ScrubbedShard? Check(Volume volume, GroupRecord record)
    {
        if (record.Kind == RecordKind.Tombstone || !IsHere(out var location)) return null;
        var isWhole = IsWhole(volume, record);
        return isWhole || (IsHere(out location) && !volume.IsRetired) ? new(record.Id, record.Length, isWhole, location.Sequence) : null;

        bool IsHere(out ShardLocation found) => _index.TryGet(record.Id, out found) && found.Volume == volume.Number && found.Offset == record.Offset;
    }

    private static bool IsWhole(Volume volume, in GroupRecord record)
    {
        try
        {
            return VolumeScanner.IsContentWhole(volume.File, record);
        }
        catch (ObjectDisposedException) when (volume.IsRetired)
        {
            return false;
        }
        catch (DiskException e) when (e.Kind == DiskErrorKind.Failed)
        {
            return false;
        }
        catch (DiskException e)
        {
            throw ReadFailure(e);
        }
    }

    /// <summary>Shards that the index has in a volume although none of its readable groups says so: their group was damaged after they were put.</summary>
    private IEnumerable<ScrubbedShard> Unlisted(Volume volume)
    {
        // First what the index has, then the groups: an extent may be older than the group that names it.
        var unlisted = new Dictionary<(ShardId, long), ulong>();
        for (var i = 0; i < _index.PartitionCount; i++)
            foreach (var (id, location) in _index.CopyPartition(i))
                if (location.Volume == volume.Number) unlisted.Add((id, location.Offset), location.Sequence);
        var scanner = new VolumeScanner(volume.File, volume.Header);
        while (NextGroup(volume, scanner, volume.AppliedEnd) is { } records)
            foreach (var record in records) unlisted.Remove((record.Id, record.Offset));
        return volume.IsRetired ? [] : unlisted.Select(static one => new ScrubbedShard(one.Key.Item1, 0, IsWhole: false, one.Value));
    }
}
