using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Oort.Node.Protocol;

namespace Oort.Backends.Node;

/// <summary>Pooled connections to one node: TLS 1.3, both sides known by the ids of their keys (docs/formats/node-protocol.md §2).</summary>
internal static class NodeConnections
{
    /// <summary>Less than what a node keeps an idle connection, so that no request meets its closing.</summary>
    private static readonly TimeSpan s_idleMax = TimeSpan.FromMinutes(1);

    /// <remarks>TLS is done here and not by the handler: so the address has no say in who is trusted, and a wrong peer is told by its id.</remarks>
    public static HttpMessageInvoker Create(NodeAddress address, NodeIdentity own, NodeStoreOptions options)
    {
        var certificate = SslStreamCertificateContext.Create(own.Certificate, additionalCertificates: null, offline: true);
        return new(
            new SocketsHttpHandler
            {
                ConnectCallback = async (_, cancellationToken) => await ConnectAsync(address, certificate, cancellationToken),
                ConnectTimeout = options.ConnectTimeout,
                MaxConnectionsPerServer = options.ConnectionCountMax,
                PooledConnectionIdleTimeout = s_idleMax,
                UseProxy = false,
                UseCookies = false,
                AllowAutoRedirect = false,
                ActivityHeadersPropagator = null,
                MaxResponseHeadersLength = 8,
                // What is left of an answer that is given up is not worth reading.
                ResponseDrainTimeout = TimeSpan.Zero,
            },
            disposeHandler: true);
    }

    /// <summary>Who answers at an address: the id of the key that it proves to have. Nothing is asked of it.</summary>
    /// <exception cref="BackendException">Kind Transient: nobody does, or not in this protocol.</exception>
    public static async Task<NodeId> IdentifyAsync(string host, int port, NodeIdentity own, NodeStoreOptions options, CancellationToken cancellationToken)
    {
        var place = new NodeAddress(default, host, port);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(options.ConnectTimeout);
        try
        {
            var certificate = SslStreamCertificateContext.Create(own.Certificate, additionalCertificates: null, offline: true);
            NodeId? found = null;
            await using var stream = await ConnectAsync(place, certificate, id => (found = id) is not null, limit.Token);
            return found!.Value;
        }
        catch (Exception e) when (e is IOException or SocketException or AuthenticationException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new BackendException(BackendErrorKind.Transient, $"No node answers at {place.HostAndPort}: {(limit.IsCancellationRequested ? $"not within {options.ConnectTimeout.TotalSeconds:0.#} s" : e.GetBaseException().Message)}.", e);
        }
    }

    private static async Task<Stream> ConnectAsync(NodeAddress address, SslStreamCertificateContext certificate, CancellationToken cancellationToken)
    {
        NodeId? found = null;
        try
        {
            return await ConnectAsync(address, certificate, id => (found = id) == address.Id, cancellationToken);
        }
        catch (AuthenticationException e) when (found is { } other && other != address.Id)
        {
            throw new BackendException(BackendErrorKind.Permanent, $"{address.HostAndPort} is another node ({other}), not {address.Id}.", e);
        }
    }

    /// <param name="accept">Whether the peer with this id is the right one; null: it showed no key of ours.</param>
    private static async Task<Stream> ConnectAsync(NodeAddress address, SslStreamCertificateContext certificate, Func<NodeId?, bool> accept, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        SslStream? stream = null;
        try
        {
            await socket.ConnectAsync(address.Host, address.Port, cancellationToken);
            var below = new SocketStream(socket);
            stream = new SslStream(below);
            await stream.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = "node",
                    ClientCertificateContext = certificate,
                    EnabledSslProtocols = SslProtocols.Tls13,
                    ApplicationProtocols = [SslApplicationProtocol.Http11],
                    EncryptionPolicy = EncryptionPolicy.RequireEncryption,
                    CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
                    CertificateChainPolicy = new X509ChainPolicy { DisableCertificateDownloads = true, RevocationMode = X509RevocationMode.NoCheck, TrustMode = X509ChainTrustMode.CustomRootTrust },
                    RemoteCertificateValidationCallback = (_, peer, _, _) => accept(peer is X509Certificate2 known ? NodeId.OfCertificate(known) : null),
                },
                cancellationToken);
            return new TlsStream(stream, below);
        }
        catch
        {
            if (stream is not null) await stream.DisposeAsync();
            socket.Dispose();
            throw;
        }
    }
}
