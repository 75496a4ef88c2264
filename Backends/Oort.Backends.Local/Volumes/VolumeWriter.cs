using Microsoft.Extensions.Logging;

namespace Oort.Backends.Local;

/// <summary>The one thread of a store that appends groups to its volumes.</summary>
/// <remarks>
/// Each round: (1) take all that waits; (2) admit it to groups, one a volume, as far as limits and space allow, the rest waits for the
/// next round; (3) write each group with one write; (4) hand out its extents; (5) one fdatasync; (6) look whether the file still has a name;
/// (7) change the index; (8) answer; (9) make the space behind small groups ready for more of them. A group never has two records of one shard, so the order of groups is the order of
/// everything. While a round waits for its sync, the next one's requests gather: that is the group commit.
/// </remarks>
internal sealed partial class VolumeWriter
{
    /// <summary>
    /// Groups from this size on go past the page cache, as extents do: at 100 KiB that takes half of the CPU, at 4 KiB nearly as much as through it, and what is small
    /// and new is likely to be read soon, from the cache.
    /// </summary>
    private const int DirectSizeMin = 128 << 10;

    private readonly VolumeTable _volumes;
    private readonly ShardIndex _index;
    private readonly StoreHealth _health;
    private readonly VolumeSpace _space;
    private readonly SpaceFiller _filler = new();
    private readonly ILogger _logger;
    private readonly long _volumeSize;
    private readonly ThreadProvider _threads;
    private readonly WriteQueue _queue;
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly GroupRecord[] _records = new GroupRecord[VolumeFormat.RecordCountMax];
    private readonly HashSet<ShardId> _ids = [];
    private readonly List<GroupBuilder> _groups = [];
    private readonly Stack<GroupBuilder> _spareGroups = [];
    private readonly List<Volume> _draining = [];
    private List<WriteRequest> _pending = [];
    private List<WriteRequest> _deferred = [];
    private Volume? _current;
    private bool _wantsNewVolume;
    private ulong _sequence;
    private ulong _durable;

    /// <param name="current">The volume to go on with, or null to begin a new one with the first write.</param>
    /// <param name="sequence">The highest sequence ever used.</param>
    public VolumeWriter(VolumeTable volumes, ShardIndex index, StoreHealth health, VolumeSpace space, long volumeSize, Volume? current, ulong sequence, ThreadProvider threads, ILogger logger)
    {
        (_threads, _queue) = (threads, new(threads));
        (_volumes, _index, _health, _space, _logger, _volumeSize) = (volumes, index, health, space, logger, volumeSize);
        (_current, _sequence, _durable) = (current, sequence, sequence);
    }

    /// <summary>Called on the writer's thread, and not to block it, when a volume is full and another begins.</summary>
    public Action? VolumeFilled { get; init; }

    /// <summary>All groups up to this sequence are synced and in the index.</summary>
    public ulong AppliedSequence => Volatile.Read(ref _durable);

    /// <summary>Called on the writer's thread, and not to block it, when a write finds no space.</summary>
    public Action? SpaceWanted { get; init; }

    /// <summary>The highest sequence used.</summary>
    public ulong LastSequence => Volatile.Read(ref _sequence);

    /// <summary>Ends when the thread has ended.</summary>
    public Task Stopped => _stopped.Task;

    public void Start(string name) => _threads.Start(name, _queue.Gate, Run);

    /// <summary>Queues a request and gives its answer.</summary>
    public Task<bool> SubmitAsync(WriteRequest request, CancellationToken cancellationToken)
    {
        _health.ThrowIfFailed();
        _queue.Add(request);
        request.CancelWith(cancellationToken);
        return request.Done;
    }

    /// <summary>Takes no more requests; the thread ends when the last is answered.</summary>
    public void Stop() => _queue.Close();

    private void Run(bool mayWait)
    {
        var isOver = true;
        try
        {
            while (_queue.TakeAll(_pending, mayWait))
            {
                if (_pending.Count == 0)
                {
                    isOver = false;
                    return;
                }

                Rounds();
            }

            CloseVolumes();
        }
        catch (Exception e) // A bug: whoever waits must learn of it rather than wait for ever.
        {
            Abandon(_health.Fail("the writer stopped unexpectedly", e));
            LogStopped(_logger, e);
        }
        finally
        {
            if (isOver)
                _stopped.TrySetResult();
        }
    }

    private void Rounds()
    {
        while (_pending.Count > 0)
        {
            Admit();
            foreach (var group in _groups)
                WriteGroup(group);
            RecycleGroups();
            SealDrained();
            (_pending, _deferred) = (_deferred, _pending);
            _deferred.Clear();
            _queue.TakeAll(_pending, wait: false);
        }
    }

