using Oort.Backends.Local;

namespace Oort.Backends.Suite;

/// <summary>A disk in memory that remembers every change and sync, and can say what the medium would hold had the power failed after any of them.</summary>
/// <remarks>
/// The model: content becomes durable by <see cref="IDiskFile.Sync"/> of its file, names by <see cref="IDisk.SyncFolder"/> of the folder
/// (of the new name's folder, for a rename); until then each may be lost by itself. That is as hard as POSIX allows.
/// </remarks>
public sealed class RecordingDisk : IDisk
{
    private readonly Lock _lock = new();
    private readonly DiskImage _initial;
    private readonly DiskImage _now;
    private readonly List<DiskOperation> _operations = [];
    private readonly HashSet<string> _locks = [];
    private readonly Dictionary<int, int> _handles = [];
    private Replay? _replay;
    private Replay? _replayKept;
    private int _fileNumber;
    private int _directReadCount;

    public RecordingDisk()
        : this(new DiskImage())
    {
    }

    private RecordingDisk(DiskImage initial)
    {
        _initial = initial;
        _now = initial.Copy();
        _fileNumber = initial.Files.Keys.DefaultIfEmpty(0).Max();
    }

    /// <summary>Its size; what would make the files longer than that together is refused with NoSpace. Default: no limit that a test meets.</summary>
    public long CapacityBytes { get; set; } = 1L << 40;

    /// <summary>False: no read can be answered from memory, so that the store's threads do them all.</summary>
    public bool HasCache { get; set; } = true;

    /// <summary>False: it refuses to be written past its page cache, as some file systems do. May change while files are open.</summary>
    public bool CanWriteDirect { get; set; } = true;

    /// <summary>Reads past the page cache so far.</summary>
    public int DirectReadCount => Volatile.Read(ref _directReadCount);

    /// <summary>True: changes are made and forgotten, for runs so long that nobody could keep them. It then cannot say what a power cut would leave.</summary>
    public bool IsForgetful { get; init; }

    public string Location => "recording";

    public string DeviceId => "recording";

    /// <summary>How many changes and syncs there were. An acknowledgement that was seen now is due at all crashes from here on.</summary>
    public int OperationCount
    {
        get
        {
            lock (_lock)
                return _operations.Count;
        }
    }

    /// <summary>All changes and syncs so far.</summary>
    public IReadOnlyList<DiskOperation> CopyOperations()
    {
        lock (_lock)
            return [.. _operations];
    }

    /// <summary>The medium after a power cut behind the first <paramref name="count"/> operations, as a disk of its own.</summary>
    /// <param name="seed">Chooses what is torn, for <see cref="CrashMode.Torn"/>.</param>
    public RecordingDisk Crash(int count, CrashMode mode, int seed = 0)
    {
        if (IsForgetful)
            throw new InvalidOperationException("This disk has forgotten what was done to it.");
        lock (_lock)
        {
            ref var replay = ref mode == CrashMode.Kept ? ref _replayKept : ref _replay;
            if (replay is null || replay.Count > count)
                replay = new Replay(_initial.Copy());
            for (; replay.Count < count; replay.Count++)
                replay.Apply(_operations[replay.Count], keep: mode == CrashMode.Kept);

            var image = replay.Image.Copy();
            if (mode == CrashMode.Torn)
                Tear(image, replay.Pending, new Random(seed));
            image.FillFiles();
            return new RecordingDisk(image) { CapacityBytes = CapacityBytes, HasCache = HasCache, CanWriteDirect = CanWriteDirect };
        }
    }

    /// <summary>A forgetful disk with what this one holds now.</summary>
    public RecordingDisk Copy()
    {
        lock (_lock)
        {
            _now.FillFiles();
            return new RecordingDisk(_now) { CapacityBytes = CapacityBytes, HasCache = HasCache, CanWriteDirect = CanWriteDirect, IsForgetful = true };
        }
    }

    /// <summary>The bytes of a file as they are now; null when there is no such file.</summary>
    public byte[]? GetFile(string path)
    {
        lock (_lock)
            return _now.Names.TryGetValue(path, out var file) ? _now.Files[file].Bytes.ToArray() : null;
    }

    /// <summary>Sets a file's bytes, durable at once, behind the back of whoever has it open.</summary>
    public void SetFile(string path, byte[] content)
    {
        lock (_lock)
        {
            if (!_now.Names.TryGetValue(path, out var file))
                file = Record(new(DiskOperationKind.Create, ++_fileNumber, path)).File;
            Record(new(DiskOperationKind.SetLength, file, path));
            Record(new(DiskOperationKind.Write, file, path, Content: [.. content]));
            Record(new(DiskOperationKind.Sync, file, path));
            Record(new(DiskOperationKind.SyncFolder, 0, FolderOf(path)));
        }
    }

