using System.Collections.Frozen;
using System.Collections.Immutable;
using Oort.Access.Policies;

namespace Oort.Identity.WebIdentity;

/// <summary>What a token says that was found good.</summary>
/// <param name="Audiences">All of them; at least one.</param>
/// <param name="AuthorizedParty">The claim <c>azp</c>: to whom the token was given; null: it has none.</param>
/// <param name="Methods">The claim <c>amr</c>: how the subject was recognised.</param>
/// <param name="Tags">Of the session (STS: "Passing session tags using AssumeRoleWithWebIdentity").</param>
/// <param name="TransitiveTagKeys">Which of them go on to further roles.</param>
/// <param name="Texts">Every claim at the top level that is one text.</param>
public sealed record WebIdentityClaims(
    string Issuer, string Subject, ImmutableArray<string> Audiences, string? AuthorizedParty, ImmutableArray<string> Methods, FrozenDictionary<string, string> Tags, ImmutableArray<string> TransitiveTagKeys,
    FrozenDictionary<string, string> Texts, DateTimeOffset ExpiresAt)
{
    /// <summary>For whom the token is, as STS answers it and <c>aud</c> of conditions has it: <c>azp</c> where it is there, else the first audience.</summary>
    public string Audience => AuthorizedParty ?? Audiences[0];

    /// <summary>What a condition key of the provider, <c>NAME:claim</c>, stands for: <c>aud</c>, <c>oaud</c> (the audiences as they are), <c>amr</c>, or any claim that is one text, such as <c>sub</c>.</summary>
    /// <param name="claim">What stands behind the colon.</param>
    /// <returns>Null: the token has no such claim.</returns>
    public ConditionValue? Find(string claim) => claim switch
    {
        "aud" => new(Audience),
        "oaud" => new(Audiences),
        "amr" => Methods.IsEmpty ? null : new(Methods),
        _ => Texts.TryGetValue(claim, out var text) ? new(text) : null,
    };
}
