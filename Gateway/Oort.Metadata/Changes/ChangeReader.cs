using Oort.Metadata.Records;

namespace Oort.Metadata.Changes;

/// <summary>Reads row changes one by one (docs/formats/journal.md, "Changes").</summary>
/// <remarks>Checks the framing; that keys and records are well formed is found when they are applied. A table this program does not know is
/// refused, because leaving out rows would lose them.</remarks>
public ref struct ChangeReader
{
    private readonly ReadOnlySpan<byte> changes;
    private readonly ulong baseGeneration;
    private int at;

    /// <exception cref="MetadataFormatException">Empty, or of a version this program does not know.</exception>
    public ChangeReader(ReadOnlySpan<byte> changes)
    {
        if (changes.IsEmpty) throw new MetadataFormatException("Row changes are empty.");
        if (changes[0] != ChangeEncoder.FormatVersion) throw new MetadataFormatException($"Row changes have format version {changes[0]}, which this program does not know.");
        this.changes = changes;
        at = 1;
        baseGeneration = Varint.Read(changes, ref at);
    }

    public RowTable Table { get; private set; }

    /// <summary>The row is gone; otherwise it is now <see cref="Value"/>.</summary>
    public bool IsDelete { get; private set; }

    /// <summary>Generation of the command that changed the row.</summary>
    public ulong Generation { get; private set; }

    public ReadOnlySpan<byte> Key { get; private set; }

    /// <summary>The row's record; empty when the row is gone.</summary>
    public ReadOnlySpan<byte> Value { get; private set; }

    /// <summary>Goes to the next change; false at the end.</summary>
    /// <exception cref="MetadataFormatException">Cut off, or a table that this program does not know.</exception>
    public bool Next()
    {
        if (at == changes.Length) return false;
        var head = Varint.Read(changes, ref at);
        if (head >> 1 is not ((>= (ulong)RowTable.Bucket and <= (ulong)RowTable.Setting) or (ulong)RowTable.Item or (ulong)RowTable.ItemShard))
            throw new MetadataFormatException($"Row changes name table {head >> 1}, which this program does not know.");
        Table = (RowTable)(head >> 1);
        IsDelete = (head & 1) != 0;
        var distance = Varint.Read(changes, ref at);
        if (distance > ulong.MaxValue - baseGeneration) throw new MetadataFormatException("A row change's generation is out of range.");
        Generation = baseGeneration + distance;
        Key = Take();
        Value = IsDelete ? default : Take();
        return true;
    }

    private ReadOnlySpan<byte> Take()
    {
        var size = Varint.Read(changes, ref at);
        if (size > (ulong)(changes.Length - at)) throw new MetadataFormatException("A row change is cut off.");
        var result = changes.Slice(at, (int)size);
        at += result.Length;
        return result;
    }
}
