using System.Buffers.Binary;
using System.Text;

namespace Oort.Backends.S3;

/// <summary>How an item is found again and known to be itself (docs/formats/s3-item.md §4).</summary>
/// <param name="VersionId">In a bucket with versions; null otherwise.</param>
internal sealed record ItemLocator(long Length, ReadOnlyMemory<byte> Sha256, string? VersionId, string Key)
{
    public const int Version = 1;
    public const int LengthOffset = 1;
    public const int Sha256Offset = 9;
    public const int Sha256Size = 32;
    public const int VersionSizeOffset = 41;
    public const int VersionIdOffset = 42;

    /// <summary>Bytes of a version's id. A longer one is not kept: reads then have the newest, and a delete leaves a version.</summary>
    public const int VersionSizeMax = 128;

    public byte[] Write()
    {
        var version = VersionId is { } id && Encoding.UTF8.GetByteCount(id) <= VersionSizeMax ? Encoding.UTF8.GetBytes(id) : [];
        var key = Encoding.UTF8.GetBytes(Key);
        var bytes = new byte[VersionIdOffset + version.Length + key.Length];
        bytes[0] = Version;
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(LengthOffset), Length);
        Sha256.Span.CopyTo(bytes.AsSpan(Sha256Offset));
        bytes[VersionSizeOffset] = (byte)version.Length;
        version.CopyTo(bytes, VersionIdOffset);
        key.CopyTo(bytes, VersionIdOffset + version.Length);
        return bytes;
    }

    /// <exception cref="BackendException">Permanent: it is not what this backend has written.</exception>
    public static ItemLocator Read(ReadOnlyMemory<byte> locator)
    {
        var bytes = locator.Span;
        if (bytes.Length <= VersionIdOffset) throw Wrong("it is cut off");
        if (bytes[0] != Version) throw Wrong($"it has version {bytes[0]}, and this program knows {Version}");
        var length = BinaryPrimitives.ReadInt64BigEndian(bytes[LengthOffset..]);
        var versionSize = bytes[VersionSizeOffset];
        if (length < 1 || versionSize > VersionSizeMax || bytes.Length <= VersionIdOffset + versionSize) throw Wrong("its length is not that of its fields");
        try
        {
            var version = versionSize == 0 ? null : strictUtf8.GetString(bytes.Slice(VersionIdOffset, versionSize));
            return new(length, locator.Slice(Sha256Offset, Sha256Size), version, strictUtf8.GetString(bytes[(VersionIdOffset + versionSize)..]));
        }
        catch (DecoderFallbackException e)
        {
            throw Wrong(e.Message);
        }
    }

    private static readonly UTF8Encoding strictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private static BackendException Wrong(string what) => new(BackendErrorKind.Permanent, $"The locator of an item on S3 cannot be read: {what}.");
}
