namespace Oort.Backends.Arweave.Sending;

/// <summary>What a status of HTTP means for an item.</summary>
internal static class Refusals
{
    /// <param name="what">For people: what was asked, and of whom.</param>
    /// <param name="notFound">What 404 means here: that there is no such item, or that the address is wrong.</param>
    public static BackendException Of(string what, HttpAnswer answer, BackendErrorKind notFound = BackendErrorKind.Unauthorized)
    {
        var (kind, advice) = answer.Status switch
        {
            401 or 403 => (BackendErrorKind.Unauthorized, "the account or the key is refused; ask the operator of that service, or configure another"),
            402 or 410 => (BackendErrorKind.Funds, "the account cannot pay for it; top it up"),
            404 or 405 => (notFound, notFound == BackendErrorKind.Unauthorized ? "there is no such service at that address; correct the configured URL" : "it does not have it"),
            429 => (BackendErrorKind.Throttled, "it was asked too often"),
            408 or 425 or >= 500 => (BackendErrorKind.Transient, "it cannot do it now"),
            >= 300 and < 400 => (BackendErrorKind.Unauthorized, "it sends elsewhere, which is not followed; configure the URL that it sends to"),
            >= 200 and < 300 => (BackendErrorKind.Transient, "it answered something that is no answer to this"),
            _ => (BackendErrorKind.Permanent, "it will not take it"),
        };
        return new(kind, $"{what} was answered {answer.Status}{(answer.Text.Length > 0 ? $" ({answer.Text})" : "")}: {advice}.");
    }
}
