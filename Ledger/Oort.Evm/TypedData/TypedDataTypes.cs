using System.Collections;
using System.Text;

namespace Oort.Evm;

/// <summary>Structs that are signed field by field, so that a wallet can show them (EIP-712). Thread-safe.</summary>
public sealed class TypedDataTypes
{
    private readonly Dictionary<string, TypedDataStruct> structs = new(StringComparer.Ordinal);

    /// <param name="definitions">A struct each, as encodeType has it: "Mail(Person from,Person[] to,string contents)". In any order.</param>
    /// <exception cref="ArgumentException">A text is no definition, a struct is there twice, is not there, or contains itself.</exception>
    public TypedDataTypes(params ReadOnlySpan<string> definitions)
    {
        foreach (var definition in definitions)
        {
            var read = TypedDataStruct.Parse(definition);
            if (!structs.TryAdd(read.Name, read)) throw new ArgumentException($"{read.Name} is defined twice.", nameof(definitions));
        }

        foreach (var item in structs.Values) item.TypeHash = Keccak256.Hash(Encoding.UTF8.GetBytes(EncodeType(item.Name)));
    }

    /// <summary>A struct's text, with those of all structs in it, by name (EIP-712 "encodeType").</summary>
    /// <exception cref="ArgumentException">No such struct.</exception>
    public string EncodeType(string name)
    {
        var inner = new SortedDictionary<string, string>(StringComparer.Ordinal);
        Collect(Find(name), []);
        inner.Remove(name, out var own);
        return own + string.Concat(inner.Values);

        void Collect(TypedDataStruct item, List<string> above)
        {
            if (above.Contains(item.Name)) throw new ArgumentException($"{item.Name} contains itself.", nameof(name));
            inner[item.Name] = item.Definition;
            above.Add(item.Name);
            foreach (var field in item.Fields)
                if (field.Innermost.Struct is { } child) Collect(Find(child), above);
            above.RemoveAt(above.Count - 1);
        }
    }

    /// <summary>The hash of a struct (EIP-712 "hashStruct").</summary>
    /// <param name="values">One for each field, as <see cref="AbiType"/> says; structs are lists of their fields.</param>
    /// <exception cref="ArgumentException">No such struct, or values that are not of its fields' types.</exception>
    public EvmHash HashStruct(string name, params object[] values) => HashStruct(Find(name), values);

    /// <summary>What is signed: a struct in a domain.</summary>
    /// <exception cref="ArgumentException">As of <see cref="HashStruct(string, object[])"/>.</exception>
    public EvmHash Digest(TypedDataDomain domain, string name, params object[] values)
    {
        ArgumentNullException.ThrowIfNull(domain);
        var (separator, content) = (domain.Separator(), HashStruct(name, values));
        return Keccak256.Hash([0x19, 0x01, .. separator.Bytes, .. content.Bytes]);
    }

    private EvmHash HashStruct(TypedDataStruct type, IList values)
    {
        if (values.Count != type.Fields.Count) throw new ArgumentException($"{type.Name} has {type.Fields.Count} fields, not {values.Count}.", nameof(values));
        var keccak = new Keccak256();
        Append(keccak, type.TypeHash);
        for (var i = 0; i < values.Count; i++) AppendValue(keccak, type.Fields[i], values[i]);
        return keccak.Finish();
    }

    /// <summary>32 bytes for each value: a word as it is, all else hashed (EIP-712 "encodeData").</summary>
    private void AppendValue(Keccak256 keccak, TypedDataField field, object? value)
    {
        if (value is null) throw new ArgumentException($"A {field.TypeName} cannot be null.", nameof(value));
        if (field.Element is { } element)
        {
            var values = value as IList ?? throw new ArgumentException($"A {field.TypeName} is a list, not a {value.GetType().Name}.", nameof(value));
            if (field.Count is { } count && count != values.Count) throw new ArgumentException($"{field.TypeName} has {count} values, not {values.Count}.", nameof(value));
            var list = new Keccak256();
            foreach (var item in values) AppendValue(list, element, item);
            Append(keccak, list.Finish());
            return;
        }

        if (field.Struct is { } name)
        {
            Append(keccak, HashStruct(Find(name), value as IList ?? throw new ArgumentException($"{name} is a list of its fields, not a {value.GetType().Name}.", nameof(value))));
            return;
        }

        if (!field.Type!.IsWord)
        {
            Append(keccak, Keccak256.Hash(AbiEncoder.BytesOf(field.Type, value)));
            return;
        }

        Span<byte> word = stackalloc byte[AbiType.WordSize];
        AbiEncoder.WriteWord(field.Type, value, word);
        keccak.Append(word);
    }

    private static void Append(Keccak256 keccak, EvmHash hash) => keccak.Append(hash.Bytes);

    private TypedDataStruct Find(string name) => structs.GetValueOrDefault(name) ?? throw new ArgumentException($"There is no struct {name}: its definition is missing, or it is no type.", nameof(name));
}
