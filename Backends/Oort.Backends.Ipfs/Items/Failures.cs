namespace Oort.Backends.Ipfs;

/// <summary>What failures at several places mean together.</summary>
internal static class Failures
{
    // What leaves most hope first; NotFound is what is left when nobody said anything else.
    private static readonly BackendErrorKind[] hope =
        [BackendErrorKind.Transient, BackendErrorKind.Throttled, BackendErrorKind.Full, BackendErrorKind.Funds, BackendErrorKind.Unauthorized, BackendErrorKind.Permanent, BackendErrorKind.Corrupt];

    /// <summary>One failure for all: of the kind that leaves most hope, with what each place said.</summary>
    public static BackendException Together(IReadOnlyList<BackendException> failures)
    {
        var kind = hope.FirstOrDefault(kind => failures.Any(failure => failure.Kind == kind), BackendErrorKind.NotFound);
        return new(kind, string.Join(" ", failures.Select(failure => failure.Message)), failures.FirstOrDefault(failure => failure.Kind == kind));
    }

    /// <summary>A failure to find or to believe an item at a gateway: it may be too early, or the gateway's own fault. No item is lost by it.</summary>
    public static BackendException AtGateway(BackendException e) =>
        e.Kind is BackendErrorKind.NotFound or BackendErrorKind.Corrupt or BackendErrorKind.Permanent
            ? new(BackendErrorKind.Transient, $"It is not yet to be had elsewhere: {e.Message}", e)
            : e;

    /// <summary>What a look at an item gave when it failed; null: nothing was found out.</summary>
    public static NetworkEvidence? Absence(BackendException e, ProofKinds kinds) =>
        e.Kind is BackendErrorKind.NotFound or BackendErrorKind.Corrupt ? new(false, kinds, 0, e.Message) : null;
}
