using System.Buffers.Binary;
using Oort.Checksums;

namespace Oort.Backends.Local;

/// <summary>What a checkpoint says of one volume.</summary>
/// <param name="Number">Which.</param>
/// <param name="Salt">Its salt: another file of the same number is another volume.</param>
/// <param name="End">The checkpoint covers the groups before this offset.</param>
/// <param name="DeadIds">Hashes of the shards of which it holds outdone copies.</param>
internal sealed record IndexedVolume(uint Number, ulong Salt, long End, ulong[] DeadIds);

/// <summary>A checkpoint as it was read.</summary>
internal sealed record IndexCheckpoint(ulong Sequence, ulong Durable, IReadOnlyList<IndexedVolume> Volumes, ShardIndex Index);

/// <summary>The checkpoint of the index, file "index" (docs/formats/volume.md §6): a cache that makes opening fast, and is rebuilt from the volumes when it is lost.</summary>
internal static class IndexFile
{
    public const string Path = "index";
    public const string TemporaryPath = "temp/index";

    public const ulong Magic = 0x4F4F5254_49445831; // "OORTIDX1"
    public const uint Version = 1;
    public const int HeaderSize = 48;
    public const int EntrySize = 48;
    public const int VolumeSize = 32;
    public const int FooterSize = 32;

    // Large enough that a call costs nothing beside its copying, small enough to stay out of the large-object heap.
    private const int BufferSize = 1 << 16;

    /// <summary>Writes a checkpoint: (1) a temporary file, (2) synced, (3) renamed over the old one, (4) the name synced. A crash leaves the old one or the new one.</summary>
    /// <param name="ends">Each volume with the offset up to which the index has it; taken before the call, so that the index is at least as new.</param>
    public static void Write(IDisk disk, StoreId store, ulong sequence, ulong durable, IReadOnlyList<(Volume Volume, long End)> ends, ShardIndex index)
    {
        using (var file = disk.Open(TemporaryPath, DiskOpen.ExistingOrNew))
        {
            file.Truncate(0);
            var output = new Output(file);
            WriteHeader(output.Next(HeaderSize), store, sequence, durable);
            var entries = 0L;
            for (var i = 0; i < index.PartitionCount; i++)
            {
                foreach (var (id, location) in index.CopyPartition(i))
                {
                    WriteEntry(output.Next(EntrySize), id, location);
                    entries++;
                }
            }

            foreach (var (volume, end) in ends)
            {
                var dead = volume.CopyDeadIds();
                WriteVolume(output.Next(VolumeSize), volume.Header, end, dead.Length);
                foreach (var hash in dead)
                    BinaryPrimitives.WriteUInt64BigEndian(output.Next(sizeof(ulong)), hash);
            }

            output.Finish(entries, ends.Count);
            file.Sync();
        }

        disk.Rename(TemporaryPath, Path);
        disk.SyncFolder("");
    }

    /// <summary>Reads the checkpoint; null when there is none or it is damaged or unreadable, of another version or store. Then the volumes are scanned instead.</summary>
    public static IndexCheckpoint? Read(IDisk disk, StoreId store, out bool damaged)
    {
        damaged = false;
        if (!disk.Exists(Path))
            return null;
        using var file = disk.Open(Path, DiskOpen.Read);
        IndexCheckpoint? checkpoint;
        try
        {
            checkpoint = Read(file, store);
        }
        catch (DiskException e) when (e.Kind == DiskErrorKind.Failed)
        {
            // A bad sector under a cache must not take the disk away.
            checkpoint = null;
        }

        damaged = checkpoint is null;
        return checkpoint;
    }

    private static IndexCheckpoint? Read(IDiskFile file, StoreId store)
    {
        Span<byte> footer = stackalloc byte[FooterSize];
        var length = file.Length;
        if (length < HeaderSize + FooterSize || file.Read(length - FooterSize, footer) < FooterSize)
            return null;
        var entries = BinaryPrimitives.ReadInt64BigEndian(footer);
        var volumes = BinaryPrimitives.ReadInt64BigEndian(footer[8..]);
        var body = length - HeaderSize - FooterSize;
        if (BinaryPrimitives.ReadUInt64BigEndian(footer[16..]) != Magic || entries < 0 || entries > body / EntrySize || volumes < 0 || volumes > (body - entries * EntrySize) / VolumeSize)
            return null;

        var input = new Input(file, length - sizeof(ulong));
        if (!input.TryNext(HeaderSize, out var header) || !IsHeaderOf(store, header))
            return null;
        var sequence = BinaryPrimitives.ReadUInt64BigEndian(header[32..]);
        var durable = BinaryPrimitives.ReadUInt64BigEndian(header[40..]);

        var index = new ShardIndex();
        for (var i = 0L; i < entries; i++)
        {
            if (!input.TryNext(EntrySize, out var entry))
                return null;
            index.Set(new ShardId(SegmentId.Read(entry), entry[16]), ReadLocation(entry));
        }

        var found = new List<IndexedVolume>();
        for (var i = 0L; i < volumes; i++)
        {
            if (!TryReadVolume(input, out var volume))
                return null;
            found.Add(volume!);
        }

        // Everything up to the checksum itself must have been read, and the checksum be right, before any of it counts.
        if (!input.TryNext(FooterSize - sizeof(ulong), out _) || !input.IsAtEnd || input.Crc != BinaryPrimitives.ReadUInt64BigEndian(footer[24..]))
            return null;
        return new(sequence, durable, found, index);
    }

