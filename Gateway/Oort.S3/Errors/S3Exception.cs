namespace Oort.S3;

/// <summary>One line of the catalogue (S3 API: "Error responses").</summary>
/// <param name="Code">As clients compare it.</param>
/// <param name="Status">HTTP status.</param>
/// <param name="Message">For people.</param>
public sealed record S3Error(string Code, int Status, string Message);

/// <summary>Ends a request with a documented error.</summary>
/// <param name="error">From S3Errors.</param>
/// <param name="detail">Replaces the message where it can be said more exactly; goes on the wire.</param>
/// <param name="fields">Further elements of the error's XML (BucketName, Condition, …).</param>
public sealed class S3Exception(S3Error error, string? detail = null, params (string Name, string Value)[] fields) : Exception(detail ?? error.Message)
{
    public S3Error Error { get; } = error;
    public IReadOnlyList<(string Name, string Value)> Fields { get; } = fields;

    /// <summary>Headers of the answer beside the usual ones (x-amz-delete-marker, Allow, Content-Range, …). What a handler set on the response itself is dropped.</summary>
    public IReadOnlyList<(string Name, string Value)> Headers { get; init; } = [];
}
