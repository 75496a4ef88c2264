using System.Collections.Immutable;

namespace Oort.Identity.WebIdentity;

/// <summary>How identity providers are reached. The values hold for all of them; a provider is something that a tenant registers, and so is not trusted with where connections go.</summary>
public sealed record WebIdentityOptions
{
    /// <summary>Hosts (<c>name</c> or <c>name:port</c>, as in URLs) that may have any address, also of this machine, its link and private networks. Default: none.</summary>
    public ImmutableArray<string> AllowedHosts { get; init; } = [];

    /// <summary>Whether a provider's URL may be http: keys that come so can be anybody's on the way. Default: no.</summary>
    public bool AllowsHttp { get; init; }

    /// <summary>For one answer of a provider, from name resolution to the last byte. Default: 5 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);
}
