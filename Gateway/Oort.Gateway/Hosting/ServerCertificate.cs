using System.Diagnostics.Metrics;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.Extensions.Logging;

namespace Oort.Gateway;

/// <summary>The certificate that connections are met with, from two PEM files, read anew when they change. Thread-safe.</summary>
/// <remarks>
/// 1. Each look compares what the files hold, since tools replace files, links or folders of links. 2. A pair that cannot be used (one of the two is still the old one, half written, not a key) is logged once, and the one before stays.
/// 3. Connections that are open keep the certificate they began with.
/// </remarks>
internal sealed partial class ServerCertificate : IDisposable
{
    // A chain of some certificates is 10 KiB.
    private const int FileSizeMax = 1024 * 1024;

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(5);

    // Most authorities' own tools renew at 30 days; whoever renews by hand wants days of it left.
    private static readonly TimeSpan ExpiryWarning = TimeSpan.FromDays(30);
    private static readonly TimeSpan WarnEvery = TimeSpan.FromDays(1);

    private readonly string certificateFile;
    private readonly string keyFile;
    private readonly TimeProvider time;
    private readonly Meter meter = new("Oort.Gateway.Tls");
    private readonly Lock looking = new();
    private volatile SslStreamCertificateContext current;
    private byte[] seen;
    private DateTimeOffset warned;
    private long failures;
    private ILogger? logger;
    private ITimer? timer;

    private ServerCertificate(string certificateFile, string keyFile, TimeProvider time)
    {
        (this.certificateFile, this.keyFile, this.time) = (certificateFile, keyFile, time);
        var pair = Read();
        (current, seen) = (Context(pair), pair.Hash());
        meter.CreateObservableGauge("oort.tls.expires.time.seconds", () => End.ToUnixTimeSeconds(), description: "When the certificate ends, seconds since 1970.");
        meter.CreateObservableGauge("oort.tls.expires.soon", () => IsEnding ? 1 : 0, description: "1 when the certificate ends within 30 days, or has ended.");
        meter.CreateObservableCounter("oort.tls.reload.failed", () => Interlocked.Read(ref failures), description: "Changes of certificate or key file that could not be used.");
    }

    /// <summary>The certificate in use.</summary>
    public X509Certificate2 Certificate => current.TargetCertificate;

    private DateTimeOffset End => new DateTimeOffset(current.TargetCertificate.NotAfter).ToUniversalTime();

    private bool IsEnding => End - time.GetUtcNow() < ExpiryWarning;

    /// <returns>Null: connections are plain.</returns>
    /// <exception cref="ConfigurationException">The pair cannot be used; one sentence with the way out.</exception>
    public static ServerCertificate? Open(GatewayOptions options, TimeProvider time) =>
        options is { TlsCertificateFile: { } certificate, TlsKeyFile: { } key } ? new(certificate, key, time) : null;

    /// <summary>Begins to look for changes and to warn.</summary>
    public void Watch(ILogger to)
    {
        logger = to;
        WarnOfOthers();
        WarnOfEnd();
        timer = time.CreateTimer(static self => ((ServerCertificate)self!).Look(), this, LookEvery, LookEvery);
    }

    /// <summary>What a connection is met with.</summary>
    public SslServerAuthenticationOptions ForConnection() => new()
    {
        ServerCertificateContext = current,
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        ApplicationProtocols = [SslApplicationProtocol.Http11],
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
    };

    /// <summary>Reads the files again if they hold something else.</summary>
    public void Look()
    {
        lock (looking)
        {
            byte[]? hash = null;
            try
            {
                var pair = Read();
                hash = pair.Hash();
                if (hash.AsSpan().SequenceEqual(seen))
                {
                    WarnOfEnd();
                    return;
                }

                (current, seen) = (Context(pair), hash);
                warned = default;
                if (logger is not null) LogLoaded(logger, certificateFile, current.TargetCertificate.Subject, End);
                WarnOfOthers();
                WarnOfEnd();
            }
            catch (ConfigurationException e)
            {
                // Missing files are one state, too: told once.
                var state = hash ?? [];
                if (state.AsSpan().SequenceEqual(seen)) return;
                seen = state;
                Interlocked.Increment(ref failures);
                if (logger is not null) LogKept(logger, e.Message, End);
            }
        }
    }

    public void Dispose()
    {
        timer?.Dispose();
        meter.Dispose();
    }

    private static SslStreamCertificateContext Context(Pair pair)
    {
        try
        {
            var (chainText, keyText) = (Encoding.UTF8.GetString(pair.Certificate), Encoding.UTF8.GetString(pair.Key));
            var chain = new X509Certificate2Collection();
            chain.ImportFromPem(chainText);
            if (chain.Count == 0) throw new ConfigurationException("--tls-cert: the file holds no certificate; it takes PEM, the server's certificate first, then those of its authorities.");
            var certificate = X509Certificate2.CreateFromPem(chainText, keyText);
            chain.RemoveAt(0);
            return SslStreamCertificateContext.Create(certificate, chain, offline: true);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException or NotSupportedException)
        {
            throw new ConfigurationException($"The files of --tls-cert and --tls-key cannot be used together ({e.Message.TrimEnd('.')}); the one takes a certificate with its chain, the other its private key without a password, both PEM.");
        }
    }

    private Pair Read() => new(Bytes(certificateFile, "--tls-cert"), Bytes(keyFile, "--tls-key"));

    private static byte[] Bytes(string file, string option)
    {
        try
        {
            if (new FileInfo(file) is { Exists: true, LinkTarget: null, Length: > FileSizeMax }) throw new ConfigurationException($"{option}: {file} is larger than 1 MiB; it takes a PEM file.");
            return File.ReadAllBytes(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"{option}: {file} cannot be read ({e.Message.TrimEnd('.')}); name a PEM file that this process may read.");
        }
    }

    private void WarnOfOthers()
    {
        if (logger is null || OperatingSystem.IsWindows()) return;
        try
        {
            if ((File.GetUnixFileMode(keyFile) & (UnixFileMode.OtherRead | UnixFileMode.OtherWrite)) != 0) LogOthers(logger, keyFile);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It went away since it was read: the next look says so.
        }
    }

    private void WarnOfEnd()
    {
        var now = time.GetUtcNow();
        if (logger is null || !IsEnding || now - warned < WarnEvery) return;
        warned = now;
        LogEnding(logger, certificateFile, End < now ? "has ended" : "ends", End);
    }

    private readonly record struct Pair(byte[] Certificate, byte[] Key)
    {
        public byte[] Hash() => SHA256.HashData([.. SHA256.HashData(Certificate), .. SHA256.HashData(Key)]);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The certificate in {File} was read anew: {Subject}, until {End:u}.")]
    private static partial void LogLoaded(ILogger logger, string file, string subject, DateTimeOffset end);

    [LoggerMessage(Level = LogLevel.Error, Message = "The new certificate or key is not used: {Reason} The one before stays, until {End:u}; the files are looked at again when they change.")]
    private static partial void LogKept(ILogger logger, string reason, DateTimeOffset end);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The private key in {File} can be read or written by every user of this machine; `chmod o-rw` it.")]
    private static partial void LogOthers(ILogger logger, string file);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The certificate in {File} {Ends} at {End:u}; put a new one there, it is read without a restart.")]
    private static partial void LogEnding(ILogger logger, string file, string ends, DateTimeOffset end);
}
