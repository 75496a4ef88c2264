using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Oort.Node.Protocol;

namespace Oort.Backends.Node;

/// <summary>Which node, and where it is reached. Only the id is trusted; the address may change.</summary>
/// <param name="Id">The node's id.</param>
/// <param name="Host">A name or an IP address; IPv6 without brackets.</param>
/// <param name="Port">1 to 65,535.</param>
public sealed record NodeAddress(NodeId Id, string Host, int Port)
{
    /// <summary>Reads "ID@HOST:PORT"; IPv6 addresses stand in brackets.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out NodeAddress? address)
    {
        address = null;
        var at = text.IndexOf('@', StringComparison.Ordinal);
        var colon = text.LastIndexOf(':');
        if (at < 0 || colon < at || !NodeId.TryParse(text[..at], out var id))
            return false;
        var host = text[(at + 1)..colon];
        if (host.StartsWith('[') && host.EndsWith(']')) host = host[1..^1];
        else if (host.Contains(':', StringComparison.Ordinal)) return false;
        if (Uri.CheckHostName(host) is UriHostNameType.Unknown or UriHostNameType.Basic
            || !int.TryParse(text[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port is < 1 or > 65535)
            return false;
        address = new(id, host, port);
        return true;
    }

    /// <summary>"ID@HOST:PORT".</summary>
    public override string ToString() => $"{Id}@{HostAndPort}";

    /// <summary>"HOST:PORT".</summary>
    internal string HostAndPort => string.Create(CultureInfo.InvariantCulture, $"{(Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host)}:{Port}");
}
