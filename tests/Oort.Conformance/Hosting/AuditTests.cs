using System.Text.Json;
using Oort.Conformance.Harness;
using Shouldly;
using Xunit;

namespace Oort.Conformance.Hosting;

/// <summary>The audit log of a real gateway, as outside clients fill it.</summary>
public sealed class AuditTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Requests_OfEveryKind_LeaveALineEachAndNoSecret()
    {
        const string customerKey = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
        string presigned;
        await using (var gateway = await GatewayProcess.StartAsync(folder["data"], "--audit-log", folder["audit.log"]))
        {
            await File.WriteAllTextAsync(folder["file"], "content");
            (await AwsAsync(gateway, "s3api", "create-bucket", "--bucket", "audited")).ShouldSucceed();
            (await AwsAsync(gateway, "s3api", "put-object", "--bucket", "audited", "--key", "a key\nwith {\"two\":\"lines\"}", "--body", folder["file"])).ShouldSucceed();
            presigned = (await AwsAsync(gateway, "s3", "presign", "s3://audited/none")).ShouldSucceed().Output.Trim();
            await CurlAsync(presigned);
            await CurlAsync(presigned + "0");
            await CurlAsync($"{gateway.Endpoint}/audited/anonymous");
            await CurlAsync($"{gateway.Endpoint}/audited/customer", "-H", $"x-amz-server-side-encryption-customer-key: {customerKey}", "-H", "x-amz-security-token: a-token-of-somebody");
            (await gateway.VerbAsync("status")).ShouldSucceed();
            await CurlAsync($"{gateway.Endpoint}/_oort/admin/v1/status");
            (await Tool.RunAsync("/usr/bin/aws", ["--endpoint-url", gateway.Endpoint, "sts", "get-caller-identity"], gateway.ClientEnvironment(folder.FullPath), folder.FullPath)).ShouldSucceed();
            (await gateway.TerminateAsync()).ShouldBe(0);
        }

        var text = await File.ReadAllTextAsync(folder["audit.log"]);
        foreach (var secret in new[] { GatewayProcess.SecretKey, customerKey, "a-token-of-somebody", presigned.Split("Signature=")[1].Split('&')[0], "AWS4-HMAC" }) text.ShouldNotContain(secret);
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).ToList();

        var put = Single(lines, "operation", "PutObject");
        (Text(put, "key"), Text(put, "kind"), Text(put, "accessKey"), Text(put, "source"), put.GetProperty("status").GetInt32(), put.GetProperty("received").GetInt64()).ShouldBe(("a key\nwith {\"two\":\"lines\"}", "root", GatewayProcess.AccessKey, "127.0.0.1", 200, 7));
        Text(put, "arn").ShouldStartWith("arn:aws:iam::");
        Text(put, "agent").ShouldStartWith("aws-cli/");
        put.GetProperty("actions").EnumerateArray().Select(action => action.GetString()).ShouldBe(["s3:PutObject"]);
        lines.Where(line => Text(line, "operation") == "GetObject").Select(line => (Text(line, "key"), Text(line, "kind"), Text(line, "error"), Text(line, "claimedKey"))).ShouldBe(
            [("none", "root", "NoSuchKey", ""), ("none", "unknown", "AuthorizationQueryParametersError", ""), ("anonymous", "anonymous", "AccessDenied", ""), ("customer", "anonymous", "AccessDenied", "")]);
        var admin = lines.Where(line => Text(line, "path") == "/_oort/admin/v1/status").ToList();
        admin.Select(line => (Text(line, "kind"), line.GetProperty("status").GetInt32())).ShouldBe([("root", 200), ("anonymous", 403)]);
        admin[0].GetProperty("actions")[0].GetString().ShouldBe("oort:ReadAdmin");
        lines.Count(line => line.TryGetProperty("actions", out var actions) && actions[0].GetString() == "sts:GetCallerIdentity").ShouldBe(1);
    }

    [Fact]
    public async Task HangUp_FileMovedAway_GoesOnInANewOne()
    {
        await using var gateway = await GatewayProcess.StartAsync(folder["data"], "--audit-log", folder["audit.log"]);
        await CurlAsync($"{gateway.Endpoint}/bucket/first");
        await UntilAsync(() => Read("audit.log").Contains("\"first\"", StringComparison.Ordinal));
        File.Move(folder["audit.log"], folder["moved.log"]);
        gateway.HangUp();
        // The signal comes when it comes; what was asked after that is in the new file.
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!Read("audit.log").Contains("\"later\"", StringComparison.Ordinal))
        {
            await CurlAsync($"{gateway.Endpoint}/bucket/later");
            await Task.Delay(20, limit.Token);
        }

        Read("audit.log").ShouldNotContain("\"first\"");
        gateway.HasEnded.ShouldBeFalse();
    }

    [Fact]
    public async Task Disk_Full_SendsRequestsAwayWhenNoMoreLinesCanWait()
    {
        await using var gateway = await GatewayProcess.StartAsync(folder["data"], "--audit-log", "/dev/full");
        using var http = new HttpClient();
        http.DefaultRequestHeaders.TryAddWithoutValidation("User-Agent", new string('a', 256));
        var key = new string('k', 1000);
        // Each leaves a line of some 1,500 bytes, of which 4 MiB may wait.
        var status = System.Net.HttpStatusCode.OK;
        for (var round = 0; round < 100 && status != System.Net.HttpStatusCode.ServiceUnavailable; round++)
        {
            var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => http.GetAsync(new Uri($"{gateway.Endpoint}/bucket/{key}"))));
            status = answers.Select(answer => answer.StatusCode).Max();
        }

        status.ShouldBe(System.Net.HttpStatusCode.ServiceUnavailable);
        (await http.GetStringAsync(new Uri($"{gateway.Endpoint}/_oort/metrics"))).ShouldContain("oort_audit_works 0");
        gateway.Log.ShouldContain("The audit log cannot be written");
    }

    [Fact]
    public async Task Start_FileThatCannotBeWritten_SaysTheWayOut()
    {
        var run = await Tool.RunAsync(GatewayProcess.Executable, ["serve", "--data", folder["data"], "--listen", "127.0.0.1:0", "--audit-log", folder["none", "audit.log"]], directory: folder.FullPath);
        run.ShouldFailWith(2, "--audit-log: ");
    }

    private Task<Tool.Result> AwsAsync(GatewayProcess gateway, params string[] arguments) =>
        Tool.RunAsync("/usr/bin/aws", ["--endpoint-url", gateway.Endpoint, .. arguments], gateway.ClientEnvironment(folder.FullPath), folder.FullPath);

    private static Task<Tool.Result> CurlAsync(string url, params string[] arguments) => Tool.RunAsync("/usr/bin/curl", ["-sS", .. arguments, url]);

    private string Read(string name) => File.Exists(folder[name]) ? File.ReadAllText(folder[name]) : "";

    private static JsonElement Single(IEnumerable<JsonElement> lines, string name, string value) => lines.Single(line => Text(line, name) == value);

    private static string Text(JsonElement line, string name) => line.TryGetProperty(name, out var value) ? value.GetString()! : "";

    private static async Task UntilAsync(Func<bool> holds)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!holds()) await Task.Delay(20, limit.Token);
    }
}
