using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Oort.Node.Protocol;

namespace Oort.Node;

/// <summary>How a node speaks TLS: 1.3 only, its own certificate, and one of the caller, whoever that is: who may do what is the router's business.</summary>
internal static class NodeTls
{
    public static SslServerAuthenticationOptions Options(NodeIdentity identity) => new()
    {
        ServerCertificateContext = SslStreamCertificateContext.Create(identity.Certificate, additionalCertificates: null, offline: true),
        ClientCertificateRequired = true,
        EnabledSslProtocols = SslProtocols.Tls13,
        ApplicationProtocols = [SslApplicationProtocol.Http11],
        EncryptionPolicy = EncryptionPolicy.RequireEncryption,
        // The handshake has proven the key; who signed the certificate says nothing, and nothing that it names is fetched.
        RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is X509Certificate2 { PublicKey.Oid.Value: "1.2.840.10045.2.1" },
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        CertificateChainPolicy = new X509ChainPolicy { DisableCertificateDownloads = true, RevocationMode = X509RevocationMode.NoCheck, TrustMode = X509ChainTrustMode.CustomRootTrust },
    };
}
