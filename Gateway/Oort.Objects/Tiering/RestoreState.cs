using System.Buffers.Binary;
using Oort.Metadata;

namespace Oort.Objects.Tiering;

/// <summary>How urgent a restore is (S3 API: RestoreObject, "Tier").</summary>
public enum RestoreTier : byte
{
    Standard = 0,
    Bulk = 1,
    Expedited = 2,
}

/// <summary>How far a restore is.</summary>
public enum RestorePhase : byte
{
    /// <summary>It was asked for, and its data is being made readable.</summary>
    Requested = 0,

    /// <summary>The version can be read until the restore expires.</summary>
    Restored = 1,
}

/// <summary>An archived version's restore: an attribute of the version (docs/formats/restore.md).</summary>
/// <param name="Days">For how many days the version is to be readable, from when it is.</param>
/// <param name="Requested">When it was asked for, in milliseconds.</param>
/// <param name="Expires">When it ends to be readable, in milliseconds; null while it is <see cref="RestorePhase.Requested"/>.</param>
public sealed record RestoreState(RestorePhase Phase, RestoreTier Tier, int Days, DateTimeOffset Requested, DateTimeOffset? Expires)
{
    /// <summary>Name of the attribute (<see cref="ObjectAttributes.Extensions"/>).</summary>
    public const string Extension = "restore";

    public const byte Version = 1;
    public const int PhaseOffset = 1;
    public const int TierOffset = 2;
    public const int DaysOffset = 3;
    public const int RequestedOffset = 7;
    public const int ExpiresOffset = 15;

    /// <summary>Bytes of the attribute.</summary>
    public const int Size = 23;

    /// <summary>The restore of a version, over or not; null: there is none, or one that this program cannot read, which is as none.</summary>
    public static RestoreState? Of(VersionRow version) =>
        version.Attributes.Extensions.TryGetValue(Extension, out var bytes) && TryDecode(bytes.AsSpan(), out var state) ? state : null;

    /// <summary>Whether a version can be read: it is not archived, or restored for now.</summary>
    public static bool IsReadable(VersionRow version, DateTimeOffset now) => !StorageClassOrder.IsArchive(version.StorageClass) || Of(version)?.HoldsAt(now) == true;

    /// <summary>Attributes with another restore; null: with none.</summary>
    public static ObjectAttributes Set(ObjectAttributes attributes, RestoreState? state) =>
        attributes with { Extensions = state is null ? attributes.Extensions.Remove(Extension) : attributes.Extensions.SetItem(Extension, [.. state.Encode()]) };

    /// <summary>Whether it makes the version readable at a time.</summary>
    public bool HoldsAt(DateTimeOffset now) => Phase == RestorePhase.Restored && Expires > now;

    public byte[] Encode()
    {
        var bytes = new byte[Size];
        bytes[0] = Version;
        bytes[PhaseOffset] = (byte)Phase;
        bytes[TierOffset] = (byte)Tier;
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(DaysOffset), (uint)Days);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(RequestedOffset), Requested.ToUnixTimeMilliseconds());
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(ExpiresOffset), Expires?.ToUnixTimeMilliseconds() ?? 0);
        return bytes;
    }

    public static bool TryDecode(ReadOnlySpan<byte> bytes, out RestoreState state)
    {
        state = null!;
        if (bytes.Length != Size || bytes[0] != Version) return false;
        var (phase, tier) = ((RestorePhase)bytes[PhaseOffset], (RestoreTier)bytes[TierOffset]);
        var days = BinaryPrimitives.ReadUInt32BigEndian(bytes[DaysOffset..]);
        var requested = BinaryPrimitives.ReadInt64BigEndian(bytes[RequestedOffset..]);
        var expires = BinaryPrimitives.ReadInt64BigEndian(bytes[ExpiresOffset..]);
        if (!Enum.IsDefined(phase) || !Enum.IsDefined(tier) || days is 0 or > int.MaxValue || !IsTime(requested) || !IsTime(expires)) return false;
        if (phase == RestorePhase.Restored ? expires == 0 : expires != 0) return false;
        state = new(phase, tier, (int)days, DateTimeOffset.FromUnixTimeMilliseconds(requested), expires == 0 ? null : DateTimeOffset.FromUnixTimeMilliseconds(expires));
        return true;
    }

    /// <summary>No restore is older than the epoch, and none ends after the year 9999.</summary>
    private static bool IsTime(long milliseconds) => milliseconds is >= 0 and <= 253_402_300_799_999;
}
