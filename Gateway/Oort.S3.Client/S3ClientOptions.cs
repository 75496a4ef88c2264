using System.ComponentModel.DataAnnotations;
using System.Security.Cryptography.X509Certificates;

namespace Oort.S3.Client;

/// <summary>How a bucket stands in a request's address.</summary>
public enum S3Addressing
{
    /// <summary>By host name on AWS, where the bucket's name can be one; in the path everywhere else.</summary>
    Auto = 0,

    /// <summary>https://host/bucket/key.</summary>
    Path,

    /// <summary>https://bucket.host/key.</summary>
    VirtualHost,
}

/// <summary>What vouches for the bytes of a body that is sent as a stream.</summary>
public enum S3BodyForm
{
    /// <summary><see cref="UnsignedTrailer"/> over https, <see cref="SignedChunks"/> over http.</summary>
    Auto = 0,

    /// <summary>aws-chunked with CRC-64/NVME as a trailer (STREAMING-UNSIGNED-PAYLOAD-TRAILER).</summary>
    UnsignedTrailer,

    /// <summary>aws-chunked, each chunk signed, with CRC-64/NVME as a signed trailer (STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER).</summary>
    SignedChunks,

    /// <summary>The bytes as they are, UNSIGNED-PAYLOAD, with Content-MD5 where the caller knows it: for servers that know no trailers.</summary>
    Plain,
}

/// <summary>Which service a client talks to, and with how much patience.</summary>
public sealed record S3ClientOptions
{
    /// <summary>http or https; a path is put before every bucket's.</summary>
    [Required]
    public required Uri Endpoint { get; init; }

    /// <summary>Region that signatures name. Default us-east-1, which services without regions take. A bucket's own region is learnt from the service's redirects.</summary>
    public string Region { get; init; } = "us-east-1";

    public S3Addressing Addressing { get; init; }

    public S3BodyForm BodyForm { get; init; }

    /// <summary>Whether addresses of this machine and its link (loopback, link-local with the clouds' metadata services, unspecified, multicast) may be connected to. False where the endpoint was named by
    /// somebody who is not this machine's operator. Names are checked by what they resolve to, at each connection; no proxy is used then.</summary>
    public bool AllowsLocalAddresses { get; init; } = true;

    /// <summary>Who may vouch for the service's certificate, in place of the system's authorities. Null: those.</summary>
    public X509Certificate2Collection? Authorities { get; init; }

    /// <summary>Attempts for one request at most, the first included. Default 6: with the delays below half a minute of a service that is away.</summary>
    [Range(1, 100)]
    public int AttemptCountMax { get; init; } = 6;

    /// <summary>Before the n-th retry a random time up to this times 2^n is waited.</summary>
    public TimeSpan RetryDelayBase { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>The longest delay of our own, and the longest Retry-After that is obeyed.</summary>
    public TimeSpan RetryDelayMax { get; init; } = TimeSpan.FromSeconds(20);

    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a connection may stand still: no byte of the request taken, no answer begun, no byte of a body that is being read.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long the answer to a request without progress of its own may take: complete and copy work on the server for minutes.</summary>
    public TimeSpan SlowAnswerTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Connections at once.</summary>
    [Range(1, 10_000)]
    public int ConnectionCountMax { get; init; } = 64;

    /// <summary>How certificates are judged that these authorities vouch for. Names and times are checked as ever; private authorities publish no revocations.</summary>
    public static X509ChainPolicy Trusting(X509Certificate2Collection authorities)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.AddRange(authorities);
        return policy;
    }
}
