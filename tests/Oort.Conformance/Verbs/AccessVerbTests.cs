using System.Text.Json;
using Oort.Conformance.Harness;
using Shouldly;
using Xunit;
using static Oort.Conformance.Harness.Verb;

namespace Oort.Conformance.Verbs;

/// <summary><c>oort account</c>, <c>oort user</c> and <c>oort policy explain</c>, as an operator and a tenant use them.</summary>
public sealed class AccessVerbTests : IAsyncLifetime
{
    private readonly TemporaryFolder folder = new();
    private GatewayProcess gateway = null!;

    public async ValueTask InitializeAsync() => gateway = await GatewayProcess.StartAsync(folder["data"]);

    public async ValueTask DisposeAsync()
    {
        await gateway.DisposeAsync();
        folder.Dispose();
    }

    [Fact]
    public async Task Accounts_FromTheFirstToTheLast_AreAsTheVerbSays()
    {
        (await RunAsync(gateway, folder, "account", "list")).ShouldSucceed().Output.ShouldContain("runs the gateway");
        var made = await JsonAsync(gateway, folder, "account", "create", "Anna Ltd", "--email", "anna@example.com");
        var number = made.GetProperty("account").GetProperty("number").GetString()!;
        var (key, secret) = (made.GetProperty("accessKey").GetString()!, made.GetProperty("secretKey").GetString()!);
        (await AwsAsync(key, secret, "s3", "mb", "s3://annas")).ShouldSucceed();
        (await RunAsync(gateway, folder, "account", "create", "other", "--email", "anna@example.com")).ShouldFailWith(1, $"belongs to account {number}");
        (await RunAsync(gateway, folder, "account", "list")).ShouldSucceed().Output.ShouldContain($"{number}  Anna Ltd");
        (await RunAsync(gateway, folder, "account", "show", number)).ShouldSucceed().Output.ShouldSatisfyAllConditions(output => output.ShouldContain(key), output => output.ShouldNotContain(secret));
        (await RunAsync(gateway, folder, "account", "show", "123456789012")).ShouldFailWith(1, "There is no account 123456789012");
        (await RunAsync(gateway, folder, "account", "rename", number, "Anna & Co")).ShouldSucceed().Output.ShouldContain("Anna & Co");

        // The tenant is no administrator.
        (await AsAsync(key, secret, "account", "list")).ShouldFailWith(1, "Access Denied");

        (await RunAsync(gateway, folder, "account", "suspend", number)).ShouldSucceed().Output.ShouldContain("suspended");
        (await AwsAsync(key, secret, "s3", "ls")).ExitCode.ShouldNotBe(0);
        (await RunAsync(gateway, folder, "account", "delete", number, "--yes")).ShouldFailWith(1, "still owns buckets, such as annas");
        (await RunAsync(gateway, folder, "account", "resume", number)).ShouldSucceed();
        (await AwsAsync(key, secret, "s3", "ls")).ShouldSucceed().Output.ShouldContain("annas");

        var second = (await JsonAsync(gateway, folder, "account", "key", "create", number)).GetProperty("accessKey").GetString()!;
        (await RunAsync(gateway, folder, "account", "key", "remove", number, key)).ShouldSucceed().Output.ShouldContain(second);
        (await AwsAsync(key, secret, "s3", "ls")).ExitCode.ShouldNotBe(0);
        (await RunAsync(gateway, folder, "account", "end-sessions", number, "--user", "nobody")).ShouldFailWith(1, "has no user nobody");
        (await RunAsync(gateway, folder, "account", "end-sessions", number)).ShouldSucceed();

        var empty = (await JsonAsync(gateway, folder, "account", "create", "empty", "--number", "111122223333")).GetProperty("account").GetProperty("number").GetString()!;
        (await RunAsync(gateway, folder, "account", "delete", empty, "--yes")).ShouldFailWith(1, "suspend it first");
        (await RunAsync(gateway, folder, "account", "suspend", empty)).ShouldSucceed();
        (await RunAsync(gateway, folder, "account", "delete", empty)).ShouldFailWith(2, "Nothing was done");
        (await RunAsync(gateway, folder, "account", "delete", empty, "--yes")).ShouldSucceed().Output.ShouldNotContain(empty);
    }

