using Oort.Backends.Local;
using Oort.Backends.Suite;

namespace Oort.Simulation.Machines;

/// <summary>A disk that remembers what was synced and can give wrong bits. It takes no time: the machine around it does (<see cref="NodeMachine"/>).</summary>
internal sealed class SimulatedDisk(Random random, RecordingDisk medium, string location) : IDisk
{
    public RecordingDisk Medium => medium;

    public string Location => location;

    public string DeviceId => location;

    /// <summary>One in so many reads has a wrong bit; 0: none.</summary>
    public int FlipOneIn { get; set; }

    public IDiskFile Open(string path, DiskOpen how) => new File(this, medium.Open(path, how), path.StartsWith("volumes/", StringComparison.Ordinal));

    public bool Exists(string path) => medium.Exists(path);

    public IReadOnlyList<string> List(string folder) => medium.List(folder);

    public void CreateFolder(string path) => medium.CreateFolder(path);

    public void Rename(string from, string to) => medium.Rename(from, to);

    public void Delete(string path) => medium.Delete(path);

    public void SyncFolder(string folder) => medium.SyncFolder(folder);

    public DiskSpace GetSpace() => medium.GetSpace();

    public IDisposable Lock(string path) => medium.Lock(path);

    private void Flip(Span<byte> bytes)
    {
        if (FlipOneIn > 0 && bytes.Length > 0 && random.Next(FlipOneIn) == 0) bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
    }

    private sealed class File(SimulatedDisk disk, IDiskFile inner, bool canFlip) : IDiskFile
    {
        public long Length => inner.Length;

        public int LinkCount => inner.LinkCount;

        public bool CanWriteDirect => inner.CanWriteDirect;

        public int Read(long offset, Span<byte> destination)
        {
            var count = inner.Read(offset, destination);
            if (canFlip) disk.Flip(destination[..count]);
            return count;
        }

        public int ReadCached(long offset, Span<byte> destination)
        {
            var count = inner.ReadCached(offset, destination);
            if (canFlip && count > 0) disk.Flip(destination[..count]);
            return count;
        }

        public bool IsCached(long offset, int count) => inner.IsCached(offset, count);

        public int ReadDirect(long offset, Span<byte> destination)
        {
            var count = inner.ReadDirect(offset, destination);
            if (canFlip) disk.Flip(destination[..count]);
            return count;
        }

        public void Write(long offset, ReadOnlySpan<byte> content) => inner.Write(offset, content);

        public void WriteDirect(long offset, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second) => inner.WriteDirect(offset, first, second);

        public bool Allocate(long end) => inner.Allocate(end);

        public void Truncate(long length) => inner.Truncate(length);

        public void Sync() => inner.Sync();

        public void DropCache() => inner.DropCache();

        public void Dispose() => inner.Dispose();
    }
}
