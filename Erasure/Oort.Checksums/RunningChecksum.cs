using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Oort.Checksums;

/// <summary>One of S3's checksums over bytes that come piece by piece.</summary>
/// <remarks>Not thread-safe. After <see cref="Finish"/> it starts anew.</remarks>
public sealed class RunningChecksum : IDisposable
{
    private readonly IncrementalHash? hash;
    private ulong crc;

    /// <param name="algorithm">Any but <see cref="ChecksumAlgorithm.None"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">None, or no algorithm.</exception>
    public RunningChecksum(ChecksumAlgorithm algorithm)
    {
        _ = algorithm.Size();
        Algorithm = algorithm;
        hash = algorithm switch
        {
            ChecksumAlgorithm.Sha1 => IncrementalHash.CreateHash(HashAlgorithmName.SHA1),
            ChecksumAlgorithm.Sha256 => IncrementalHash.CreateHash(HashAlgorithmName.SHA256),
            _ => null,
        };
    }

    public ChecksumAlgorithm Algorithm { get; }

    public void Append(ReadOnlySpan<byte> data)
    {
        switch (Algorithm)
        {
            case ChecksumAlgorithm.Crc32:
                crc = Crc32.Append((uint)crc, data);
                break;
            case ChecksumAlgorithm.Crc32C:
                crc = Crc32C.Append((uint)crc, data);
                break;
            case ChecksumAlgorithm.Crc64Nvme:
                crc = Crc64Nvme.Append(crc, data);
                break;
            default:
                hash!.AppendData(data);
                break;
        }
    }

    /// <summary>The checksum of all that was appended, in the byte order in which S3 encodes it (CRCs big-endian), and starts anew.</summary>
    /// <returns>A new array of <see cref="ChecksumAlgorithms.Size"/> bytes.</returns>
    public byte[] Finish()
    {
        if (hash is not null) return hash.GetHashAndReset();
        var value = new byte[Algorithm.Size()];
        if (value.Length == sizeof(uint)) BinaryPrimitives.WriteUInt32BigEndian(value, (uint)crc);
        else BinaryPrimitives.WriteUInt64BigEndian(value, crc);
        crc = 0;
        return value;
    }

    public void Dispose() => hash?.Dispose();
}
