using System.Security.Cryptography;
using System.Text;
using Oort.Conformance.Harness;
using Shouldly;
using Xunit;
using static Oort.Conformance.Harness.Verb;

namespace Oort.Conformance.Events;

/// <summary>Notifications and access logs as an operator and a client set them up, with verbs and Debian's aws cli.</summary>
public sealed class NotificationTests
{
    private const string Aws = "/usr/bin/aws";

    [Fact]
    public async Task Events_GatewayIsKilledBeforeTheWebhookTakesThem_ComeAfterTheRestart()
    {
        using var folder = new TemporaryFolder();
        await using var receiver = await WebhookReceiver.StartAsync();
        await using var first = await GatewayProcess.StartAsync(folder["data"], "--allow-local-webhooks");
        var added = await JsonAsync(first, folder, "notification", "add", "hook", receiver.Url);
        var secret = added.GetProperty("secret").GetString()!;
        const string arn = "arn:oort:sqs::hook:webhook";
        added.GetProperty("arn").GetString().ShouldBe(arn);
        await AwsAsync(first, folder, "s3api", "create-bucket", "--bucket", "photos");
        await AwsAsync(first, folder, "s3api", "put-bucket-notification-configuration", "--bucket", "photos", "--notification-configuration", """{"QueueConfigurations":[{"Id":"new","QueueArn":"arn:oort:sqs::hook:webhook","Events":["s3:ObjectCreated:*"],"Filter":{"Key":{"FilterRules":[{"Name":"suffix","Value":".jpg"}]}}}]}""");
        (await AwsAsync(first, folder, "s3api", "get-bucket-notification-configuration", "--bucket", "photos")).Output.ShouldContain(arn);

        var test = await receiver.NextAsync();
        test.Message.GetProperty("Event").GetString().ShouldBe("s3:TestEvent");
        byte[] signed = [.. Encoding.ASCII.GetBytes(test.Timestamp + "."), .. test.Body];
        test.Signature.ShouldBe("v1=" + Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), signed)));

        receiver.Status = 503;
        using (var client = S3Clients.Default(first))
            for (var i = 0; i < 5; i++) await client.PutObjectAsync(new() { BucketName = "photos", Key = $"{i}.jpg", ContentBody = "x" });
        while (receiver.Count < 2) await Task.Yield();
        await first.KillAsync();
        receiver.Status = 200;

        await using var second = await GatewayProcess.StartAsync(folder["data"], "--allow-local-webhooks");
        var keys = new List<string>();
        for (var i = 0; i < 5; i++) keys.Add((await receiver.NextAsync()).Message.GetProperty("Records")[0].GetProperty("s3").GetProperty("object").GetProperty("key").GetString()!);
        keys.ShouldBe(["0.jpg", "1.jpg", "2.jpg", "3.jpg", "4.jpg"], ignoreOrder: true);
        var listed = (await JsonAsync(second, folder, "notification", "list")).GetProperty("webhooks")[0];
        (listed.GetProperty("url").GetString(), listed.TryGetProperty("secret", out var shown) && shown.GetString() is not null).ShouldBe((receiver.Url, false));
        (await RunAsync(second, folder, "notification", "dead", "list", "hook")).ShouldSucceed();
        (await RunAsync(second, folder, "notification", "dead", "drop", "hook")).ShouldSucceed();
        (await RunAsync(second, folder, "notification", "remove", "hook")).ShouldSucceed();
        (await RunAsync(second, folder, "notification", "remove", "hook")).ShouldFailWith(1, "There is no webhook hook");
        second.Log.ShouldNotContain(secret);
    }

    [Fact]
    public async Task Webhook_OnThisMachine_GetsNothingUnlessTheOperatorAllowsIt()
    {
        using var folder = new TemporaryFolder();
        await using var receiver = await WebhookReceiver.StartAsync();
        await using var gateway = await GatewayProcess.StartAsync(folder["data"]);
        (await RunAsync(gateway, folder, "notification", "add", "hook", receiver.Url)).ShouldSucceed();
        await AwsAsync(gateway, folder, "s3api", "create-bucket", "--bucket", "photos");
        await AwsAsync(gateway, folder, "s3api", "put-bucket-notification-configuration", "--bucket", "photos", "--notification-configuration", """{"QueueConfigurations":[{"QueueArn":"arn:oort:sqs::hook:webhook","Events":["s3:ObjectCreated:*"]}]}""");
        while ((await JsonAsync(gateway, folder, "notification", "list")).GetProperty("webhooks")[0].GetProperty("lastFailure").GetString() is not { } failure || !failure.Contains("--allow-local-webhooks", StringComparison.Ordinal)) await Task.Yield();
        receiver.Count.ShouldBe(0);
    }

    [Fact]
    public async Task AccessLog_GatewayEnds_IsWritten()
    {
        using var folder = new TemporaryFolder();
        await using (var gateway = await GatewayProcess.StartAsync(folder["data"]))
        {
            foreach (var bucket in new[] { "photos", "logs" }) await AwsAsync(gateway, folder, "s3api", "create-bucket", "--bucket", bucket);
            await AwsAsync(gateway, folder, "s3api", "put-bucket-policy", "--bucket", "logs", "--policy", """{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"logging.s3.amazonaws.com"},"Action":"s3:PutObject","Resource":"arn:aws:s3:::logs/photos/*","Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::photos"}}}]}""");
            await AwsAsync(gateway, folder, "s3api", "put-bucket-logging", "--bucket", "photos", "--bucket-logging-status", """{"LoggingEnabled":{"TargetBucket":"logs","TargetPrefix":"photos/"}}""");
            (await AwsAsync(gateway, folder, "s3api", "get-bucket-logging", "--bucket", "photos")).Output.ShouldContain("\"TargetBucket\": \"logs\"");
            using var client = S3Clients.Default(gateway);
            await client.PutObjectAsync(new() { BucketName = "photos", Key = "a.jpg", ContentBody = "x" });
            (await gateway.TerminateAsync()).ShouldBe(0);
        }

        await using var again = await GatewayProcess.StartAsync(folder["data"]);
        using var reader = S3Clients.Default(again);
        var key = (await reader.ListObjectsV2Async(new() { BucketName = "logs", Prefix = "photos/" })).S3Objects.ShouldHaveSingleItem().Key;
        using var log = await reader.GetObjectAsync("logs", key);
        var lines = (await new StreamReader(log.ResponseStream).ReadToEndAsync(TestContext.Current.CancellationToken)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        lines.ShouldContain(line => line.Contains(" REST.PUT.OBJECT a.jpg ", StringComparison.Ordinal));
        lines.ShouldContain(line => line.Contains(" REST.GET.LOGGING_STATUS - ", StringComparison.Ordinal));
    }

    private static async Task<Tool.Result> AwsAsync(GatewayProcess gateway, TemporaryFolder folder, params string[] arguments) =>
        (await Tool.RunAsync(Aws, ["--endpoint-url", gateway.Endpoint, .. arguments], gateway.ClientEnvironment(folder.FullPath), folder.FullPath)).ShouldSucceed();
}