    /// <summary>All files there are now.</summary>
    public IReadOnlyList<string> Paths
    {
        get
        {
            lock (_lock)
                return [.. _now.Names.Keys.Order(StringComparer.Ordinal)];
        }
    }

    public IDiskFile Open(string path, DiskOpen how)
    {
        lock (_lock)
        {
            var exists = _now.Names.TryGetValue(path, out var file);
            if (!exists && how is DiskOpen.Read or DiskOpen.Existing)
                throw new DiskException(DiskErrorKind.NotFound, $"{path}: no such file.");
            if (exists && how == DiskOpen.New)
                throw new DiskException(DiskErrorKind.Exists, $"{path}: exists already.");
            if (!exists)
            {
                file = Record(new(DiskOperationKind.Create, ++_fileNumber, path)).File;
            }

            _handles[file] = _handles.GetValueOrDefault(file) + 1;
            return new RecordingFile(this, file, path, how == DiskOpen.Read);
        }
    }

    public bool Exists(string path)
    {
        lock (_lock)
            return _now.Names.ContainsKey(path) || _now.Names.Keys.Any(name => name.StartsWith(path + "/", StringComparison.Ordinal));
    }

    public IReadOnlyList<string> List(string folder)
    {
        lock (_lock)
        {
            var prefix = folder.Length == 0 ? "" : folder + "/";
            return [.. _now.Names.Keys.Where(name => name.StartsWith(prefix, StringComparison.Ordinal)).Select(name => name[prefix.Length..].Split('/')[0]).Distinct().Order(StringComparer.Ordinal)];
        }
    }

    /// <summary>Folders are always there.</summary>
    public void CreateFolder(string path)
    {
    }

    public void Rename(string from, string to)
    {
        lock (_lock)
        {
            if (!_now.Names.TryGetValue(from, out var file))
                throw new DiskException(DiskErrorKind.NotFound, $"{from}: no such file.");
            Record(new(DiskOperationKind.Rename, file, from, to));
        }
    }

    public void Delete(string path)
    {
        lock (_lock)
        {
            if (!_now.Names.TryGetValue(path, out var file))
                return;
            Record(new(DiskOperationKind.Delete, file, path));
            FreeIfGone(file);
        }
    }

    public void SyncFolder(string folder)
    {
        lock (_lock)
            Record(new(DiskOperationKind.SyncFolder, 0, folder));
    }

    public DiskSpace GetSpace()
    {
        lock (_lock)
            return new(CapacityBytes, CapacityBytes - Used());
    }

    public IDisposable Lock(string path)
    {
        lock (_lock)
        {
            if (!_locks.Add(path))
                throw new DiskException(DiskErrorKind.Locked, $"{path}: is held.");
            return new Held(this, path);
        }
    }

    private static string FolderOf(string path) => path.Contains('/', StringComparison.Ordinal) ? path[..path.LastIndexOf('/')] : "";

    private static void Tear(DiskImage image, List<DiskOperation> pending, Random random)
    {
        foreach (var operation in pending)
        {
            if (operation.Kind == DiskOperationKind.Write)
                image.ApplyTorn(operation, random);
            else if (random.Next(2) == 0)
                image.Apply(operation);
        }
    }

    private DiskOperation Record(DiskOperation operation)
    {
        if (!IsForgetful)
            _operations.Add(operation);
        _now.Apply(operation);
        if (operation.Kind == DiskOperationKind.Create)
            _now.Files.TryAdd(operation.File, new());
        return operation;
    }

    /// <summary>A file that has neither a name nor a handle can only be brought back by a power cut.</summary>
    private void FreeIfGone(int file)
    {
        if (IsForgetful && !_now.Names.ContainsValue(file) && _handles.GetValueOrDefault(file) == 0)
            _now.Files.Remove(file);
    }

    private long Used() => _now.Names.Values.Distinct().Sum(file => (long)_now.Files[file].Length);

    /// <summary>How far the operations have been replayed: kept, because tests ask for one crash after the other.</summary>
    private sealed class Replay(DiskImage image)
    {
        public DiskImage Image => image;

        /// <summary>Operations that no sync has made durable yet.</summary>
        public List<DiskOperation> Pending { get; } = [];

        public int Count { get; set; }

        public void Apply(DiskOperation operation, bool keep)
        {
            if (operation.Kind is DiskOperationKind.Sync or DiskOperationKind.SyncFolder)
                Settle(operation);
            else if (keep)
                image.Apply(operation);
            else
                Pending.Add(operation);
        }

