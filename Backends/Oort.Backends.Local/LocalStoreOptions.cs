using System.ComponentModel.DataAnnotations;

namespace Oort.Backends.Local;

/// <summary>Settings of a <see cref="LocalStore"/>. The defaults suit a disk of its own.</summary>
public sealed record LocalStoreOptions
{
    /// <summary>At what size a volume is closed and the next begun, in bytes; it may end up to one group and extent later. Null: 1 GiB, more on media over 1 TiB so that there are at most about 1,024 files to hold open.</summary>
    [Range(1L << 16, 1L << 40)]
    public long? VolumeSizeBytes { get; init; }

    /// <summary>How much of a volume is given its place on the medium at a time. Default 64 MiB: rare enough to cost nothing, small enough to waste nothing.</summary>
    [Range(1L << 12, 1L << 30)]
    public long AllocationStepBytes { get; init; } = 64L << 20;

    /// <summary>Free space that puts leave, so that deletes and compaction, which make space, have some to work with. Default 256 MiB; should exceed the live part of one volume that is compacted.</summary>
    [Range(0, 1L << 40)]
    public long HeadroomBytes { get; init; } = 256L << 20;

    /// <summary>Shards up to this size go into a group's content; longer ones get an extent of their own. Default 512 KiB: copying less than that is cheaper than an extent's two more hand-overs to other threads and its own write.</summary>
    [Range(0, 1 << 20)]
    public int InlineSizeMax { get; init; } = 512 << 10;

    /// <summary>Threads that read and write shards on this disk. Default 4: a disk that hangs holds only these.</summary>
    [Range(1, 64)]
    public int ThreadCount { get; init; } = 4;

    /// <summary>A closed volume is compacted when less than this share of it is live. Default 0.5: compaction then writes at most one byte for each it frees.</summary>
    [Range(0.0, 1.0)]
    public double CompactionLiveShareMax { get; init; } = 0.5;

    /// <summary>How often the background looks for something to compact. Default 10 minutes; <see cref="Timeout.InfiniteTimeSpan"/>: only on demand.</summary>
    public TimeSpan CompactionInterval { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>The most bytes a second that background compaction copies. Default 32 MiB, so that it stays behind the work for clients.</summary>
    [Range(1L << 16, 1L << 40)]
    public long CompactionBytesPerSecond { get; init; } = 32L << 20;

    /// <summary>What fails together with this store; null: the device it is on.</summary>
    public string? FailureDomain { get; init; }

    /// <summary>Clock for the background's pauses.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>The store's own threads, which block on the medium.</summary>
    public ThreadProvider Threads { get; init; } = ThreadProvider.System;

    /// <exception cref="ValidationException">A value is out of its range; the message names it.</exception>
    internal void Validate()
    {
        Validator.ValidateObject(this, new ValidationContext(this), validateAllProperties: true);
        if (CompactionInterval <= TimeSpan.Zero && CompactionInterval != Timeout.InfiniteTimeSpan)
            throw new ValidationException($"{nameof(CompactionInterval)} must be positive, or infinite for never.");
    }
}
