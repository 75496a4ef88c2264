using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Oort.Backends.Local;

/// <summary>All volumes of a store, by number.</summary>
internal sealed class VolumeTable(IDisk disk, StoreId store)
{
    public const string Folder = "volumes";

    private readonly ConcurrentDictionary<uint, Volume> _volumes = new();
    private uint _numberMax;

    public ICollection<Volume> All => _volumes.Values;

    public bool TryGet(uint number, [MaybeNullWhen(false)] out Volume volume) => _volumes.TryGetValue(number, out volume);

    /// <summary>Adds a volume found on the medium.</summary>
    public void Add(Volume volume)
    {
        _volumes[volume.Number] = volume;
        NeverUse(volume.Number);
    }

    /// <summary>No volume made later gets this number or a lower one.</summary>
    public void NeverUse(uint number) => _numberMax = Math.Max(_numberMax, number);

    /// <summary>Forgets a volume that is to be deleted; nothing in the index points to it any more.</summary>
    public void Remove(Volume volume) => _volumes.TryRemove(volume.Number, out _);

    /// <summary>Makes a new volume: (1) its header is written and synced, (2) then its name. A crash in between leaves a file that opening removes.</summary>
    public Volume Create()
    {
        Span<byte> salt = stackalloc byte[8];
        RandomNumberGenerator.Fill(salt);
        var header = new VolumeHeader(store, checked(_numberMax + 1), BinaryPrimitives.ReadUInt64BigEndian(salt));
        var path = VolumeFormat.FileName(header.Number);
        _numberMax = header.Number;

        var file = disk.Open(path, DiskOpen.New);
        try
        {
            Span<byte> block = stackalloc byte[VolumeHeader.BlockSize];
            block.Clear();
            header.Write(block);
            file.Write(0, block);
            file.Sync();
            disk.SyncFolder(Folder);
        }
        catch (DiskException)
        {
            file.Dispose();
            throw;
        }

        var volume = new Volume(header, file, VolumeHeader.BlockSize);
        _volumes[header.Number] = volume;
        return volume;
    }
}
