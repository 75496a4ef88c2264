using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Oort.Checksums;

/// <summary>One of S3's checksums over bytes that come piece by piece.</summary>
/// <remarks>Not thread-safe. After <see cref="Finish"/> it starts anew.</remarks>
public sealed class RunningChecksum : IDisposable
{
    private readonly IncrementalHash? hash;
    private readonly RunningSha256? sha256;
    private readonly RunningXxHash64? xxHash64;
    private readonly RunningXxHash3? xxHash3;
    private ulong crc;

    /// <param name="algorithm">Any but <see cref="ChecksumAlgorithm.None"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">None, or no algorithm.</exception>
    public RunningChecksum(ChecksumAlgorithm algorithm)
    {
        _ = algorithm.Size();
        Algorithm = algorithm;
        switch (algorithm)
        {
            case ChecksumAlgorithm.Sha1: hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1); break;
            case ChecksumAlgorithm.Sha512: hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA512); break;
            case ChecksumAlgorithm.Md5: hash = IncrementalHash.CreateHash(HashAlgorithmName.MD5); break;
            case ChecksumAlgorithm.Sha256: sha256 = RunningSha256.Create(); break;
            case ChecksumAlgorithm.XxHash64: xxHash64 = new(); break;
            case ChecksumAlgorithm.XxHash3: xxHash3 = new(isWide: false); break;
            case ChecksumAlgorithm.XxHash128: xxHash3 = new(isWide: true); break;
        }
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
            case ChecksumAlgorithm.XxHash64:
                xxHash64!.Append(data);
                break;
            case ChecksumAlgorithm.XxHash3 or ChecksumAlgorithm.XxHash128:
                xxHash3!.Append(data);
                break;
            default:
                hash!.AppendData(data);
                break;
        }
    }

    /// <summary>The checksum of all that was appended, in the byte order in which S3 encodes it (CRCs and xxHashes big-endian), and starts anew.</summary>
    /// <returns>A new array of <see cref="ChecksumAlgorithms.Size"/> bytes.</returns>
    public byte[] Finish()
    {
        if (hash is not null) return hash.GetHashAndReset();
        var value = new byte[Algorithm.Size()];
        if (sha256 is not null) sha256.Finish(value);
        else if (xxHash64 is not null) xxHash64.Finish(value);
        else if (xxHash3 is not null) xxHash3.Finish(value);
        else if (value.Length == sizeof(uint)) BinaryPrimitives.WriteUInt32BigEndian(value, (uint)crc);
        else BinaryPrimitives.WriteUInt64BigEndian(value, crc);
        crc = 0;
        return value;
    }

    public void Dispose()
    {
        hash?.Dispose();
        sha256?.Dispose();
    }
}
