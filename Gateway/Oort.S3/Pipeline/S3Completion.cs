using Microsoft.AspNetCore.Http;

namespace Oort.S3;

/// <summary>A request that is over: what metrics and access logs want to know.</summary>
/// <param name="Http">Of the request; for what else is asked of it before it goes.</param>
/// <param name="Operation">None where it could not be routed.</param>
/// <param name="Principal">Without an access key for an anonymous request; null where nobody knows who it was.</param>
/// <param name="ClaimedAccessKeyId">The key that a request named whose signature was refused; null for others.</param>
/// <param name="Status">HTTP status; 499 where the client went away before it was answered.</param>
/// <param name="ErrorCode">S3's code; null for success.</param>
/// <param name="BytesReceived">Of the body, as it came over the wire.</param>
/// <param name="BytesSent">Of the answer's body.</param>
public readonly record struct S3Completion(HttpContext Http, string RequestId, S3Operation Operation, string? Bucket, string? Key, S3Principal? Principal, string? ClaimedAccessKeyId, int Status, string? ErrorCode, long BytesReceived, long BytesSent, TimeSpan Duration)
{
    /// <summary>Of who signed; null for anonymous requests, and where nobody knows.</summary>
    public string? AccessKeyId => Principal is { AccessKeyId.Length: > 0 } known ? known.AccessKeyId : null;
}
