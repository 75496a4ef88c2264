namespace Oort.S3.Client;

/// <summary>One request before it is addressed and signed: what every attempt of it has in common.</summary>
internal sealed class S3Call(HttpMethod method, string operation, string? bucket, string? key)
{
    public HttpMethod Method { get; } = method;

    /// <summary>As S3 names it, for messages.</summary>
    public string Operation { get; } = operation;

    public string? Bucket { get; } = bucket;

    public string? Key { get; } = key;

    /// <summary>Decoded; a null value stands without "=".</summary>
    public List<(string Name, string? Value)> Query { get; } = [];

    /// <summary>Of the request and of its content. Printable ASCII.</summary>
    public List<(string Name, string Value)> Headers { get; } = [];

    /// <summary>A body in memory; null: none, or <see cref="Stream"/>.</summary>
    public byte[]? Document { get; init; }

    /// <summary>A body that is not held in memory; null: none, or <see cref="Document"/>.</summary>
    public S3Body? Stream { get; init; }

    /// <summary>The server works on it before it answers (copy, complete).</summary>
    public bool IsSlow { get; init; }

    public string Resource => Key is null ? Bucket is null ? "the service" : $"s3://{Bucket}" : $"s3://{Bucket}/{Key}";

    public S3Call With(string name, string? value)
    {
        Query.Add((name, value));
        return this;
    }

    /// <summary>Adds a query parameter if there is a value.</summary>
    public S3Call WithOptional(string name, string? value) => value is null ? this : With(name, value);

    /// <summary>Adds a header if there is a value.</summary>
    public S3Call Header(string name, string? value)
    {
        if (value is not null) Headers.Add((name, value));
        return this;
    }
}
