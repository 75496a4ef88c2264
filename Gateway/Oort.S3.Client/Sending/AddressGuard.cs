using System.Net;
using System.Net.Sockets;

namespace Oort.S3.Client;

/// <summary>Connects to no address of this machine or its link, whatever name leads there (server-side request forgery).</summary>
/// <remarks>The name is resolved once for the check and the connection, so that no second answer of the name service can differ.</remarks>
internal static class AddressGuard
{
    /// <summary>Metadata service of AWS by IPv6, the one such address outside the link-local range.</summary>
    private static readonly IPAddress ec2Metadata = IPAddress.Parse("fd00:ec2::254");

    /// <summary>Alibaba's and Oracle's metadata services use this one and 169.254.169.254.</summary>
    private static readonly IPAddress alibabaMetadata = IPAddress.Parse("100.100.100.200");

    public static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var endpoint = context.DnsEndPoint;
        var addresses = IPAddress.TryParse(endpoint.Host, out var literal) ? [literal] : await Dns.GetHostAddressesAsync(endpoint.Host, cancellationToken);
        var allowed = Array.FindAll(addresses, address => !IsLocal(address));
        if (allowed.Length == 0)
        {
            throw new S3ClientException(
                S3ErrorKind.Refused,
                $"{endpoint.Host} leads to {string.Join(", ", addresses.Select(a => a.ToString()))}, which is this machine or its link; the operator has not allowed such endpoints.");
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, endpoint.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Loopback, link-local, unspecified ("this host"), multicast, broadcast, and metadata services.</summary>
    internal static bool IsLocal(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        if (IPAddress.IsLoopback(address) || address.Equals(ec2Metadata) || address.Equals(alibabaMetadata)) return true;
        if (address.AddressFamily == AddressFamily.InterNetworkV6)
        {
            if (address.IsIPv6LinkLocal || address.IsIPv6Multicast || address.Equals(IPAddress.IPv6Any)) return true;
            // IPv4 in IPv6's clothes: ::a.b.c.d (RFC 4291 §2.5.5.1), NAT64 (RFC 6052) and 6to4 (RFC 3056).
            var bytes = address.GetAddressBytes();
            if (bytes.AsSpan(0, 12).IndexOfAnyExcept((byte)0) < 0) return IsLocal(new IPAddress(bytes.AsSpan(12)));
            if (bytes.AsSpan(0, 12).SequenceEqual<byte>([0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0])) return IsLocal(new IPAddress(bytes.AsSpan(12)));
            return bytes[0] == 0x20 && bytes[1] == 0x02 && IsLocal(new IPAddress(bytes.AsSpan(2, 4)));
        }

        var first = address.GetAddressBytes();
        return first[0] == 0 || first[0] >= 224 || (first[0] == 169 && first[1] == 254);
    }
}
