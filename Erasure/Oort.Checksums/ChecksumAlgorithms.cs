using System.Buffers.Binary;

namespace Oort.Checksums;

/// <summary>One part of a multipart object, as far as the object's checksum needs it.</summary>
/// <param name="Checksum">The part's own checksum, in S3's byte order.</param>
/// <param name="Length">Bytes of the part.</param>
public readonly record struct PartChecksum(ReadOnlyMemory<byte> Checksum, long Length);

/// <summary>What S3 says about each <see cref="ChecksumAlgorithm"/> (S3 API: "Checking object integrity").</summary>
public static class ChecksumAlgorithms
{
    /// <summary>Length of the algorithm's value in bytes, before Base64.</summary>
    /// <exception cref="ArgumentOutOfRangeException">None, or no algorithm.</exception>
    public static int Size(this ChecksumAlgorithm algorithm) => algorithm switch
    {
        ChecksumAlgorithm.Crc32 => Crc32.Size,
        ChecksumAlgorithm.Crc32C => Crc32C.Size,
        ChecksumAlgorithm.Crc64Nvme => Crc64Nvme.Size,
        ChecksumAlgorithm.Sha1 => 20,
        ChecksumAlgorithm.Sha256 => 32,
        ChecksumAlgorithm.Sha512 => 64,
        ChecksumAlgorithm.Md5 => Md5.Size,
        ChecksumAlgorithm.XxHash64 => RunningXxHash64.Size,
        ChecksumAlgorithm.XxHash3 => RunningXxHash3.Size,
        ChecksumAlgorithm.XxHash128 => RunningXxHash3.WideSize,
        _ => throw new ArgumentOutOfRangeException(nameof(algorithm), algorithm, "No checksum."),
    };

    /// <summary>Whether a multipart object may have a full-object checksum of this kind: CRCs combine, hashes do not.</summary>
    public static bool Combines(this ChecksumAlgorithm algorithm) =>
        algorithm is ChecksumAlgorithm.Crc32 or ChecksumAlgorithm.Crc32C or ChecksumAlgorithm.Crc64Nvme;

    /// <summary>Whether a multipart object may have a composite checksum of this kind: all but CRC-64/NVME, which is full-object only.</summary>
    public static bool Composes(this ChecksumAlgorithm algorithm) =>
        algorithm is not (ChecksumAlgorithm.None or ChecksumAlgorithm.Crc64Nvme);

    /// <summary>The checksum of all the parts' bytes, end to end, without those bytes.</summary>
    /// <param name="algorithm">One that <see cref="Combines"/>.</param>
    /// <param name="parts">In order. No parts give the checksum of no bytes.</param>
    /// <exception cref="ArgumentException">The algorithm does not combine, or a checksum has another length.</exception>
    public static byte[] CombineParts(this ChecksumAlgorithm algorithm, IEnumerable<PartChecksum> parts)
    {
        if (!algorithm.Combines()) throw new ArgumentException($"{algorithm} has no full-object form.", nameof(algorithm));
        var whole = 0UL;
        foreach (var part in parts)
        {
            CheckSize(algorithm, part);
            whole = algorithm switch
            {
                ChecksumAlgorithm.Crc32 => Crc32.Combine((uint)whole, BinaryPrimitives.ReadUInt32BigEndian(part.Checksum.Span), part.Length),
                ChecksumAlgorithm.Crc32C => Crc32C.Combine((uint)whole, BinaryPrimitives.ReadUInt32BigEndian(part.Checksum.Span), part.Length),
                _ => Crc64Nvme.Combine(whole, BinaryPrimitives.ReadUInt64BigEndian(part.Checksum.Span), part.Length),
            };
        }

        var value = new byte[algorithm.Size()];
        if (value.Length == sizeof(uint)) BinaryPrimitives.WriteUInt32BigEndian(value, (uint)whole);
        else BinaryPrimitives.WriteUInt64BigEndian(value, whole);
        return value;
    }

    /// <summary>The composite checksum: the checksum of the parts' checksums, end to end. S3 writes it followed by "-" and the number of parts.</summary>
    /// <param name="algorithm">One that <see cref="Composes"/>.</param>
    /// <param name="parts">In order.</param>
    /// <exception cref="ArgumentException">The algorithm does not compose, or a checksum has another length.</exception>
    public static byte[] ComposeParts(this ChecksumAlgorithm algorithm, IEnumerable<PartChecksum> parts)
    {
        if (!algorithm.Composes()) throw new ArgumentException($"{algorithm} has no composite form.", nameof(algorithm));
        using var running = new RunningChecksum(algorithm);
        foreach (var part in parts)
        {
            CheckSize(algorithm, part);
            running.Append(part.Checksum.Span);
        }

        return running.Finish();
    }

    private static void CheckSize(ChecksumAlgorithm algorithm, PartChecksum part)
    {
        if (part.Checksum.Length != algorithm.Size())
            throw new ArgumentException($"A part's {algorithm} has {part.Checksum.Length} bytes, not {algorithm.Size()}.", nameof(part));
    }
}
