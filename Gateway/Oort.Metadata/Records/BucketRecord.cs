using System.Collections.Immutable;

namespace Oort.Metadata.Records;

internal static class BucketRecord
{
    private const int Name = 1;
    private const int Owner = 2;
    private const int Created = 3;
    private const int Region = 4;
    private const int Versioning = 5;
    private const int Setting = 6;

    public static void Write(RecordWriter writer, BucketRow row)
    {
        writer.Text(Name, row.Name);
        writer.Text(Owner, row.OwnerId);
        writer.Number(Created, row.Created.ToUnixTimeMilliseconds());
        writer.Text(Region, row.Region);
        writer.Number(Versioning, (ulong)row.Versioning);
        foreach (var (name, value) in row.Settings) AttributesRecord.WritePair(writer, Setting, name, value.AsSpan());
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
                case Name: name = reader.Text; break;
                case Owner: owner = reader.Text; break;
                case Created: created = reader.Time; break;
                case Region: region = reader.Text; break;
                case Versioning: versioning = ReadVersioning(reader.ByteNumber); break;
                case Setting: AttributesRecord.ReadPair(reader.Bytes, settings ??= AttributesRecord.NewMap<ImmutableArray<byte>>()); break;
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
