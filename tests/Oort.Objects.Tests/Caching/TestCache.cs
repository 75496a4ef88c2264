using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Win32.SafeHandles;
using Oort.Backends;
using Oort.Objects.Budget;
using Oort.Objects.Caching;
using Oort.Objects.Tests.World;

namespace Oort.Objects.Tests.Caching;

/// <summary>A folder for a cache, opened again and again, with small files and patience for a loaded machine.</summary>
internal sealed class TestCache : IDisposable
{
    public const int CellSize = 10_000;

    /// <summary>As many entries as files of 256 KiB have.</summary>
    public const int CellsPerFile = 8;

    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("oort-cache-");

    public TestCache() => Disk = new BreakableDisk(Path.Combine(directory.FullName, "cache"));

    public BreakableDisk Disk { get; }

    public ManualTime Time { get; } = new();

    public BufferPool Buffers { get; } = new(new MemoryBudget(256 * 1024 * 1024, TimeProvider.System));

    public ClusterId Cluster { get; set; } = new(7);

    /// <summary>Room for 16 files of 256 KiB.</summary>
    public long SizeMax { get; set; } = 17 * 256 * 1024;

    /// <summary>Real bytes of all files.</summary>
    public long Used => Directory.Exists(Disk.Directory) ? new DirectoryInfo(Disk.Directory).EnumerateFiles().Sum(file => (file.Length + 4095) / 4096 * 4096) : 0;

    public string[] Files => Directory.GetFiles(Disk.Directory, "*.cells");

    public static CellName Name(int number) => new(new SegmentId(1, (ulong)number), 3, 2);

    public static byte[] Cell(int number, int size = CellSize) => ObjectWorld.Bytes(size, number);

    public CacheClaim Claim() => CacheClaim.Take(new() { Directory = Disk.Directory, SizeMax = SizeMax, FileSize = 256 * 1024, Disk = Disk });

    public CellCache Open()
    {
        using var claim = Claim();
        return CellCache.Open(claim, Cluster, Buffers, ThreadProvider.System, Time, NullLogger.Instance);
    }

    public void Dispose()
    {
        Disk.Dispose();
        directory.Delete(recursive: true);
    }
}

internal static class CacheActions
{
    /// <summary>Reads a cell as it was kept; null: it is not there.</summary>
    public static async Task<byte[]?> ReadAsync(this CellCache cache, int number, int size = TestCache.CellSize)
    {
        using var buffer = await cache.TryReadAsync(TestCache.Name(number), size, TimeSpan.Zero, CancellationToken.None);
        return buffer?.Memory.ToArray();
    }

    /// <summary>Has a cell written, and waits until it is.</summary>
    public static async Task KeepAsync(this CellCache cache, int number, int size = TestCache.CellSize)
    {
        var before = cache.Status.Written;
        cache.Keep(TestCache.Name(number), TestCache.Cell(number, size));
        await UntilAsync(() => cache.Status.Written > before);
    }

    /// <summary>Waits until what is in the folder has been looked through, which comes before the first write.</summary>
    public static Task UntilOpenAsync(this CellCache cache) => cache.KeepAsync(int.MaxValue, 1);

    public static async Task UntilAsync(Func<bool> condition)
    {
        var limit = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            if (TimeProvider.System.GetElapsedTime(limit) > TimeSpan.FromMinutes(2)) throw new TimeoutException("It did not come about in two minutes.");
            await Task.Delay(1);
        }
    }
}

/// <summary>A folder whose disk breaks, fills, or hangs on command.</summary>
internal sealed class BreakableDisk(string directory) : CacheDisk(directory), IDisposable
{
    private readonly ManualResetEventSlim gate = new(true);

    /// <summary>Bytes that fit; further ones are refused.</summary>
    public long BytesMax { get; set; } = long.MaxValue;

    /// <summary>What others have left of it.</summary>
    public long Room { get; set; } = long.MaxValue;

    public bool IsBroken { get; set; }

    public bool FailsReads { get; set; }

    public int Writes { get; private set; }

    public long Written { get; private set; }

    /// <summary>Reads and writes wait from now on.</summary>
    public void Hang() => gate.Reset();

    public void Release() => gate.Set();

    public void Dispose() => gate.Dispose();

    public override IDisposable Lock() => IsBroken ? throw Broken() : base.Lock();

    public override SafeFileHandle Create(uint number) => IsBroken ? throw Broken() : base.Create(number);

    public override int Read(SafeFileHandle file, Span<byte> destination, long offset)
    {
        gate.Wait();
        return FailsReads ? throw Broken() : base.Read(file, destination, offset);
    }

    public override void Write(SafeFileHandle file, ReadOnlySpan<byte> content, long offset)
    {
        gate.Wait();
        if (IsBroken) throw Broken();
        if (Written + content.Length > BytesMax) throw new IOException("No space left on device.");
        Writes++;
        Written += content.Length;
        base.Write(file, content, offset);
    }

    public override long GetRoom() => Room;

    private static IOException Broken() => new("Input/output error.");
}