        /// <summary>A sync makes its file's content, or its folder's names, durable, in the order they came.</summary>
        private void Settle(DiskOperation sync)
        {
            bool IsSettled(DiskOperation operation) => operation.Kind switch
            {
                DiskOperationKind.Write or DiskOperationKind.SetLength => sync.Kind == DiskOperationKind.Sync && operation.File == sync.File,
                DiskOperationKind.Rename => sync.Kind == DiskOperationKind.SyncFolder && FolderOf(operation.NewPath) == sync.Path,
                _ => sync.Kind == DiskOperationKind.SyncFolder && FolderOf(operation.Path) == sync.Path,
            };
            foreach (var operation in Pending.Where(IsSettled))
                image.Apply(operation);

            // The creation of a name that has since been renamed durably must not come back.
            Pending.RemoveAll(operation => IsSettled(operation) || (operation.Kind == DiskOperationKind.Create && image.Names.ContainsValue(operation.File)));
        }
    }

    private sealed class Held(RecordingDisk disk, string path) : IDisposable
    {
        public void Dispose()
        {
            lock (disk._lock)
                disk._locks.Remove(path);
        }
    }

    private sealed class RecordingFile(RecordingDisk disk, int file, string path, bool isReadOnly) : IDiskFile
    {
        private bool _isDisposed;

        public long Length => Locked(() => Content.Length);

        public int LinkCount => Locked(() => disk._now.Names.ContainsValue(file) ? 1 : 0);

        private FileContent Content => disk._now.Files[file];

        public int Read(long offset, Span<byte> destination)
        {
            lock (disk._lock)
            {
                ObjectDisposedException.ThrowIf(_isDisposed, this);
                if (offset >= Content.Length)
                    return 0;
                var count = (int)Math.Min(destination.Length, Content.Length - offset);
                Content.Bytes.Slice((int)offset, count).CopyTo(destination);
                return count;
            }
        }

        public int ReadCached(long offset, Span<byte> destination)
        {
            lock (disk._lock)
                ObjectDisposedException.ThrowIf(_isDisposed, this);
            return disk.HasCache ? Read(offset, destination) : -1;
        }

        public bool IsCached(long offset, int count) => disk.HasCache;

        public int ReadDirect(long offset, Span<byte> destination)
        {
            DirectAlignment.ThrowIfNotAligned(offset, destination, []);
            Interlocked.Increment(ref disk._directReadCount);
            return Read(offset, destination);
        }

        public void Write(long offset, ReadOnlySpan<byte> content)
        {
            lock (disk._lock)
            {
                CheckWritable(offset + content.Length);
                disk.Record(new(DiskOperationKind.Write, file, path, Offset: offset, Content: content.ToArray()));
            }
        }

        public bool CanWriteDirect => disk.CanWriteDirect;

        public void WriteDirect(long offset, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
        {
            DirectAlignment.ThrowIfNotAligned(offset, first, second);
            lock (disk._lock)
            {
                CheckWritable(offset + first.Length + second.Length);
                disk.Record(new(DiskOperationKind.Write, file, path, Offset: offset, Content: [.. first, .. second], IsDirect: disk.CanWriteDirect));
            }
        }

        public bool Allocate(long end)
        {
            lock (disk._lock)
            {
                CheckWritable(end);
                if (end > Content.Length)
                    disk.Record(new(DiskOperationKind.SetLength, file, path, Offset: end));
                return true;
            }
        }

        public void Truncate(long length)
        {
            lock (disk._lock)
            {
                CheckWritable(0);
                disk.Record(new(DiskOperationKind.SetLength, file, path, Offset: length));
            }
        }

        public void Sync()
        {
            lock (disk._lock)
            {
                CheckWritable(0);
                disk.Record(new(DiskOperationKind.Sync, file, path));
            }
        }

        public void DropCache()
        {
        }

        public void Dispose()
        {
            lock (disk._lock)
            {
                if (_isDisposed)
                    return;
                _isDisposed = true;
                disk._handles[file]--;
                disk.FreeIfGone(file);
            }
        }

        private void CheckWritable(long end)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (isReadOnly)
                throw new DiskException(DiskErrorKind.Denied, $"{path}: was opened for reading.");
            if (end > Content.Length && end - Content.Length > disk.CapacityBytes - disk.Used())
                throw new DiskException(DiskErrorKind.NoSpace, $"{path}: no space left.");
        }

        private T Locked<T>(Func<T> call)
        {
            lock (disk._lock)
            {
                ObjectDisposedException.ThrowIf(_isDisposed, this);
                return call();
            }
        }
    }
}
