namespace Oort.Identity.WebIdentity;

/// <summary>Why a token is not taken; each is an error of STS (STS API: AssumeRoleWithWebIdentity, "Errors").</summary>
public enum WebIdentityError
{
    None,

    /// <summary>InvalidIdentityToken: no token, not signed by the provider, or not for this provider and its audiences.</summary>
    InvalidToken,

    /// <summary>ExpiredTokenException.</summary>
    ExpiredToken,

    /// <summary>IDPRejectedClaim: a claim that must be there is missing, malformed, or not true yet.</summary>
    RejectedClaim,

    /// <summary>IDPCommunicationError: the provider's keys cannot be had, or are none.</summary>
    ProviderUnreachable,
}

/// <summary>What became of a token.</summary>
/// <param name="Claims">Null: it is not taken.</param>
/// <param name="Reason">A sentence for logs and for whoever sent it; empty where it is taken. Holds no part of the token that is secret.</param>
public sealed record WebIdentityAnswer(WebIdentityClaims? Claims, WebIdentityError Error, string Reason)
{
    internal static WebIdentityAnswer Refuse(WebIdentityError error, string reason) => new(null, error, reason);
}
