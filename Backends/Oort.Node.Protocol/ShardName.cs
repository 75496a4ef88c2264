using System.Buffers.Binary;
using System.Globalization;

namespace Oort.Node.Protocol;

/// <summary>A shard's id as it travels: the segment's epoch and counter, and the shard's 0-based index (docs/formats/node-protocol.md §4).</summary>
public readonly record struct ShardName(ulong Epoch, ulong Counter, byte Index) : IComparable<ShardName>
{
    /// <summary>Bytes of the binary form: epoch, counter, index.</summary>
    public const int Size = 17;

    // Two numbers of 16 digits, one of 3, two separators.
    private const int TextLengthMax = 37;

    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, Epoch);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], Counter);
        destination[16] = Index;
    }

    public static ShardName Read(ReadOnlySpan<byte> source) =>
        new(BinaryPrimitives.ReadUInt64BigEndian(source), BinaryPrimitives.ReadUInt64BigEndian(source[8..]), source[16]);

    /// <summary>Reads the text form. Only the one form that <see cref="ToString"/> gives is taken, so that a shard has one path.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out ShardName name)
    {
        name = default;
        var dash = text.IndexOf('-');
        var dot = text.IndexOf('.');
        if (text.Length > TextLengthMax || dash < 0 || dot < dash)
            return false;
        if (!ulong.TryParse(text[..dash], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var epoch)
            || !ulong.TryParse(text[(dash + 1)..dot], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var counter)
            || !byte.TryParse(text[(dot + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var index))
            return false;
        var read = new ShardName(epoch, counter, index);
        Span<char> again = stackalloc char[TextLengthMax];
        if (!again.TryWrite(CultureInfo.InvariantCulture, $"{epoch:x}-{counter:x}.{index}", out var length) || !text.SequenceEqual(again[..length]))
            return false;
        name = read;
        return true;
    }

    /// <summary>In the order of the binary form.</summary>
    public int CompareTo(ShardName other) =>
        Epoch != other.Epoch ? Epoch.CompareTo(other.Epoch) : Counter != other.Counter ? Counter.CompareTo(other.Counter) : Index.CompareTo(other.Index);

    /// <summary>"epoch-counter.index": two hexadecimal numbers and a decimal one, without leading zeros.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Epoch:x}-{Counter:x}.{Index}");

    public static bool operator <(ShardName left, ShardName right) => left.CompareTo(right) < 0;
    public static bool operator >(ShardName left, ShardName right) => left.CompareTo(right) > 0;
    public static bool operator <=(ShardName left, ShardName right) => left.CompareTo(right) <= 0;
    public static bool operator >=(ShardName left, ShardName right) => left.CompareTo(right) >= 0;
}