    /// <summary>Step 2: puts each request into a group, answers it at once, or defers it.</summary>
    private void Admit()
    {
        _ids.Clear();
        foreach (var request in _pending)
        {
            if (!request.TryTake())
                continue;
            if (_health.Failure is { } failure)
                request.Fail(_health.Refusal(failure));
            // The id of a deferred request stays in the set: later requests for that shard must not overtake it.
            else if (request.Kind != WriteKind.Reserve && !_ids.Add(request.Id))
                _deferred.Add(request);
            else
                AdmitOne(request);
        }
    }

    private void AdmitOne(WriteRequest request)
    {
        if (!IsStillWanted(request))
        {
            request.Complete(false);
            return;
        }

        try
        {
            var volume = request.Kind == WriteKind.Commit ? request.Extent!.Volume : OpenVolume(request.Kind is WriteKind.Put or WriteKind.Reserve && !request.IsMove);
            if (!TryJoin(GroupFor(volume), request))
                _deferred.Add(request);
        }
        catch (DiskException e) when (e.Kind == DiskErrorKind.NoSpace)
        {
            request.Fail(new BackendException(BackendErrorKind.Full, e.Message, e));
            if (!request.IsMove)
                SpaceWanted?.Invoke();
        }
        catch (DiskException e)
        {
            request.Fail(_health.Refusal(_health.Fail("no volume could be written", e)));
        }
    }

    /// <summary>Whether there is anything to do; the index is as all groups before this one have left it.</summary>
    private bool IsStillWanted(WriteRequest request)
    {
        var exists = _index.TryGet(request.Id, out var location);
        return request.Kind switch
        {
            WriteKind.Delete => exists,
            WriteKind.KeepTombstone => !exists,
            WriteKind.Put or WriteKind.Commit when request.Expected is { } expected => exists && location == expected,
            _ => true,
        };
    }

    /// <returns>False when it must wait for the next round.</returns>
    private bool TryJoin(GroupBuilder group, WriteRequest request)
    {
        var content = request.Content.Length;
        var reserved = request.Kind == WriteKind.Reserve ? VolumeFormat.RoundUp(request.Length) : 0;
        if (!group.HasRoom(content, reserved))
            return false;

        var end = group.EndWith(reserved > 0 ? 0 : 1, content, reserved);
        var growsVolume = request.Kind is WriteKind.Put or WriteKind.Reserve;
        if (growsVolume && end > _volumeSize && !(group.IsEmpty && group.Volume.End == VolumeHeader.BlockSize))
        {
            _wantsNewVolume = true;
            return false;
        }

        // What grows the store respects the headroom, unless compaction moves it: then its old place is freed soon.
        _space.Ensure(group.Volume, growsVolume ? end + _space.Reserve : end, respectHeadroom: growsVolume && !request.IsMove);
        if (request.Kind == WriteKind.Reserve)
            group.AddReservation(request);
        else
            group.AddRecord(request);
        return true;
    }

    private void WriteGroup(GroupBuilder group)
    {
        if (group.IsEmpty)
            return;
        if (_health.Failure is { } earlier)
        {
            FailAll(group, _health.Refusal(earlier));
            return;
        }

        var volume = group.Volume;
        var start = volume.End;
        bool isSmall;
        try
        {
            // 3. One write.
            var bytes = group.Build(_sequence + 1, _durable, out var header, _records);
            isSmall = bytes.Length < DirectSizeMin;
            if (!isSmall && volume.File.CanWriteDirect)
                volume.File.WriteDirect(start, bytes, []);
            else
                volume.File.Write(start, bytes);
            Volatile.Write(ref _sequence, _sequence + 1);
            volume.End = header.End;

            // 4. The extents can be written now; their commits come in later groups.
            group.PlaceExtents(header);
            foreach (var request in group.Reservations)
            {
                volume.BeginExtent();
                request.Complete(true);
            }

            if (group.Reservations.Count > 0 || !isSmall)
                _filler.Interrupt();
            if (group.Records.Count == 0)
            {
                volume.AppliedEnd = volume.End;
                return;
            }

            // 5. One sync, 6. into a file that exists.
            volume.File.Sync();
            if (volume.File.LinkCount == 0)
                throw new DiskException(DiskErrorKind.Gone, $"{VolumeFormat.FileName(volume.Number)} has been deleted while it was written.");
        }
        catch (DiskException e)
        {
            FailGroup(group, start, e);
            return;
        }

        // 7. and 8.
        Apply(group);
        volume.AppliedEnd = volume.End;
        Volatile.Write(ref _durable, _sequence);
        foreach (var request in group.Records)
            request.Complete(true);

        // 9. Nobody waits for it but those who come next.
        if (isSmall && volume == _current)
            FillAhead(volume);
    }

