using System.Text.Json;
using Amazon.S3;
using Oort.Conformance.Harness;
using Shouldly;
using Xunit;
using static Oort.Conformance.Harness.Verb;

namespace Oort.Conformance.Verbs;

/// <summary><c>oort metadata backup</c> and <c>restore</c>, on a real gateway at its default settings.</summary>
public sealed class BackupVerbTests
{
    [Fact]
    public async Task Backup_WhileAClientWrites_IsRestoredWithEverythingThatWasAnsweredSince()
    {
        using var folder = new TemporaryFolder();
        var answered = new Dictionary<string, string>();
        await using (var gateway = await GatewayProcess.StartAsync(folder["data"]))
        {
            using var client = S3Clients.Default(gateway);
            await client.PutBucketAsync("backups");
            await PutAsync(client, answered, "before", 20);
            var writing = PutAsync(client, answered, "during", 30);
            var backup = JsonSerializer.Deserialize<JsonElement>((await RunAsync(gateway, folder, "metadata", "backup", "--to", folder["backup"], "--json")).ShouldSucceed().Output);
            backup.GetProperty("bytes").GetInt64().ShouldBe(new FileInfo(folder["backup"]).Length);
            File.Exists(folder["backup.partial"]).ShouldBeFalse();
            if (!OperatingSystem.IsWindows()) File.GetUnixFileMode(folder["backup"]).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
            (await RunAsync(gateway, folder, "metadata", "backup", "--to", folder["backup"])).ShouldFailWith(2, "there already");
            await writing;
            await client.DeleteObjectAsync("backups", "before3");
            answered.Remove("before3");
            await PutAsync(client, answered, "after", 20);
            (await RestoreAsync(folder, "backup")).ShouldFailWith(2, "in use by another oort process");
            await gateway.KillAsync();
        }

        var whole = await File.ReadAllBytesAsync(folder["backup"]);
        whole[whole.Length / 2] ^= 1;
        await File.WriteAllBytesAsync(folder["flipped"], whole);
        (await RestoreAsync(folder, "flipped")).ShouldFailWith(1, "damaged");
        foreach (var file in Directory.GetFiles(folder["data"], "metadata.db*")) File.Delete(file);
        (await RestoreAsync(folder, "backup")).ShouldSucceed().Output.ShouldContain("everything that was acknowledged");

        await using var again = await GatewayProcess.StartAsync(folder["data"]);
        using var reader = S3Clients.Default(again);
        (await reader.ListObjectsV2Async(new() { BucketName = "backups" })).S3Objects.Select(found => found.Key).Order(StringComparer.Ordinal).ShouldBe(answered.Keys.Order(StringComparer.Ordinal));
        foreach (var (key, content) in answered)
        {
            using var answer = await reader.GetObjectAsync("backups", key);
            using var text = new StreamReader(answer.ResponseStream);
            (await text.ReadToEndAsync()).ShouldBe(content, key);
        }

        await PutAsync(reader, answered, "later", 3);
    }

    private static async Task PutAsync(AmazonS3Client client, Dictionary<string, string> answered, string prefix, int count)
    {
        for (var index = 0; index < count; index++)
        {
            var content = new string((char)('a' + index % 26), index % 5 == 0 ? 400_000 : 1_000 + index);
            await client.PutObjectAsync(new() { BucketName = "backups", Key = prefix + index, ContentBody = content });
            answered[prefix + index] = content;
        }
    }

    private static Task<Tool.Result> RestoreAsync(TemporaryFolder folder, string backup) =>
        Tool.RunAsync(GatewayProcess.Executable, ["metadata", "restore", "--from", folder[backup], "--data", folder["data"]]);
}
