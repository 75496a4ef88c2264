using Amazon.S3;
using Amazon.S3.Model;
using Oort.Conformance.Drills;
using Oort.Conformance.Harness;
using Oort.Shared;
using Shouldly;
using Xunit;

namespace Oort.Conformance.Upgrades;

/// <summary>What earlier programs have written is read and written by this one; and what this one writes to it is of the versions that the earlier one reads.</summary>
public sealed class FixtureTests : IDisposable
{
    /// <summary>An executable of the version before: then it is started on what this program has written.</summary>
    private const string PreviousVariable = "OORT_PREVIOUS";

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Names => [.. Fixture.All.Select(fixture => fixture.Name)];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Serve_FixtureOfAnyVersion_ReadsItWhollyAndWritesToIt(string name)
    {
        var description = Unpack(name, "cluster", "data");
        await using (var gateway = await GatewayProcess.StartAsync(_folder["data"]))
        {
            using var client = S3Clients.Default(gateway);
            WorldDump.Differences(description.Dump, await WorldDump.TakeAsync(client)).ShouldBeEmpty();
            (await client.ListMultipartUploadsAsync("kept")).MultipartUploads.ShouldHaveSingleItem().Key.ShouldBe("not complete");
            await WriteAsync(client);
            (await gateway.VerbAsync("fsck")).ShouldSucceed();
            (await gateway.VerbAsync("scrub")).ShouldSucceed();
            (await gateway.TerminateAsync()).ShouldBe(0);
        }

        await using var again = await GatewayProcess.StartAsync(_folder["data"]);
        using var reader = S3Clients.Default(again);
        await ShouldBeWrittenAsync(reader, description);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Recover_DisksOfAnyVersion_GiveBackEverything(string name)
    {
        var description = Unpack(name, "cluster", "data");
        await File.WriteAllTextAsync(_folder["phrase"], description.Phrase);
        string[] disks = [.. Directory.GetDirectories(_folder["data", "disks"]).Order(StringComparer.Ordinal).SelectMany(disk => (string[])["--disk", disk])];
        (await Tool.RunAsync(GatewayProcess.Executable, ["recover", "--phrase-file", _folder["phrase"], "--data", _folder["rebuilt"], .. disks])).ShouldSucceed();

        await using var gateway = await GatewayProcess.StartAsync(_folder["rebuilt"], disks);
        using var client = S3Clients.Default(gateway);
        WorldDump.Differences(description.Dump, await WorldDump.TakeAsync(client)).ShouldBeEmpty();
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Node_OfAnyVersion_GivesBackEverythingAndTakesMore(string name)
    {
        var description = Unpack(name, "node", "node");
        await File.WriteAllTextAsync(_folder["phrase"], description.NodePhrase);
        await using var node = await NodeProcess.StartAsync(_folder["node"]);
        (await Tool.RunAsync(GatewayProcess.Executable, ["recover", "--phrase-file", _folder["phrase"], "--data", _folder["rebuilt"], "--node", $"127.0.0.1:{node.Address.Port}#{node.Address.Id}"])).ShouldSucceed();

        await using var gateway = await GatewayProcess.StartAsync(_folder["rebuilt"]);
        using var client = S3Clients.Default(gateway);
        WorldDump.Differences(description.NodeDump, await WorldDump.TakeAsync(client)).ShouldBeEmpty();
        await WriteAsync(client);
        await ShouldBeWrittenAsync(client, description with { Dump = description.NodeDump });
        (await node.TerminateAsync()).ShouldBe(0);
        ShouldBeReadable(_folder["node"], description);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Rollback_AfterThisProgramWrote_FilesAreOfTheVersionsThatTheEarlierReads(string name)
    {
        var description = Unpack(name, "cluster", "data");
        await using (var gateway = await GatewayProcess.StartAsync(_folder["data"]))
        {
            using var client = S3Clients.Default(gateway);
            await WriteAsync(client);
            await gateway.AdminAsync("POST", "snapshot");
            await client.PutObjectAsync(new() { BucketName = "kept", Key = "behind the snapshot", ContentBody = "and so in the journal" });
            (await gateway.TerminateAsync()).ShouldBe(0);
        }

        ShouldBeReadable(_folder["data"], description);
        if (Environment.GetEnvironmentVariable(PreviousVariable) is not { Length: > 0 } previous) return;

        // The disks are enough for it, whatever became of the database.
        await File.WriteAllTextAsync(_folder["phrase"], description.Phrase);
        string[] disks = [.. Directory.GetDirectories(_folder["data", "disks"]).Order(StringComparer.Ordinal).SelectMany(disk => (string[])["--disk", disk])];
        (await Tool.RunAsync(previous, ["recover", "--phrase-file", _folder["phrase"], "--data", _folder["back"], .. disks])).ShouldSucceed();
        await using var earlier = await GatewayProcess.StartOtherAsync(previous, _folder["back"], disks);
        using var reader = S3Clients.Default(earlier);
        await ShouldBeWrittenAsync(reader, description);
    }

    [Theory]
    [InlineData("metadata.db", FormatVersions.SchemaOffset + 3, 99, "schema 99")]
    [InlineData("identity", 28, (byte)'2', "not an identity file that this program knows")]
    public async Task Serve_FileOfANewerVersion_IsRefusedAndLeftAlone(string file, int offset, byte version, string said)
    {
        Unpack(Fixture.All.Last().Name, "cluster", "data");
        var before = Patch(_folder["data", file], offset, version);
        (await Tool.RunAsync(GatewayProcess.Executable, ["serve", "--data", _folder["data"], "--listen", "127.0.0.1:0"])).ShouldFailWith(2, said);
        (await File.ReadAllBytesAsync(_folder["data", file])).ShouldBe(before);
    }

    [Fact]
    public async Task Serve_KeyringsOfANewerVersion_IsRefused()
    {
        Unpack(Fixture.All.Last().Name, "cluster", "data");
        foreach (var keyring in Directory.GetFiles(_folder["data"], "keyring", SearchOption.AllDirectories)) Patch(keyring, FormatVersions.KeyringOffset, 2);

        (await Tool.RunAsync(GatewayProcess.Executable, ["serve", "--data", _folder["data"], "--listen", "127.0.0.1:0"])).ShouldFailWith(2, "newer version");
    }

    [Fact]
    public async Task Node_StateOfANewerVersion_IsRefused()
    {
        Unpack(Fixture.All.Last().Name, "node", "node");
        var state = _folder["node", "node.json"];
        await File.WriteAllTextAsync(state, (await File.ReadAllTextAsync(state)).Replace("\"version\": 1", "\"version\": 2", StringComparison.Ordinal));

        (await Tool.RunAsync(GatewayProcess.Executable, ["node", "--data", _folder["node"], "--listen", "127.0.0.1:0"])).ShouldFailWith(2, "newer version");
    }

    private FixtureDescription Unpack(string name, string part, string folder)
    {
        var fixture = new Fixture(name);
        fixture.Unpack(part, _folder[folder]);
        return fixture.Read();
    }

    /// <summary>Every file but the database is of a version that the fixture's program has written itself. The database is an index: an earlier program makes it anew from the rest.</summary>
    private static void ShouldBeReadable(string folder, FixtureDescription description)
    {
        foreach (var (format, version) in FormatVersions.Scan(folder))
            if (format != FormatVersions.Schema && description.Formats.TryGetValue(format, out var known))
                version.ShouldBeLessThanOrEqualTo(known, $"{description.Program} does not read {format} of version {version}");
    }

    private static async Task WriteAsync(AmazonS3Client client)
    {
        var world = new World(seed: 0);
        await world.PutAsync(client, "kept", "new", World.Content(5, 100_000));
        await world.PutAsync(client, "kept", "one", World.Content(6, 10));
        await client.DeleteObjectAsync("kept", "large");
    }

    /// <summary>All is as it was, but for what <see cref="WriteAsync"/> did.</summary>
    private static async Task ShouldBeWrittenAsync(AmazonS3Client client, FixtureDescription description)
    {
        var now = await WorldDump.TakeAsync(client);
        string[] changed = ["kept/new@", "kept/one@", "kept/large@", "kept/behind the snapshot@"];
        bool IsKept(string key) => !changed.Any(prefix => key.StartsWith(prefix, StringComparison.Ordinal));
        WorldDump.Differences(Only(description.Dump), Only(now)).ShouldBeEmpty();
        (await World.DigestAsync(client, "kept", "new")).ShouldBe(Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(World.Content(5, 100_000))));
        (await World.DigestAsync(client, "kept", "one")).ShouldBe(Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(World.Content(6, 10))));
        (await World.DigestAsync(client, "kept", "large")).ShouldBeNull();

        SortedDictionary<string, string> Only(SortedDictionary<string, string> dump) => new(dump.Where(line => IsKept(line.Key)).ToDictionary(), StringComparer.Ordinal);
    }

    /// <summary>Changes one byte. Result: the file as it is then.</summary>
    private static byte[] Patch(string path, int offset, byte value)
    {
        var bytes = File.ReadAllBytes(path);
        bytes[offset] = value;
        File.WriteAllBytes(path, bytes);
        return bytes;
    }
}
