using System.Net;
using System.Net.Sockets;

namespace Oort.Identity.WebIdentity;

/// <summary>Which addresses are somebody's on the Internet (IANA IPv4 and IPv6 Special-Purpose Address Registries; RFC 6890): all others lead into this machine, its networks, or the services that a cloud puts there.</summary>
public static class PublicAddress
{
    private static readonly IPNetwork[] specialV4 =
    [
        .. ((string[])
        [
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
            "224.0.0.0/4", "240.0.0.0/4",
            // Azure's own services, under an address that looks like anybody's (Azure: "What is IP address 168.63.129.16?").
            "168.63.129.16/32",
        ]).Select(text => IPNetwork.Parse(text)),
    ];

    /// <summary>All of IPv6 that is given out is in here (RFC 4291 §2.4), but for what follows.</summary>
    private static readonly IPNetwork globalV6 = IPNetwork.Parse("2000::/3");

    // 2001::/23 holds Teredo, 2002::/16 is 6to4: both carry an IPv4 address of somebody's choice.
    private static readonly IPNetwork[] specialV6 = [.. ((string[])["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"]).Select(text => IPNetwork.Parse(text))];

    /// <summary>NAT64 (RFC 6052 §2.1): the last four bytes are an IPv4 address.</summary>
    private static readonly IPNetwork nat64 = IPNetwork.Parse("64:ff9b::/96");

    /// <summary>Connects to a host at addresses that are somebody's on the Internet, whatever else its name leads to.</summary>
    /// <remarks>The name is resolved once for the check and the connection, so that no second answer of the name service can differ.</remarks>
    /// <param name="allowsAll">Whether other addresses are taken too.</param>
    /// <returns>Null: it leads to none.</returns>
    /// <exception cref="SocketException">It cannot be resolved or reached.</exception>
    public static async ValueTask<Stream?> ConnectAsync(DnsEndPoint endpoint, bool allowsAll, CancellationToken cancellationToken)
    {
        var addresses = IPAddress.TryParse(endpoint.Host, out var literal) ? [literal] : await Dns.GetHostAddressesAsync(endpoint.Host, cancellationToken);
        var taken = allowsAll ? addresses : Array.FindAll(addresses, Is);
        if (taken.Length == 0) return null;
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(taken, endpoint.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public static bool Is(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        if (address.AddressFamily == AddressFamily.InterNetwork) return !Array.Exists(specialV4, network => network.Contains(address));
        if (nat64.Contains(address)) return Is(new IPAddress(address.GetAddressBytes().AsSpan(12)));
        return globalV6.Contains(address) && !Array.Exists(specialV6, network => network.Contains(address));
    }
}