    private static void WriteHeader(Span<byte> destination, StoreId store, ulong sequence, ulong durable)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, Magic);
        BinaryPrimitives.WriteUInt32BigEndian(destination[8..], Version);
        store.Write(destination[16..]);
        BinaryPrimitives.WriteUInt64BigEndian(destination[32..], sequence);
        BinaryPrimitives.WriteUInt64BigEndian(destination[40..], durable);
    }

    private static bool IsHeaderOf(StoreId store, ReadOnlySpan<byte> header) =>
        BinaryPrimitives.ReadUInt64BigEndian(header) == Magic
        && BinaryPrimitives.ReadUInt32BigEndian(header[8..]) == Version
        && StoreId.Read(header[16..]) == store;

    private static void WriteEntry(Span<byte> destination, ShardId id, in ShardLocation location)
    {
        id.Segment.Write(destination);
        destination[16] = id.Index;
        BinaryPrimitives.WriteUInt32BigEndian(destination[24..], location.Volume);
        BinaryPrimitives.WriteInt32BigEndian(destination[28..], location.Length);
        BinaryPrimitives.WriteInt64BigEndian(destination[32..], location.Offset);
        BinaryPrimitives.WriteUInt64BigEndian(destination[40..], location.Sequence);
    }

    private static ShardLocation ReadLocation(ReadOnlySpan<byte> entry) => new(
        BinaryPrimitives.ReadUInt32BigEndian(entry[24..]),
        BinaryPrimitives.ReadInt32BigEndian(entry[28..]),
        BinaryPrimitives.ReadInt64BigEndian(entry[32..]),
        BinaryPrimitives.ReadUInt64BigEndian(entry[40..]));

    private static void WriteVolume(Span<byte> destination, in VolumeHeader volume, long end, int deadCount)
    {
        BinaryPrimitives.WriteUInt32BigEndian(destination, volume.Number);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], volume.Salt);
        BinaryPrimitives.WriteInt64BigEndian(destination[16..], end);
        BinaryPrimitives.WriteInt64BigEndian(destination[24..], deadCount);
    }

    private static bool TryReadVolume(Input input, out IndexedVolume? volume)
    {
        volume = null;
        if (!input.TryNext(VolumeSize, out var source))
            return false;
        var (number, salt, end, deadCount) = (
            BinaryPrimitives.ReadUInt32BigEndian(source),
            BinaryPrimitives.ReadUInt64BigEndian(source[8..]),
            BinaryPrimitives.ReadInt64BigEndian(source[16..]),
            BinaryPrimitives.ReadInt64BigEndian(source[24..]));
        if (deadCount < 0 || deadCount > input.Left / sizeof(ulong) || deadCount > Array.MaxLength)
            return false;

        var dead = new ulong[deadCount];
        for (var i = 0; i < dead.Length; i++)
        {
            if (!input.TryNext(sizeof(ulong), out var hash))
                return false;
            dead[i] = BinaryPrimitives.ReadUInt64BigEndian(hash);
        }

        volume = new(number, salt, end, dead);
        return true;
    }

    /// <summary>Writes pieces through one buffer, with a running checksum.</summary>
    private sealed class Output(IDiskFile file)
    {
        private readonly byte[] _buffer = new byte[BufferSize];
        private int _used;
        private long _offset;
        private ulong _crc;

        /// <summary>The next piece, zeroed, to be filled in before the next call.</summary>
        public Span<byte> Next(int size)
        {
            if (_used + size > _buffer.Length)
                Flush();
            var piece = _buffer.AsSpan(_used, size);
            piece.Clear();
            _used += size;
            return piece;
        }

        public void Finish(long entries, long volumes)
        {
            var footer = Next(FooterSize - sizeof(ulong));
            BinaryPrimitives.WriteInt64BigEndian(footer, entries);
            BinaryPrimitives.WriteInt64BigEndian(footer[8..], volumes);
            BinaryPrimitives.WriteUInt64BigEndian(footer[16..], Magic);
            Flush();
            BinaryPrimitives.WriteUInt64BigEndian(Next(sizeof(ulong)), _crc);
            Flush();
        }

        private void Flush()
        {
            var content = _buffer.AsSpan(0, _used);
            file.Write(_offset, content);
            _crc = Crc64Nvme.Append(_crc, content);
            _offset += _used;
            _used = 0;
        }
    }

    /// <summary>Reads pieces through one buffer, with a running checksum of all that was handed out.</summary>
    private sealed class Input(IDiskFile file, long end)
    {
        private readonly byte[] _buffer = new byte[BufferSize];
        private long _offset;
        private int _filled;
        private int _used;

        public ulong Crc { get; private set; }

        /// <summary>Bytes not yet handed out.</summary>
        public long Left => end - _offset + (_filled - _used);

        public bool IsAtEnd => Left == 0;

        public bool TryNext(int size, out ReadOnlySpan<byte> piece)
        {
            piece = default;
            if (size > Left || (_filled - _used < size && !Fill()) || _filled - _used < size)
                return false;
            piece = _buffer.AsSpan(_used, size);
            _used += size;
            return true;
        }

        private bool Fill()
        {
            var rest = _buffer.AsSpan(_used, _filled - _used);
            rest.CopyTo(_buffer);
            var room = (int)Math.Min(_buffer.Length - rest.Length, end - _offset);
            var read = file.Read(_offset, _buffer.AsSpan(rest.Length, room));
            Crc = Crc64Nvme.Append(Crc, _buffer.AsSpan(rest.Length, read));
            (_filled, _used, _offset) = (rest.Length + read, 0, _offset + read);
            return read == room;
        }
    }
}
