namespace Oort.Identity.WebIdentity;

/// <summary>A provider's keys cannot be had.</summary>
internal sealed class ProviderException(bool isOutage, string reason, Exception? cause = null) : Exception(reason, cause)
{
    /// <summary>Nobody answered, so what was known before may still be true; else there was an answer, and it is no.</summary>
    public bool IsOutage { get; } = isOutage;

    public static ProviderException Unreachable(string reason, Exception? cause = null) => new(true, reason, cause);

    public static ProviderException Refused(string reason, Exception? cause = null) => new(false, reason, cause);
}