    [Fact]
    public async Task Users_MadeInOneLine_MayWhatItSays()
    {
        var made = await JsonAsync(gateway, folder, "account", "create", "tenant");
        var (key, secret) = (made.GetProperty("accessKey").GetString()!, made.GetProperty("secretKey").GetString()!);
        (await AwsAsync(key, secret, "s3", "mb", "s3://shared")).ShouldSucceed();
        await File.WriteAllTextAsync(folder["file"], "content");
        foreach (var name in (string[])["docs/a", "other/a"]) (await AwsAsync(key, secret, "s3", "cp", folder["file"], "s3://shared/" + name)).ShouldSucceed();

        // The line that is printed works as it stands.
        var printed = (await AsAsync(key, secret, "user", "create", "anna", "--policy", "readonly", "--bucket", "shared", "--prefix", "docs/")).ShouldSucceed().Output;
        var line = printed.Split('\n').Single(text => text.StartsWith("AWS_ACCESS_KEY_ID=", StringComparison.Ordinal));
        (await Tool.RunAsync("/bin/sh", ["-c", line], gateway.ClientEnvironment(folder.FullPath), folder.FullPath)).ShouldSucceed().Output.ShouldContain(" a");
        var anna = KeyOf(line);
        (await AwsAsync(anna.Key, anna.Secret, "s3", "cp", "s3://shared/docs/a", "-")).ShouldSucceed().Output.Trim().ShouldBe("content");
        foreach (var refused in (string[][])[["s3", "cp", "s3://shared/other/a", "-"], ["s3", "ls", "s3://shared/other/"], ["s3", "cp", folder["file"], "s3://shared/docs/b"]])
            (await AwsAsync(anna.Key, anna.Secret, refused)).ExitCode.ShouldNotBe(0, string.Join(' ', refused));

        var writer = await KeyAsync("create", "walter", "--policy", "writeonly", "--bucket", "shared");
        (await AwsAsync(writer.Key, writer.Secret, "s3", "cp", folder["file"], "s3://shared/in")).ShouldSucceed();
        (await AwsAsync(writer.Key, writer.Secret, "s3", "cp", "s3://shared/in", "-")).ExitCode.ShouldNotBe(0);
        var both = await KeyAsync("create", "bob", "--policy", "readwrite");
        (await AwsAsync(both.Key, both.Secret, "s3", "rm", "s3://shared/in")).ShouldSucceed();
        (await AwsAsync(both.Key, both.Secret, "s3", "rb", "s3://shared")).ExitCode.ShouldNotBe(0);
        var admin = await KeyAsync("create", "ada", "--policy", "admin");
        (await AsAsync(admin.Key, admin.Secret, "user", "list")).ShouldSucceed().Output.ShouldSatisfyAllConditions(
            output => output.ShouldContain("oort-readonly-shared-docs"), output => output.ShouldContain("anna"), output => output.ShouldContain(" s3"), output => output.ShouldNotContain(secret));

        // What cannot be made leaves nothing.
        await File.WriteAllTextAsync(folder["policy.json"], """{"Statement":{"Effect":"Allow","Action":"s3:Fly","Resource":"*"}}""");
        (await AsAsync(key, secret, "user", "create", "carl", "--policy", folder["policy.json"])).ShouldFailWith(1, "s3:Fly");
        (await AsAsync(key, secret, "user", "show", "carl")).ShouldFailWith(1, "carl cannot be found");
        (await AsAsync(key, secret, "user", "create", "carl", "--policy", "anything")).ShouldFailWith(2, "none of readonly, readwrite, writeonly, admin");
        (await AsAsync(key, secret, "user", "create", "carl", "--policy", "readonly", "--prefix", "a")).ShouldFailWith(2, "--prefix needs --bucket");

        // Rights come and go.
        (await AsAsync(key, secret, "user", "allow", "anna", "--policy", "readwrite", "--bucket", "shared")).ShouldSucceed();
        (await AwsAsync(anna.Key, anna.Secret, "s3", "cp", folder["file"], "s3://shared/docs/b")).ShouldSucceed();
        (await AsAsync(key, secret, "user", "deny", "anna", "--policy", "writeonly", "--bucket", "shared", "--prefix", "docs/")).ShouldSucceed();
        (await AwsAsync(anna.Key, anna.Secret, "s3", "cp", folder["file"], "s3://shared/docs/b")).ExitCode.ShouldNotBe(0);
        (await AsAsync(key, secret, "user", "revoke", "anna", "oort-no-writeonly-shared-docs")).ShouldSucceed();
        (await AwsAsync(anna.Key, anna.Secret, "s3", "cp", folder["file"], "s3://shared/docs/b")).ShouldSucceed();

        // Keys too.
        (await AsAsync(key, secret, "user", "disable-key", "anna", anna.Key)).ShouldSucceed().Output.ShouldContain("disabled");
        (await AwsAsync(anna.Key, anna.Secret, "s3", "ls", "s3://shared/docs/")).ExitCode.ShouldNotBe(0);
        (await AsAsync(key, secret, "user", "enable-key", "anna", anna.Key)).ShouldSucceed();
        var next = await KeyAsync("key", "anna");
        var last = await KeyAsync("key", "anna", "--replace");
        foreach (var old in ((string Key, string Secret)[])[anna, next]) (await AwsAsync(old.Key, old.Secret, "s3", "ls", "s3://shared/docs/")).ExitCode.ShouldNotBe(0);
        (await AwsAsync(last.Key, last.Secret, "s3", "ls", "s3://shared/docs/")).ShouldSucceed();

        (await AsAsync(key, secret, "user", "delete", "anna")).ShouldFailWith(2, "Nothing was done");
        (await AsAsync(key, secret, "user", "delete", "anna", "--yes")).ShouldSucceed();
        (await AwsAsync(last.Key, last.Secret, "s3", "ls", "s3://shared/docs/")).ExitCode.ShouldNotBe(0);
        (await AsAsync(key, secret, "user", "list", "--json")).ShouldSucceed().Output.ShouldNotContain("anna");

        async Task<(string Key, string Secret)> KeyAsync(params string[] arguments)
        {
            var answer = JsonSerializer.Deserialize<JsonElement>((await AsAsync(key, secret, ["user", .. arguments, "--json"])).ShouldSucceed().Output);
            return (answer.GetProperty("accessKey").GetString()!, answer.GetProperty("secretKey").GetString()!);
        }
    }

