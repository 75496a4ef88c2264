namespace Oort.S3;

/// <summary>A request that is over: what metrics and access logs want to know.</summary>
/// <param name="Operation">None where it could not be routed.</param>
/// <param name="Status">HTTP status; 499 where the client went away before it was answered.</param>
/// <param name="ErrorCode">S3's code; null for success.</param>
/// <param name="BytesReceived">Of the body, as it came over the wire.</param>
/// <param name="BytesSent">Of the answer's body.</param>
public readonly record struct S3Completion(string RequestId, S3Operation Operation, string? Bucket, string? Key, string? AccessKeyId, int Status, string? ErrorCode, long BytesReceived, long BytesSent, TimeSpan Duration);
