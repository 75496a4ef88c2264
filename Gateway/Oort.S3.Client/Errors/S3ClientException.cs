using System.Net;

namespace Oort.S3.Client;

/// <summary>A request of an S3 client failed, after all retries. The message names operation, resource, code and request id, and no secret.</summary>
public sealed class S3ClientException(S3ErrorKind kind, string message, Exception? inner = null) : Exception(message, inner)
{
    public S3ErrorKind Kind { get; } = kind;

    /// <summary>The service's error code ("NoSuchKey"); "" where it gave none.</summary>
    public string Code { get; init; } = "";

    /// <summary>Null when there was no answer.</summary>
    public HttpStatusCode? Status { get; init; }

    /// <summary>x-amz-request-id, which the service's support asks for; "" where it gave none.</summary>
    public string RequestId { get; init; } = "";

    /// <summary>How long the service asks to wait; null where it does not say.</summary>
    internal TimeSpan? RetryAfter { get; init; }

    /// <summary>The region in which the bucket lies, where the service says that it is not the one that was asked.</summary>
    internal string? Region { get; init; }

    /// <summary>The service's time at its answer.</summary>
    internal DateTimeOffset? ServerTime { get; init; }

    internal bool IsWorthRetrying => Kind is S3ErrorKind.Transient or S3ErrorKind.Throttled;
}
