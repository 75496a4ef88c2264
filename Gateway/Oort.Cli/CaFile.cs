using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Oort.Gateway;

namespace Oort.Cli;

/// <summary>The authorities that a verb trusts to vouch for a gateway, in place of the system's.</summary>
internal static class CaFile
{
    /// <summary>Reads a PEM file of certificates.</summary>
    /// <exception cref="ConfigurationException">It cannot be read, or holds none.</exception>
    public static X509Certificate2Collection Read(string file)
    {
        var authorities = new X509Certificate2Collection();
        try
        {
            authorities.ImportFromPemFile(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new ConfigurationException($"--ca-file: {file} cannot be read ({e.Message.TrimEnd('.')}); name a PEM file of certificates.");
        }

        return authorities.Count > 0 ? authorities : throw new ConfigurationException($"--ca-file: {file} holds no certificate; name a PEM file of certificates.");
    }

    /// <param name="authorities">Null: the system's.</param>
    public static HttpClient Connect(X509Certificate2Collection? authorities, TimeSpan timeout)
    {
        var handler = new SocketsHttpHandler();
        if (authorities is not null) handler.SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = S3.Client.S3ClientOptions.Trusting(authorities) };
        return new HttpClient(handler) { Timeout = timeout };
    }
}
