namespace Oort.Checksums;

/// <summary>CRC-64/NVME, the default checksum of S3 clients and the checksum of shard cells. S3 sends it as 8 bytes, big-endian, in Base64.</summary>
/// <remarks>A CRC of no bytes is 0, so that 0 is what a running CRC starts from.</remarks>
public static class Crc64Nvme
{
    /// <summary>Length of the value in bytes.</summary>
    public const int Size = sizeof(ulong);

    /// <summary>The CRC of the bytes so far followed by <paramref name="data"/>.</summary>
    /// <param name="crc">The CRC of the bytes so far; 0 when there are none.</param>
    public static ulong Append(ulong crc, ReadOnlySpan<byte> data) => ~CrcEngine<Crc64NvmePolynomial>.Append(~crc, data);

    /// <summary>The CRC of <paramref name="data"/>.</summary>
    public static ulong Compute(ReadOnlySpan<byte> data) => Append(0, data);

    /// <summary>The CRC of A‖B, without their bytes.</summary>
    /// <param name="crcOfA">The CRC of A.</param>
    /// <param name="crcOfB">The CRC of B.</param>
    /// <param name="lengthOfB">The length of B in bytes, 0 or more.</param>
    public static ulong Combine(ulong crcOfA, ulong crcOfB, long lengthOfB) => CrcAlgebra<Crc64NvmePolynomial>.Combine(crcOfA, crcOfB, lengthOfB);

    /// <summary>The CRC of A, from that of A‖B: the way back from <see cref="Combine"/>.</summary>
    /// <param name="crcOfBoth">The CRC of A‖B.</param>
    /// <param name="crcOfB">The CRC of B.</param>
    /// <param name="lengthOfB">The length of B in bytes, 0 or more.</param>
    public static ulong RemoveEnd(ulong crcOfBoth, ulong crcOfB, long lengthOfB) => CrcAlgebra<Crc64NvmePolynomial>.RemoveEnd(crcOfBoth, crcOfB, lengthOfB);
}
