using Oort.Node.Protocol;

namespace Oort.Backends.Node;

/// <summary>An error that a node answered.</summary>
/// <param name="Code">Which.</param>
/// <param name="Text">For people.</param>
/// <param name="State">Present state of the name, of a conflict or a blob that is not there.</param>
/// <param name="Length">Length of the log, of a conflict about one.</param>
/// <param name="RetryAfter">When the node wants to be asked again.</param>
internal sealed record NodeFailure(NodeErrorCode Code, string Text, string? State, long? Length, TimeSpan? RetryAfter)
{
    /// <summary>What the caller of a store is told.</summary>
    public BackendErrorKind Kind => Code switch
    {
        NodeErrorCode.NotFound => BackendErrorKind.NotFound,
        NodeErrorCode.Throttled => BackendErrorKind.Throttled,
        NodeErrorCode.Permanent or NodeErrorCode.BadRequest or NodeErrorCode.OtherStore or NodeErrorCode.NoStore or NodeErrorCode.TooLarge or NodeErrorCode.UnknownPath => BackendErrorKind.Permanent,
        NodeErrorCode.Corrupt => BackendErrorKind.Corrupt,
        NodeErrorCode.Full => BackendErrorKind.Full,
        NodeErrorCode.ReadOnly => BackendErrorKind.ReadOnly,
        NodeErrorCode.Unauthorized => BackendErrorKind.Unauthorized,
        _ => BackendErrorKind.Transient,
    };

    public BackendException ToException(string location) => new(Kind, $"{location}: {Text}");
}

/// <summary>What came of a request: a value or the node's refusal.</summary>
/// <param name="Attempts">How often it was sent: after more than one, an earlier one may have been done.</param>
internal readonly record struct NodeReply<T>(T? Value, NodeFailure? Failure, int Attempts);
