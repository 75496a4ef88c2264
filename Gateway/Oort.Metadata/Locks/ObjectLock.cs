using System.Buffers.Binary;

namespace Oort.Metadata;

/// <summary>Who may end a retention before its time (S3 API: "Retention modes").</summary>
public enum RetentionMode : byte
{
    /// <summary>There is no retention.</summary>
    None = 0,

    /// <summary>Those who may bypass it.</summary>
    Governance = 1,

    /// <summary>Nobody.</summary>
    Compliance = 2,
}

/// <summary>A version's legal hold; once set it is on or off, and never absent again.</summary>
public enum LegalHold : byte
{
    None = 0,
    Off = 1,
    On = 2,
}

/// <summary>Until when a version is kept.</summary>
/// <param name="Until">Milliseconds count; meaningless without a mode.</param>
public readonly record struct LockTerm(RetentionMode Mode, DateTimeOffset Until)
{
    public static LockTerm None => default;
}

/// <summary>What keeps a version from being deleted: the attribute "lock" (docs/formats/object-lock.md). Not on delete markers.</summary>
public readonly record struct ObjectLock(LockTerm Retention, LegalHold Hold)
{
    /// <summary>Name of the attribute.</summary>
    public const string Extension = "lock";

    /// <summary>Bytes of the record.</summary>
    public const int Size = UntilOffset + sizeof(long);

    internal const int VersionOffset = 0;
    internal const int ModeOffset = 1;
    internal const int HoldOffset = 2;
    internal const int UntilOffset = 3;

    private const byte Version = 1;

    /// <summary>The last instant that a date of four digits can say: 9999-12-31T23:59:59.999Z, in milliseconds since 1970.</summary>
    internal const long UntilMax = 253_402_300_799_999;

    /// <summary>Nothing is locked.</summary>
    public static ObjectLock None => default;

    /// <summary>The lock of a version or an upload.</summary>
    /// <exception cref="MetadataFormatException">The attribute is none: the version counts as locked for good.</exception>
    public static ObjectLock Of(ObjectAttributes attributes)
    {
        if (!attributes.Extensions.TryGetValue(Extension, out var record)) return None;
        return TryRead(record.AsSpan(), out var found) ? found : throw new MetadataFormatException("The attribute \"lock\" of a version is none.");
    }

    /// <summary>Whether a version with these attributes must stay.</summary>
    /// <param name="time">Of the clock of locks (<see cref="LockClock.Time"/>).</param>
    /// <param name="bypassesGovernance">The caller may end a retention in governance mode, and says that he wants to.</param>
    public static bool Holds(ObjectAttributes attributes, DateTimeOffset time, bool bypassesGovernance = false)
    {
        if (!attributes.Extensions.TryGetValue(Extension, out var record)) return false;
        // What cannot be read may be any lock.
        if (!TryRead(record.AsSpan(), out var found) || found.Hold == LegalHold.On) return true;
        return found.Retention.Mode != RetentionMode.None && time < found.Retention.Until && !(bypassesGovernance && found.Retention.Mode == RetentionMode.Governance);
    }

    /// <summary>The attributes with this lock in place of the one that they have.</summary>
    public ObjectAttributes On(ObjectAttributes attributes) => this == None
        ? attributes with { Extensions = attributes.Extensions.Remove(Extension) }
        : attributes with { Extensions = attributes.Extensions.SetItem(Extension, [.. ToRecord()]) };

    /// <exception cref="ArgumentException">It locks nothing, or until a time that it cannot hold.</exception>
    public byte[] ToRecord()
    {
        var record = new byte[Size];
        record[VersionOffset] = Version;
        record[ModeOffset] = (byte)Retention.Mode;
        record[HoldOffset] = (byte)Hold;
        BinaryPrimitives.WriteInt64BigEndian(record.AsSpan(UntilOffset), Retention.Mode == RetentionMode.None ? 0 : Retention.Until.ToUnixTimeMilliseconds());
        return TryRead(record, out _) ? record : throw new ArgumentException("The lock locks nothing, or until a time before 1970.");
    }

    /// <returns>False when it must be rejected (docs/formats/object-lock.md §6).</returns>
    public static bool TryRead(ReadOnlySpan<byte> record, out ObjectLock found)
    {
        found = None;
        if (record.Length != Size || record[VersionOffset] != Version) return false;
        var (mode, hold) = ((RetentionMode)record[ModeOffset], (LegalHold)record[HoldOffset]);
        var until = BinaryPrimitives.ReadInt64BigEndian(record[UntilOffset..]);
        if (mode > RetentionMode.Compliance || hold > LegalHold.On) return false;
        var isValid = mode == RetentionMode.None ? until == 0 && hold != LegalHold.None : until is > 0 and <= UntilMax;
        if (!isValid) return false;
        found = new(mode == RetentionMode.None ? LockTerm.None : new(mode, DateTimeOffset.FromUnixTimeMilliseconds(until)), hold);
        return true;
    }
}
