using System.Buffers.Binary;
using System.Numerics;

namespace Oort.Checksums;

/// <summary>XXH3 of at most 240 bytes, seed 0, and what it shares with the longer form (xxHash specification, "XXH3 algorithm for small and medium inputs").</summary>
internal static class XxHash3Short
{
    public const int LengthMax = 240;
    public const int SecretSize = 192;

    private const ulong MixOne = 0x165667919E3779F9;
    private const ulong MixTwo = 0x9FB21C651E98DF25;
    private const uint Prime32Two = 0x85EBCA77;

    // Bytes 129 to 240 go on in the secret with this shift; the last 16 bytes have a place of their own.
    private const int LaterShift = 3;
    private const int LastOffset = 119;
    private const int WideLastOffset = 103;

    private static ReadOnlySpan<byte> Secret =>
    [
        0xb8, 0xfe, 0x6c, 0x39, 0x23, 0xa4, 0x4b, 0xbe, 0x7c, 0x01, 0x81, 0x2c, 0xf7, 0x21, 0xad, 0x1c, 0xde, 0xd4, 0x6d, 0xe9, 0x83, 0x90, 0x97, 0xdb, 0x72, 0x40, 0xa4, 0xa4, 0xb7, 0xb3, 0x67, 0x1f,
        0xcb, 0x79, 0xe6, 0x4e, 0xcc, 0xc0, 0xe5, 0x78, 0x82, 0x5a, 0xd0, 0x7d, 0xcc, 0xff, 0x72, 0x21, 0xb8, 0x08, 0x46, 0x74, 0xf7, 0x43, 0x24, 0x8e, 0xe0, 0x35, 0x90, 0xe6, 0x81, 0x3a, 0x26, 0x4c,
        0x3c, 0x28, 0x52, 0xbb, 0x91, 0xc3, 0x00, 0xcb, 0x88, 0xd0, 0x65, 0x8b, 0x1b, 0x53, 0x2e, 0xa3, 0x71, 0x64, 0x48, 0x97, 0xa2, 0x0d, 0xf9, 0x4e, 0x38, 0x19, 0xef, 0x46, 0xa9, 0xde, 0xac, 0xd8,
        0xa8, 0xfa, 0x76, 0x3f, 0xe3, 0x9c, 0x34, 0x3f, 0xf9, 0xdc, 0xbb, 0xc7, 0xc7, 0x0b, 0x4f, 0x1d, 0x8a, 0x51, 0xe0, 0x4b, 0xcd, 0xb4, 0x59, 0x31, 0xc8, 0x9f, 0x7e, 0xc9, 0xd9, 0x78, 0x73, 0x64,
        0xea, 0xc5, 0xac, 0x83, 0x34, 0xd3, 0xeb, 0xc3, 0xc5, 0x81, 0xa0, 0xff, 0xfa, 0x13, 0x63, 0xeb, 0x17, 0x0d, 0xdd, 0x51, 0xb7, 0xf0, 0xda, 0x49, 0xd3, 0x16, 0x55, 0x26, 0x29, 0xd4, 0x68, 0x9e,
        0x2b, 0x16, 0xbe, 0x58, 0x7d, 0x47, 0xa1, 0xfc, 0x8f, 0xf8, 0xb8, 0xd1, 0x7a, 0xd0, 0x31, 0xce, 0x45, 0xcb, 0x3a, 0x8f, 0x95, 0x16, 0x04, 0x28, 0xaf, 0xd7, 0xfb, 0xca, 0xbb, 0x4b, 0x40, 0x7e,
    ];

    public static ulong SecretAt(int offset) => Word(Secret, offset);

    public static ulong Fold(ulong left, ulong right) => Math.BigMul(left, right, out var low) ^ low;

    public static ulong Avalanche(ulong hash)
    {
        hash = (hash ^ (hash >> 37)) * MixOne;
        return hash ^ (hash >> 32);
    }

    public static ulong Hash64(ReadOnlySpan<byte> data) => data.Length switch
    {
        0 => RunningXxHash64.Avalanche(SecretAt(56) ^ SecretAt(64)),
        <= 3 => RunningXxHash64.Avalanche(Few(data) ^ (Half(Secret, 0) ^ Half(Secret, 4))),
        <= 8 => Upto8(data),
        <= 16 => Upto16(data),
        _ => Avalanche(Sum(data)),
    };

    public static UInt128 Hash128(ReadOnlySpan<byte> data) => data.Length switch
    {
        0 => new(RunningXxHash64.Avalanche(SecretAt(80) ^ SecretAt(88)), RunningXxHash64.Avalanche(SecretAt(64) ^ SecretAt(72))),
        <= 3 => WideUpto3(data),
        <= 8 => WideUpto8(data),
        <= 16 => WideUpto16(data),
        _ => WideSum(data),
    };

    private static ulong Word(ReadOnlySpan<byte> data, int offset) => BinaryPrimitives.ReadUInt64LittleEndian(data[offset..]);

