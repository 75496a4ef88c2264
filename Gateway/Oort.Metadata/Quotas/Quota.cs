using System.Buffers.Binary;

namespace Oort.Metadata;

/// <summary>What a bucket or an account may store at most (docs/formats/quota.md). Checked in the commit of what grows; what is there already is never touched.</summary>
/// <param name="Bytes">Limit of <see cref="Usage.Bytes"/>; null: none.</param>
/// <param name="Objects">Limit of <see cref="Usage.Objects"/>; null: none.</param>
public readonly record struct Quota(long? Bytes, long? Objects)
{
    /// <summary>Name of the bucket setting that holds a bucket's quota.</summary>
    public const string BucketSetting = "quota";

    /// <summary>Begin of the names of the settings that hold accounts' quotas; the account's id follows.</summary>
    public const string AccountSettings = "quota/account/";

    /// <summary>The highest limit, of either kind: 2^60.</summary>
    public const long LimitMax = 1L << 60;

    /// <summary>Bytes of the record.</summary>
    public const int Size = ObjectsOffset + sizeof(ulong);

    internal const int VersionOffset = 0;
    internal const int FlagsOffset = 1;
    internal const int BytesOffset = 2;
    internal const int ObjectsOffset = 10;

    private const byte Version = 1;
    private const byte LimitsBytes = 1;
    private const byte LimitsObjects = 2;

    /// <summary>Nothing may grow: what stands for a quota that cannot be read.</summary>
    public static Quota Closed { get; } = new(0, 0);

    /// <summary>Name of the setting that holds an account's quota.</summary>
    /// <param name="account">Canonical id.</param>
    public static string AccountSetting(string account) => AccountSettings + account;

    /// <summary>The record.</summary>
    /// <exception cref="ArgumentException">It limits nothing, or a limit is not from 0 to <see cref="LimitMax"/>.</exception>
    public byte[] ToRecord()
    {
        if (Bytes is null && Objects is null) throw new ArgumentException("A quota limits bytes, objects, or both.");
        if (!IsLimit(Bytes) || !IsLimit(Objects)) throw new ArgumentException($"A limit goes from 0 to {LimitMax}.");
        var record = new byte[Size];
        record[VersionOffset] = Version;
        record[FlagsOffset] = (byte)((Bytes is null ? 0 : LimitsBytes) | (Objects is null ? 0 : LimitsObjects));
        BinaryPrimitives.WriteInt64BigEndian(record.AsSpan(BytesOffset), Bytes ?? 0);
        BinaryPrimitives.WriteInt64BigEndian(record.AsSpan(ObjectsOffset), Objects ?? 0);
        return record;
    }

    /// <summary>Reads a record.</summary>
    /// <returns>False when it must be rejected (docs/formats/quota.md §6).</returns>
    public static bool TryRead(ReadOnlySpan<byte> record, out Quota quota)
    {
        quota = Closed;
        if (record.Length != Size || record[VersionOffset] != Version) return false;
        var flags = record[FlagsOffset];
        if (flags is 0 or > (LimitsBytes | LimitsObjects)) return false;
        var read = new Quota(
            (flags & LimitsBytes) != 0 ? BinaryPrimitives.ReadInt64BigEndian(record[BytesOffset..]) : null,
            (flags & LimitsObjects) != 0 ? BinaryPrimitives.ReadInt64BigEndian(record[ObjectsOffset..]) : null);
        if (!IsLimit(read.Bytes) || !IsLimit(read.Objects)) return false;
        if (read.Bytes is null && record[BytesOffset..ObjectsOffset].ContainsAnyExcept((byte)0)) return false;
        if (read.Objects is null && record[ObjectsOffset..].ContainsAnyExcept((byte)0)) return false;
        quota = read;
        return true;
    }

    /// <summary>A record's quota, <see cref="Closed"/> when it cannot be read: doubt denies.</summary>
    public static Quota Read(ReadOnlySpan<byte> record)
    {
        TryRead(record, out var quota);
        return quota;
    }

    /// <summary>Whether so much more may be stored where so much is. What does not grow may always be done, above the limit too.</summary>
    public bool Allows(Usage used, Usage growth) => Allows(Bytes, used.Bytes, growth.Bytes) && Allows(Objects, used.Objects, growth.Objects);

    private static bool Allows(long? limit, long used, long growth) => limit is not { } most || growth <= 0 || growth <= most - used;

    private static bool IsLimit(long? limit) => limit is null or (>= 0 and <= LimitMax);
}
