namespace Oort.Objects.Caching;

/// <summary>Where a cell is.</summary>
internal readonly record struct CachePlace(CacheFile File, int Index, long Offset, CacheEntry Entry);

/// <summary>Which cells are in which file. Thread-safe.</summary>
/// <remarks>About 120 bytes a cell, with what <see cref="CacheFile"/> has.</remarks>
internal sealed class CacheIndex
{
    private readonly Lock gate = new();
    private readonly Dictionary<CellName, (CacheFile File, int Index)> places = [];

    public int Count
    {
        get { lock (gate) return places.Count; }
    }

    public bool Has(CellName cell)
    {
        lock (gate) return places.ContainsKey(cell);
    }

    /// <summary>Finds a cell for a reader: it then counts as used.</summary>
    public CachePlace? Use(CellName cell)
    {
        lock (gate)
        {
            if (!places.TryGetValue(cell, out var place)) return null;
            place.File.MarkUsed(place.Index);
            return PlaceAt(place.File, place.Index);
        }
    }

    /// <summary>Notes a cell that was appended to a file.</summary>
    public void Add(CacheFile file, CacheEntry entry)
    {
        lock (gate)
        {
            file.Add(entry);
            places[entry.Name] = (file, file.Count - 1);
        }
    }

    /// <summary>Takes all cells of a file in.</summary>
    public void Add(CacheFile file)
    {
        lock (gate)
            for (var i = 0; i < file.Count; i++) places[file.Entry(i).Name] = (file, i);
    }

    /// <summary>Takes a cell out, wherever it is.</summary>
    public bool Remove(CellName cell)
    {
        lock (gate) return places.Remove(cell);
    }

    /// <summary>Takes a cell out if it is still where it was found.</summary>
    public void Remove(CachePlace place)
    {
        lock (gate)
            if (IsAt(place.File, place.Index)) places.Remove(place.Entry.Name);
    }

    /// <summary>Takes all cells of a file out.</summary>
    /// <returns>How many there were.</returns>
    public int Remove(CacheFile file)
    {
        var count = 0;
        lock (gate)
        {
            for (var i = 0; i < file.Count; i++)
                if (IsAt(file, i) && places.Remove(file.Entry(i).Name)) count++;
        }
        return count;
    }

    /// <summary>The cells of a file that were asked for since they came into it.</summary>
    public List<CachePlace> UsedOf(CacheFile file)
    {
        var found = new List<CachePlace>();
        lock (gate)
        {
            for (var i = 0; i < file.Count; i++)
                if (file.IsUsed(i) && IsAt(file, i)) found.Add(PlaceAt(file, i));
        }
        return found;
    }

    public void Clear()
    {
        lock (gate) places.Clear();
    }

    private bool IsAt(CacheFile file, int index) => places.TryGetValue(file.Entry(index).Name, out var place) && place == (file, index);

    private static CachePlace PlaceAt(CacheFile file, int index) => new(file, index, file.OffsetOf(index), file.Entry(index));
}
