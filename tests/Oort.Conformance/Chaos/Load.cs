using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using Amazon.S3;
using Amazon.S3.Model;
using Oort.Conformance.Drills;
using Oort.Conformance.Harness;

namespace Oort.Conformance.Chaos;

/// <summary>Clients that write, delete and read at both gateways: the .NET SDK without retries, and by turns aws cli, rclone and boto3 as they are.</summary>
internal sealed class Load(ChaosCluster cluster, int seed)
{
    public const string Bucket = "chaos";

    private const int WriterCount = 6;
    private const int KeysPerWriter = 12;
    private const int PartSize = 5 * 1024 * 1024;
    private static readonly TimeSpan s_toolPatience = TimeSpan.FromMinutes(2);

    public Expectations Expected { get; } = new();

    /// <summary>What must never be: reads of something else than was acknowledged.</summary>
    public ConcurrentQueue<string> Wrong { get; } = [];

    /// <summary>Objects that outside clients were told are stored.</summary>
    public int ToolPuts { get; private set; }

    /// <summary>Goes on until it is told to stop.</summary>
    public Task RunAsync(CancellationToken stop) => Task.WhenAll([.. Enumerable.Range(0, WriterCount).Select(writer => Task.Run(() => WriteAsync(writer, stop), CancellationToken.None)), Task.Run(() => RunToolsAsync(stop), CancellationToken.None)]);

    private async Task WriteAsync(int writer, CancellationToken stop)
    {
        var random = new Random(HashCode.Combine(seed, writer));
        var clients = cluster.Gateways.Select(gateway => S3Clients.WithoutRetries(gateway.Url)).ToArray();
        var generations = new int[KeysPerWriter];
        try
        {
            for (var i = 0; !stop.IsCancellationRequested; i++)
            {
                var slot = random.Next(KeysPerWriter);
                var key = string.Create(CultureInfo.InvariantCulture, $"writer{writer}/{slot}-{generations[slot]}");
                var content = random.Next(6) == 0 ? null : World.Content(HashCode.Combine(seed, writer, i), Size(random));
                var digest = content is null ? null : Convert.ToHexString(SHA256.HashData(content));
                var gateway = random.Next(clients.Length);
                try
                {
                    await ChangeAsync(clients[gateway], key, content);
                }
                catch (Exception)
                {
                    // Refused or unanswered: it may have happened all the same.
                    Expected.Undecided(key, digest);
                    generations[slot]++;
                    await Task.Delay(random.Next(100, 400), CancellationToken.None);
                    continue;
                }

                Expected.Acknowledged(key, digest);
                if (random.Next(3) == 0) await ReadBackAsync(clients[1 - gateway], key, digest);
            }
        }
        finally
        {
            foreach (var client in clients) client.Dispose();
        }
    }

    private static int Size(Random random) => random.Next(20) switch
    {
        < 13 => random.Next(0, 8 * 1024),
        < 17 => random.Next(8 * 1024, 700 * 1024),
        < 19 => random.Next(700 * 1024, 3 * 1024 * 1024),
        _ => PartSize + random.Next(1, 100_000),
    };

    private static async Task ChangeAsync(AmazonS3Client client, string key, byte[]? content)
    {
        if (content is null)
        {
            await client.DeleteObjectAsync(Bucket, key);
        }
        else if (content.Length <= PartSize)
        {
            await client.PutObjectAsync(new PutObjectRequest { BucketName = Bucket, Key = key, InputStream = new MemoryStream(content) });
        }
        else
        {
            var upload = await client.InitiateMultipartUploadAsync(Bucket, key);
            var tags = new List<PartETag>();
            for (var at = 0; at < content.Length; at += PartSize)
            {
                var part = new MemoryStream(content, at, Math.Min(PartSize, content.Length - at));
                var done = await client.UploadPartAsync(new UploadPartRequest { BucketName = Bucket, Key = key, UploadId = upload.UploadId, PartNumber = tags.Count + 1, InputStream = part });
                tags.Add(new PartETag(tags.Count + 1, done.ETag));
            }

            await client.CompleteMultipartUploadAsync(new CompleteMultipartUploadRequest { BucketName = Bucket, Key = key, UploadId = upload.UploadId, PartETags = tags });
        }
    }

    /// <summary>What one gateway has acknowledged the other must show at once, or fail; nobody else writes the key.</summary>
    private async Task ReadBackAsync(AmazonS3Client client, string key, string? digest)
    {
        string? read;
        try
        {
            read = await World.DigestAsync(client, Bucket, key);
        }
        catch (Exception)
        {
            // That gateway is dead, or cannot say.
            return;
        }

        if (read != digest) Wrong.Enqueue($"{key} is {read ?? "gone"} right after {digest ?? "its deletion"} was acknowledged.");
    }

    private async Task RunToolsAsync(CancellationToken stop)
    {
        using var home = new TemporaryFolder();
        var file = home["body"];
        for (var i = 0; !stop.IsCancellationRequested; i++)
        {
            var content = World.Content(HashCode.Combine(seed, "tools", i), i % 4 == 3 ? 9_000_000 : 50_000);
            await File.WriteAllBytesAsync(file, content, CancellationToken.None);
            var key = string.Create(CultureInfo.InvariantCulture, $"tools/{i}");
            var gateway = cluster.Gateways[i / 3 % cluster.Gateways.Count];
            var (program, arguments) = (i % 3) switch
            {
                0 => ("aws", (string[])["s3", "cp", "--only-show-errors", "--endpoint-url", gateway.Url, file, $"s3://{Bucket}/{key}"]),
                1 => ("rclone", ["copyto", "--s3-no-check-bucket", file, $":s3,provider=Other,env_auth=true,endpoint=\"{gateway.Url}\":{Bucket}/{key}"]),
                _ => ("python3", ["-c", "import boto3, sys; boto3.client('s3', endpoint_url=sys.argv[1]).upload_file(sys.argv[2], sys.argv[3], sys.argv[4])", gateway.Url, file, Bucket, key]),
            };
            var digest = Convert.ToHexString(SHA256.HashData(content));
            bool isDone;
            try
            {
                isDone = (await Tool.RunAsync(program, arguments, GatewayProcess.ClientEnvironment(gateway.Url, home.FullPath), timeout: s_toolPatience)).ExitCode == 0;
            }
            catch (TimeoutException)
            {
                isDone = false;
            }

            if (isDone)
            {
                Expected.Acknowledged(key, digest);
                ToolPuts++;
            }
            else
            {
                Expected.Undecided(key, digest);
            }
        }
    }
}
