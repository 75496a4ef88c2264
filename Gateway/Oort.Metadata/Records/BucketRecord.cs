using System.Collections.Immutable;

namespace Oort.Metadata.Records;

internal static class BucketRecord
{
    private const int NameTag = 1;
    private const int OwnerTag = 2;
    private const int CreatedTag = 3;
    private const int RegionTag = 4;
    private const int VersioningTag = 5;
    private const int SettingTag = 6;

    public static void Write(RecordWriter writer, BucketRow row)
    {
        writer.Text(NameTag, row.Name);
        writer.Text(OwnerTag, row.OwnerId);
        writer.Number(CreatedTag, row.Created.ToUnixTimeMilliseconds());
        writer.Text(RegionTag, row.Region);
        writer.Number(VersioningTag, (ulong)row.Versioning);
        foreach (var (name, value) in row.Settings) AttributesRecord.WritePair(writer, SettingTag, name, value.AsSpan());
        writer.Raw(row.UnknownFields.Span);
    }

    public static BucketRow Read(BucketId id, ReadOnlySpan<byte> record)
    {
        string name = "", owner = "", region = "";
        var created = DateTimeOffset.UnixEpoch;
        var versioning = VersioningState.Unversioned;
        ImmutableSortedDictionary<string, ImmutableArray<byte>>.Builder? settings = null;
        ReadOnlyMemory<byte> unknown = default;
        var reader = new RecordReader(record);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case NameTag: name = reader.Text; break;
                case OwnerTag: owner = reader.Text; break;
                case CreatedTag: created = reader.Time; break;
                case RegionTag: region = reader.Text; break;
                case VersioningTag: versioning = ReadVersioning(reader.ByteNumber); break;
                case SettingTag: AttributesRecord.ReadPair(reader.Bytes, settings ??= AttributesRecord.NewMap<ImmutableArray<byte>>()); break;
                default: reader.KeepUnknown(ref unknown); break;
            }
        }
        if (name.Length == 0) throw new MetadataFormatException("A bucket has no name.");
        return new()
        {
            Id = id,
            Name = name,
            OwnerId = owner,
            Created = created,
            Region = region,
            Versioning = versioning,
            Settings = settings?.ToImmutable() ?? ImmutableSortedDictionary<string, ImmutableArray<byte>>.Empty,
            UnknownFields = unknown,
        };
    }

    private static VersioningState ReadVersioning(byte value) => value <= (byte)VersioningState.Suspended
        ? (VersioningState)value
        : throw new MetadataFormatException("A bucket has an unknown versioning state.");
}
