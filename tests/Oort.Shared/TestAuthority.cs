using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Oort.Shared;

/// <summary>A root and an intermediate authority that vouch for certificates of 127.0.0.1, as PEM.</summary>
internal sealed class TestAuthority : IDisposable
{
    private readonly X509Certificate2 root;
    private readonly X509Certificate2 intermediate;
    private int serial;

    /// <param name="now">Certificates are valid from a day before.</param>
    public TestAuthority(DateTimeOffset now)
    {
        Now = now;
        using var rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        root = Request("CN=test root", rootKey, isAuthority: true).CreateSelfSigned(now.AddDays(-2), now.AddYears(2));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var bare = Request("CN=test intermediate", key, isAuthority: true).Create(root, now.AddDays(-2), now.AddYears(1), [1]);
        intermediate = bare.CopyWithPrivateKey(key);
    }

    public DateTimeOffset Now { get; }

    /// <summary>What clients are to trust.</summary>
    public string RootPem => root.ExportCertificatePem();

    /// <returns>The certificate with its chain, and its key.</returns>
    public (string Chain, string Key) Issue(string name, TimeSpan validity)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = Request($"CN={name}", key, isAuthority: false);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.Create(intermediate, Now.AddDays(-1), Now + validity, [2, (byte)++serial]);
        return ($"{certificate.ExportCertificatePem()}\n{intermediate.ExportCertificatePem()}\n", key.ExportPkcs8PrivateKeyPem() + "\n");
    }

    public void Dispose()
    {
        intermediate.Dispose();
        root.Dispose();
    }

    private static CertificateRequest Request(string subject, ECDsa key, bool isAuthority)
    {
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(isAuthority, false, 0, critical: true));
        return request;
    }
}
