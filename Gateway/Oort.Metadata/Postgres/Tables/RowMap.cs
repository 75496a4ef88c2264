namespace Oort.Metadata.Postgres.Tables;

/// <summary>Rows of one table as a group sees them: what was read of the database, and over it what the group has changed and not yet written.</summary>
/// <typeparam name="TRow">A row; never changed in place.</typeparam>
internal sealed class RowMap<TRow>
    where TRow : class
{
    private readonly Dictionary<byte[], Slot> slots = new(ByteOrder.Instance);
    private readonly List<byte[]> dirty = [];

    public bool IsDirty => dirty.Count > 0;

    /// <summary>Rows that were changed: what they are now, null for gone.</summary>
    public IEnumerable<(byte[] Key, TRow? Row)> Changed => dirty.Select(key => (key, slots[key].Row));

    /// <summary>Whether it is known what the row is; null: it is not there.</summary>
    public bool TryGet(ReadOnlySpan<byte> key, out TRow? row)
    {
        var known = slots.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(key, out var slot);
        row = known ? slot!.Row : null;
        return known;
    }

    /// <summary>Notes what was read; what the group itself has changed stays.</summary>
    public void Load(byte[] key, TRow? row)
    {
        if (!slots.ContainsKey(key)) slots.Add(key, new() { Row = row });
    }

    /// <summary>Notes that those of the keys which were not read are not there.</summary>
    public void LoadAbsent(IEnumerable<byte[]> keys)
    {
        foreach (var key in keys) Load(key, null);
    }

    public void Put(ReadOnlySpan<byte> key, TRow row) => Change(key, row);

    public void Remove(ReadOnlySpan<byte> key) => Change(key, null);

    /// <summary>The changes have been written.</summary>
    public void MarkWritten()
    {
        foreach (var key in dirty) slots[key].IsDirty = false;
        dirty.Clear();
    }

    public void Clear()
    {
        slots.Clear();
        dirty.Clear();
    }

    private void Change(ReadOnlySpan<byte> key, TRow? row)
    {
        var lookup = slots.GetAlternateLookup<ReadOnlySpan<byte>>();
        if (!lookup.TryGetValue(key, out var own, out var slot))
        {
            own = key.ToArray();
            slots.Add(own, slot = new());
        }
        slot.Row = row;
        if (slot.IsDirty) return;
        slot.IsDirty = true;
        dirty.Add(own);
    }

    private sealed class Slot
    {
        public TRow? Row { get; set; }
        public bool IsDirty { get; set; }
    }
}

/// <summary>Equality of keys by their bytes.</summary>
internal sealed class ByteOrder : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
{
    public static ByteOrder Instance { get; } = new();

    public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

    public int GetHashCode(byte[] obj) => GetHashCode(obj.AsSpan());

    public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

    public int GetHashCode(ReadOnlySpan<byte> alternate)
    {
        var hash = new HashCode();
        hash.AddBytes(alternate);
        return hash.ToHashCode();
    }

    public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
}
