using Oort.Backends.Local;

namespace Oort.Backends.Suite;

/// <summary>A disk that fails on command, by counting down; otherwise the disk it wraps.</summary>
public sealed class FaultyDisk(IDisk inner) : IDisk, IDisposable
{
    private readonly Lock _lock = new();
    private readonly List<Waiting> _faults = [];
    private readonly ManualResetEventSlim _released = new();
    private readonly TaskCompletionSource _hung = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly HashSet<string> _unlinked = [];

    public string Location => inner.Location;

    public string DeviceId => inner.DeviceId;

    /// <summary>Ends when a call hangs.</summary>
    public Task Hung => _hung.Task;

    /// <summary>Adds a fault.</summary>
    /// <param name="calls">Which calls it is for.</param>
    /// <param name="pathPrefix">Only for files and folders whose path begins so.</param>
    /// <param name="skip">How many of them pass first.</param>
    /// <param name="times">How many fail then.</param>
    public void Inject(DiskCalls calls, DiskFault fault = DiskFault.Fail, DiskErrorKind kind = DiskErrorKind.Failed, string pathPrefix = "", int skip = 0, int times = 1)
    {
        lock (_lock)
            _faults.Add(new Waiting(calls, fault, kind, pathPrefix) { Skip = skip, Times = times });
    }

    /// <summary>Drops all faults; what hangs goes on hanging.</summary>
    public void Heal()
    {
        lock (_lock)
            _faults.Clear();
    }

    /// <summary>Lets what hangs go on, and nothing hang any more.</summary>
    public void Release() => _released.Set();

    /// <summary>From now on a file looks as if somebody had deleted it while it is open.</summary>
    public void Unlink(string path)
    {
        lock (_lock)
            _unlinked.Add(path);
    }

    public IDiskFile Open(string path, DiskOpen how) => new FaultyFile(this, path, Do(DiskCalls.Open, path, () => inner.Open(path, how)));

    public bool Exists(string path) => inner.Exists(path);

    public IReadOnlyList<string> List(string folder) => Do(DiskCalls.List, folder, () => inner.List(folder));

    public void CreateFolder(string path) => inner.CreateFolder(path);

    public void Rename(string from, string to) => Do(DiskCalls.Rename, from, () => inner.Rename(from, to));

    public void Delete(string path) => Do(DiskCalls.Delete, path, () => inner.Delete(path));

    public void SyncFolder(string folder) => Do(DiskCalls.SyncFolder, folder, () => inner.SyncFolder(folder));

    public DiskSpace GetSpace() => inner.GetSpace();

    public IDisposable Lock(string path) => inner.Lock(path);

    public void Dispose()
    {
        _released.Set();
        _released.Dispose();
    }

    private void Do(DiskCalls call, string path, Action work) => Do(call, path, () =>
    {
        work();
        return true;
    });

    private T Do<T>(DiskCalls call, string path, Func<T> work)
    {
        if (Strike(call, path) is not { } fault)
            return work();
        switch (fault.Fault)
        {
            case DiskFault.PretendDone when typeof(T) == typeof(bool):
                return (T)(object)true;
            case DiskFault.FailAfterDoing:
                work();
                throw Failure(fault, call, path);
            case DiskFault.Hang:
                _hung.TrySetResult();
                _released.Wait();
                return work();
            default:
                throw Failure(fault, call, path);
        }
    }

    private int Read(string path, Span<byte> destination, Func<Memory<byte>, int> read)
    {
        var fault = Strike(DiskCalls.Read, path);
        if (fault is { Fault: DiskFault.Hang })
        {
            _hung.TrySetResult();
            _released.Wait();
        }
        else if (fault is { Fault: not (DiskFault.ShortRead or DiskFault.FlipBit) })
        {
            throw Failure(fault, DiskCalls.Read, path);
        }

        var buffer = new byte[fault is { Fault: DiskFault.ShortRead } ? destination.Length / 2 : destination.Length];
        var count = read(buffer);
        if (fault is { Fault: DiskFault.FlipBit } && count > 0)
            buffer[count / 2] ^= 1; // Not at an end: a direct read has bytes there that nobody asked for.
        buffer.AsSpan(0, Math.Max(count, 0)).CopyTo(destination);
        return count;
    }

    private Waiting? Strike(DiskCalls call, string path)
    {
        lock (_lock)
        {
            foreach (var fault in _faults)
            {
                if ((fault.Calls & call) == 0 || fault.Times == 0 || !path.StartsWith(fault.PathPrefix, StringComparison.Ordinal))
                    continue;
                if (fault.Skip-- > 0)
                    continue;
                fault.Times--;
                return fault;
            }

            return null;
        }
    }

    private static DiskException Failure(Waiting fault, DiskCalls call, string path) => new(fault.Kind, $"{path} fails at {call} (as the test wants).");

    private sealed record Waiting(DiskCalls Calls, DiskFault Fault, DiskErrorKind Kind, string PathPrefix)
    {
        public int Skip { get; set; }

        public int Times { get; set; }
    }

    private sealed class FaultyFile(FaultyDisk disk, string path, IDiskFile file) : IDiskFile
    {
        public long Length => file.Length;

        public int LinkCount
        {
            get
            {
                lock (disk._lock)
                    return disk._unlinked.Contains(path) ? 0 : file.LinkCount;
            }
        }

        public int Read(long offset, Span<byte> destination) => disk.Read(path, destination, buffer => file.Read(offset, buffer.Span));

        public int ReadCached(long offset, Span<byte> destination) => -1;

        public bool IsCached(long offset, int count) => false;

        public int ReadDirect(long offset, Span<byte> destination)
        {
            DirectAlignment.ThrowIfNotAligned(offset, destination, []);
            return Read(offset, destination);
        }

        public void Write(long offset, ReadOnlySpan<byte> content)
        {
            var copy = content.ToArray();
            disk.Do(DiskCalls.Write, path, () => file.Write(offset, copy));
        }

        public bool CanWriteDirect => file.CanWriteDirect;

        public unsafe void WriteDirect(long offset, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
        {
            // The caller's own memory goes on, since where it lies is looked at; a span cannot be captured, its address can.
            fixed (byte* firstStart = first, secondStart = second)
            {
                var (a, b, aLength, bLength) = ((nint)firstStart, (nint)secondStart, first.Length, second.Length);
                disk.Do(DiskCalls.Write, path, () => file.WriteDirect(offset, new((void*)a, aLength), new((void*)b, bLength)));
            }
        }

        public bool Allocate(long end) => disk.Do(DiskCalls.Allocate, path, () => file.Allocate(end));

        public void Truncate(long length) => disk.Do(DiskCalls.Truncate, path, () => file.Truncate(length));

        public void Sync() => disk.Do(DiskCalls.Sync, path, file.Sync);

        public void DropCache() => file.DropCache();

        public void Dispose() => file.Dispose();
    }
}
