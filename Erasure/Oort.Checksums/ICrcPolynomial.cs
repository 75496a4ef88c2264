namespace Oort.Checksums;

/// <summary>A bit-reflected CRC: which polynomial, how wide. A type argument, so that the compiler makes one specialised body for each.</summary>
/// <remarks>
/// Reflected means that the least significant bit of the first byte is the highest power of x. All CRCs here start with all ones and
/// are inverted at the end; <see cref="CrcEngine{TPolynomial}"/> works on the register between these two inversions.
/// </remarks>
internal interface ICrcPolynomial
{
    /// <summary>The polynomial without its leading term, reflected: bit i is the coefficient of x^(Width−1−i).</summary>
    static abstract ulong Reflected { get; }

    /// <summary>32 or 64 bits.</summary>
    static abstract int Width { get; }
}

/// <summary>CRC-32 of Ethernet, gzip and zip (ISO 3309; 0x04C11DB7).</summary>
internal readonly struct Crc32Polynomial : ICrcPolynomial
{
    public static ulong Reflected => 0xEDB8_8320;
    public static int Width => 32;
}

/// <summary>CRC-32C of iSCSI (RFC 3720 §12.1; 0x1EDC6F41).</summary>
internal readonly struct Crc32CPolynomial : ICrcPolynomial
{
    public static ulong Reflected => 0x82F6_3B78;
    public static int Width => 32;
}

/// <summary>CRC-64/NVME (NVM Express NVM Command Set Specification, "64b CRC"; 0xAD93D23594C93659).</summary>
internal readonly struct Crc64NvmePolynomial : ICrcPolynomial
{
    public static ulong Reflected => 0x9A6C_9329_AC4B_C9B5;
    public static int Width => 64;
}
