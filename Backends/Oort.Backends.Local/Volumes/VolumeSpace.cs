namespace Oort.Backends.Local;

/// <summary>Gets volumes their space on the medium, in steps, and keeps the headroom. Used by the writer's thread alone.</summary>
internal sealed class VolumeSpace(IDisk disk, LocalStoreOptions options)
{
    /// <summary>The most that <see cref="Reserve"/> is: 256 groups of one block, each with up to 63 deletes.</summary>
    public const long ReserveMax = 256 * VolumeFormat.BlockSize;

    /// <summary>Allocated space in the open volume that only deletes and commits may use, so that a full disk can still be emptied.</summary>
    public long Reserve { get; } = Math.Min(ReserveMax, options.AllocationStepBytes);

    // False once the file system has said that it cannot allocate; then only free space is looked at.
    private bool _canAllocate = true;

    /// <summary>Makes sure that a volume has its space up to <paramref name="end"/>.</summary>
    /// <exception cref="DiskException">Kind NoSpace when it is not there, or only in the headroom.</exception>
    public void Ensure(Volume volume, long end, bool respectHeadroom)
    {
        if (end <= volume.Allocated)
            return;
        var step = options.AllocationStepBytes;
        var generous = (end + step - 1) / step * step;
        var headroom = respectHeadroom ? options.HeadroomBytes : 0;
        var free = disk.GetSpace().FreeBytes - headroom;

        // A whole step where there is room for it, otherwise just what is needed.
        var target = generous - volume.Allocated <= free ? generous : end;
        if (respectHeadroom && target - volume.Allocated > free)
            throw Full(target - volume.Allocated);
        try
        {
            Allocate(volume, target);
        }
        catch (DiskException e) when (e.Kind == DiskErrorKind.NoSpace && target > end)
        {
            // Another took the space since it was counted; what is needed may still be there.
            target = end;
            Allocate(volume, target);
        }

        volume.Allocated = target;
    }

    /// <exception cref="DiskException">Kind NoSpace when so much is not free above the headroom.</exception>
    public void EnsureHeadroom(long length)
    {
        if (length > disk.GetSpace().FreeBytes - options.HeadroomBytes)
            throw Full(length);
    }

    private void Allocate(Volume volume, long target) => _canAllocate = _canAllocate && volume.File.Allocate(target);

    private DiskException Full(long length) =>
        new(DiskErrorKind.NoSpace, $"{disk.Location} is full: {length} bytes more would leave less than the {options.HeadroomBytes} kept for deletes and compaction.");
}
