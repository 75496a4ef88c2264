using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Oort.Identity.Model;

namespace Oort.Identity.Accounts;

/// <summary>A tenant of the gateway: what owns buckets, and what users and roles belong to.</summary>
/// <param name="Number">12 digits, as ARNs name it.</param>
/// <param name="CanonicalId">As owners and lists (ACLs) name it; mostly 64 hexadecimal digits.</param>
/// <param name="DisplayName">Shown to people.</param>
/// <param name="Email">By which a list may name the account; null: it has none.</param>
public sealed record Account(string Number, string CanonicalId, string DisplayName, string? Email)
{
    public DateTimeOffset Created { get; init; }

    /// <summary>Keys of the account's root, besides those that the gateway's configuration gives.</summary>
    public ImmutableArray<AccessKey> Keys { get; init; } = [];

    /// <summary>A name under which the account can be addressed instead of its number; null: none.</summary>
    public string? Alias { get; init; }

    /// <summary>Whether its users, keys and sessions are let in.</summary>
    public bool IsSuspended { get; init; }

    /// <summary>Sessions that its root began before then are no longer let in; null: all are.</summary>
    public DateTimeOffset? SessionsFrom { get; init; }

    /// <summary>Of the account's root.</summary>
    [JsonIgnore]
    public string RootArn => Access.Arn.OfIam(Number, "root").ToString();
}
