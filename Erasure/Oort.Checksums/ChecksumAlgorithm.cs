namespace Oort.Checksums;

/// <summary>The checksums a client may send for an object (S3 API: "Checking object integrity").</summary>
public enum ChecksumAlgorithm : byte
{
    None = 0,
    Crc32 = 1,
    Crc32C = 2,
    Crc64Nvme = 3,
    Sha1 = 4,
    Sha256 = 5,
    Sha512 = 6,
    Md5 = 7,
    XxHash64 = 8,
    XxHash3 = 9,
    XxHash128 = 10,
}

/// <summary>Whether a multipart object's checksum covers the object's bytes or the list of its parts' checksums.</summary>
public enum ChecksumType : byte
{
    FullObject = 0,
    Composite = 1,
}
