using Amazon.S3;
using Amazon.S3.Model;
using Oort.Conformance.Drills;
using Oort.Conformance.Harness;
using Oort.Conformance.Nodes;
using Oort.Shared;
using Shouldly;
using Xunit;

namespace Oort.Conformance.Upgrades;

/// <summary>Writes the fixture of this program; run once for each release and for each change of a format (docs/formats/README.md, Fixtures).</summary>
public sealed class FixtureWriter
{
    private const string NameVariable = "OORT_FIXTURE";
    private const string Bucket = "kept";
    private const string Versioned = "kept-versions";

    [Fact(Explicit = true)]
    public async Task Write_ThisProgram_LeavesAFixture()
    {
        var fixture = new Fixture(Environment.GetEnvironmentVariable(NameVariable) ?? throw new InvalidOperationException($"Name the fixture in {NameVariable}: the program's version, and what is new in it."));
        using var folder = new TemporaryFolder();
        var (phrase, dump) = await WriteClusterAsync(folder);
        var (nodePhrase, nodeDump) = await WriteNodeAsync(folder);
        fixture.Pack("cluster", folder["cluster"]);
        fixture.Pack("node", folder["node"]);
        var formats = FormatVersions.Scan(folder["cluster"]);
        foreach (var (format, version) in FormatVersions.Scan(folder["node"])) formats[format] = version;
        var program = (await Tool.RunAsync(GatewayProcess.Executable, ["--version"])).ShouldSucceed().Output.Trim();
        fixture.Write(new(program, phrase, nodePhrase, formats, dump, nodeDump));
    }

    private static async Task<(string Phrase, SortedDictionary<string, string> Dump)> WriteClusterAsync(TemporaryFolder folder)
    {
        await using var gateway = await GatewayProcess.StartAsync(folder["cluster"]);
        using var client = S3Clients.Default(gateway);
        await FillAsync(client);
        await gateway.AdminAsync("POST", "snapshot");
        await ChangeAsync(client);
        var dump = await WorldDump.TakeAsync(client);
        (await gateway.TerminateAsync()).ShouldBe(0);
        return (RecoveryDrill.Phrase(gateway.Log), dump);
    }

    private static async Task<(string Phrase, SortedDictionary<string, string> Dump)> WriteNodeAsync(TemporaryFolder folder)
    {
        await using var gateway = await GatewayProcess.StartAsync(folder["gateway"], "--disk", folder["disk"]);
        var members = new Membership(gateway, folder.FullPath);
        await using var node = await NodeProcess.JoinAsync(await members.InviteAsync("--operator", "somebody", "--country", "NL"), folder["node"], "--space", "100GiB");
        await members.UntilStatesAsync("the node is active", nodes => nodes.Count == 1 && nodes.Values.All(one => Membership.State(one) == "active/online"));
        (await members.RunAsync("disk", "drain", folder["disk"])).ShouldSucceed();
        await Membership.UntilAsync("the disk is gone", async () => ((await members.JsonAsync("disk", "list")).GetProperty("disks").GetArrayLength() == 1, "it is there"));
        using var client = S3Clients.Default(gateway);
        await FillAsync(client);
        await ChangeAsync(client);
        var dump = await WorldDump.TakeAsync(client);
        (await gateway.TerminateAsync()).ShouldBe(0);
        (await node.TerminateAsync()).ShouldBe(0);
        return (RecoveryDrill.Phrase(gateway.Log), dump);
    }

    private static async Task FillAsync(AmazonS3Client client)
    {
        await client.PutBucketAsync(Bucket);
        await client.PutBucketAsync(Versioned);
        await client.PutBucketVersioningAsync(new PutBucketVersioningRequest { BucketName = Versioned, VersioningConfig = new S3BucketVersioningConfig { Status = VersionStatus.Enabled } });
        var world = new World(seed: 0);
        foreach (var (name, size) in new (string, int)[] { ("empty", 0), ("one", 1), ("chunk", 65_520), ("chunk and one", 65_521), ("large", 400_000), ("ünï/😀", 1_000), ("a//b", 3) })
            await world.PutAsync(client, Bucket, name, World.Content(size, size));
        for (var i = 0; i < 3; i++) await world.PutAsync(client, Versioned, "again", World.Content(i, 100 + i));
        await client.PutObjectTaggingAsync(new PutObjectTaggingRequest { BucketName = Bucket, Key = "one", Tagging = new() { TagSet = [new() { Key = "kept", Value = "yes" }] } });
    }

    /// <summary>What comes behind the snapshot, in the journal alone.</summary>
    private static async Task ChangeAsync(AmazonS3Client client)
    {
        var world = new World(seed: 0);
        await world.PutAsync(client, Bucket, "one", World.Content(77, 5_000));
        await client.DeleteObjectAsync(Bucket, "chunk");
        await client.DeleteObjectAsync(Versioned, "again");
        await client.CopyObjectAsync(Bucket, "large", Versioned, "copy");
        var upload = await client.InitiateMultipartUploadAsync(Bucket, "parts");
        var part = await client.UploadPartAsync(new UploadPartRequest { BucketName = Bucket, Key = "parts", UploadId = upload.UploadId, PartNumber = 1, InputStream = new MemoryStream(World.Content(1, 9_000)) });
        await client.CompleteMultipartUploadAsync(new CompleteMultipartUploadRequest { BucketName = Bucket, Key = "parts", UploadId = upload.UploadId, PartETags = [new PartETag(1, part.ETag)] });
        var open = await client.InitiateMultipartUploadAsync(Bucket, "not complete");
        await client.UploadPartAsync(new UploadPartRequest { BucketName = Bucket, Key = "not complete", UploadId = open.UploadId, PartNumber = 1, InputStream = new MemoryStream(World.Content(2, 700)) });
    }
}
