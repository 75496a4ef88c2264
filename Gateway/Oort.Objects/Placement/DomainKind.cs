using System.Collections.Immutable;
using Oort.Backends;

namespace Oort.Objects.Placement;

/// <summary>What stores may have in common, so that they fail together.</summary>
public enum DomainKind
{
    Device,
    Machine,
    Operator,
    Network,
    Region,
    Country,
}

/// <summary>The domains of a store.</summary>
public static class Domains
{
    public static ImmutableArray<DomainKind> All { get; } = [.. Enum.GetValues<DomainKind>()];

    /// <summary>The store's domain of a kind; empty where it is unknown.</summary>
    public static string Of(StoreTraits traits, DomainKind kind) => kind switch
    {
        DomainKind.Device => traits.Device,
        DomainKind.Machine => traits.Machine,
        DomainKind.Operator => traits.Operator,
        DomainKind.Network => traits.Network,
        DomainKind.Region => traits.Region,
        DomainKind.Country => traits.Country,
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };
}
