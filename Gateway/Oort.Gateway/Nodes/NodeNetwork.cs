using System.Net;
using System.Net.Sockets;

namespace Oort.Gateway;

/// <summary>What stands for a node's network where nobody said which it is: the address range that is likely one uplink.</summary>
internal static class NodeNetwork
{
    private const int PrefixBytesV4 = 3;

    /// <summary>What one site usually gets (RFC 6177).</summary>
    private const int PrefixBytesV6 = 6;

    /// <summary>"192.0.2.0/24" or "2001:db8:1::/48" of an address; a name stands for itself.</summary>
    public static string Of(string host)
    {
        if (!IPAddress.TryParse(host, out var address)) return host;
        var bytes = address.GetAddressBytes();
        var kept = address.AddressFamily == AddressFamily.InterNetwork ? PrefixBytesV4 : PrefixBytesV6;
        bytes.AsSpan(kept).Clear();
        return $"{new IPAddress(bytes)}/{kept * 8}";
    }
}
