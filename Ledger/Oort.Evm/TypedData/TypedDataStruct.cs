using System.Globalization;

namespace Oort.Evm;

/// <summary>A struct of typed data.</summary>
internal sealed class TypedDataStruct
{
    private TypedDataStruct(string name, string definition, IReadOnlyList<TypedDataField> fields) => (Name, Definition, Fields) = (name, definition, fields);

    public string Name { get; }

    /// <summary>Its text, without those of the structs in it.</summary>
    public string Definition { get; }

    public IReadOnlyList<TypedDataField> Fields { get; }

    public EvmHash TypeHash { get; set; }

    public static TypedDataStruct Parse(string text)
    {
        var open = text.IndexOf('(', StringComparison.Ordinal);
        if (open < 0 || !text.EndsWith(')') || !IsName(text[..open]) || AbiType.Elementary(text[..open]) is not null) throw Wrong(text);
        var inner = text[(open + 1)..^1];
        var fields = new List<TypedDataField>();
        foreach (var field in inner.Length == 0 ? [] : inner.Split(','))
        {
            // One space, and nothing else: the text is hashed as it stands.
            var words = field.Split(' ');
            if (words.Length != 2 || !IsName(words[1])) throw Wrong(text);
            fields.Add(TypedDataField.Parse(words[0]) ?? throw Wrong(text));
        }

        return new(text[..open], text, fields);
    }

    internal static bool IsName(string text) => text.Length > 0 && !char.IsAsciiDigit(text[0]) && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '$');

    private static ArgumentException Wrong(string text) => new($"\"{text}\" is no struct of typed data: \"Name(type name,type name)\" with canonical types is wanted.", nameof(text));
}

/// <summary>A field's type: an ABI type of one value, a struct, or an array of one of these.</summary>
internal sealed record TypedDataField(string TypeName)
{
    private const int ArrayDepthMax = 8;

    /// <summary>Of a field that is neither struct nor array.</summary>
    public AbiType? Type { get; private init; }

    /// <summary>The struct's name.</summary>
    public string? Struct { get; private init; }

    /// <summary>Of an array.</summary>
    public TypedDataField? Element { get; private init; }

    /// <summary>Of a fixed array.</summary>
    public int? Count { get; private init; }

    public TypedDataField Innermost => Element?.Innermost ?? this;

    /// <summary>Null where the text is no type.</summary>
    public static TypedDataField? Parse(string text, int depth = 0)
    {
        if (!text.EndsWith(']'))
        {
            if (AbiType.Elementary(text) is { } type) return new(text) { Type = type };
            // Aliases ("uint") would be taken for structs, which are then missing.
            return TypedDataStruct.IsName(text) ? new(text) { Struct = text } : null;
        }

        var open = text.LastIndexOf('[');
        if (open <= 0 || depth == ArrayDepthMax || Parse(text[..open], depth + 1) is not { } element) return null;
        var digits = text[(open + 1)..^1];
        if (digits.Length == 0) return new(text) { Element = element };
        var isCount = int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count > 0 && digits[0] != '0';
        return isCount ? new(text) { Element = element, Count = count } : null;
    }
}
