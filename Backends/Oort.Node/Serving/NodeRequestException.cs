using Oort.Backends;
using Oort.Node.Protocol;

namespace Oort.Node;

/// <summary>A request that is answered with an error (docs/formats/node-protocol.md §8).</summary>
internal sealed class NodeRequestException(NodeErrorCode code, string message) : Exception(message)
{
    public NodeErrorCode Code { get; } = code;

    /// <summary>When to come back.</summary>
    public TimeSpan RetryAfter { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The state to be sent along with a conflict.</summary>
    public string? State { get; init; }

    /// <summary>The log's length, of a conflict about one.</summary>
    public long? Length { get; init; }

    /// <summary>What a failure of the store is called on the wire.</summary>
    public static NodeErrorCode CodeOf(BackendErrorKind kind) => kind switch
    {
        BackendErrorKind.NotFound => NodeErrorCode.NotFound,
        BackendErrorKind.Transient => NodeErrorCode.Transient,
        BackendErrorKind.Throttled => NodeErrorCode.Throttled,
        BackendErrorKind.Corrupt => NodeErrorCode.Corrupt,
        BackendErrorKind.Full => NodeErrorCode.Full,
        BackendErrorKind.ReadOnly => NodeErrorCode.ReadOnly,
        _ => NodeErrorCode.Permanent,
    };
}
