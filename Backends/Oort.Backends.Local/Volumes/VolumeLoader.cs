using Microsoft.Extensions.Logging;

namespace Oort.Backends.Local;

/// <summary>What opening the volumes came to.</summary>
/// <param name="Index">Every shard there is.</param>
/// <param name="Sequence">The highest sequence ever used.</param>
/// <param name="Current">The volume to go on with; null to begin a new one.</param>
/// <param name="Damage">What was unreadable.</param>
/// <param name="LostShards">Shards that the checkpoint has in volumes that are not there.</param>
/// <param name="NeedsCheckpoint">The next opening would have to scan as much again.</param>
internal sealed record LoadedVolumes(ShardIndex Index, ulong Sequence, Volume? Current, IReadOnlyList<VolumeDamage> Damage, long LostShards, bool NeedsCheckpoint);

/// <summary>Opens the volumes of a store and finds out which shards they hold.</summary>
/// <remarks>
/// (1) Open each volume and read its header. (2) Read the checkpoint. (3) Scan each volume from where the checkpoint leaves it, and let the
/// highest sequence win for each shard. (4) Groups that nothing proves to have been synced come last: each of their shards counts only when
/// its checksum is right, and their volumes are synced before anything is served, for what is visible must be durable. (5) Cut
/// tails; go on with the last volume only if it was closed properly. (6) Count live and dead.
/// </remarks>
internal sealed partial class VolumeLoader(IDisk disk, StoreId store, VolumeTable volumes, long volumeSize, bool readOnly, ILogger logger)
{
    /// <summary>The most places of damage that are reported one by one; the rest is in the log's count.</summary>
    private const int DamageCountMax = 1000;

    private readonly List<VolumeDamage> _damage = [];
    private readonly Dictionary<ShardId, ulong> _tombstones = [];
    private readonly List<(Volume Volume, GroupHeader Header, GroupRecord[] Records)> _doubtful = [];
    private ShardIndex _index = new();
    private ulong _sequence;
    private ulong _durable;

    public LoadedVolumes Load()
    {
        OpenVolumes();
        var checkpoint = ReadCheckpoint();
        var current = default(Volume);
        var isClean = checkpoint is not null;
        foreach (var volume in volumes.All.OrderBy(volume => volume.Number))
        {
            var indexed = checkpoint?.Volumes.FirstOrDefault(v => v.Number == volume.Number);
            var wasClosed = ScanVolume(volume, indexed?.End ?? VolumeHeader.BlockSize);
            isClean &= wasClosed && indexed is not null;
            current = volume;
        }

        SettleDoubts();
        var lost = CountAndDropLost();
        foreach (var volume in volumes.All)
            volume.IsSealed = true;
        if (!isClean || current is null || current.End >= volumeSize || readOnly)
            current = null;
        else
            current.IsSealed = false;
        return new(_index, _sequence, current, _damage, lost, NeedsCheckpoint: !isClean);
    }

    private void OpenVolumes()
    {
        foreach (var name in disk.List(VolumeTable.Folder))
        {
            var number = VolumeFormat.NumberOf(name);
            if (number == 0)
            {
                LogForeignFile(logger, name);
                continue;
            }

            volumes.NeverUse(number);
            var path = VolumeFormat.FileName(number);
            var file = disk.Open(path, readOnly ? DiskOpen.Read : DiskOpen.Existing);
            if (TryReadHeader(file, number, out var header))
            {
                volumes.Add(new Volume(header, file, VolumeHeader.BlockSize));
                continue;
            }

            var isStillborn = file.Length <= VolumeHeader.BlockSize;
            file.Dispose();
            if (isStillborn && !readOnly)
            {
                disk.Delete(path); // A crash while it was made; no group can be in it.
                continue;
            }

            LogHeaderless(logger, path);
            Report(new(number, 0, VolumeHeader.BlockSize, IsTail: false));
        }
    }

    /// <summary>The header, or what the groups say of it when it is damaged; false when nothing can be told, so that there is nothing to read either.</summary>
    private bool TryReadHeader(IDiskFile file, uint number, out VolumeHeader header)
    {
        Span<byte> bytes = stackalloc byte[VolumeHeader.Size];
        var count = file.Read(0, bytes);
        var outcome = VolumeHeader.Read(bytes[..count], out header);
        if (outcome == FormatOutcome.UnknownVersion)
            throw new BackendException(BackendErrorKind.Permanent, $"{disk.Location}: volume {number} was written by a newer version of Oort.");
        if (outcome == FormatOutcome.Ok && header.Store != store)
            throw new BackendException(BackendErrorKind.Permanent, $"{disk.Location}: volume {number} belongs to the store {header.Store}, not to {store}.");
        if (outcome == FormatOutcome.Ok && header.Number == number)
            return true;
        if (!VolumeScanner.TryFindSalt(file, out var salt))
            return false;
        header = new VolumeHeader(store, number, salt);
        Report(new(number, 0, VolumeHeader.BlockSize, IsTail: false));
        return true;
    }

    private IndexCheckpoint? ReadCheckpoint()
    {
        var checkpoint = IndexFile.Read(disk, store, out var damaged);
        if (damaged)
            LogIndexDamaged(logger);
        if (checkpoint is null)
            return null;
        if (!Fits(checkpoint))
        {
            LogIndexForeign(logger);
            return null;
        }

        _index = checkpoint.Index;
        (_sequence, _durable) = (checkpoint.Sequence, checkpoint.Durable);
        foreach (var indexed in checkpoint.Volumes)
        {
            volumes.NeverUse(indexed.Number);
            if (!volumes.TryGet(indexed.Number, out var volume))
                continue;
            foreach (var hash in indexed.DeadIds)
                volume.AddDead(hash);
        }

        return checkpoint;
    }

