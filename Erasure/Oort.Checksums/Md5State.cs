using System.Buffers.Binary;

namespace Oort.Checksums;

/// <summary>The four words that MD5 carries from block to block (RFC 1321 §3.3).</summary>
internal struct Md5State
{
    public uint A;
    public uint B;
    public uint C;
    public uint D;

    /// <summary>Before the first block.</summary>
    public static Md5State Initial => new() { A = 0x67452301, B = 0xEFCDAB89, C = 0x98BADCFE, D = 0x10325476 };

    /// <summary>The digest, once the padding has been hashed too.</summary>
    /// <param name="digest">At least 16 bytes.</param>
    public readonly void Write(Span<byte> digest)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(digest, A);
        BinaryPrimitives.WriteUInt32LittleEndian(digest[4..], B);
        BinaryPrimitives.WriteUInt32LittleEndian(digest[8..], C);
        BinaryPrimitives.WriteUInt32LittleEndian(digest[12..], D);
    }
}
