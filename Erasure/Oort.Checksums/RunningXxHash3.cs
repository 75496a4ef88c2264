using System.Buffers.Binary;

namespace Oort.Checksums;

/// <summary>XXH3 with seed 0 and the default secret, of 64 or 128 bits, over bytes that come piece by piece (xxHash specification, "XXH3 algorithm").</summary>
/// <param name="isWide">128 bits rather than 64.</param>
internal sealed class RunningXxHash3(bool isWide)
{
    public const int Size = sizeof(ulong);
    public const int WideSize = 2 * sizeof(ulong);

    private const int LaneCount = 8;
    private const int StripeSize = LaneCount * sizeof(ulong);

    // The secret moves on by 8 bytes a stripe; then all lanes are scrambled with its last 64 bytes, and it starts again.
    private const int SecretStep = 8;
    private const int ScrambleOffset = XxHash3Short.SecretSize - StripeSize;
    private const int BlockStripes = ScrambleOffset / SecretStep;

    // The last stripe and the two halves of the result each have a place of their own in the secret.
    private const int LastStripeOffset = ScrambleOffset - 7;
    private const int LowOffset = 11;
    private const int HighOffset = ScrambleOffset - 11;

    // Up to 240 bytes are hashed in another way, so those wait; and one byte always does, since the last stripe is taken differently.
    private const int WaitingMax = 4 * StripeSize;

    private const uint Prime32One = 0x9E3779B1;
    private const uint Prime32Two = 0x85EBCA77;
    private const uint Prime32Three = 0xC2B2AE3D;

    private readonly ulong[] lanes = Seeded();
    private readonly byte[] waiting = new byte[WaitingMax];

    // What stood before the waiting bytes: the last stripe reaches back into it where fewer wait.
    private readonly byte[] before = new byte[StripeSize];
    private int waitingCount;
    private int stripe;
    private ulong length;

    public void Append(ReadOnlySpan<byte> data)
    {
        length += (ulong)data.Length;
        var room = WaitingMax - waitingCount;
        if (data.Length > room)
        {
            data[..room].CopyTo(waiting.AsSpan(waitingCount));
            data = data[room..];
            waitingCount = 0;
            stripe = Take(lanes, stripe, waiting);
            waiting.AsSpan(WaitingMax - StripeSize).CopyTo(before);
            var whole = (data.Length - 1) / WaitingMax * WaitingMax;
            if (whole > 0)
            {
                stripe = Take(lanes, stripe, data[..whole]);
                data.Slice(whole - StripeSize, StripeSize).CopyTo(before);
                data = data[whole..];
            }
        }

        data.CopyTo(waiting.AsSpan(waitingCount));
        waitingCount += data.Length;
    }

    /// <summary>Writes the hash, big-endian, and starts anew.</summary>
    public void Finish(Span<byte> destination)
    {
        var held = waiting.AsSpan(0, waitingCount);
        if (length <= XxHash3Short.LengthMax)
        {
            if (isWide) BinaryPrimitives.WriteUInt128BigEndian(destination, XxHash3Short.Hash128(held));
            else BinaryPrimitives.WriteUInt64BigEndian(destination, XxHash3Short.Hash64(held));
        }
        else
        {
            Take(lanes, stripe, held[..((waitingCount - 1) / StripeSize * StripeSize)]);
            Span<byte> last = stackalloc byte[StripeSize];
            var reach = Math.Max(0, StripeSize - waitingCount);
            before.AsSpan(StripeSize - reach).CopyTo(last);
            held[^(StripeSize - reach)..].CopyTo(last[reach..]);
            Accumulate(lanes, last, LastStripeOffset);
            var low = Merge(lanes, LowOffset, length * RunningXxHash64.Prime1);
            if (isWide) BinaryPrimitives.WriteUInt64BigEndian(destination, Merge(lanes, HighOffset, ~(length * RunningXxHash64.Prime2)));
            BinaryPrimitives.WriteUInt64BigEndian(destination[^sizeof(ulong)..], low);
        }

        Seeded().CopyTo(lanes, 0);
        (waitingCount, stripe, length) = (0, 0, 0);
    }

    private static ulong[] Seeded() =>
        [Prime32Three, RunningXxHash64.Prime1, RunningXxHash64.Prime2, RunningXxHash64.Prime3, RunningXxHash64.Prime4, Prime32Two, RunningXxHash64.Prime5, Prime32One];

    /// <summary>Takes whole stripes.</summary>
    /// <param name="stripe">Stripes of the block so far.</param>
    /// <returns>The same afterwards.</returns>
    private static int Take(Span<ulong> lanes, int stripe, ReadOnlySpan<byte> data)
    {
        for (; !data.IsEmpty; data = data[StripeSize..])
        {
            Accumulate(lanes, data, stripe * SecretStep);
            if (++stripe < BlockStripes) continue;
            stripe = 0;
            for (var i = 0; i < LaneCount; i++)
                lanes[i] = (lanes[i] ^ (lanes[i] >> 47) ^ XxHash3Short.SecretAt(ScrambleOffset + (i * sizeof(ulong)))) * Prime32One;
        }

        return stripe;
    }

    private static void Accumulate(Span<ulong> lanes, ReadOnlySpan<byte> data, int secretOffset)
    {
        for (var i = 0; i < LaneCount; i++)
        {
            var value = BinaryPrimitives.ReadUInt64LittleEndian(data[(i * sizeof(ulong))..]);
            var keyed = value ^ XxHash3Short.SecretAt(secretOffset + (i * sizeof(ulong)));
            lanes[i ^ 1] += value;
            lanes[i] += (ulong)(uint)keyed * (keyed >> 32);
        }
    }

    private static ulong Merge(ReadOnlySpan<ulong> lanes, int secretOffset, ulong start)
    {
        for (var i = 0; i < LaneCount; i += 2)
        {
            var offset = secretOffset + (i * sizeof(ulong));
            start += XxHash3Short.Fold(lanes[i] ^ XxHash3Short.SecretAt(offset), lanes[i + 1] ^ XxHash3Short.SecretAt(offset + sizeof(ulong)));
        }

        return XxHash3Short.Avalanche(start);
    }
}
