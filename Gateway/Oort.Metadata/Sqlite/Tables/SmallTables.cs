using System.Collections.Immutable;
using Oort.Backends;
using Oort.Metadata.Changes;
using Oort.Metadata.Records;
using Oort.Metadata.Writing;

namespace Oort.Metadata.Sqlite.Tables;

/// <summary>Stores, epochs and settings: tables of a key and a record.</summary>
internal sealed class SmallTables(Database database) : ISmallTables
{
    private Statement? listStores;
    private Statement? findStore;
    private Statement? putStore;
    private Statement? removeStore;
    private Statement? listEpochs;
    private Statement? putEpoch;
    private Statement? removeEpoch;
    private Statement? findSetting;
    private Statement? listSettings;
    private Statement? putSetting;
    private Statement? removeSetting;

    public ImmutableArray<StoreRow> ListStores()
    {
        listStores ??= database.Prepare("SELECT id, value FROM stores ORDER BY id");
        var result = ImmutableArray.CreateBuilder<StoreRow>();
        using var rows = listStores.Query();
        while (rows.Next()) result.Add(SmallRecords.ReadStore(StoreId.Read(listStores.Blob(0)), listStores.Blob(1)));
        return result.DrainToImmutable();
    }

    public StoreRow? FindStore(StoreId id)
    {
        Span<byte> idBytes = stackalloc byte[StoreId.Size];
        findStore ??= database.Prepare("SELECT value FROM stores WHERE id = ?1");
        using var rows = findStore.Bind(1, RowKey.Store(idBytes, id)).Query();
        return rows.Next() ? SmallRecords.ReadStore(id, findStore.Blob(0)) : null;
    }

    public void PutStore(StoreId id, ReadOnlySpan<byte> value)
    {
        Span<byte> idBytes = stackalloc byte[StoreId.Size];
        putStore ??= database.Prepare("INSERT OR REPLACE INTO stores(id, value) VALUES (?1, ?2)");
        putStore.Bind(1, RowKey.Store(idBytes, id)).Bind(2, value).Run();
    }

    public void RemoveStore(StoreId id)
    {
        Span<byte> idBytes = stackalloc byte[StoreId.Size];
        removeStore ??= database.Prepare("DELETE FROM stores WHERE id = ?1");
        removeStore.Bind(1, RowKey.Store(idBytes, id)).Run();
    }

    /// <summary>The live epoch of each gateway.</summary>
    public Dictionary<string, ulong> ListEpochs()
    {
        listEpochs ??= database.Prepare("SELECT gateway, value FROM epochs");
        var result = new Dictionary<string, ulong>(StringComparer.Ordinal);
        using var rows = listEpochs.Query();
        while (rows.Next()) result[RecordReader.DecodeText(listEpochs.Blob(0))] = SmallRecords.ReadEpoch(listEpochs.Blob(1));
        return result;
    }

    public void PutEpoch(ReadOnlySpan<byte> gateway, ReadOnlySpan<byte> value)
    {
        putEpoch ??= database.Prepare("INSERT OR REPLACE INTO epochs(gateway, value) VALUES (?1, ?2)");
        putEpoch.Bind(1, gateway).Bind(2, value).Run();
    }

    public void RemoveEpoch(ReadOnlySpan<byte> gateway)
    {
        removeEpoch ??= database.Prepare("DELETE FROM epochs WHERE gateway = ?1");
        removeEpoch.Bind(1, gateway).Run();
    }

    public byte[]? FindSetting(ReadOnlySpan<byte> name)
    {
        findSetting ??= database.Prepare("SELECT value FROM settings WHERE name = ?1");
        using var rows = findSetting.Bind(1, name).Query();
        return rows.Next() ? SmallRecords.ReadSetting(findSetting.Blob(0)) : null;
    }

    public ImmutableArray<(string Name, byte[] Value)> ListSettings(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> after, int limit)
    {
        listSettings ??= database.Prepare("SELECT name, value FROM settings WHERE name >= ?1 AND name > ?2 ORDER BY name LIMIT ?3");
        using var rows = listSettings.Bind(1, prefix).Bind(2, after).Bind(3, limit).Query();
        var found = ImmutableArray.CreateBuilder<(string, byte[])>();
        while (rows.Next() && listSettings.Blob(0).StartsWith(prefix)) found.Add((RecordReader.DecodeText(listSettings.Blob(0)), SmallRecords.ReadSetting(listSettings.Blob(1))));
        return found.ToImmutable();
    }

    public void PutSetting(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        putSetting ??= database.Prepare("INSERT OR REPLACE INTO settings(name, value) VALUES (?1, ?2)");
        putSetting.Bind(1, name).Bind(2, value).Run();
    }

    public void RemoveSetting(ReadOnlySpan<byte> name)
    {
        removeSetting ??= database.Prepare("DELETE FROM settings WHERE name = ?1");
        removeSetting.Bind(1, name).Run();
    }
}
