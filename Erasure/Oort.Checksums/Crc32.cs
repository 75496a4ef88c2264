namespace Oort.Checksums;

/// <summary>CRC-32 as in gzip, zip and Ethernet. S3 sends it as 4 bytes, big-endian, in Base64.</summary>
/// <remarks>A CRC of no bytes is 0, so that 0 is what a running CRC starts from.</remarks>
public static class Crc32
{
    /// <summary>Length of the value in bytes.</summary>
    public const int Size = sizeof(uint);

    /// <summary>The CRC of the bytes so far followed by <paramref name="data"/>.</summary>
    /// <param name="crc">The CRC of the bytes so far; 0 when there are none.</param>
    public static uint Append(uint crc, ReadOnlySpan<byte> data) => (uint)~CrcEngine<Crc32Polynomial>.Append((uint)~crc, data);

    /// <summary>The CRC of <paramref name="data"/>.</summary>
    public static uint Compute(ReadOnlySpan<byte> data) => Append(0, data);

    /// <summary>The CRC of A‖B, without their bytes.</summary>
    /// <param name="crcOfA">The CRC of A.</param>
    /// <param name="crcOfB">The CRC of B.</param>
    /// <param name="lengthOfB">The length of B in bytes, 0 or more.</param>
    public static uint Combine(uint crcOfA, uint crcOfB, long lengthOfB) => (uint)CrcAlgebra<Crc32Polynomial>.Combine(crcOfA, crcOfB, lengthOfB);
}
