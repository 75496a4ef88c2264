using System.Text.Json;
using Amazon.S3;
using Oort.Conformance.Harness;
using Shouldly;
using Xunit;

namespace Oort.Conformance.Verbs;

/// <summary><c>oort key</c> and <c>oort object erased</c>, on a real gateway at its default settings while a client writes.</summary>
public sealed class KeyVerbTests
{
    private static readonly TimeSpan WaitMax = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task Keys_RotatedAndDestroyedWhileAClientWritesAndTheGatewayIsKilled_LoseNothing()
    {
        using var folder = new TemporaryFolder();
        var answered = new Dictionary<string, string>();
        var gateway = await GatewayProcess.StartAsync(folder["data"]);
        try
        {
            using (var client = S3Clients.Default(gateway))
            {
                await client.PutBucketAsync("keys");
                await PutAsync(client, answered, "before", 30);
                using var stop = new CancellationTokenSource();
                var writing = WriteUntilAsync(client, answered, "during", stop.Token);
                (await KeysAsync(gateway, "rotate")).GetProperty("keys").GetArrayLength().ShouldBe(2);
                await UntilAsync(gateway, status => !status.GetProperty("rewrapping").GetBoolean());
                (await RunAsync(gateway, "key", "destroy", "2")).ShouldFailWith(1, "current");
                (await RunAsync(gateway, "key", "destroy", "7")).ShouldFailWith(1, "no key version");
                await KeysAsync(gateway, "destroy", "1");
                await UntilAsync(gateway, status => Versions(status) is [2]);
                await stop.CancelAsync();
                await writing;
                await PutAsync(client, answered, "after", 10);

                await KeysAsync(gateway, "rotate", "--destroy-after", "0");
                await gateway.KillAsync();
            }

            await gateway.DisposeAsync();
            gateway = await GatewayProcess.StartAsync(folder["data"]);
            await UntilAsync(gateway, status => Versions(status) is [3] && status.GetProperty("outdatedCopies").GetArrayLength() == 0);
            using var again = S3Clients.Default(gateway);
            foreach (var (key, content) in answered)
            {
                using var answer = await again.GetObjectAsync("keys", key);
                using var reader = new StreamReader(answer.ResponseStream);
                (await reader.ReadToEndAsync()).ShouldBe(content, key);
            }

            var data = (await JsonAsync(gateway, "object", "show", "s3://keys/before0")).GetProperty("data")[0].GetString()!;
            (await JsonAsync(gateway, "object", "erased", data)).GetProperty("state").GetString().ShouldBe("live");
            await again.DeleteObjectAsync("keys", "before0");
            (await JsonAsync(gateway, "object", "erased", data)).GetProperty("state").GetString().ShouldBe("dropped");
            (await JsonAsync(gateway, "key", "shred")).GetProperty("waiting").GetInt64().ShouldBe(0);
            (await JsonAsync(gateway, "object", "erased", data)).GetProperty("state").GetString().ShouldBe("shredded");
            (await RunAsync(gateway, "object", "erased", "nonsense")).ExitCode.ShouldBe(1);
        }
        finally
        {
            await gateway.DisposeAsync();
        }
    }

    private static async Task PutAsync(AmazonS3Client client, Dictionary<string, string> answered, string prefix, int count)
    {
        for (var index = 0; index < count; index++)
        {
            var content = new string((char)('a' + index % 26), index % 3 == 0 ? 400_000 : 1_000 + index);
            await client.PutObjectAsync(new() { BucketName = "keys", Key = prefix + index, ContentBody = content });
            answered[prefix + index] = content;
        }
    }

    private static async Task WriteUntilAsync(AmazonS3Client client, Dictionary<string, string> answered, string prefix, CancellationToken stop)
    {
        for (var round = 0; !stop.IsCancellationRequested; round++) await PutAsync(client, answered, $"{prefix}{round}-", 5);
    }

    private static async Task UntilAsync(GatewayProcess gateway, Func<JsonElement, bool> isReached)
    {
        using var limit = new CancellationTokenSource(WaitMax);
        while (true)
        {
            var status = await KeysAsync(gateway, "status");
            if (isReached(status)) return;
            limit.IsCancellationRequested.ShouldBeFalse(status.ToString());
            await Task.Delay(200, TestContext.Current.CancellationToken);
        }
    }

    private static int[] Versions(JsonElement status) => [.. status.GetProperty("keys").EnumerateArray().Select(key => key.GetProperty("version").GetInt32())];

    private static Task<JsonElement> KeysAsync(GatewayProcess gateway, params string[] arguments) => JsonAsync(gateway, ["key", .. arguments]);

    private static async Task<JsonElement> JsonAsync(GatewayProcess gateway, params string[] arguments) =>
        JsonSerializer.Deserialize<JsonElement>((await RunAsync(gateway, [.. arguments, "--json"])).ShouldSucceed().Output);

    private static Task<Tool.Result> RunAsync(GatewayProcess gateway, params string[] arguments)
    {
        var environment = new Dictionary<string, string>(gateway.ClientEnvironment(gateway.Data))
        {
            ["OORT_ACCESS_KEY"] = GatewayProcess.AccessKey,
            ["OORT_SECRET_KEY"] = GatewayProcess.SecretKey,
        };
        return Tool.RunAsync(GatewayProcess.Executable, arguments, environment);
    }
}
