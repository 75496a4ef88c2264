using Oort.Backends;
using Oort.Metadata.Changes;
using Oort.Metadata.Records;
using Oort.Metadata.Writing;

namespace Oort.Metadata.Postgres.Tables;

/// <summary>Stores, epochs and settings: tables of a key and a record.</summary>
internal sealed class SmallTables(PostgresTables tables) : ISmallTables
{
    private readonly RowMap<byte[]> stores = new();
    private readonly RowMap<byte[]> epochs = new();
    private readonly RowMap<byte[]> settings = new();
    private readonly List<byte[]> gateways = [];
    private bool epochsKnown;

    public void PutStore(StoreId id, ReadOnlySpan<byte> value) => stores.Put(RowKey.Store(stackalloc byte[StoreId.Size], id), value.ToArray());

    public void RemoveStore(StoreId id) => stores.Remove(RowKey.Store(stackalloc byte[StoreId.Size], id));

    public Dictionary<string, ulong> ListEpochs()
    {
        if (!epochsKnown) AddLoadEpochs(tables.Begin()).Run();
        var result = new Dictionary<string, ulong>(StringComparer.Ordinal);
        foreach (var gateway in gateways)
            if (epochs.TryGet(gateway, out var value) && value is not null) result[RecordReader.DecodeText(gateway)] = SmallRecords.ReadEpoch(value);
        return result;
    }

    public void PutEpoch(ReadOnlySpan<byte> gateway, ReadOnlySpan<byte> value)
    {
        if (!epochs.TryGet(gateway, out _)) gateways.Add(gateway.ToArray());
        epochs.Put(gateway, value.ToArray());
    }

    public void RemoveEpoch(ReadOnlySpan<byte> gateway) => epochs.Remove(gateway);

    public byte[]? FindSetting(ReadOnlySpan<byte> name)
    {
        if (!settings.TryGet(name, out var value))
        {
            AddLoadSettings(tables.Begin(), [name.ToArray()]).Run();
            settings.TryGet(name, out value);
        }
        return value is null ? null : SmallRecords.ReadSetting(value);
    }

    /// <summary>Notes a setting that was read; null: it is not there.</summary>
    public void LoadSetting(byte[] name, byte[]? value) => settings.Load(name, value);

    public void PutSetting(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) => settings.Put(name, value.ToArray());

    public void RemoveSetting(ReadOnlySpan<byte> name) => settings.Remove(name);

    public RoundTrip AddLoadEpochs(RoundTrip trip) => trip
        .Query(
            "SELECT gateway, value FROM epochs",
            row =>
            {
                var gateway = row.Blob(0);
                if (!epochs.TryGet(gateway, out _)) gateways.Add(gateway);
                epochs.Load(gateway, row.Blob(1));
            })
        .Then(() => epochsKnown = true);

    public RoundTrip AddLoadSettings(RoundTrip trip, IReadOnlyCollection<byte[]> names) => trip
        .Query("SELECT name, value FROM settings WHERE name = ANY($1)", row => settings.Load(row.Blob(0), row.Blob(1)), RoundTrip.Bytes([.. names]))
        .Then(() => settings.LoadAbsent(names));

    public void AddWrites(RoundTrip trip)
    {
        AddWrites(trip, stores, "stores", "id");
        AddWrites(trip, epochs, "epochs", "gateway");
        AddWrites(trip, settings, "settings", "name");
    }

    public void Clear()
    {
        stores.Clear();
        epochs.Clear();
        settings.Clear();
        gateways.Clear();
        epochsKnown = false;
    }

    private static void AddWrites(RoundTrip trip, RowMap<byte[]> rows, string table, string key)
    {
        var gone = rows.Changed.Where(change => change.Row is null).Select(change => change.Key).ToArray();
        if (gone.Length > 0) trip.Add($"DELETE FROM {table} WHERE {key} = ANY($1)", RoundTrip.Bytes(gone));
        var put = rows.Changed.Where(change => change.Row is not null).ToArray();
        if (put.Length > 0)
        {
            trip.Add(
                $"INSERT INTO {table}({key}, value) SELECT * FROM unnest($1, $2) ON CONFLICT ({key}) DO UPDATE SET value = excluded.value",
                RoundTrip.Bytes([.. put.Select(one => one.Key)]), RoundTrip.Bytes([.. put.Select(one => one.Row!)]));
        }
        rows.MarkWritten();
    }
}
