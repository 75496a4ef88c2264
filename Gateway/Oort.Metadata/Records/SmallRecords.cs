using Oort.Backends;

namespace Oort.Metadata.Records;

/// <summary>Stores, epochs and settings: records of one or two fields.</summary>
internal static class SmallRecords
{
    private const int StoreLocation = 1;
    private const int StoreStateField = 2;
    private const int Epoch = 1;
    private const int SettingValue = 1;

    public static void WriteStore(RecordWriter writer, StoreRow row)
    {
        writer.Text(StoreLocation, row.Location);
        writer.Number(StoreStateField, (ulong)row.State);
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
                case StoreLocation: location = reader.Text; break;
                case StoreStateField: state = reader.ByteNumber; break;
                default: reader.KeepUnknown(ref unknown); break;
            }
        }
        if (state > (byte)StoreState.Removed) throw new MetadataFormatException("A store has an unknown state.");
        return new() { Id = id, Location = location, State = (StoreState)state, UnknownFields = unknown };
    }

    public static void WriteEpoch(RecordWriter writer, ulong epoch) => writer.Number(Epoch, epoch);

    public static ulong ReadEpoch(ReadOnlySpan<byte> record)
    {
        ulong epoch = 0;
        var reader = new RecordReader(record);
        while (reader.Next())
            if (reader.Field == Epoch) epoch = reader.Number;
        return epoch;
    }

    public static void WriteSetting(RecordWriter writer, ReadOnlySpan<byte> value) => writer.Bytes(SettingValue, value);

    public static byte[] ReadSetting(ReadOnlySpan<byte> record)
    {
        byte[] value = [];
        var reader = new RecordReader(record);
        while (reader.Next())
            if (reader.Field == SettingValue) value = reader.Bytes.ToArray();
        return value;
    }
}
