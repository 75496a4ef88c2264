using System.Buffers.Binary;

namespace Oort.Metadata;

/// <summary>What retentions are measured by: a clock that is never behind the highest time that was seen, and that stands still when it is set forward (docs/formats/lock-clock.md).</summary>
/// <param name="Time">What has passed for certain: retentions that end later than this still hold.</param>
/// <param name="IsPaused">The machine's clock is more than <see cref="GapMax"/> ahead of the mark: nothing unlocks until it is set right, or an operator says that it is.</param>
/// <param name="Mark">Highest time that was written down; null: none, or one that cannot be read.</param>
public readonly record struct LockClock(DateTimeOffset Time, bool IsPaused, DateTimeOffset? Mark)
{
    /// <summary>Name of the setting that holds the mark. Made with the first bucket that locks.</summary>
    public const string SettingName = "clock/mark";

    /// <summary>How far ahead of the mark a clock is believed: a gateway may be off for so long without anybody being asked.</summary>
    public static readonly TimeSpan GapMax = TimeSpan.FromHours(24);

    /// <summary>How often the mark follows the clock while a gateway runs.</summary>
    public static readonly TimeSpan MarkInterval = TimeSpan.FromMinutes(10);

    /// <summary>Bytes of the setting.</summary>
    public const int Size = MarkOffset + sizeof(long);

    internal const int VersionOffset = 0;
    internal const int MarkOffset = 1;

    private const byte Version = 1;

    /// <summary>The clock at a time of the machine's.</summary>
    /// <param name="mark">The setting; null: unset. Without one that can be read, nothing unlocks.</param>
    public static LockClock At(byte[]? mark, DateTimeOffset now)
    {
        if (mark is null || !TryRead(mark, out var time)) return new(DateTimeOffset.UnixEpoch, true, null);
        return now - time > GapMax ? new(time, true, time) : new(now > time ? now : time, false, time);
    }

    /// <summary>From when a retention of a version that is written at a time of the machine's is counted: never from before the mark, so that a clock that was set back shortens nothing.</summary>
    public static DateTimeOffset Start(byte[]? mark, DateTimeOffset now) => mark is not null && TryRead(mark, out var time) && time > now ? time : now;

    /// <exception cref="ArgumentOutOfRangeException">A time before 1970.</exception>
    public static byte[] Encode(DateTimeOffset mark)
    {
        var setting = new byte[Size];
        setting[VersionOffset] = Version;
        ArgumentOutOfRangeException.ThrowIfLessThan(mark, DateTimeOffset.UnixEpoch);
        BinaryPrimitives.WriteInt64BigEndian(setting.AsSpan(MarkOffset), mark.ToUnixTimeMilliseconds());
        return setting;
    }

    /// <returns>False when it must be rejected (docs/formats/lock-clock.md §6).</returns>
    public static bool TryRead(ReadOnlySpan<byte> setting, out DateTimeOffset mark)
    {
        mark = default;
        if (setting.Length != Size || setting[VersionOffset] != Version) return false;
        var milliseconds = BinaryPrimitives.ReadInt64BigEndian(setting[MarkOffset..]);
        if (milliseconds is < 0 or > ObjectLock.UntilMax) return false;
        mark = DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);
        return true;
    }
}
