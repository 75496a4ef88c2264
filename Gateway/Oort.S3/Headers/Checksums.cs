using Oort.Checksums;

namespace Oort.S3;

/// <summary>Names and sizes of the checksum algorithms as S3 writes them.</summary>
public static class ChecksumNames
{
    /// <summary>In the order in which S3's model lists them.</summary>
    public static IReadOnlyList<ChecksumAlgorithm> All { get; } = [ChecksumAlgorithm.Crc32, ChecksumAlgorithm.Crc32C, ChecksumAlgorithm.Crc64Nvme, ChecksumAlgorithm.Sha1, ChecksumAlgorithm.Sha256, ChecksumAlgorithm.Sha512, ChecksumAlgorithm.Md5, ChecksumAlgorithm.XxHash64, ChecksumAlgorithm.XxHash3, ChecksumAlgorithm.XxHash128];

    /// <summary>CRC32, CRC32C, CRC64NVME, SHA1 and so on; null for None.</summary>
    public static string? Name(ChecksumAlgorithm algorithm) => algorithm switch
    {
        ChecksumAlgorithm.Crc32 => "CRC32",
        ChecksumAlgorithm.Crc32C => "CRC32C",
        ChecksumAlgorithm.Crc64Nvme => "CRC64NVME",
        ChecksumAlgorithm.Sha1 => "SHA1",
        ChecksumAlgorithm.Sha256 => "SHA256",
        ChecksumAlgorithm.Sha512 => "SHA512",
        ChecksumAlgorithm.Md5 => "MD5",
        ChecksumAlgorithm.XxHash64 => "XXHASH64",
        ChecksumAlgorithm.XxHash3 => "XXHASH3",
        ChecksumAlgorithm.XxHash128 => "XXHASH128",
        _ => null,
    };

    /// <summary>The header (and trailer) that carries it: x-amz-checksum-crc32 and so on.</summary>
    public static string Header(ChecksumAlgorithm algorithm) => algorithm switch
    {
        ChecksumAlgorithm.Crc32 => "x-amz-checksum-crc32",
        ChecksumAlgorithm.Crc32C => "x-amz-checksum-crc32c",
        ChecksumAlgorithm.Crc64Nvme => "x-amz-checksum-crc64nvme",
        ChecksumAlgorithm.Sha1 => "x-amz-checksum-sha1",
        ChecksumAlgorithm.Sha256 => "x-amz-checksum-sha256",
        ChecksumAlgorithm.Sha512 => "x-amz-checksum-sha512",
        ChecksumAlgorithm.Md5 => "x-amz-checksum-md5",
        ChecksumAlgorithm.XxHash64 => "x-amz-checksum-xxhash64",
        ChecksumAlgorithm.XxHash3 => "x-amz-checksum-xxhash3",
        ChecksumAlgorithm.XxHash128 => "x-amz-checksum-xxhash128",
        _ => throw new ArgumentOutOfRangeException(nameof(algorithm)),
    };

    /// <summary>The element that carries it in XML: ChecksumCRC32 and so on.</summary>
    public static string Element(ChecksumAlgorithm algorithm) => algorithm switch
    {
        ChecksumAlgorithm.Crc32 => "ChecksumCRC32",
        ChecksumAlgorithm.Crc32C => "ChecksumCRC32C",
        ChecksumAlgorithm.Crc64Nvme => "ChecksumCRC64NVME",
        ChecksumAlgorithm.Sha1 => "ChecksumSHA1",
        ChecksumAlgorithm.Sha256 => "ChecksumSHA256",
        ChecksumAlgorithm.Sha512 => "ChecksumSHA512",
        ChecksumAlgorithm.Md5 => "ChecksumMD5",
        ChecksumAlgorithm.XxHash64 => "ChecksumXXHASH64",
        ChecksumAlgorithm.XxHash3 => "ChecksumXXHASH3",
        ChecksumAlgorithm.XxHash128 => "ChecksumXXHASH128",
        _ => throw new ArgumentOutOfRangeException(nameof(algorithm)),
    };

    public static string TypeName(ChecksumType type) => type == ChecksumType.Composite ? "COMPOSITE" : "FULL_OBJECT";

    /// <summary>Reads an algorithm's name, in any case.</summary>
    /// <exception cref="S3Exception">InvalidRequest for an unknown one.</exception>
    public static ChecksumAlgorithm Parse(string name)
    {
        foreach (var algorithm in All)
        {
            if (name.Equals(Name(algorithm), StringComparison.OrdinalIgnoreCase))
                return algorithm;
        }

        throw new S3Exception(S3Errors.InvalidRequest, $"Checksum algorithm provided is unsupported. Please try again with any of the valid types: [{string.Join(", ", All.Select(Name))}]");
    }

    /// <summary>Reads FULL_OBJECT or COMPOSITE, in any case.</summary>
    /// <exception cref="S3Exception">InvalidRequest.</exception>
    public static ChecksumType ParseType(string name)
    {
        if (name.Equals("FULL_OBJECT", StringComparison.OrdinalIgnoreCase))
            return ChecksumType.FullObject;
        if (name.Equals("COMPOSITE", StringComparison.OrdinalIgnoreCase))
            return ChecksumType.Composite;
        throw new S3Exception(S3Errors.InvalidRequest, "Value for x-amz-checksum-type header is invalid.");
    }
}
