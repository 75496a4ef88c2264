using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;

namespace Oort.S3;

/// <summary>The canonical requests that a client may have signed when it sent what arrived here.</summary>
/// <remarks>
/// The first is S3's. The others differ in what has no meaning for Oort or means the same: the host before a proxy rewrote it (only names that the operator
/// configured, and default ports), Accept-Encoding and Expect that proxies change, and path and query signed as they were sent instead of re-encoded (old curl). A signature
/// over one of them binds method, path, query and headers as well as S3's.
/// </remarks>
internal sealed class SignatureVariants(HttpContext http, S3Target target, SignatureClaim claim, S3Options options)
{
    // Each costs two hashes, about 1 µs: a wrong signature may cost no more than a small request.
    private const int CountMax = 48;

    // What SDKs sign; proxies put their own in its place or drop it.
    private static readonly string?[] AcceptEncodings = [null, "identity", "gzip", ""];

    private readonly string path = CanonicalRequest.Path(target.Path);
    private readonly string query = CanonicalRequest.Query(target.Query, claim.Expires is null ? null : "X-Amz-Signature");

    public HttpContext Http { get; } = http;

    public S3Target Target { get; } = target;

    public SignatureClaim Claim { get; } = claim;

    /// <summary>Whether the claimed signature is that of one of the variants, with one of the payload hashes.</summary>
    public bool Verify(SigningKey key, ReadOnlySpan<string> payloadHashes)
    {
        using var buffer = new PooledBuffer(1024);
        foreach (var payloadHash in payloadHashes)
        {
            CanonicalRequest.Write(buffer, Target.Method, path, query, Http.Request.Headers, Claim.Scope.SignedHeaders, null, payloadHash);
            if (Matches(buffer, key))
                return true;
        }

        var count = 0;
        var receivedHost = Http.Request.Headers.Host.ToString();
        var acceptEncodings = Claim.Scope.SignedHeaders.Contains("accept-encoding") ? AcceptEncodings.AsSpan() : [null];
        foreach (var host in Hosts(receivedHost))
        {
            foreach (var acceptEncoding in acceptEncodings)
            {
                foreach (var (somePath, someQuery) in Addresses())
                {
                    foreach (var payloadHash in payloadHashes)
                    {
                        if (count++ == CountMax)
                            return false;
                        Write(buffer, somePath, someQuery, host, acceptEncoding, payloadHash);
                        if (Matches(buffer, key))
                            return true;
                    }
                }
            }
        }

        return false;
    }

    /// <summary>Writes S3's own canonical request, to be shown.</summary>
    public void WriteCanonical(PooledBuffer buffer, string payloadHash) => Write(buffer, path, query, Http.Request.Headers.Host.ToString(), null, payloadHash);

    // Of the canonical request in the buffer, which is empty afterwards.
    private bool Matches(PooledBuffer buffer, SigningKey key)
    {
        Span<byte> hash = stackalloc byte[SigV4.Size];
        CanonicalRequest.Hash(buffer.Written, hash);
        buffer.Clear();
        SigV4.WriteStringToSign(buffer, Claim.Timestamp, Claim.Scope.Text, hash);
        Span<byte> signature = stackalloc byte[SigV4.Size];
        key.Hmac.Compute(buffer.Written, signature);
        buffer.Clear();
        return CryptographicOperations.FixedTimeEquals(signature, Claim.Signature);
    }

    private void Write(PooledBuffer buffer, string somePath, string someQuery, string host, string? acceptEncoding, string payloadHash)
    {
        var headers = Http.Request.Headers;
        CanonicalRequest.Write(buffer, Target.Method, somePath, someQuery, headers, Claim.Scope.SignedHeaders, name => name switch
        {
            "host" => host,
            "accept-encoding" => acceptEncoding,
            // Hop by hop, so a proxy answers it itself.
            "expect" when !headers.ContainsKey("expect") => "100-continue",
            _ => null,
        }, payloadHash);
    }

    private List<(string Path, string Query)> Addresses()
    {
        var addresses = new List<(string, string)>(4) { (path, query) };
        var rawQuery = Claim.Expires is null ? Target.RawQuery : query;
        if (Target.RawPath != path)
            addresses.Add((Target.RawPath, query));
        if (rawQuery != query)
            addresses.Add((path, rawQuery));
        if (addresses.Count == 3)
            addresses.Add((Target.RawPath, rawQuery));
        return addresses;
    }

    private List<string> Hosts(string received)
    {
        var hosts = new List<string>(6) { received };
        Add(hosts, Target.Host);
        // Some clients sign the port that they leave out of Host, and others the reverse.
        var bare = S3Target.WithoutPort(received).ToString();
        if (received.EndsWith(":80", StringComparison.Ordinal) || received.EndsWith(":443", StringComparison.Ordinal))
            Add(hosts, bare);
        else if (bare == received)
            Add(hosts, Http.Request.IsHttps ? bare + ":443" : bare + ":80");
        if (options.PublicUrl is { } url)
        {
            Add(hosts, url.Authority);
            if (Target.HostBucket is { } bucket)
                Add(hosts, $"{bucket}.{url.Authority}");
        }

        return hosts;
    }

    private static void Add(List<string> hosts, string host)
    {
        if (!hosts.Contains(host))
            hosts.Add(host);
    }
}
