using System.Buffers.Binary;
using System.Text;
using Oort.S3.Client;

namespace Oort.Backends.S3;

/// <summary>What the backend notes of an item for its next steps (docs/formats/s3-item.md §3): its hashes, and the upload that it is being sent in.</summary>
/// <param name="PartSize">Bytes of each part but the last; 0 where there is no upload.</param>
/// <param name="NextPart">Parts before this one have been taken; 0 where there is no upload.</param>
/// <param name="UploadId">"" where there is none.</param>
internal sealed record ItemNotes(ItemHashes Hashes, long PartSize, int NextPart, string UploadId)
{
    public const int Version = 1;
    public const int Md5Offset = 1;
    public const int Md5Size = 16;
    public const int Crc64Offset = 17;
    public const int PartSizeOffset = 25;
    public const int NextPartOffset = 33;
    public const int UploadSizeOffset = 35;
    public const int UploadIdOffset = 37;

    /// <summary>Bytes of an upload's id: the clouds' have up to some hundred.</summary>
    public const int UploadSizeMax = 4096;

    public const int BlockHashSize = 32;
    public const int BlockCountMax = 64;
    public const int BlockSizeMin = 64 * 1024;

    /// <summary>Bytes of a block: the smallest power of two from 64 KiB of which an item has at most 64.</summary>
    public static long BlockSizeOf(long length)
    {
        long size = BlockSizeMin;
        while ((length + size - 1) / size > BlockCountMax) size *= 2;
        return size;
    }

    public static int BlockCountOf(long length)
    {
        var size = BlockSizeOf(length);
        return (int)((length + size - 1) / size);
    }

    /// <summary>Parts of an upload of so many bytes.</summary>
    /// <param name="length">The item's, at least 1.</param>
    public static long PartCountOf(long length, long partSize) => (length - 1) / partSize + 1;

    public byte[] Write()
    {
        var id = Encoding.UTF8.GetBytes(UploadId);
        var bytes = new byte[UploadIdOffset + id.Length + Hashes.Blocks.Length];
        bytes[0] = Version;
        Hashes.Md5.Span.CopyTo(bytes.AsSpan(Md5Offset));
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(Crc64Offset), Hashes.Crc64);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(PartSizeOffset), PartSize);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(NextPartOffset), (ushort)NextPart);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(UploadSizeOffset), (ushort)id.Length);
        id.CopyTo(bytes, UploadIdOffset);
        Hashes.Blocks.Span.CopyTo(bytes.AsSpan(UploadIdOffset + id.Length));
        return bytes;
    }

    /// <param name="length">The item's.</param>
    /// <exception cref="BackendException">Permanent: they are not what this backend has written.</exception>
    public static ItemNotes Read(ReadOnlyMemory<byte> notes, long length)
    {
        var bytes = notes.Span;
        if (bytes.Length < UploadIdOffset) throw Wrong("they are cut off");
        if (bytes[0] != Version) throw Wrong($"they have version {bytes[0]}, and this program knows {Version}");
        var partSize = BinaryPrimitives.ReadInt64BigEndian(bytes[PartSizeOffset..]);
        var nextPart = BinaryPrimitives.ReadUInt16BigEndian(bytes[NextPartOffset..]);
        var uploadSize = BinaryPrimitives.ReadUInt16BigEndian(bytes[UploadSizeOffset..]);
        if (uploadSize > UploadSizeMax || bytes.Length != UploadIdOffset + uploadSize + BlockCountOf(length) * BlockHashSize) throw Wrong("their length is not that of their fields");
        var isUpload = uploadSize > 0;
        if (isUpload != partSize > 0 || isUpload != nextPart > 0 || partSize < 0) throw Wrong("they name half an upload");
        var partCount = isUpload ? PartCountOf(length, partSize) : 0;
        if (partCount > S3Client.PartCountMax) throw Wrong("the upload has too many parts");
        if (nextPart > partCount + 1) throw Wrong("the next part is behind the last");
        string id;
        try
        {
            id = strictUtf8.GetString(bytes.Slice(UploadIdOffset, uploadSize));
        }
        catch (DecoderFallbackException e)
        {
            throw Wrong(e.Message);
        }

        var hashes = new ItemHashes(notes.Slice(Md5Offset, Md5Size), BinaryPrimitives.ReadUInt64BigEndian(bytes[Crc64Offset..]), notes[(UploadIdOffset + uploadSize)..]);
        return new(hashes, partSize, nextPart, id);
    }

    private static readonly UTF8Encoding strictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private static BackendException Wrong(string what) => new(BackendErrorKind.Permanent, $"The notes of an item on S3 cannot be read: {what}. The item is to be placed anew.");
}
