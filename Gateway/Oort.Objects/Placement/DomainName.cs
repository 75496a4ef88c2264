using System.Diagnostics.CodeAnalysis;
using Oort.Backends;

namespace Oort.Objects.Placement;

/// <summary>Names one domain, or one store, for people: "operator:NAME", "region:NAME", "store:ID".</summary>
/// <param name="Kind">Null: a store.</param>
public readonly record struct DomainName(DomainKind? Kind, string Name)
{
    private const string StorePrefix = "store";

    /// <summary>Reads "kind:name"; without a kind, a store's id or location.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out DomainName? name)
    {
        name = null;
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon > 0 && Enum.TryParse<DomainKind>(text[..colon], ignoreCase: true, out var kind) && Enum.IsDefined(kind) && !char.IsAsciiDigit(text[0])) name = new(kind, text[(colon + 1)..]);
        else if (text.StartsWith(StorePrefix + ":", StringComparison.Ordinal)) name = new(null, text[(StorePrefix.Length + 1)..]);
        else name = new(null, text);
        if (name.Value.Name.Length > 0) return true;
        name = null;
        return false;
    }

    /// <summary>Whether a store is in it, or is it.</summary>
    public bool Has(StoreId id, string location, StoreTraits traits) => Kind is { } kind ? Domains.Of(traits, kind) == Name : id.ToString() == Name || location == Name;

    public override string ToString() => Kind is { } kind ? $"{PolicyRules.Word(kind)}:{Name}" : Name;
}