    /// <summary>Whether the checkpoint speaks of these files and of all of them; if not, it is of another time or disk, and the volumes decide.</summary>
    private bool Fits(IndexCheckpoint checkpoint)
    {
        var indexed = checkpoint.Volumes.ToDictionary(volume => volume.Number, volume => volume.Salt);
        foreach (var volume in volumes.All)
        {
            // 1. Another file of the same number has another salt.
            if (indexed.TryGetValue(volume.Number, out var salt))
            {
                if (salt != volume.Header.Salt)
                    return false;
                continue;
            }

            // 2. A volume that it does not name is newer than it. An older one would bring back shards whose tombstones it covers.
            if (new VolumeScanner(volume.File, volume.Header).TryReadGroup(VolumeHeader.BlockSize, out var first, out _) && first.Sequence <= checkpoint.Durable)
                return false;
        }

        return true;
    }

    /// <returns>True when it ends exactly where the checkpoint says: it was closed properly and nothing happened since.</returns>
    private bool ScanVolume(Volume volume, long start)
    {
        var length = volume.File.Length;
        if (length == start)
        {
            (volume.End, volume.AppliedEnd, volume.Allocated) = (start, start, start);
            return true;
        }

        if (length < start)
        {
            Report(new(volume.Number, length, start - length, IsTail: false));
            volume.End = length;
            return false;
        }

        var scanner = new VolumeScanner(volume.File, volume.Header);
        scanner.Scan(start, (header, records) => Visit(volume, header, records));
        foreach (var damage in scanner.Damage)
            Report(damage);

        // Extents behind the last group never got a commit, and never will.
        var end = Math.Max(scanner.GroupsEnd, VolumeHeader.BlockSize);
        if (!readOnly && length != end)
            volume.File.Truncate(end);
        (volume.End, volume.AppliedEnd, volume.Allocated) = (end, end, end);
        return false;
    }

    private void Visit(Volume volume, GroupHeader header, GroupRecord[] records)
    {
        _sequence = Math.Max(_sequence, header.Sequence);
        _durable = Math.Max(_durable, header.Durable);
        if (header.Sequence > _durable)
            _doubtful.Add((volume, header, records));
        else
            Merge(volume, header.Sequence, records);

        // Each group speaks for those before it, so only the last few are ever in doubt.
        for (var i = _doubtful.Count - 1; i >= 0; i--)
        {
            var (doubtfulVolume, doubtfulHeader, doubtfulRecords) = _doubtful[i];
            if (doubtfulHeader.Sequence > _durable)
                continue;
            Merge(doubtfulVolume, doubtfulHeader.Sequence, doubtfulRecords);
            _doubtful.RemoveAt(i);
        }
    }

    /// <summary>Step 4.</summary>
    private void SettleDoubts()
    {
        foreach (var (volume, header, records) in _doubtful)
        {
            var whole = Array.FindAll(records, record => record.Kind == RecordKind.Tombstone || VolumeScanner.IsContentWhole(volume.File, record));
            if (whole.Length < records.Length)
            {
                LogUnfinished(logger, volume.Number, records.Length - whole.Length);
                Report(new(volume.Number, header.Offset, header.ReservedOffset - header.Offset, IsTail: true));
            }

            Merge(volume, header.Sequence, whole);
        }

        if (readOnly)
            return;
        foreach (var volume in _doubtful.Select(doubt => doubt.Volume).Distinct())
            volume.File.Sync();
        _durable = _sequence;
    }

    private void Merge(Volume volume, ulong sequence, GroupRecord[] records)
    {
        foreach (var record in records)
        {
            var exists = _index.TryGet(record.Id, out var known);
            if (record.Kind == RecordKind.Tombstone)
            {
                _tombstones[record.Id] = Math.Max(sequence, _tombstones.GetValueOrDefault(record.Id));
                if (exists && known.Sequence < sequence)
                {
                    _index.Remove(record.Id);
                    AddDead(known.Volume, record.Id);
                }
            }
            else if (_tombstones.GetValueOrDefault(record.Id) > sequence || (exists && known.Sequence > sequence))
            {
                AddDead(volume.Number, record.Id);
            }
            else if (!exists || known.Sequence < sequence)
            {
                if (exists)
                    AddDead(known.Volume, record.Id);
                _index.Set(record.Id, new(volume.Number, record.Length, record.Offset, sequence));
            }
        }
    }

    private void AddDead(uint number, ShardId id)
    {
        if (volumes.TryGet(number, out var volume))
            volume.AddDead(ShardIndex.Hash(id));
    }

    /// <summary>Step 6; what lies in a volume that is not there cannot be served and must not be listed.</summary>
    private long CountAndDropLost()
    {
        var lost = new Dictionary<uint, long>();
        for (var i = 0; i < _index.PartitionCount; i++)
        {
            foreach (var (id, location) in _index.CopyPartition(i))
            {
                if (volumes.TryGet(location.Volume, out var volume) && location.Offset + location.Length <= volume.End)
                {
                    volume.AddLive(location.Length);
                    continue;
                }

                _index.Remove(id);
                lost[location.Volume] = lost.GetValueOrDefault(location.Volume) + 1;
            }
        }

        foreach (var (volume, count) in lost)
            LogLost(logger, count, volume);
        return lost.Values.Sum();
    }

    private void Report(VolumeDamage damage)
    {
        if (damage.IsTail)
            LogTail(logger, damage.Volume, damage.Offset);
        else
            LogDamage(logger, damage.Volume, damage.Offset, damage.Length);
        if (_damage.Count < DamageCountMax)
            _damage.Add(damage);
    }
}
