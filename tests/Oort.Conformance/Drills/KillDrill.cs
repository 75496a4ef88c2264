using System.Collections.Concurrent;
using System.Security.Cryptography;
using Amazon.S3;
using Amazon.S3.Model;
using Oort.Conformance.Harness;
using Shouldly;
using Xunit;

namespace Oort.Conformance.Drills;

/// <summary>SIGKILL under load, again and again: what was acknowledged is there byte for byte, the rest whole or absent.</summary>
public sealed class KillDrill
{
    private const int Rounds = 4;
    private const int Writers = 12;
    private const int AcknowledgedPerRound = 150;

    [Fact]
    public async Task Kill_UnderLoad_NothingAcknowledgedIsLost()
    {
        using var folder = new TemporaryFolder();
        // By key: what was acknowledged last, and what else may be there because its writer got no answer.
        var acknowledged = new ConcurrentDictionary<string, string?>();
        var undecided = new ConcurrentDictionary<string, ConcurrentBag<string?>>();
        for (var round = 0; round < Rounds; round++)
        {
            await using var gateway = await GatewayProcess.StartAsync(folder["data"]);
            using var client = S3Clients.WithoutRetries(gateway);
            if (round == 0) await client.PutBucketAsync("kill");
            await CheckAsync(client, acknowledged, undecided);
            var count = 0;
            var enough = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var writers = Enumerable.Range(0, Writers).Select(w => Task.Run(async () =>
            {
                for (var i = 0; ; i++)
                {
                    var key = $"writer{w}/{i % 20}";
                    var content = i % 9 == 8 ? null : World.Content(HashCode.Combine(round, w, i), i % 7 == 3 ? 700_000 : 1 + i * 37 % 5000);
                    var digest = content is null ? null : Convert.ToHexString(SHA256.HashData(content));
                    try
                    {
                        if (content is null) await client.DeleteObjectAsync("kill", key);
                        else await client.PutObjectAsync(new PutObjectRequest { BucketName = "kill", Key = key, InputStream = new MemoryStream(content) });
                    }
                    catch (Exception e) when (e is not OperationCanceledException)
                    {
                        undecided.GetOrAdd(key, _ => []).Add(digest);
                        return;
                    }

                    acknowledged[key] = digest;
                    undecided.TryRemove(key, out _);
                    if (Interlocked.Increment(ref count) >= AcknowledgedPerRound) enough.TrySetResult();
                }
            })).ToArray();
            await Task.WhenAny(enough.Task, Task.WhenAll(writers));
            enough.Task.IsCompleted.ShouldBeTrue(gateway.Log);
            await gateway.KillAsync();
            await Task.WhenAll(writers);
        }

        await using var last = await GatewayProcess.StartAsync(folder["data"]);
        using var reader = S3Clients.WithoutRetries(last);
        await CheckAsync(reader, acknowledged, undecided);
        var fsck = await Tool.RunAsync(GatewayProcess.Executable, ["fsck", "--endpoint", last.Endpoint, "--json"], last.ClientEnvironment(folder.FullPath).Append(new("OORT_ACCESS_KEY", GatewayProcess.AccessKey)).Append(new("OORT_SECRET_KEY", GatewayProcess.SecretKey)).ToDictionary());
        fsck.ShouldSucceed();
        (await last.TerminateAsync()).ShouldBe(0, last.Log);
        (await Tool.RunAsync(GatewayProcess.Executable, ["fsck", "--offline", "--data", folder["data"]])).ShouldSucceed().Output.ShouldContain("is clean               True");
    }

    private static async Task CheckAsync(IAmazonS3 client, ConcurrentDictionary<string, string?> acknowledged, ConcurrentDictionary<string, ConcurrentBag<string?>> undecided)
    {
        foreach (var key in acknowledged.Keys.Union(undecided.Keys).Order(StringComparer.Ordinal))
        {
            var actual = await World.DigestAsync(client, "kill", key);
            string?[] allowed = [acknowledged.GetValueOrDefault(key), .. undecided.GetValueOrDefault(key) ?? []];
            allowed.ShouldContain(actual, key);
            acknowledged[key] = actual;
            undecided.TryRemove(key, out _);
        }
    }
}