    private static uint Half(ReadOnlySpan<byte> data, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(data[offset..]);

    private static uint Few(ReadOnlySpan<byte> data) => ((uint)data[0] << 16) | ((uint)data[data.Length >> 1] << 24) | data[^1] | ((uint)data.Length << 8);

    private static ulong Upto8(ReadOnlySpan<byte> data)
    {
        var hash = (Half(data, data.Length - 4) + ((ulong)Half(data, 0) << 32)) ^ (SecretAt(8) ^ SecretAt(16));
        hash = (hash ^ BitOperations.RotateLeft(hash, 49) ^ BitOperations.RotateLeft(hash, 24)) * MixTwo;
        hash = (hash ^ ((hash >> 35) + (ulong)data.Length)) * MixTwo;
        return hash ^ (hash >> 28);
    }

    private static ulong Upto16(ReadOnlySpan<byte> data)
    {
        var low = Word(data, 0) ^ (SecretAt(24) ^ SecretAt(32));
        var high = Word(data, data.Length - 8) ^ (SecretAt(40) ^ SecretAt(48));
        return Avalanche((ulong)data.Length + BinaryPrimitives.ReverseEndianness(low) + high + Fold(low, high));
    }

    private static ulong Sum(ReadOnlySpan<byte> data)
    {
        var sum = (ulong)data.Length * RunningXxHash64.Prime1;
        if (data.Length <= 128)
        {
            // From both ends inwards, 16 bytes each.
            for (var i = (data.Length - 1) / 32; i >= 0; i--)
                sum += Mix(data, 16 * i, 32 * i) + Mix(data, data.Length - (16 * (i + 1)), (32 * i) + 16);
            return sum;
        }

        for (var i = 0; i < 8; i++) sum += Mix(data, 16 * i, 16 * i);
        sum = Avalanche(sum);
        for (var i = 8; i < data.Length / 16; i++) sum += Mix(data, 16 * i, (16 * (i - 8)) + LaterShift);
        return sum + Mix(data, data.Length - 16, LastOffset);
    }

    private static ulong Mix(ReadOnlySpan<byte> data, int offset, int secretOffset) =>
        Fold(Word(data, offset) ^ SecretAt(secretOffset), Word(data, offset + 8) ^ SecretAt(secretOffset + 8));

    private static UInt128 WideUpto3(ReadOnlySpan<byte> data)
    {
        var low = Few(data);
        var high = BitOperations.RotateLeft(BinaryPrimitives.ReverseEndianness(low), 13);
        return new(RunningXxHash64.Avalanche(high ^ (Half(Secret, 8) ^ Half(Secret, 12))), RunningXxHash64.Avalanche(low ^ (Half(Secret, 0) ^ Half(Secret, 4))));
    }

    private static UInt128 WideUpto8(ReadOnlySpan<byte> data)
    {
        var keyed = (Half(data, 0) + ((ulong)Half(data, data.Length - 4) << 32)) ^ (SecretAt(16) ^ SecretAt(24));
        var high = Math.BigMul(keyed, RunningXxHash64.Prime1 + ((ulong)data.Length << 2), out var low);
        high += low << 1;
        low ^= high >> 3;
        low = (low ^ (low >> 35)) * MixTwo;
        return new(Avalanche(high), low ^ (low >> 28));
    }

    private static UInt128 WideUpto16(ReadOnlySpan<byte> data)
    {
        var last = Word(data, data.Length - 8);
        var high = Math.BigMul(Word(data, 0) ^ last ^ (SecretAt(32) ^ SecretAt(40)), RunningXxHash64.Prime1, out var low);
        low += (ulong)(data.Length - 1) << 54;
        last ^= SecretAt(48) ^ SecretAt(56);
        high += last + ((ulong)(uint)last * (Prime32Two - 1));
        low ^= BinaryPrimitives.ReverseEndianness(high);
        var top = Math.BigMul(low, RunningXxHash64.Prime2, out var bottom);
        return new(Avalanche(top + (high * RunningXxHash64.Prime2)), Avalanche(bottom));
    }

    private static UInt128 WideSum(ReadOnlySpan<byte> data)
    {
        var (low, high) = ((ulong)data.Length * RunningXxHash64.Prime1, 0UL);
        if (data.Length <= 128)
        {
            for (var i = (data.Length - 1) / 32; i >= 0; i--) WideMix(ref low, ref high, data, 16 * i, data.Length - (16 * (i + 1)), 32 * i);
        }
        else
        {
            for (var i = 0; i < 4; i++) WideMix(ref low, ref high, data, 32 * i, (32 * i) + 16, 32 * i);
            (low, high) = (Avalanche(low), Avalanche(high));
            for (var i = 4; i < data.Length / 32; i++) WideMix(ref low, ref high, data, 32 * i, (32 * i) + 16, (32 * (i - 4)) + LaterShift);
            WideMix(ref low, ref high, data, data.Length - 16, data.Length - 32, WideLastOffset);
        }

        var top = (low * RunningXxHash64.Prime1) + (high * RunningXxHash64.Prime4) + ((ulong)data.Length * RunningXxHash64.Prime2);
        return new(0 - Avalanche(top), Avalanche(low + high));
    }

    private static void WideMix(ref ulong low, ref ulong high, ReadOnlySpan<byte> data, int one, int two, int secretOffset)
    {
        low = (low + Mix(data, one, secretOffset)) ^ (Word(data, two) + Word(data, two + 8));
        high = (high + Mix(data, two, secretOffset + 16)) ^ (Word(data, one) + Word(data, one + 8));
    }
}
