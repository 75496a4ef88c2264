using System.Collections.Immutable;
using System.ComponentModel.DataAnnotations;

namespace Oort.S3;

/// <summary>How the S3 surface behaves. One immutable snapshot serves all requests.</summary>
public sealed record S3Options
{
    /// <summary>Domains under which buckets are addressed as sub-domains (bucket.domain), without port; any other host means path style. Default none.</summary>
    public ImmutableArray<string> Domains { get; init; } = [];

    /// <summary>The URL that clients use when a proxy in front rewrites Host: signatures over its host (or bucket.host) are accepted too. Default none.</summary>
    public Uri? PublicUrl { get; init; }

    /// <summary>Take X-Forwarded-Host as the host that the client addressed and signed. Only behind a proxy that sets or removes it. Default false.</summary>
    public bool TrustForwardedHost { get; init; }

    /// <summary>The region that this gateway says it is in.</summary>
    [Required]
    public string Region { get; init; } = "us-east-1";

    /// <summary>Refuse credential scopes of another region than <see cref="Region"/>. Default false: clients come with the region they have.</summary>
    public bool StrictRegion { get; init; }

    /// <summary>
    /// Accept requests signed without x-amz-content-sha256 (curl before 8.1): the signature then covers the body's hash, the empty hash or UNSIGNED-PAYLOAD,
    /// and in the two latter cases not the body. Default true; false answers as S3 does.
    /// </summary>
    public bool AcceptMissingPayloadHash { get; init; } = true;

    /// <summary>Accept Signature Version 2 beside Version 4: for old tools, which have no other. It covers neither the body nor all of the query. Default true; false refuses it, as the newer regions of S3 do.</summary>
    public bool AcceptSignatureV2 { get; init; } = true;

    /// <summary>How far a request's time may be from the gateway's. S3 has 15 minutes.</summary>
    public TimeSpan ClockSkewMax { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>A body from which nothing comes for so long ends with RequestTimeout. Only time spent waiting for the client counts. An answer of which nothing is taken for so long is cut off. Default 30 s.</summary>
    public TimeSpan BodyStallMax { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Bytes per second that a body must bring on average, once more than <see cref="BodyStallMax"/> was spent waiting for it. 0: no minimum. Default 1,024: slower clients hold a connection and its buffers for nothing.</summary>
    [Range(0, int.MaxValue)]
    public int BodyRateMin { get; init; } = 1024;

    /// <summary>Sent as x-amz-id-2 and HostId: which gateway answered.</summary>
    [Required]
    public string HostId { get; init; } = "oort";
}
