using Oort.Metadata.Records;

namespace Oort.Metadata.Changes;

/// <summary>Encodes the row changes of a group of commands, or the rows of a snapshot's batch (docs/formats/journal.md, "Changes").</summary>
/// <remarks>Not thread-safe. Used again and again: <see cref="Begin"/> starts a new one.</remarks>
public sealed class ChangeEncoder
{
    /// <summary>First byte of every encoding.</summary>
    public const byte FormatVersion = 1;

    private readonly RecordWriter writer = new(64 * 1024);
    private ulong baseGeneration;
    private int headerLength;

    /// <summary>Bytes so far, header included.</summary>
    public int Length => writer.Length;

    public bool IsEmpty => writer.Length == headerLength;

    /// <summary>Starts a new encoding.</summary>
    /// <param name="baseGeneration">Lowest generation of its changes; theirs are written as distances from it.</param>
    public void Begin(ulong baseGeneration)
    {
        this.baseGeneration = baseGeneration;
        writer.Clear();
        writer.Byte(FormatVersion);
        writer.Varint(baseGeneration);
        headerLength = writer.Length;
    }

    public void Upsert(RowTable table, ulong generation, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) => Upsert(table, generation, key, value, default);

    /// <summary>Adds a row that came to be or changed. Its record is <paramref name="value"/> and <paramref name="rest"/> one after the other.</summary>
    public void Upsert(RowTable table, ulong generation, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, ReadOnlySpan<byte> rest)
    {
        Head(table, 0, generation, key);
        writer.Varint((ulong)(value.Length + rest.Length));
        writer.Raw(value);
        writer.Raw(rest);
    }

    /// <summary>Adds a row that is gone.</summary>
    public void Delete(RowTable table, ulong generation, ReadOnlySpan<byte> key) => Head(table, 1, generation, key);

    public byte[] ToArray() => writer.Written.ToArray();

    private void Head(RowTable table, uint operation, ulong generation, ReadOnlySpan<byte> key)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(generation, baseGeneration);
        writer.Varint(((ulong)table << 1) | operation);
        writer.Varint(generation - baseGeneration);
        writer.Varint((ulong)key.Length);
        writer.Raw(key);
    }
}