    private void FillAhead(Volume volume)
    {
        try
        {
            _filler.Follow(volume);
        }
        catch (DiskException e) when (e.Kind == DiskErrorKind.NoSpace)
        {
            // The file system allocates nothing ahead, and there is nothing left: whether a group still fits, the group will see.
        }
        catch (DiskException e)
        {
            LogPoisoned(_logger, volume.Number, e);
            _health.Fail($"volume {volume.Number} failed and is not written any more", e);
        }
    }

    /// <summary>Step 7. The old place is marked dead before the index changes: a checkpoint, which copies the index first, then never misses a dead record.</summary>
    private void Apply(GroupBuilder group)
    {
        var volume = group.Volume;
        for (var i = 0; i < group.Records.Count; i++)
        {
            var record = _records[i];
            if (_index.TryGet(record.Id, out var old) && _volumes.TryGet(old.Volume, out var oldVolume))
                oldVolume.MarkDead(record.Id, old.Length);
            if (record.Kind == RecordKind.Tombstone)
            {
                _index.Remove(record.Id);
                continue;
            }

            volume.AddLive(record.Length);
            _index.Set(record.Id, new(volume.Number, record.Length, record.Offset, _sequence));
            if (record.Kind == RecordKind.Extent)
                volume.EndExtent();
        }
    }

    /// <summary>A group did not become durable. Out of space before anything was synced harms nobody; after anything else nothing in this file can be trusted to reach the medium.</summary>
    private void FailGroup(GroupBuilder group, long start, DiskException e)
    {
        BackendException failure;
        if (e.Kind == DiskErrorKind.NoSpace && group.Volume.End == start)
        {
            failure = new BackendException(BackendErrorKind.Full, e.Message, e);
        }
        else
        {
            failure = _health.Fail($"volume {group.Volume.Number} failed and is not written any more", e);
            LogPoisoned(_logger, group.Volume.Number, e);
            CutFailedGroup(group.Volume, start);
        }

        FailAll(group, failure.Kind == BackendErrorKind.Full ? failure : _health.Refusal(failure));
    }

    private static void FailAll(GroupBuilder group, BackendException failure)
    {
        foreach (var request in group.Records.Concat(group.Reservations))
            request.Fail(failure);
    }

    /// <summary>After a failed sync the page cache may show a group that the medium never got. Cutting it off keeps the next opening from believing in it.</summary>
    private void CutFailedGroup(Volume volume, long start)
    {
        try
        {
            volume.File.Truncate(start);
        }
        catch (DiskException e)
        {
            // The medium refuses everything: then opening it again will tell.
            LogCutFailed(_logger, volume.Number, e);
        }
    }

    private Volume OpenVolume(bool respectHeadroom)
    {
        if (_current is not null && (_wantsNewVolume || _current.End >= _volumeSize) && _groups.TrueForAll(group => group.Volume != _current))
        {
            _draining.Add(_current);
            _current = null;
            VolumeFilled?.Invoke();
        }

        if (_current is null)
        {
            if (respectHeadroom)
                _space.EnsureHeadroom(VolumeHeader.BlockSize);
            _current = _volumes.Create();
            _wantsNewVolume = false;
        }

        return _current;
    }

    private GroupBuilder GroupFor(Volume volume)
    {
        foreach (var group in _groups)
        {
            if (group.Volume == volume)
                return group;
        }

        if (!_spareGroups.TryPop(out var spare))
            spare = new GroupBuilder(volume);
        spare.Reset(volume);
        _groups.Add(spare);
        return spare;
    }

    private void RecycleGroups()
    {
        foreach (var group in _groups)
        {
            group.Reset(group.Volume);
            _spareGroups.Push(group);
        }

        _groups.Clear();
    }

    /// <summary>Volumes that are full and whose extents are all done give back the space they do not need.</summary>
    private void SealDrained()
    {
        for (var i = _draining.Count - 1; i >= 0; i--)
        {
            if (_draining[i].PendingExtents > 0)
                continue;
            Seal(_draining[i]);
            _draining.RemoveAt(i);
        }
    }

    private void Seal(Volume volume)
    {
        if (_health.Failure is not null)
            return;
        try
        {
            volume.File.Truncate(volume.End);
        }
        catch (DiskException e)
        {
            LogSealFailed(_logger, volume.Number, e); // It only keeps some space too much.
        }

        volume.IsSealed = true;
    }

    private void CloseVolumes()
    {
        if (_current is not null)
            _draining.Add(_current);
        foreach (var volume in _draining)
            Seal(volume);
        _draining.Clear();
    }

    private void Abandon(BackendException failure)
    {
        _queue.Close();
        _queue.TakeAll(_pending, wait: false);
        foreach (var request in _pending.Concat(_deferred).Concat(_groups.SelectMany(group => group.Records.Concat(group.Reservations))))
            request.Fail(_health.Refusal(failure));
    }
}
