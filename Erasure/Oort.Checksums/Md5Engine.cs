using System.Numerics;
using System.Runtime.CompilerServices;

namespace Oort.Checksums;

/// <summary>MD5's compression of whole blocks (RFC 1321 §3.4): this file is the definition, one stream at a time.</summary>
/// <remarks>
/// Every step needs the result of the one before, so its speed is the length of that chain: and, add, rotate, add. Hence the forms here differ
/// from the RFC's where that takes the newest word through fewer operations: F(b, c, d) = d ^ (b &amp; (c ^ d)), and G(b, c, d) =
/// (c &amp; ~d) + (b &amp; d), whose halves have no bit in common, so that the first half is added before b is known. Message words are
/// little-endian, as are all processors that this runs on.
/// </remarks>
internal static unsafe partial class Md5Engine
{
    /// <summary>Bytes that one compression takes.</summary>
    internal const int BlockSize = 64;

    /// <summary>Compresses whole blocks into a state.</summary>
    /// <param name="blocks">A multiple of <see cref="BlockSize"/> bytes.</param>
    internal static void Append(ref Md5State state, ReadOnlySpan<byte> blocks)
    {
        fixed (byte* source = blocks) Append(ref state, source, blocks.Length / BlockSize);
    }

    /// <summary>Compresses that many blocks into a state.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Append(ref Md5State state, byte* source, int blockCount)
    {
        var (a, b, c, d) = (state.A, state.B, state.C, state.D);
        var end = source + (nint)blockCount * BlockSize;
        for (; source < end; source += BlockSize)
        {
            var m = (uint*)source;
            var (a0, b0, c0, d0) = (a, b, c, d);

            a = b + BitOperations.RotateLeft(a + m[0] + 0xD76AA478 + (d ^ (b & (c ^ d))), 7);
            d = a + BitOperations.RotateLeft(d + m[1] + 0xE8C7B756 + (c ^ (a & (b ^ c))), 12);
            c = d + BitOperations.RotateLeft(c + m[2] + 0x242070DB + (b ^ (d & (a ^ b))), 17);
            b = c + BitOperations.RotateLeft(b + m[3] + 0xC1BDCEEE + (a ^ (c & (d ^ a))), 22);
            a = b + BitOperations.RotateLeft(a + m[4] + 0xF57C0FAF + (d ^ (b & (c ^ d))), 7);
            d = a + BitOperations.RotateLeft(d + m[5] + 0x4787C62A + (c ^ (a & (b ^ c))), 12);
            c = d + BitOperations.RotateLeft(c + m[6] + 0xA8304613 + (b ^ (d & (a ^ b))), 17);
            b = c + BitOperations.RotateLeft(b + m[7] + 0xFD469501 + (a ^ (c & (d ^ a))), 22);
            a = b + BitOperations.RotateLeft(a + m[8] + 0x698098D8 + (d ^ (b & (c ^ d))), 7);
            d = a + BitOperations.RotateLeft(d + m[9] + 0x8B44F7AF + (c ^ (a & (b ^ c))), 12);
            c = d + BitOperations.RotateLeft(c + m[10] + 0xFFFF5BB1 + (b ^ (d & (a ^ b))), 17);
            b = c + BitOperations.RotateLeft(b + m[11] + 0x895CD7BE + (a ^ (c & (d ^ a))), 22);
            a = b + BitOperations.RotateLeft(a + m[12] + 0x6B901122 + (d ^ (b & (c ^ d))), 7);
            d = a + BitOperations.RotateLeft(d + m[13] + 0xFD987193 + (c ^ (a & (b ^ c))), 12);
            c = d + BitOperations.RotateLeft(c + m[14] + 0xA679438E + (b ^ (d & (a ^ b))), 17);
            b = c + BitOperations.RotateLeft(b + m[15] + 0x49B40821 + (a ^ (c & (d ^ a))), 22);

            a = b + BitOperations.RotateLeft(a + m[1] + 0xF61E2562 + (c & ~d) + (b & d), 5);
            d = a + BitOperations.RotateLeft(d + m[6] + 0xC040B340 + (b & ~c) + (a & c), 9);
            c = d + BitOperations.RotateLeft(c + m[11] + 0x265E5A51 + (a & ~b) + (d & b), 14);
            b = c + BitOperations.RotateLeft(b + m[0] + 0xE9B6C7AA + (d & ~a) + (c & a), 20);
            a = b + BitOperations.RotateLeft(a + m[5] + 0xD62F105D + (c & ~d) + (b & d), 5);
            d = a + BitOperations.RotateLeft(d + m[10] + 0x02441453 + (b & ~c) + (a & c), 9);
            c = d + BitOperations.RotateLeft(c + m[15] + 0xD8A1E681 + (a & ~b) + (d & b), 14);
            b = c + BitOperations.RotateLeft(b + m[4] + 0xE7D3FBC8 + (d & ~a) + (c & a), 20);
            a = b + BitOperations.RotateLeft(a + m[9] + 0x21E1CDE6 + (c & ~d) + (b & d), 5);
            d = a + BitOperations.RotateLeft(d + m[14] + 0xC33707D6 + (b & ~c) + (a & c), 9);
            c = d + BitOperations.RotateLeft(c + m[3] + 0xF4D50D87 + (a & ~b) + (d & b), 14);
            b = c + BitOperations.RotateLeft(b + m[8] + 0x455A14ED + (d & ~a) + (c & a), 20);
            a = b + BitOperations.RotateLeft(a + m[13] + 0xA9E3E905 + (c & ~d) + (b & d), 5);
            d = a + BitOperations.RotateLeft(d + m[2] + 0xFCEFA3F8 + (b & ~c) + (a & c), 9);
            c = d + BitOperations.RotateLeft(c + m[7] + 0x676F02D9 + (a & ~b) + (d & b), 14);
            b = c + BitOperations.RotateLeft(b + m[12] + 0x8D2A4C8A + (d & ~a) + (c & a), 20);

            a = b + BitOperations.RotateLeft(a + m[5] + 0xFFFA3942 + (c ^ d ^ b), 4);
            d = a + BitOperations.RotateLeft(d + m[8] + 0x8771F681 + (b ^ c ^ a), 11);
            c = d + BitOperations.RotateLeft(c + m[11] + 0x6D9D6122 + (a ^ b ^ d), 16);
            b = c + BitOperations.RotateLeft(b + m[14] + 0xFDE5380C + (d ^ a ^ c), 23);
            a = b + BitOperations.RotateLeft(a + m[1] + 0xA4BEEA44 + (c ^ d ^ b), 4);
            d = a + BitOperations.RotateLeft(d + m[4] + 0x4BDECFA9 + (b ^ c ^ a), 11);
            c = d + BitOperations.RotateLeft(c + m[7] + 0xF6BB4B60 + (a ^ b ^ d), 16);
            b = c + BitOperations.RotateLeft(b + m[10] + 0xBEBFBC70 + (d ^ a ^ c), 23);
            a = b + BitOperations.RotateLeft(a + m[13] + 0x289B7EC6 + (c ^ d ^ b), 4);
            d = a + BitOperations.RotateLeft(d + m[0] + 0xEAA127FA + (b ^ c ^ a), 11);
            c = d + BitOperations.RotateLeft(c + m[3] + 0xD4EF3085 + (a ^ b ^ d), 16);
            b = c + BitOperations.RotateLeft(b + m[6] + 0x04881D05 + (d ^ a ^ c), 23);
            a = b + BitOperations.RotateLeft(a + m[9] + 0xD9D4D039 + (c ^ d ^ b), 4);
            d = a + BitOperations.RotateLeft(d + m[12] + 0xE6DB99E5 + (b ^ c ^ a), 11);
            c = d + BitOperations.RotateLeft(c + m[15] + 0x1FA27CF8 + (a ^ b ^ d), 16);
            b = c + BitOperations.RotateLeft(b + m[2] + 0xC4AC5665 + (d ^ a ^ c), 23);

            a = b + BitOperations.RotateLeft(a + m[0] + 0xF4292244 + (c ^ (b | ~d)), 6);
            d = a + BitOperations.RotateLeft(d + m[7] + 0x432AFF97 + (b ^ (a | ~c)), 10);
            c = d + BitOperations.RotateLeft(c + m[14] + 0xAB9423A7 + (a ^ (d | ~b)), 15);
            b = c + BitOperations.RotateLeft(b + m[5] + 0xFC93A039 + (d ^ (c | ~a)), 21);
            a = b + BitOperations.RotateLeft(a + m[12] + 0x655B59C3 + (c ^ (b | ~d)), 6);
            d = a + BitOperations.RotateLeft(d + m[3] + 0x8F0CCC92 + (b ^ (a | ~c)), 10);
            c = d + BitOperations.RotateLeft(c + m[10] + 0xFFEFF47D + (a ^ (d | ~b)), 15);
            b = c + BitOperations.RotateLeft(b + m[1] + 0x85845DD1 + (d ^ (c | ~a)), 21);
            a = b + BitOperations.RotateLeft(a + m[8] + 0x6FA87E4F + (c ^ (b | ~d)), 6);
            d = a + BitOperations.RotateLeft(d + m[15] + 0xFE2CE6E0 + (b ^ (a | ~c)), 10);
            c = d + BitOperations.RotateLeft(c + m[6] + 0xA3014314 + (a ^ (d | ~b)), 15);
            b = c + BitOperations.RotateLeft(b + m[13] + 0x4E0811A1 + (d ^ (c | ~a)), 21);
            a = b + BitOperations.RotateLeft(a + m[4] + 0xF7537E82 + (c ^ (b | ~d)), 6);
            d = a + BitOperations.RotateLeft(d + m[11] + 0xBD3AF235 + (b ^ (a | ~c)), 10);
            c = d + BitOperations.RotateLeft(c + m[2] + 0x2AD7D2BB + (a ^ (d | ~b)), 15);
            b = c + BitOperations.RotateLeft(b + m[9] + 0xEB86D391 + (d ^ (c | ~a)), 21);

            a += a0;
            b += b0;
            c += c0;
            d += d0;
        }

        (state.A, state.B, state.C, state.D) = (a, b, c, d);
    }
}
