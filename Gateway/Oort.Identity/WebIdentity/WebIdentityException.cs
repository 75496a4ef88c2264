namespace Oort.Identity.WebIdentity;

/// <summary>A token or a provider's answer is not what it must be. Never leaves the folder: callers get a <see cref="WebIdentityAnswer"/>.</summary>
internal sealed class WebIdentityException(WebIdentityError error, string reason, Exception? cause = null) : Exception(reason, cause)
{
    public WebIdentityError Error { get; } = error;

    public static WebIdentityException Invalid(string reason) => new(WebIdentityError.InvalidToken, reason);

    public static WebIdentityException Rejected(string reason) => new(WebIdentityError.RejectedClaim, reason);

    public static WebIdentityException Unreachable(string reason, Exception? cause = null) => new(WebIdentityError.ProviderUnreachable, reason, cause);
}
