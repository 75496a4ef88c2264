using System.Buffers;
using Oort.Checksums;

namespace Oort.Backends.Local;

/// <summary>A stretch of a volume that should have held groups and does not.</summary>
/// <param name="Volume">Number of the volume.</param>
/// <param name="Offset">Where it begins.</param>
/// <param name="Length">How far it goes.</param>
/// <param name="IsTail">True when nothing good follows: an interrupted write, as a rule. False: damage in the middle.</param>
public readonly record struct VolumeDamage(uint Volume, long Offset, long Length, bool IsTail);

/// <summary>Reads the groups of a volume in order, and finds its way over damage.</summary>
internal sealed class VolumeScanner(IDiskFile file, VolumeHeader volume)
{
    // Read at a time when looking for the next good group.
    private const int SearchSize = 1 << 20;

    // Grows to the longest table met, at most 256 KiB.
    private byte[] _table = [];
    private readonly byte[] _head = new byte[VolumeFormat.BlockSize];

    /// <summary>Where the last good group's own blocks end; extents that it reserves follow. At least where the scan began.</summary>
    public long GroupsEnd { get; private set; }

    /// <summary>Where the next group would go.</summary>
    public long End { get; private set; } = VolumeHeader.BlockSize;

    /// <summary>Damage that was met, the tail last.</summary>
    public List<VolumeDamage> Damage { get; } = [];

    /// <summary>Goes through all groups from <paramref name="start"/> on.</summary>
    /// <param name="visit">Gets each good group and its records.</param>
    public void Scan(long start, Action<GroupHeader, GroupRecord[]> visit)
    {
        End = GroupsEnd = start;
        var length = file.Length;
        while (TryReadNext(length, out var header, out var records))
            visit(header, records);
    }

    /// <summary>Reads the next good group that begins before <paramref name="limit"/>, from <see cref="End"/> on; false when there is none.</summary>
    public bool TryReadNext(long limit, out GroupHeader header, out GroupRecord[] records)
    {
        header = default;
        records = [];
        if (End + GroupHeader.Size > limit)
            return false;
        if (!TryReadGroup(End, out header, out records))
        {
            var next = FindGroup(End + VolumeFormat.BlockSize, limit);
            if (next < 0)
            {
                if (!IsEmpty(End))
                    Damage.Add(new(volume.Number, End, limit - End, IsTail: true));
                return false;
            }

            Damage.Add(new(volume.Number, End, next - End, IsTail: false));
            End = next;
            if (!TryReadGroup(End, out header, out records))
                return false; // It was good a moment ago: the medium fails.
        }

        GroupsEnd = header.ReservedOffset;
        End = header.End;
        return true;
    }

    /// <summary>Reads the group at an offset: header and table whole, its content unread.</summary>
    public bool TryReadGroup(long offset, out GroupHeader header, out GroupRecord[] records)
    {
        records = [];
        var count = file.Read(offset, _head);
        if (!GroupHeader.TryRead(_head.AsSpan(0, count), out header, out var tableCrc) || header.Salt != volume.Salt || header.Offset != offset)
            return false;

        if (_table.Length < header.TableSize)
            _table = new byte[header.TableSize];
        var table = _table.AsSpan(0, header.TableSize);
        var inHead = Math.Min(table.Length, count - GroupHeader.Size);
        _head.AsSpan(GroupHeader.Size, inHead).CopyTo(table);
        if (table.Length > inHead && file.Read(offset + count, table[inHead..]) < table.Length - inHead)
            return false;
        if (Crc64Nvme.Compute(table) != tableCrc)
            return false;

        records = new GroupRecord[header.RecordCount];
        for (var i = 0; i < records.Length; i++)
        {
            if (!GroupRecord.TryRead(table[(i * GroupRecord.Size)..], header, out records[i]))
                return false;
        }

        return true;
    }

    /// <summary>The salt that the first readable group of a file names, for a volume whose header is damaged.</summary>
    public static bool TryFindSalt(IDiskFile file, out ulong salt)
    {
        Span<byte> head = stackalloc byte[GroupHeader.Size];
        var length = file.Length;
        for (long offset = VolumeHeader.BlockSize; offset + GroupHeader.Size <= length; offset += VolumeFormat.BlockSize)
        {
            if (file.Read(offset, head) == GroupHeader.Size && GroupHeader.TryRead(head, out var header, out _) && header.Offset == offset)
            {
                salt = header.Salt;
                return true;
            }
        }

        salt = 0;
        return false;
    }

    /// <summary>Reads a shard and compares it with its record.</summary>
    public static bool IsContentWhole(IDiskFile file, in GroupRecord record)
    {
        var buffer = ArrayPool<byte>.Shared.Rent((int)Math.Min(Math.Max(record.Length, 1), SearchSize));
        try
        {
            var crc = Crc64Nvme.Compute([]);
            for (var done = 0; done < record.Length;)
            {
                var piece = buffer.AsSpan(0, Math.Min(buffer.Length, record.Length - done));
                if (file.Read(record.Offset + done, piece) < piece.Length)
                    return false;
                crc = Crc64Nvme.Append(crc, piece);
                done += piece.Length;
            }

            return crc == record.Crc;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>The next offset from which a good group can be read, or −1.</summary>
    private long FindGroup(long offset, long length)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(SearchSize);
        try
        {
            for (; offset + GroupHeader.Size <= length; offset += SearchSize)
            {
                var read = file.Read(offset, buffer.AsSpan(0, SearchSize));
                for (var at = 0; at + GroupHeader.Size <= read; at += VolumeFormat.BlockSize)
                {
                    if (GroupHeader.HasMagic(buffer.AsSpan(at, read - at)) && TryReadGroup(offset + at, out _, out _))
                        return offset + at;
                }
            }

            return -1;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Whether the block is as allocation leaves it: then nothing was lost there.</summary>
    private bool IsEmpty(long offset) => !_head.AsSpan(0, file.Read(offset, _head)).ContainsAnyExcept((byte)0);
}
