using Oort.Conformance.Harness;
using Shouldly;
using Xunit;

namespace Oort.Conformance.Clients;

/// <summary>Debian's rclone, s3cmd and restic.</summary>
public sealed class SyncToolTests(SharedGateway shared)
{
    [Fact]
    public async Task Rclone_SyncCheckAndBack_SameFiles()
    {
        using var folder = new TemporaryFolder();
        TestFiles.WriteTree(folder["from"], seed: 200);
        var environment = new Dictionary<string, string>(shared.Gateway.ClientEnvironment(folder.FullPath))
        {
            ["RCLONE_CONFIG"] = folder["rclone.conf"],
            ["RCLONE_CONFIG_OORT_TYPE"] = "s3",
            ["RCLONE_CONFIG_OORT_PROVIDER"] = "Other",
            ["RCLONE_CONFIG_OORT_ENV_AUTH"] = "true",
            ["RCLONE_CONFIG_OORT_REGION"] = "us-east-1",
            ["RCLONE_CONFIG_OORT_ENDPOINT"] = shared.Gateway.Endpoint,
        };
        Task<Tool.Result> Rclone(params string[] arguments) => Tool.RunAsync("/usr/bin/rclone", arguments, environment, folder.FullPath);
        (await Rclone("mkdir", "oort:rclone-test")).ShouldSucceed();
        (await Rclone("sync", folder["from"], "oort:rclone-test/x", "--s3-upload-cutoff", "6M", "--s3-chunk-size", "5M")).ShouldSucceed();
        (await Rclone("check", folder["from"], "oort:rclone-test/x", "--download")).ShouldSucceed();
        (await Rclone("copy", "oort:rclone-test/x", folder["to"])).ShouldSucceed();
        TestFiles.Differences(folder["from"], folder["to"]).ShouldBeEmpty();
        (await Rclone("moveto", "oort:rclone-test/x/one", "oort:rclone-test/x/uno")).ShouldSucceed();
        (await Rclone("lsf", "-R", "--files-only", "oort:rclone-test/x")).ShouldSucceed().Output.ShouldContain("uno");
        (await Rclone("purge", "oort:rclone-test")).ShouldSucceed();
    }

    [Theory]
    [InlineData("s3cmd-test")]
    [InlineData("s3cmd-test-v2", "--signature-v2")]
    public async Task S3cmd_SyncAndBack_SameFiles(string bucket, params string[] options)
    {
        using var folder = new TemporaryFolder();
        TestFiles.WriteTree(folder["from"], seed: 300);
        var host = new Uri(shared.Gateway.Endpoint).Authority;
        string[] common =
        [
            "--config", folder["s3cfg"], "--access_key", GatewayProcess.AccessKey, "--secret_key", GatewayProcess.SecretKey, "--no-ssl",
            "--host", host, "--host-bucket", host, "--no-progress", "--multipart-chunk-size-mb", "5",
        ];
        await File.WriteAllTextAsync(folder["s3cfg"], "[default]\n");
        Task<Tool.Result> S3cmd(params string[] arguments) => Tool.RunAsync("/usr/bin/s3cmd", [.. common, .. options, .. arguments], shared.Gateway.ClientEnvironment(folder.FullPath), folder.FullPath);
        (await S3cmd("mb", $"s3://{bucket}")).ShouldSucceed();
        (await S3cmd("sync", folder["from"] + "/", $"s3://{bucket}/x/")).ShouldSucceed();
        Directory.CreateDirectory(folder["to"]);
        (await S3cmd("sync", $"s3://{bucket}/x/", folder["to"] + "/")).ShouldSucceed();
        TestFiles.Differences(folder["from"], folder["to"]).ShouldBeEmpty();
        (await S3cmd("info", $"s3://{bucket}/x/one")).ShouldSucceed().Output.ShouldContain("MD5 sum");
        (await S3cmd("del", "--recursive", "--force", $"s3://{bucket}")).ShouldSucceed();
        (await S3cmd("rb", $"s3://{bucket}")).ShouldSucceed();
    }

    [Fact]
    public async Task Restic_InitBackupCheckRestore_SameFiles()
    {
        using var folder = new TemporaryFolder();
        TestFiles.WriteTree(folder["from"], seed: 400);
        var environment = new Dictionary<string, string>(shared.Gateway.ClientEnvironment(folder.FullPath))
        {
            ["RESTIC_REPOSITORY"] = $"s3:{shared.Gateway.Endpoint}/restic-test",
            ["RESTIC_PASSWORD"] = "not a secret",
            ["RESTIC_CACHE_DIR"] = folder["cache"],
        };
        Task<Tool.Result> Restic(params string[] arguments) => Tool.RunAsync("/usr/bin/restic", arguments, environment, folder["from"]);
        (await Restic("init")).ShouldSucceed();
        (await Restic("backup", ".")).ShouldSucceed();
        await File.WriteAllBytesAsync(folder["from", "more"], TestFiles.Bytes(1, 3_000_000));
        (await Restic("backup", ".")).ShouldSucceed();
        (await Restic("check", "--read-data")).ShouldSucceed();
        (await Restic("restore", "latest", "--target", folder["to"])).ShouldSucceed();
        TestFiles.Differences(folder["from"], folder["to"]).ShouldBeEmpty();
        (await Restic("forget", "--keep-last", "1", "--prune")).ShouldSucceed();
        (await Restic("check")).ShouldSucceed();
    }
}
