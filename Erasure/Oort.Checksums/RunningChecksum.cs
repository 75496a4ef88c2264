using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Oort.Checksums;

/// <summary>One of S3's checksums over bytes that come piece by piece.</summary>
/// <remarks>Not thread-safe. After <see cref="Finish"/> it starts anew.</remarks>
public sealed class RunningChecksum : IDisposable
{
    private readonly IncrementalHash? sha1;
    private readonly RunningSha256? sha256;
    private ulong crc;

    /// <param name="algorithm">Any but <see cref="ChecksumAlgorithm.None"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">None, or no algorithm.</exception>
    public RunningChecksum(ChecksumAlgorithm algorithm)
    {
        _ = algorithm.Size();
        Algorithm = algorithm;
        if (algorithm == ChecksumAlgorithm.Sha1) sha1 = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
        if (algorithm == ChecksumAlgorithm.Sha256) sha256 = RunningSha256.Create();
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
            case ChecksumAlgorithm.Sha256:
                sha256!.Append(data);
                break;
            default:
                sha1!.AppendData(data);
                break;
        }
    }

    /// <summary>The checksum of all that was appended, in the byte order in which S3 encodes it (CRCs big-endian), and starts anew.</summary>
    /// <returns>A new array of <see cref="ChecksumAlgorithms.Size"/> bytes.</returns>
    public byte[] Finish()
    {
        if (sha1 is not null) return sha1.GetHashAndReset();
        var value = new byte[Algorithm.Size()];
        if (sha256 is not null) sha256.Finish(value);
        else if (value.Length == sizeof(uint)) BinaryPrimitives.WriteUInt32BigEndian(value, (uint)crc);
        else BinaryPrimitives.WriteUInt64BigEndian(value, crc);
        crc = 0;
        return value;
    }

    public void Dispose()
    {
        sha1?.Dispose();
        sha256?.Dispose();
    }
}
