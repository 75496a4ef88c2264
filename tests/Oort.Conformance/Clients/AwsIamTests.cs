using System.Text.Json;
using Oort.Conformance.Harness;
using Shouldly;
using Xunit;

namespace Oort.Conformance.Clients;

/// <summary>Debian's aws cli as an administrator uses it: <c>aws iam</c> and <c>aws sts</c>.</summary>
public sealed class AwsIamTests(SharedGateway shared)
{
    private const string Policy = """{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:ListBucket","s3:GetObject"],"Resource":["arn:aws:s3:::cli-iam","arn:aws:s3:::cli-iam/*"]}]}""";

    [Fact]
    public async Task UserWithAKey_ByTheCli_MayWhatHisPolicySays()
    {
        using var folder = new TemporaryFolder();
        await AwsAsync(folder, null, "s3", "mb", "s3://cli-iam");
        await File.WriteAllTextAsync(folder["file"], "text");
        await AwsAsync(folder, null, "s3", "cp", folder["file"], "s3://cli-iam/key", "--no-progress");
        await AwsAsync(folder, null, "iam", "create-user", "--user-name", "cli-anna");
        var key = (await AwsAsync(folder, null, "iam", "create-access-key", "--user-name", "cli-anna")).GetProperty("AccessKey");
        var anna = new Keys(key.GetProperty("AccessKeyId").GetString()!, key.GetProperty("SecretAccessKey").GetString()!, null);
        (await FailAsync(folder, anna, "s3", "ls", "s3://cli-iam")).ShouldContain("AccessDenied");
        await AwsAsync(folder, null, "iam", "put-user-policy", "--user-name", "cli-anna", "--policy-name", "read", "--policy-document", Policy);
        await AwsAsync(folder, anna, "s3", "cp", "s3://cli-iam/key", folder["back"], "--no-progress");
        (await File.ReadAllTextAsync(folder["back"])).ShouldBe("text");
        (await FailAsync(folder, anna, "s3", "cp", folder["file"], "s3://cli-iam/other")).ShouldContain("AccessDenied");
        (await FailAsync(folder, anna, "iam", "list-users")).ShouldContain("iam:ListUsers");
        (await AwsAsync(folder, anna, "sts", "get-caller-identity")).GetProperty("Arn").GetString().ShouldEndWith(":user/cli-anna");

        // A role of the account, and a session of it.
        var account = (await AwsAsync(folder, null, "sts", "get-caller-identity")).GetProperty("Account").GetString();
        var trust = $$"""{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::{{account}}:user/cli-anna"},"Action":"sts:AssumeRole"}]}""";
        var role = (await AwsAsync(folder, null, "iam", "create-role", "--role-name", "cli-writer", "--assume-role-policy-document", trust)).GetProperty("Role").GetProperty("Arn").GetString()!;
        await AwsAsync(folder, null, "iam", "attach-role-policy", "--role-name", "cli-writer", "--policy-arn", "arn:aws:iam::aws:policy/AmazonS3FullAccess");
        var given = (await AwsAsync(folder, anna, "sts", "assume-role", "--role-arn", role, "--role-session-name", "cli")).GetProperty("Credentials");
        var session = new Keys(given.GetProperty("AccessKeyId").GetString()!, given.GetProperty("SecretAccessKey").GetString()!, given.GetProperty("SessionToken").GetString());
        await AwsAsync(folder, session, "s3", "cp", folder["file"], "s3://cli-iam/other", "--no-progress");
        (await FailAsync(folder, session with { Token = session.Token + "A" }, "s3", "ls", "s3://cli-iam")).ShouldContain("InvalidToken");

        // And the end of it.
        await AwsAsync(folder, null, "iam", "detach-role-policy", "--role-name", "cli-writer", "--policy-arn", "arn:aws:iam::aws:policy/AmazonS3FullAccess");
        (await FailAsync(folder, session, "s3", "ls", "s3://cli-iam")).ShouldContain("AccessDenied");
        await AwsAsync(folder, null, "iam", "update-access-key", "--user-name", "cli-anna", "--access-key-id", anna.Id, "--status", "Inactive");
        (await FailAsync(folder, anna, "s3", "ls", "s3://cli-iam")).ShouldContain("InvalidAccessKeyId");
        (await FailAsync(folder, null, "iam", "delete-user", "--user-name", "cli-anna")).ShouldContain("DeleteConflict");
    }

    private async Task<JsonElement> AwsAsync(TemporaryFolder folder, Keys? keys, params string[] arguments)
    {
        var result = await RunAsync(folder, keys, arguments);
        result.ShouldSucceed();
        return result.Output.TrimStart().StartsWith('{') ? JsonDocument.Parse(result.Output).RootElement : default;
    }

    private async Task<string> FailAsync(TemporaryFolder folder, Keys? keys, params string[] arguments)
    {
        var result = await RunAsync(folder, keys, arguments);
        result.ExitCode.ShouldNotBe(0, result.Output);
        return result.Error;
    }

    private Task<Tool.Result> RunAsync(TemporaryFolder folder, Keys? keys, string[] arguments)
    {
        var environment = new Dictionary<string, string>(shared.Gateway.ClientEnvironment(folder.FullPath));
        if (keys is not null)
        {
            environment["AWS_ACCESS_KEY_ID"] = keys.Id;
            environment["AWS_SECRET_ACCESS_KEY"] = keys.Secret;
            if (keys.Token is not null) environment["AWS_SESSION_TOKEN"] = keys.Token;
        }

        return Tool.RunAsync("/usr/bin/aws", ["--endpoint-url", shared.Gateway.Endpoint, "--output", "json", .. arguments], environment);
    }

    private sealed record Keys(string Id, string Secret, string? Token);
}
