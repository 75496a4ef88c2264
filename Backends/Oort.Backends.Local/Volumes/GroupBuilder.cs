using Oort.Checksums;

namespace Oort.Backends.Local;

/// <summary>Collects the requests of one group and lays it out in memory (docs/formats/volume.md §3). Used by the writer's thread alone.</summary>
internal sealed class GroupBuilder(Volume volume)
{
    /// <summary>Content of a group at most, in bytes, unless a single record has more: eight shards of objects of 1 MiB at 4+2. Twice as much would not make a sync cheaper, and each store keeps the memory.</summary>
    private const int ContentMax = VolumeFormat.ContentSizeMax / 2;

    // It stays for the next group. Only what groups have needed of it is resident memory.
    private AlignedBuffer _buffer = new((int)VolumeFormat.RoundUp(GroupHeader.Size + (VolumeFormat.RecordCountMax * GroupRecord.Size) + ContentMax));
    private readonly List<WriteRequest> _records = [];
    private readonly List<WriteRequest> _reservations = [];
    private int _contentSize;
    private long _reservedSize;

    public Volume Volume { get; private set; } = volume;

    /// <summary>Requests that become records, in their order.</summary>
    public IReadOnlyList<WriteRequest> Records => _records;

    /// <summary>Requests for extents.</summary>
    public IReadOnlyList<WriteRequest> Reservations => _reservations;

    public bool IsEmpty => _records.Count == 0 && _reservations.Count == 0;

    /// <summary>Where the group would end with so much more in it.</summary>
    public long EndWith(int records, int content, long reserved) =>
        VolumeFormat.RoundUp(Volume.End + GroupHeader.Size + (long)(_records.Count + records) * GroupRecord.Size + _contentSize + content) + _reservedSize + reserved;

    /// <summary>Whether the limits of a group allow so much more.</summary>
    public bool HasRoom(int content, long reserved) =>
        _records.Count < VolumeFormat.RecordCountMax
        && _reservations.Count < VolumeFormat.RecordCountMax
        && _contentSize + content <= (_contentSize == 0 ? VolumeFormat.ContentSizeMax : ContentMax)
        && _reservedSize + reserved <= VolumeFormat.ReservedSizeMax;

    public void AddRecord(WriteRequest request)
    {
        _records.Add(request);
        _contentSize += request.Content.Length;
    }

    public void AddReservation(WriteRequest request)
    {
        _reservations.Add(request);
        _reservedSize += VolumeFormat.RoundUp(request.Length);
    }

    /// <summary>Lays the group out: header, table, content, zeros to the block's end.</summary>
    /// <returns>Memory that <see cref="IDiskFile.WriteDirect"/> takes.</returns>
    public ReadOnlySpan<byte> Build(ulong sequence, ulong durable, out GroupHeader header, Span<GroupRecord> records)
    {
        header = new(Volume.Header.Salt, sequence, durable, Volume.End, _records.Count, _contentSize, _reservedSize);
        var size = (int)(header.ReservedOffset - header.Offset);
        if (_buffer.Size < size)
            _buffer = new AlignedBuffer(size);

        var group = _buffer.Span[..size];
        var table = group.Slice(GroupHeader.Size, header.TableSize);
        var at = GroupHeader.Size + header.TableSize;
        for (var i = 0; i < _records.Count; i++)
        {
            records[i] = ToRecord(_records[i], header.Offset + at);
            records[i].Write(table[(i * GroupRecord.Size)..]);
            _records[i].Content.Span.CopyTo(group[at..]);
            at += _records[i].Content.Length;
        }

        group[at..].Clear();
        header.Write(group, table);
        return group;
    }

    /// <summary>Gives each reservation its place behind the group.</summary>
    public void PlaceExtents(in GroupHeader header)
    {
        var offset = header.ReservedOffset;
        foreach (var request in _reservations)
        {
            request.Extent = new Extent(Volume, offset, request.Length);
            offset += VolumeFormat.RoundUp(request.Length);
        }
    }

    /// <summary>Begins the next group.</summary>
    public void Reset(Volume volume)
    {
        Volume = volume;
        _records.Clear();
        _reservations.Clear();
        _contentSize = 0;
        _reservedSize = 0;
    }

    private static GroupRecord ToRecord(WriteRequest request, long contentOffset) => request.Kind switch
    {
        WriteKind.Put => new(RecordKind.Inline, request.Id, contentOffset, request.Content.Length, request.Crc ?? Crc64Nvme.Compute(request.Content.Span)),
        WriteKind.Commit => new(RecordKind.Extent, request.Id, request.Extent!.Offset, (int)request.Extent.Length, request.Crc!.Value),
        _ => new(RecordKind.Tombstone, request.Id, 0, 0, 0),
    };
}
