using Oort.Backends;

namespace Oort.Metadata.Records;

/// <summary>Stores, epochs and settings: records of one or two fields.</summary>
internal static class SmallRecords
{
    public static void WriteStore(RecordWriter writer, StoreRow row)
    {
        writer.Text(StoreFields.LocationTag, row.Location);
        writer.Number(StoreFields.StateTag, (ulong)row.State);
        writer.Raw(row.UnknownFields.Span);
    }

    public static StoreRow ReadStore(StoreId id, ReadOnlySpan<byte> record)
    {
        var location = "";
        byte state = 0;
        ReadOnlyMemory<byte> unknown = default;
        var reader = new RecordReader(record);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case StoreFields.LocationTag: location = reader.Text; break;
                case StoreFields.StateTag: state = reader.ByteNumber; break;
                default: reader.KeepUnknown(ref unknown); break;
            }
        }
        if (state > (byte)StoreState.Removed) throw new MetadataFormatException("A store has an unknown state.");
        return new() { Id = id, Location = location, State = (StoreState)state, UnknownFields = unknown };
    }

    public static void WriteEpoch(RecordWriter writer, ulong epoch) => writer.Number(EpochFields.EpochTag, epoch);

    public static ulong ReadEpoch(ReadOnlySpan<byte> record)
    {
        ulong epoch = 0;
        var reader = new RecordReader(record);
        while (reader.Next())
            if (reader.Field == EpochFields.EpochTag) epoch = reader.Number;
        return epoch;
    }

    public static void WriteSetting(RecordWriter writer, ReadOnlySpan<byte> value) => writer.Bytes(SettingFields.ValueTag, value);

    public static byte[] ReadSetting(ReadOnlySpan<byte> record)
    {
        byte[] value = [];
        var reader = new RecordReader(record);
        while (reader.Next())
            if (reader.Field == SettingFields.ValueTag) value = reader.Bytes.ToArray();
        return value;
    }

    /// <summary>Fields of a store.</summary>
    private static class StoreFields
    {
        public const int LocationTag = 1;
        public const int StateTag = 2;
    }

    /// <summary>Fields of an epoch.</summary>
    private static class EpochFields
    {
        public const int EpochTag = 1;
    }

    /// <summary>Fields of a setting.</summary>
    private static class SettingFields
    {
        public const int ValueTag = 1;
    }
}
