using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using Oort.S3;

namespace Oort.Gateway.Access;

/// <summary>Holds each access key and each bucket to so many requests a second, on this gateway; whoever has no key is held by his address. Thread-safe.</summary>
/// <param name="perKey">0: no limit.</param>
/// <param name="perBucket">0: no limit.</param>
internal sealed class RequestRates(int perKey, int perBucket, TimeProvider time)
{
    /// <summary>Some 200 bytes each. When more come within a moment, all begin anew.</summary>
    private const int CountMax = 16_384;

    /// <summary>Who has an address of IPv6 has the other addresses of its network too.</summary>
    private const int NetworkSize = 8;

    private readonly ConcurrentDictionary<string, RateLimit> byKey = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, RateLimit> byAddress = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, RateLimit> byBucket = new(StringComparer.Ordinal);

    /// <param name="bucket">One that is there; null: the request is about none.</param>
    /// <exception cref="S3Exception">SlowDown.</exception>
    public void Take(HttpContext http, Caller caller, string? bucket)
    {
        var isAllowed = perKey == 0 || (caller.AccessKeyId.Length > 0 ? Take(byKey, caller.AccessKeyId, perKey) : Take(byAddress, NetworkOf(http.Connection.RemoteIpAddress), perKey));
        if (isAllowed && bucket is not null && perBucket > 0) isAllowed = Take(byBucket, bucket, perBucket);
        if (!isAllowed) throw new S3Exception(S3Errors.SlowDown);
    }

    private bool Take(ConcurrentDictionary<string, RateLimit> limits, string name, int perSecond)
    {
        if (limits.TryGetValue(name, out var limit)) return limit.TryTake();
        if (limits.Count >= CountMax) limits.Clear();
        return limits.GetOrAdd(name, _ => new(perSecond, time)).TryTake();
    }

    private static string NetworkOf(IPAddress? address)
    {
        if (address is null) return "";
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        return address.AddressFamily == AddressFamily.InterNetworkV6 ? Convert.ToHexStringLower(address.GetAddressBytes().AsSpan(0, NetworkSize)) : address.ToString();
    }
}
