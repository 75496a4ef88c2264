using System.Net;

namespace Oort.Backends.Filecoin;

/// <summary>The table from a provider's status to what it means for an item. Where a status means something else of one call (a 404 of what is looked for), that call says so.</summary>
internal static class PdpFailures
{
    private const int ShownLengthMax = 200;

    /// <param name="call">What was asked for, for people.</param>
    /// <param name="said">What the provider wrote; shown with nothing in it but printable ASCII, and no more than 200 characters.</param>
    public static BackendException Of(string call, HttpStatusCode status, string said)
    {
        var kind = KindOf(status);
        var shown = Shown(said);
        return new(kind, $"{call} was answered with status {(int)status}{(shown.Length > 0 ? $" ({shown})" : "")}. {AdviceOf(kind, status)}");
    }

    public static BackendErrorKind KindOf(HttpStatusCode status) => (int)status switch
    {
        // Whoever sends elsewhere is not who was configured.
        >= 300 and < 400 => BackendErrorKind.Unauthorized,
        401 or 403 => BackendErrorKind.Unauthorized,
        402 => BackendErrorKind.Funds,
        // No such call, or no such data set of this provider: the address is wrong, and nothing is lost.
        404 or 405 => BackendErrorKind.Unauthorized,
        // The data set was terminated.
        409 => BackendErrorKind.Unauthorized,
        408 => BackendErrorKind.Transient,
        429 => BackendErrorKind.Throttled,
        507 => BackendErrorKind.Full,
        >= 400 and < 500 => BackendErrorKind.Permanent,
        _ => BackendErrorKind.Transient,
    };

    public static string Shown(string said) => new([.. said.Where(c => c is >= ' ' and <= '~').Take(ShownLengthMax)]);

    private static string AdviceOf(BackendErrorKind kind, HttpStatusCode status) => kind switch
    {
        BackendErrorKind.Unauthorized when status == HttpStatusCode.Conflict => "The data set was terminated; configure another label, and a new one is made.",
        BackendErrorKind.Unauthorized when status == HttpStatusCode.Forbidden => "The provider turns this address away: wait, or ask the provider.",
        BackendErrorKind.Unauthorized => "Check the provider's address in the registry.",
        BackendErrorKind.Funds => "Deposit USDFC; it is tried again by itself.",
        BackendErrorKind.Full => "The provider has no space left; it is tried again by itself, or choose another.",
        BackendErrorKind.Permanent => "The provider will not take it so.",
        _ => "It is tried again by itself.",
    };
}
