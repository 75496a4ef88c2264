namespace Oort.Evm;

internal enum AbiKind
{
    UnsignedInteger,
    SignedInteger,
    Address,
    Boolean,
    FixedBytes,
    Bytes,
    Text,
    Array,
    Tuple,
}

/// <summary>A type of the contract ABI (Solidity documentation: "Contract ABI Specification"), and which .NET values are of it.</summary>
/// <remarks>
/// uintN and intN: <see cref="System.Numerics.BigInteger"/> (whole numbers of C# are taken, too); address: <see cref="EvmAddress"/>; bool: bool; bytes and bytesN: byte[] (<see cref="EvmHash"/> is taken for bytes32);
/// string: string; T[] and T[k]: a list, read as object[]; tuples: a list of the fields in their order, read as object[].
/// </remarks>
public sealed class AbiType
{
    internal const int WordSize = 32;

    /// <summary>The head of one type at most, in bytes: fixed arrays of fixed arrays grow fast.</summary>
    private const int HeadSizeMax = 1 << 20;

    private AbiType(string name, AbiKind kind, int size = 0, AbiType? element = null, int? count = null, AbiType[]? components = null)
    {
        Name = name;
        Kind = kind;
        Size = size;
        Element = element;
        Count = count;
        Components = components ?? [];
        IsDynamic = kind switch
        {
            AbiKind.Bytes or AbiKind.Text => true,
            AbiKind.Array => count is null || element!.IsDynamic,
            AbiKind.Tuple => Components.Any(component => component.IsDynamic),
            _ => false,
        };
        var headSize = IsDynamic ? WordSize : kind switch
        {
            AbiKind.Array => (long)count! * element!.HeadSize,
            AbiKind.Tuple => Components.Sum(component => (long)component.HeadSize),
            _ => WordSize,
        };
        if (headSize > HeadSizeMax) throw new ArgumentException($"The ABI type {name} is larger than {HeadSizeMax} bytes.", nameof(name));
        HeadSize = (int)headSize;
    }

    /// <summary>As selectors and topics are made of it: "(address,uint256[])[]".</summary>
    public string Name { get; }

    internal AbiKind Kind { get; }

    /// <summary>Bits of a number, bytes of bytesN.</summary>
    internal int Size { get; }

    /// <summary>Of an array.</summary>
    internal AbiType? Element { get; }

    /// <summary>Of a fixed array; null where the encoding says it.</summary>
    internal int? Count { get; }

    /// <summary>Of a tuple.</summary>
    internal AbiType[] Components { get; }

    /// <summary>Whether its place in the head holds only where it is.</summary>
    internal bool IsDynamic { get; }

    /// <summary>Bytes in the head.</summary>
    internal int HeadSize { get; }

    /// <summary>Whether it is one word by itself.</summary>
    internal bool IsWord => Kind < AbiKind.Bytes;

    /// <summary>Reads a type's canonical text: no aliases ("uint"), no names.</summary>
    /// <exception cref="ArgumentException">Not a type.</exception>
    public static AbiType Parse(string text)
    {
        var parser = new AbiParser(text);
        var type = parser.ReadType(0);
        parser.ExpectEnd();
        return type;
    }

    /// <summary>A type that is neither array nor tuple; null where the name is none.</summary>
    internal static AbiType? Elementary(string name)
    {
        switch (name)
        {
            case "address": return new(name, AbiKind.Address);
            case "bool": return new(name, AbiKind.Boolean);
            case "bytes": return new(name, AbiKind.Bytes);
            case "string": return new(name, AbiKind.Text);
        }

        if (SizeOf(name, "uint") is { } bits) return bits % 8 == 0 && bits <= 256 ? new(name, AbiKind.UnsignedInteger, bits) : null;
        if (SizeOf(name, "int") is { } signedBits) return signedBits % 8 == 0 && signedBits <= 256 ? new(name, AbiKind.SignedInteger, signedBits) : null;
        return SizeOf(name, "bytes") is { } size and <= WordSize ? new(name, AbiKind.FixedBytes, size) : null;
    }

    internal static AbiType ArrayOf(AbiType element, int? count) => new($"{element.Name}[{count}]", AbiKind.Array, element: element, count: count);

    internal static AbiType TupleOf(AbiType[] components) => new($"({string.Join(',', components.Select(component => component.Name))})", AbiKind.Tuple, components: components);

    public override string ToString() => Name;

    /// <summary>The number behind a prefix, from 1, without leading zeros.</summary>
    private static int? SizeOf(string name, string prefix)
    {
        var digits = name.StartsWith(prefix, StringComparison.Ordinal) ? name.AsSpan(prefix.Length) : default;
        return digits is { Length: > 0 and <= 3 } && digits[0] is >= '1' and <= '9' && !digits.ContainsAnyExceptInRange('0', '9') ? int.Parse(digits, System.Globalization.CultureInfo.InvariantCulture) : null;
    }
}
