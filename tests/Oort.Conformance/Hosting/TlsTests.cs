using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Oort.Conformance.Harness;
using Oort.Shared;
using Shouldly;
using Xunit;

namespace Oort.Conformance.Hosting;

/// <summary>A gateway behind TLS, as outside clients and the verbs meet it.</summary>
public sealed class TlsTests : IAsyncLifetime
{
    private readonly TemporaryFolder folder = new();
    private readonly TestAuthority authority = new(TimeProvider.System.GetUtcNow());
    private GatewayProcess gateway = null!;

    public async ValueTask InitializeAsync()
    {
        await File.WriteAllTextAsync(folder["ca.pem"], authority.RootPem);
        await ReplaceAsync("first");
        gateway = await GatewayProcess.StartAsync(folder["data"], "--tls-cert", folder["cert.pem"], "--tls-key", folder["key.pem"], "--hsts");
    }

    public async ValueTask DisposeAsync()
    {
        await gateway.DisposeAsync();
        authority.Dispose();
        folder.Dispose();
    }

    [Fact]
    public async Task AwsCli_WithTheAuthority_StoresAndLoads()
    {
        gateway.Endpoint.ShouldStartWith("https://127.0.0.1:");
        await File.WriteAllBytesAsync(folder["from"], TestFiles.Bytes(1, 9_000_001));
        (await AwsAsync("s3", "mb", "s3://tls")).ShouldSucceed();
        (await AwsAsync("s3", "cp", folder["from"], "s3://tls/key", "--no-progress")).ShouldSucceed();
        (await AwsAsync("s3", "cp", "s3://tls/key", folder["to"], "--no-progress")).ShouldSucceed();
        (await File.ReadAllBytesAsync(folder["to"])).ShouldBe(await File.ReadAllBytesAsync(folder["from"]));

        // A policy that wants TLS finds it.
        (await AwsAsync("s3api", "put-bucket-policy", "--bucket", "tls", "--policy", """{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::tls/*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}""")).ShouldSucceed();
        (await AwsAsync("s3", "cp", "s3://tls/key", folder["to"], "--no-progress")).ShouldSucceed();
        (await AwsAsync("s3api", "put-bucket-policy", "--bucket", "tls", "--policy", """{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::tls/*","Condition":{"Bool":{"aws:SecureTransport":"true"}}}]}""")).ShouldSucceed();
        (await AwsAsync("s3", "cp", "s3://tls/key", folder["to"], "--no-progress")).ExitCode.ShouldNotBe(0);
    }

    [Fact]
    public async Task Verbs_WithTheAuthority_Connect_AndSayWhatIsMissingWithoutIt()
    {
        (await gateway.VerbAsync("status", "--ca-file", folder["ca.pem"])).ShouldSucceed();
        (await gateway.VerbAsync("health", "--ca-file", folder["ca.pem"])).ShouldSucceed();
        (await gateway.VerbAsync("status")).ShouldFailWith(1, "--ca-file FILE");
        (await gateway.VerbAsync("health")).ShouldFailWith(1, "--ca-file FILE");
        (await gateway.VerbAsync("status", "--ca-file", folder["key.pem"])).ExitCode.ShouldNotBe(0);
        (await Tool.RunAsync(GatewayProcess.Executable, ["status", "--endpoint", gateway.Endpoint], new Dictionary<string, string> { ["OORT_ACCESS_KEY"] = GatewayProcess.AccessKey, ["OORT_SECRET_KEY"] = GatewayProcess.SecretKey, ["OORT_CA_FILE"] = folder["ca.pem"] })).ShouldSucceed();
    }

    [Fact]
    public async Task Answers_ErrorsToo_AskForTlsAtBrowsers()
    {
        var said = (await Tool.RunAsync("/usr/bin/curl", ["-sSi", "--cacert", folder["ca.pem"], gateway.Endpoint])).ShouldSucceed().Output;
        said.ShouldContain("403 Forbidden");
        said.ShouldContain("Strict-Transport-Security: max-age=31536000");
    }

