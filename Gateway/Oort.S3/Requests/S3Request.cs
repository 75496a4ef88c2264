using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;

namespace Oort.S3;

/// <summary>Who signed a request.</summary>
/// <param name="AccessKeyId">The access key.</param>
/// <param name="OwnerId">Canonical id of the account: what owns buckets and objects.</param>
/// <param name="DisplayName">For listings and ACLs.</param>
/// <remarks>Hosts add what they know of him by deriving.</remarks>
public record S3Principal(string AccessKeyId, string OwnerId, string DisplayName);

/// <summary>A key pair as the authenticator needs it.</summary>
public sealed record S3Credential(S3Principal Principal, string SecretKey)
{
    public override string ToString() => $"{Principal.AccessKeyId} ***";
}

/// <summary>Where credentials are looked up. Thread-safe.</summary>
public interface IS3Credentials
{
    /// <param name="sessionToken">What came with the key; null: nothing did.</param>
    /// <returns>Null: there is no such key, or none that may be used.</returns>
    /// <exception cref="S3Exception">InvalidToken, ExpiredToken.</exception>
    ValueTask<S3Credential?> FindAsync(string accessKeyId, string? sessionToken, CancellationToken cancellationToken);
}

/// <summary>A request that has been routed and authenticated; its body is decoded and verified as it is read.</summary>
public sealed class S3Request
{
    public required HttpContext Http { get; init; }
    public required string RequestId { get; init; }
    public required S3Operation Operation { get; init; }

    /// <summary>Null for operations on the service.</summary>
    public string? Bucket { get; init; }

    /// <summary>Decoded key, 1 to 1,024 bytes of UTF-8; null for operations on a bucket or the service.</summary>
    public string? Key { get; init; }

    public required S3Principal Principal { get; init; }

    /// <summary>Of the signature that said who it is: 4 or 2; 0 for an anonymous request.</summary>
    public int SignatureVersion { get; init; }

    /// <summary>The signature came in the query.</summary>
    public bool IsPresigned { get; init; }

    /// <summary>The decoded payload. Reading throws <see cref="S3Exception"/> when a chunk's signature, the payload hash, the framing or the length is wrong, or the client stalls.</summary>
    public required PipeReader Body { get; init; }

    /// <summary>Bytes of the decoded payload (x-amz-decoded-content-length where chunked), at least so many where <see cref="MeasureRestAsync"/> is there; null when the client did not say.</summary>
    public long? ContentLength { get; init; }

    /// <summary>Tells how many bytes of the body are left that nobody has consumed, when it is asked near the end; null: <see cref="ContentLength"/> is exact.</summary>
    public Func<CancellationToken, ValueTask<long>>? MeasureRestAsync { get; init; }

    /// <summary>The form whose file is the body; null: it is none.</summary>
    public PostForm? Form { get; init; }

    /// <summary>Trailers by lower-case name, filled when the body has been read whole.</summary>
    public required IReadOnlyDictionary<string, string> Trailers { get; init; }

    /// <summary>Lower-case names that x-amz-trailer announced.</summary>
    public required IReadOnlyList<string> AnnouncedTrailers { get; init; }

    /// <summary>A header's value, or null. Several headers of one name are joined by ','.</summary>
    public string? Header(string name) => Http.Request.Headers.TryGetValue(name, out var value) ? value.ToString() : null;

    /// <summary>The decoded query, in the order sent.</summary>
    public S3Query Parameters { get => field ??= S3Query.Parse(Http.Request.QueryString.Value); init; }

    /// <summary>A query parameter's decoded value, or null. A parameter without "=" is "".</summary>
    public string? Query(string name) => Parameters.Get(name);
}

/// <summary>Carries out one S3 operation: reads the request, writes the whole response.</summary>
public delegate ValueTask S3Handler(S3Request request, CancellationToken cancellationToken);