    [Fact]
    public async Task Explain_OfAUser_SaysWhatTheGatewayDoes()
    {
        using var client = S3Clients.Default(gateway);
        await client.PutBucketAsync("explained");
        (await RunAsync(gateway, folder, "user", "create", "anna", "--policy", "readonly", "--bucket", "explained", "--prefix", "docs/")).ShouldSucceed();
        (await RunAsync(gateway, folder, "policy", "explain", "--who", "anna", "--action", "s3:GetObject", "--bucket", "explained", "--key", "docs/a")).ShouldSucceed().Output.ShouldSatisfyAllConditions(
            output => output.ShouldStartWith("allowed: arn:aws:iam::"), output => output.ShouldContain("of the inline policy oort-readonly-explained-docs allows it."), output => output.ShouldContain("arn:aws:s3:::explained/docs/*"));
        var refused = await JsonAsync(gateway, folder, "policy", "explain", "--who", "anna", "--action", "s3:GetObject", "--bucket", "explained", "--key", "other/a");
        (refused.GetProperty("allowed").GetBoolean(), refused.GetProperty("verdict").GetString()).ShouldBe((false, "not allowed"));
        (await RunAsync(gateway, folder, "policy", "explain", "--who", "anna", "--bucket", "explained")).ShouldSucceed().Output.ShouldSatisfyAllConditions(
            output => output.ShouldContain("allowed in part: "), output => output.ShouldContain("not allowed: None of his policies"));
        var everybody = (await RunAsync(gateway, folder, "policy", "explain", "--bucket", "explained")).ShouldSucceed().Output.Split('\n');
        everybody.Single(line => line.StartsWith("anonymous", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries).ShouldBe(["anonymous", "no", "no", "no", "no", "no"]);
        everybody.Single(line => line.Contains("user/anna", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..].ShouldBe(["part", "no", "no", "part", "no"]);
        var arn = refused.GetProperty("principal").GetString()!;
        var simulated = (await AwsAsync(GatewayProcess.AccessKey, GatewayProcess.SecretKey, "iam", "simulate-principal-policy", "--policy-source-arn", arn, "--action-names", "s3:GetObject", "s3:PutObject", "--resource-arns", "arn:aws:s3:::explained/docs/a", "--output", "json")).ShouldSucceed().Output;
        JsonSerializer.Deserialize<JsonElement>(simulated).GetProperty("EvaluationResults").EnumerateArray().Select(one => one.GetProperty("EvalDecision").GetString()).ShouldBe(["allowed", "implicitDeny"]);
        (await RunAsync(gateway, folder, "policy", "explain", "--who", "nobody", "--bucket", "explained")).ShouldFailWith(1, "There is nobody called nobody");
        (await RunAsync(gateway, folder, "policy", "explain", "--who", "anna", "--key", "a")).ShouldFailWith(2, "--key needs --bucket");
        (await RunAsync(gateway, folder, "policy", "explain", "--who", "anna", "--bucket", "explained", "--from", "here")).ShouldFailWith(1, "is no IP address");
    }

    private static (string Key, string Secret) KeyOf(string line) => (line.Split(' ')[0].Split('=')[1], line.Split(' ')[1].Split('=')[1]);

    private Task<Tool.Result> AsAsync(string key, string secret, params string[] arguments) =>
        Tool.RunAsync(GatewayProcess.Executable, arguments, new Dictionary<string, string>(gateway.ClientEnvironment(folder.FullPath)) { ["OORT_ACCESS_KEY"] = key, ["OORT_SECRET_KEY"] = secret }, folder.FullPath);

    private Task<Tool.Result> AwsAsync(string key, string secret, params string[] arguments) =>
        Tool.RunAsync("/usr/bin/aws", ["--endpoint-url", gateway.Endpoint, .. arguments], new Dictionary<string, string>(gateway.ClientEnvironment(folder.FullPath)) { ["AWS_ACCESS_KEY_ID"] = key, ["AWS_SECRET_ACCESS_KEY"] = secret }, folder.FullPath);
}