    [Fact]
    public async Task Handshake_Versions_FromTls12()
    {
        foreach (var (version, isTaken) in new[] { ("1.1", false), ("1.2", true), ("1.3", true) }) await HandshakeAsync(version, isTaken);
    }

    private async Task HandshakeAsync(string version, bool isTaken)
    {
        var only = version == "1.3" ? new[] { "--tlsv1.3" } : [$"--tlsv{version}", "--tls-max", version, "--ciphers", "DEFAULT@SECLEVEL=0"];
        var run = await Tool.RunAsync("/usr/bin/curl", ["-sSo", "/dev/null", "--cacert", folder["ca.pem"], .. only, gateway.Endpoint]);
        (run.ExitCode == 0).ShouldBe(isTaken, run.Error);
    }

    [Fact]
    public async Task Reload_WhileRequestsRun_MeetsNewConnectionsAndBreaksNone()
    {
        using var stop = new CancellationTokenSource();
        using var handler = Handler();
        using var http = new HttpClient(handler);
        var answered = 0;
        var load = Enumerable.Range(0, 4).Select(async _ =>
        {
            while (!stop.IsCancellationRequested)
            {
                (await http.GetAsync(new Uri(gateway.Endpoint))).StatusCode.ShouldBe(System.Net.HttpStatusCode.Forbidden);
                Interlocked.Increment(ref answered);
            }
        }).ToArray();
        using var kept = await ConnectAsync();
        kept.RemoteCertificate!.Subject.ShouldBe("CN=first");

        // A pair that does not fit keeps the one before, and the log says so.
        await File.WriteAllTextAsync(folder["key.pem"], authority.Issue("stray", TimeSpan.FromDays(90)).Key);
        gateway.HangUp();
        await UntilAsync(() => Task.FromResult(gateway.Log.Contains("The new certificate or key is not used", StringComparison.Ordinal)));
        using (var met = await ConnectAsync()) met.RemoteCertificate!.Subject.ShouldBe("CN=first");

        await ReplaceAsync("second");
        gateway.HangUp();
        await UntilAsync(async () =>
        {
            using var met = await ConnectAsync();
            return met.RemoteCertificate!.Subject == "CN=second";
        });
        await kept.WriteAsync("GET / HTTP/1.1\r\nHost: h\r\n\r\n"u8.ToArray());
        (await kept.ReadAsync(new byte[100])).ShouldBeGreaterThan(0);
        await stop.CancelAsync();
        await Task.WhenAll(load);
        answered.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task Reload_WithoutASignal_HappensByItself()
    {
        await ReplaceAsync("unannounced");
        await UntilAsync(async () =>
        {
            using var met = await ConnectAsync();
            return met.RemoteCertificate!.Subject == "CN=unannounced";
        });
    }

    private async Task ReplaceAsync(string name)
    {
        var (chain, key) = authority.Issue(name, TimeSpan.FromDays(90));
        await File.WriteAllTextAsync(folder["cert.pem"], chain);
        await File.WriteAllTextAsync(folder["key.pem"], key);
    }

    private Task<Tool.Result> AwsAsync(params string[] arguments) =>
        Tool.RunAsync("/usr/bin/aws", ["--endpoint-url", gateway.Endpoint, "--ca-bundle", folder["ca.pem"], .. arguments], gateway.ClientEnvironment(folder.FullPath), folder.FullPath);

    /// <summary>Trusts the root alone, so that the gateway has to send what is between.</summary>
    private X509ChainPolicy Trust()
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        policy.CustomTrustStore.ImportFromPem(authority.RootPem);
        return policy;
    }

    private SocketsHttpHandler Handler() => new() { PooledConnectionLifetime = TimeSpan.FromMilliseconds(50), SslOptions = new() { CertificateChainPolicy = Trust() } };

    private async Task<SslStream> ConnectAsync()
    {
        var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", new Uri(gateway.Endpoint).Port);
        var stream = new SslStream(client.GetStream());
        await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "127.0.0.1", CertificateChainPolicy = Trust(), EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13 });
        return stream;
    }

    private static async Task UntilAsync(Func<Task<bool>> holds)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!await holds()) await Task.Delay(50, limit.Token);
    }
}
