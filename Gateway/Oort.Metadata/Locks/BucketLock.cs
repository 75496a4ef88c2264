using System.Buffers.Binary;

namespace Oort.Metadata;

/// <summary>What a length of a default retention counts.</summary>
public enum RetentionUnit : byte
{
    None = 0,
    Days = 1,
    Years = 2,
}

/// <summary>That a bucket locks its versions, and how long by default: the setting "object-lock" (docs/formats/bucket-lock.md). It implies versioning, and is never taken away.</summary>
/// <param name="Mode">Of versions that come without a retention of their own; None: they get none.</param>
/// <param name="Count">Days or years; 0 without a mode.</param>
public readonly record struct BucketLock(RetentionMode Mode, RetentionUnit Unit, int Count)
{
    public const string SettingName = "object-lock";

    /// <summary>Longest default retention (S3 API: "Managing Object Lock": 100 years).</summary>
    public const int DaysMax = 36_500;

    /// <summary>As <see cref="DaysMax"/>.</summary>
    public const int YearsMax = 100;

    /// <summary>Bytes of the record.</summary>
    public const int Size = CountOffset + sizeof(uint);

    internal const int VersionOffset = 0;
    internal const int ModeOffset = 1;
    internal const int UnitOffset = 2;
    internal const int CountOffset = 3;

    private const byte Version = 1;

    /// <summary>Versions are locked only one by one.</summary>
    public static BucketLock Plain => default;

    /// <summary>Whether a bucket locks versions at all.</summary>
    public static bool IsOn(BucketRow bucket) => bucket.Settings.ContainsKey(SettingName);

    /// <returns>Null: the bucket does not lock.</returns>
    /// <exception cref="MetadataFormatException">The setting is none.</exception>
    public static BucketLock? Of(BucketRow bucket)
    {
        if (!bucket.Settings.TryGetValue(SettingName, out var record)) return null;
        return TryRead(record.AsSpan(), out var found) ? found : throw new MetadataFormatException("The setting \"object-lock\" of a bucket is none.");
    }

    public BucketRow On(BucketRow bucket) => bucket with { Settings = bucket.Settings.SetItem(SettingName, [.. ToRecord()]) };

    /// <summary>The retention of a version that is written now.</summary>
    public LockTerm From(DateTimeOffset now) => Mode == RetentionMode.None ? LockTerm.None : new(Mode, Unit == RetentionUnit.Days ? now.AddDays(Count) : now.AddYears(Count));

    /// <exception cref="ArgumentException">The length is none.</exception>
    public byte[] ToRecord()
    {
        var record = new byte[Size];
        record[VersionOffset] = Version;
        record[ModeOffset] = (byte)Mode;
        record[UnitOffset] = (byte)Unit;
        BinaryPrimitives.WriteInt32BigEndian(record.AsSpan(CountOffset), Count);
        return TryRead(record, out _) ? record : throw new ArgumentException("A default retention is of 1 to 36,500 days or of 1 to 100 years.");
    }

    /// <returns>False when it must be rejected (docs/formats/bucket-lock.md §6).</returns>
    public static bool TryRead(ReadOnlySpan<byte> record, out BucketLock found)
    {
        found = Plain;
        if (record.Length != Size || record[VersionOffset] != Version) return false;
        var read = new BucketLock((RetentionMode)record[ModeOffset], (RetentionUnit)record[UnitOffset], BinaryPrimitives.ReadInt32BigEndian(record[CountOffset..]));
        var isValid = (read.Mode, read.Unit) switch
        {
            (RetentionMode.None, RetentionUnit.None) => read.Count == 0,
            (RetentionMode.Governance or RetentionMode.Compliance, RetentionUnit.Days) => read.Count is > 0 and <= DaysMax,
            (RetentionMode.Governance or RetentionMode.Compliance, RetentionUnit.Years) => read.Count is > 0 and <= YearsMax,
            _ => false,
        };
        if (isValid) found = read;
        return isValid;
    }
}
