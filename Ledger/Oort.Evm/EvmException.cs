using System.Net;

namespace Oort.Evm;

/// <summary>What a failure means to its caller, so that nobody has to know codes and texts of nodes.</summary>
public enum EvmErrorKind
{
    /// <summary>The node or the way to it failed; the same request may succeed later.</summary>
    Transient = 0,

    /// <summary>The node asks for fewer requests (<see cref="EvmException.RetryAfter"/>).</summary>
    Throttled,

    /// <summary>The contract refused (<see cref="EvmException.Revert"/>). It will again, unless the chain's state changes.</summary>
    Reverted,

    /// <summary>The account cannot pay for value and gas.</summary>
    Funds,

    /// <summary>The account's transaction of this nonce is in a block already.</summary>
    NonceTooLow,

    /// <summary>The fees are below what the node takes, or too little above those of the transaction that is to be replaced.</summary>
    Underpriced,

    /// <summary>The node has this very transaction already: the same as if it had been taken now.</summary>
    AlreadyKnown,

    /// <summary>The node does not know the method, or the chain not this kind of transaction.</summary>
    Unsupported,

    /// <summary>Bytes, text or an answer that are not what they should be, too large, or contradict themselves.</summary>
    Malformed,

    /// <summary>The node wants other credentials, or gives these no right.</summary>
    Unauthorized,

    /// <summary>The node refuses the request as it is; it will again.</summary>
    Refused,
}

/// <summary>A failure of anything here that deals with others' bytes. The message holds no secret.</summary>
public sealed class EvmException(EvmErrorKind kind, string message, Exception? inner = null) : Exception(message, inner)
{
    public EvmErrorKind Kind { get; } = kind;

    /// <summary>Why the contract refused; null unless <see cref="EvmErrorKind.Reverted"/>.</summary>
    public RevertReason? Revert { get; init; }

    /// <summary>How long the node asks to wait; null where it does not say.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The JSON-RPC error code; null where there was none.</summary>
    public long? Code { get; init; }

    /// <summary>Null when there was no answer.</summary>
    public HttpStatusCode? Status { get; init; }

    internal static EvmException Malformed(string what, Exception? inner = null) => new(EvmErrorKind.Malformed, what + ".", inner);
}
