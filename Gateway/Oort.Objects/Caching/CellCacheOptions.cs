using System.ComponentModel.DataAnnotations;
using Oort.Objects.Caching;

namespace Oort.Objects;

/// <summary>Where and how a gateway keeps sealed cells of far stores on a disk of its own.</summary>
public sealed record CellCacheOptions
{
    /// <summary>Least <see cref="SizeMax"/>: four files.</summary>
    public const long SizeLeast = 64L * 1024 * 1024;

    /// <summary>Limit of <see cref="SizeMax"/>: the index of as much takes some gigabytes of memory.</summary>
    public const long SizeLimit = 1L << 40;

    /// <summary>A folder for nothing else, on a disk that is nearer than the stores; it is made where it is not there. One process uses it at a time.</summary>
    public required string Directory { get; init; }

    /// <summary>Bytes of that disk to use at most. Default 10 GiB. Each GiB takes about 2 MiB of memory, at most 8 (all objects very small).</summary>
    [Range(SizeLeast, SizeLimit)]
    public long SizeMax { get; init; } = 10L * 1024 * 1024 * 1024;

    /// <summary>Whether cells of disks of this machine are kept too: worth it where those are much slower than the cache's.</summary>
    public bool IncludesOwnDisks { get; init; }

    /// <summary>How long a read of the cache may take before the stores are asked instead. Default 1 s: a disk that needs longer is no nearer than they are.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long the cache is not read from after a read that took longer than <see cref="Patience"/>.</summary>
    public TimeSpan SlowPause { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long the cache is off after its disk failed or was full.</summary>
    public TimeSpan FaultPause { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Bytes of one file, which is what is freed at a time: a 256th of all, 16 MiB … 1 GiB.</summary>
    internal int FileSize
    {
        get => field > 0 ? field : (int)Math.Clamp(SizeMax / 256 / CacheFile.SizeStep * CacheFile.SizeStep, CacheFile.SizeMin, CacheFile.SizeMax);
        init;
    }

    /// <summary>Its disk, where a test owns it.</summary>
    internal CacheDisk? Disk { get; init; }
}

/// <summary>How the cache of cells does, since the start.</summary>
/// <param name="Bytes">Of its disk, in use now.</param>
/// <param name="Cells">In it now.</param>
/// <param name="Hits">Cells that were read from it.</param>
/// <param name="Misses">Cells that had to be asked of their stores.</param>
/// <param name="Written">Cells that came in.</param>
/// <param name="Evicted">Cells that went to make room.</param>
/// <param name="Skipped">Cells that were worth keeping and did not come in, as the disk or the memory was behind.</param>
/// <param name="Bad">Cells that were not what was written, or could not be read; they were read from their stores.</param>
/// <param name="Fault">Why it is off; empty while it works.</param>
public sealed record CellCacheStatus(string Directory, long SizeMax, long Bytes, long Cells, long Hits, long HitBytes, long Misses, long Written, long WrittenBytes, long Evicted, long Skipped, long Bad, string Fault);
