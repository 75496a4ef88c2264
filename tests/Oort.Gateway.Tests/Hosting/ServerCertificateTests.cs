using Microsoft.Extensions.Logging;
using Oort.Gateway.Tests.Nodes;
using Oort.Objects.Tests.World;
using Oort.Shared;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Hosting;

public sealed class ServerCertificateTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("oort-tls-");
    private readonly StoppedTime time = new();
    private readonly RecordedLog log = new();
    private readonly TestAuthority authority;

    public ServerCertificateTests() => authority = new(time.GetUtcNow());

    private string CertificateFile => Path.Combine(folder.FullName, "cert.pem");

    private string KeyFile => Path.Combine(folder.FullName, "key.pem");

    public void Dispose()
    {
        authority.Dispose();
        folder.Delete(recursive: true);
    }

    [Fact]
    public void Look_PairReplaced_IsUsedFromThen()
    {
        using var certificate = Start();
        Write(authority.Issue("second", TimeSpan.FromDays(90)));
        certificate.Certificate.Subject.ShouldBe("CN=first");
        certificate.Look();
        (certificate.Certificate.Subject, certificate.Certificate.HasPrivateKey).ShouldBe(("CN=second", true));
        Lines("read anew").ShouldBe(1);
        certificate.Look();
        Lines("read anew").ShouldBe(1);
    }

    [Fact]
    public void Look_LinkSetToAnotherPair_IsNoticed()
    {
        var (chain, key) = authority.Issue("linked", TimeSpan.FromDays(90));
        foreach (var (name, text) in new[] { ("a.pem", chain), ("a.key", key) }) File.WriteAllText(Path.Combine(folder.FullName, name), text);
        using var certificate = Start();
        File.Delete(CertificateFile);
        File.Delete(KeyFile);
        File.CreateSymbolicLink(CertificateFile, "a.pem");
        File.CreateSymbolicLink(KeyFile, "a.key");
        certificate.Look();
        certificate.Certificate.Subject.ShouldBe("CN=linked");
    }

    [Theory]
    [InlineData("other key")]
    [InlineData("half a certificate")]
    [InlineData("half a key")]
    [InlineData("no certificate")]
    [InlineData("no key")]
    [InlineData("certificate gone")]
    [InlineData("key gone")]
    public void Look_PairThatCannotBeUsed_KeepsTheOldAndSaysSoOnce(string what)
    {
        using var certificate = Start();
        var (chain, key) = authority.Issue("second", TimeSpan.FromDays(90));
        File.WriteAllText(CertificateFile, chain);
        File.WriteAllText(KeyFile, key);
        switch (what)
        {
            case "other key": File.WriteAllText(KeyFile, authority.Issue("third", TimeSpan.FromDays(90)).Key); break;
            case "half a certificate": File.WriteAllText(CertificateFile, chain[..300]); break;
            case "half a key": File.WriteAllText(KeyFile, key[..100]); break;
            case "no certificate": File.WriteAllText(CertificateFile, ""); break;
            case "no key": File.WriteAllText(KeyFile, ""); break;
            case "certificate gone": File.Delete(CertificateFile); break;
            default: File.Delete(KeyFile); break;
        }

        certificate.Look();
        certificate.Look();
        certificate.Certificate.Subject.ShouldBe("CN=first");
        Lines("is not used").ShouldBe(1);

        // The rest of it comes.
        Write((chain, key));
        certificate.Look();
        certificate.Certificate.Subject.ShouldBe("CN=second");
    }

    [Fact]
    public void Look_OldPairBackAfterABadOne_IsUsed()
    {
        var first = authority.Issue("first", TimeSpan.FromDays(90));
        using var certificate = Start(first);
        File.WriteAllText(KeyFile, "");
        certificate.Look();
        Write(first);
        certificate.Look();
        Write(authority.Issue("second", TimeSpan.FromDays(90)));
        certificate.Look();
        certificate.Certificate.Subject.ShouldBe("CN=second");
        Lines("is not used").ShouldBe(1);
    }

    [Fact]
    public void Look_NearTheEnd_WarnsOnceADay()
    {
        using var certificate = Start(authority.Issue("first", TimeSpan.FromDays(31)));
        Lines("ends at").ShouldBe(0);
        time.Advance(TimeSpan.FromDays(1.5));
        certificate.Look();
        certificate.Look();
        Lines("ends at 2026-02-01").ShouldBe(1);
        time.Advance(TimeSpan.FromDays(1));
        certificate.Look();
        Lines("ends at 2026-02-01").ShouldBe(2);
        time.Advance(TimeSpan.FromDays(60));
        certificate.Look();
        Lines("has ended at 2026-02-01").ShouldBe(1);
    }

    [Theory]
    [InlineData(UnixFileMode.UserRead, 0)]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.GroupRead, 0)]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.OtherRead, 1)]
    public void Watch_KeyThatOthersMayRead_Warns(UnixFileMode mode, int lines)
    {
        using var certificate = Start(mode: mode);
        Lines("every user of this machine").ShouldBe(lines);
    }

    [Theory]
    [InlineData("missing.pem", null, "--tls-cert: ", "cannot be read")]
    [InlineData(null, "missing.pem", "--tls-key: ", "cannot be read")]
    [InlineData("key.pem", null, "--tls-cert: ", "holds no certificate")]
    [InlineData(null, "cert.pem", "--tls-key", "cannot be used together")]
    public void Open_WhatCannotBeUsed_SaysWhichAndWhy(string? certificate, string? key, string option, string reason)
    {
        Write(authority.Issue("first", TimeSpan.FromDays(90)));
        var options = new GatewayOptions { TlsCertificateFile = Path.Combine(folder.FullName, certificate ?? "cert.pem"), TlsKeyFile = Path.Combine(folder.FullName, key ?? "key.pem") };
        var said = Should.Throw<ConfigurationException>(() => ServerCertificate.Open(options, time)).Message;
        said.ShouldContain(option);
        said.ShouldContain(reason);
    }

    private ServerCertificate Start((string Chain, string Key)? pair = null, UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite)
    {
        Write(pair ?? authority.Issue("first", TimeSpan.FromDays(90)));
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(KeyFile, mode);
        var certificate = ServerCertificate.Open(new() { TlsCertificateFile = CertificateFile, TlsKeyFile = KeyFile }, time).ShouldNotBeNull();
        certificate.Watch(log.CreateLogger("tls"));
        return certificate;
    }

    private void Write((string Chain, string Key) pair)
    {
        File.WriteAllText(CertificateFile, pair.Chain);
        File.WriteAllText(KeyFile, pair.Key);
    }

    private int Lines(string said) => log.Count(said);
}
