using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Oort.Node.Protocol;

namespace Oort.Node;

/// <summary>A gateway did not take a message; the sentence is for the node's owner. Nothing vouches for it.</summary>
internal sealed class GatewayRefusedException(string message, bool isFinal, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The same message will not be taken later either.</summary>
    public bool IsFinal { get; } = isFinal;
}

/// <summary>How a node speaks to gateways (docs/formats/node-membership.md §4, §5).</summary>
internal sealed class GatewayClient : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = s_patience, PooledConnectionLifetime = TimeSpan.FromMinutes(5) })
    {
        Timeout = s_patience,
        MaxResponseContentBufferSize = MembershipLimits.MessageSizeMax,
    };

    /// <summary>Sends a message, and gives back the answer's bytes.</summary>
    /// <exception cref="GatewayRefusedException">Not reached, or not taken.</exception>
    public async Task<byte[]> SendAsync(Uri gateway, string path, byte[] message, CancellationToken cancellationToken)
    {
        try
        {
            using var content = new ByteArrayContent(message);
            using var response = await _http.PostAsync(new Uri(gateway, path), content, cancellationToken);
            var bytes = await response.Content.ReadAsByteArrayAsync(cancellationToken);
            return response.StatusCode == HttpStatusCode.OK
                ? bytes
                : throw new GatewayRefusedException($"{gateway} answered {(int)response.StatusCode}: {Explain(bytes)}", response.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.Forbidden);
        }
        catch (HttpRequestException e)
        {
            throw new GatewayRefusedException($"{gateway} cannot be reached ({e.Message}).", isFinal: false, e);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new GatewayRefusedException($"{gateway} did not answer within {s_patience.TotalSeconds:0} s.", isFinal: false, e);
        }
    }

    /// <summary>HOST:PORT under which a gateway reaches this node: as its owner says, or else where it listens, or the address by which the way to that gateway begins.</summary>
    /// <exception cref="GatewayRefusedException">There is no way to that gateway.</exception>
    public static async Task<string> AddressAsync(Uri gateway, string? advertised, IPEndPoint listening, CancellationToken cancellationToken)
    {
        if (advertised is not null) return advertised;
        var own = listening.Address;
        if (own.Equals(IPAddress.Any) || own.Equals(IPAddress.IPv6Any))
        {
            try
            {
                // A UDP socket that is connected sends nothing, and knows its own side of the way.
                using var probe = new UdpClient(await FamilyAsync(gateway, cancellationToken));
                probe.Connect(gateway.DnsSafeHost, gateway.Port);
                own = ((IPEndPoint)probe.Client.LocalEndPoint!).Address;
            }
            catch (SocketException e)
            {
                throw new GatewayRefusedException($"{gateway.Host} cannot be reached ({e.Message}).", isFinal: false, e);
            }
        }

        return string.Create(CultureInfo.InvariantCulture, $"{(own.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{own}]" : own)}:{listening.Port}");
    }

    public void Dispose() => _http.Dispose();

    private static async Task<AddressFamily> FamilyAsync(Uri gateway, CancellationToken cancellationToken) =>
        (await Dns.GetHostAddressesAsync(gateway.DnsSafeHost, cancellationToken))[0].AddressFamily;

    private static string Explain(byte[] body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            if (json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("message", out var said) && said.GetString() is { } text) return text;
        }
        catch (JsonException)
        {
            // A proxy's page, or another server's.
        }

        return "no gateway of Oort seems to be there.";
    }
}
