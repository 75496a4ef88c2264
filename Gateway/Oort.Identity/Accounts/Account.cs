namespace Oort.Identity.Accounts;

/// <summary>A tenant of the gateway: what owns buckets, and what users and roles belong to.</summary>
/// <param name="Number">12 digits, as ARNs name it.</param>
/// <param name="CanonicalId">As owners and lists (ACLs) name it; mostly 64 hexadecimal digits.</param>
/// <param name="DisplayName">Shown to people.</param>
/// <param name="Email">By which a list may name the account; null: it has none.</param>
public sealed record Account(string Number, string CanonicalId, string DisplayName, string? Email);
