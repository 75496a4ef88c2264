using System.Buffers.Binary;
using System.Numerics;

namespace Oort.Checksums;

/// <summary>XXH64 with seed 0 over bytes that come piece by piece (xxHash specification, "XXH64 algorithm").</summary>
internal sealed class RunningXxHash64
{
    public const int Size = sizeof(ulong);

    internal const ulong Prime1 = 0x9E3779B185EBCA87;
    internal const ulong Prime2 = 0xC2B2AE3D27D4EB4F;
    internal const ulong Prime3 = 0x165667B19E3779F9;
    internal const ulong Prime4 = 0x85EBCA77C2B2AE63;
    internal const ulong Prime5 = 0x27D4EB2F165667C5;

    // Four lanes of 8 bytes.
    private const int StripeSize = 32;

    private readonly byte[] waiting = new byte[StripeSize];
    private ulong lane1, lane2, lane3, lane4;
    private ulong length;

    public RunningXxHash64() => Restart();

    private int WaitingCount => (int)(length % StripeSize);

    public void Append(ReadOnlySpan<byte> data)
    {
        var held = WaitingCount;
        length += (ulong)data.Length;
        if (held + data.Length < StripeSize)
        {
            data.CopyTo(waiting.AsSpan(held));
            return;
        }

        if (held > 0)
        {
            data[..(StripeSize - held)].CopyTo(waiting.AsSpan(held));
            data = data[(StripeSize - held)..];
            Take(waiting);
        }

        for (; data.Length >= StripeSize; data = data[StripeSize..]) Take(data);
        data.CopyTo(waiting);
    }

    /// <summary>Writes the hash, big-endian, and starts anew.</summary>
    public void Finish(Span<byte> destination)
    {
        var hash = length < StripeSize
            ? Prime5
            : Merge(Merge(Merge(Merge(BitOperations.RotateLeft(lane1, 1) + BitOperations.RotateLeft(lane2, 7) + BitOperations.RotateLeft(lane3, 12) + BitOperations.RotateLeft(lane4, 18), lane1), lane2), lane3), lane4);
        hash += length;
        ReadOnlySpan<byte> rest = waiting.AsSpan(0, WaitingCount);
        for (; rest.Length >= sizeof(ulong); rest = rest[sizeof(ulong)..])
            hash = (BitOperations.RotateLeft(hash ^ Round(0, BinaryPrimitives.ReadUInt64LittleEndian(rest)), 27) * Prime1) + Prime4;
        if (rest.Length >= sizeof(uint))
        {
            hash = (BitOperations.RotateLeft(hash ^ (BinaryPrimitives.ReadUInt32LittleEndian(rest) * Prime1), 23) * Prime2) + Prime3;
            rest = rest[sizeof(uint)..];
        }

        foreach (var one in rest) hash = BitOperations.RotateLeft(hash ^ (one * Prime5), 11) * Prime1;
        BinaryPrimitives.WriteUInt64BigEndian(destination, Avalanche(hash));
        Restart();
    }

    internal static ulong Avalanche(ulong hash)
    {
        hash = (hash ^ (hash >> 33)) * Prime2;
        hash = (hash ^ (hash >> 29)) * Prime3;
        return hash ^ (hash >> 32);
    }

    private void Restart() => (lane1, lane2, lane3, lane4, length) = (unchecked(Prime1 + Prime2), Prime2, 0, unchecked(0 - Prime1), 0);

    private void Take(ReadOnlySpan<byte> stripe)
    {
        lane1 = Round(lane1, BinaryPrimitives.ReadUInt64LittleEndian(stripe));
        lane2 = Round(lane2, BinaryPrimitives.ReadUInt64LittleEndian(stripe[8..]));
        lane3 = Round(lane3, BinaryPrimitives.ReadUInt64LittleEndian(stripe[16..]));
        lane4 = Round(lane4, BinaryPrimitives.ReadUInt64LittleEndian(stripe[24..]));
    }

    private static ulong Round(ulong lane, ulong input) => BitOperations.RotateLeft(lane + (input * Prime2), 31) * Prime1;

    private static ulong Merge(ulong hash, ulong lane) => ((hash ^ Round(0, lane)) * Prime1) + Prime4;
}
