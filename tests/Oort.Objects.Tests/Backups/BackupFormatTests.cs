using System.Text.RegularExpressions;
using Oort.Crypto;
using Oort.Objects.Tests.Hosting;
using Oort.Objects.Tests.Shards;
using Oort.Objects.Tests.World;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Backups;

/// <summary>Each file of tests/vectors/backup, read by the product and by the naive reader; and what no file can say.</summary>
public sealed partial class BackupFormatTests
{
    public static TheoryData<string> Names => [.. FormatVector.Names("backup", "*.txt")];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Reader_Vector_EndsAsItExpects(string name)
    {
        var vector = FormatVector.Read("backup", name);
        using var keyring = FormatVector.ExampleKeyring();
        var (outcome, batches) = await ReadAsync(vector.Bytes, keyring);
        outcome.ShouldBe(vector.Expect);
        if (outcome == "ok") batches.ShouldBe(vector.All("batch"));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void NaiveReader_Vector_EndsAsItExpects(string name)
    {
        var vector = FormatVector.Read("backup", name);
        var (outcome, batches) = NaiveBackup.Read(vector.Bytes, vector.Hex("snapshot-key"), vector["cluster"]);
        outcome.ShouldBe(vector.Expect);
        if (outcome == "ok") batches.ShouldBe(vector.All("batch"));
    }

    [Fact]
    public async Task Reader_EveryFlippedByteAndTruncation_IsRejectedByBothAlike()
    {
        var vector = FormatVector.Read("backup", "two-parts");
        using var keyring = FormatVector.ExampleKeyring();
        for (var index = 0; index < vector.Bytes.Length; index++)
        {
            var flipped = vector.Bytes.ToArray();
            flipped[index] ^= 0x20;
            foreach (var damaged in new[] { flipped, vector.Bytes[..index] })
            {
                var outcome = (await ReadAsync(damaged, keyring)).Outcome;
                outcome.ShouldNotBe("ok", index.ToString(System.Globalization.CultureInfo.InvariantCulture));
                NaiveBackup.Read(damaged, vector.Hex("snapshot-key"), vector["cluster"]).Outcome.ShouldBe(outcome);
            }
        }
    }

    [Fact]
    public async Task Backup_OfARunningSystem_IsReadByTheNaiveReader_AndHoldsNoNameInTheClear()
    {
        await using var cluster = new TestCluster();
        await using var system = await cluster.OpenAsync();
        var bucket = await system.CreateBucketAsync("a-name-of-a-bucket");
        for (var index = 0; index < 50; index++) await system.PutAsync(bucket, $"a-name-of-an-object-{index}", SystemActions.Content(index, 2_000));
        byte[] bytes;
        await using (var backup = await system.BackupMetadataAsync(CancellationToken.None))
        {
            backup.Generation.ShouldBe(system.Metadata.CommittedGeneration);
            await Should.ThrowAsync<Oort.Metadata.MetadataUnavailableException>(async () => await system.BackupMetadataAsync(CancellationToken.None), "One at a time.");
            using var content = new MemoryStream();
            await backup.Content.CopyToAsync(content);
            bytes = content.ToArray();
        }

        await using (await system.BackupMetadataAsync(CancellationToken.None)) { }
        Directory.GetFiles(cluster.DataDirectory, "metadata.backup*").ShouldBeEmpty();
        bytes.AsSpan().IndexOf("a-name-of"u8).ShouldBe(-1);
        using var opened = FormatVector.ExampleKeyring();
        (await ReadAsync(bytes, opened)).Outcome.ShouldBe("other-cluster");
    }

    [Fact]
    public void Page_Examples_AreTheVectorsBytes()
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "formats", "backup.md"));
        byte[] Example(string name) =>
            Convert.FromHexString(Spaces().Replace(Comments().Replace(page.Split($"<!-- example: {name} -->\n```hex\n")[1].Split("```")[0], ""), ""));
        var vector = FormatVector.Read("backup", "two-parts").Bytes;
        Example("header").ShouldBe(vector[..BackupHeader.Size]);
        Example("trailer").ShouldBe(vector[^BackupTrailer.Size..]);
        SnapshotManifest.SizeMax.ShouldBe(3_625_112);
    }

    [GeneratedRegex("#.*")]
    private static partial Regex Comments();

    [GeneratedRegex(@"\s")]
    private static partial Regex Spaces();

    private static async Task<(string Outcome, List<string> Batches)> ReadAsync(byte[] bytes, Keyring keyring)
    {
        var batches = new List<string>();
        try
        {
            using var reader = await BackupReader.OpenAsync(new MemoryStream(bytes), keyring, CancellationToken.None);
            await foreach (var batch in reader.ReadAsync(CancellationToken.None)) batches.Add(Convert.ToHexStringLower(batch.Changes.Span));
            return ("ok", batches);
        }
        catch (BackupException failure)
        {
            return (failure.Fault switch
            {
                BackupFault.NotABackup => "not-a-backup",
                BackupFault.UnknownVersion => "unknown-version",
                BackupFault.OtherCluster => "other-cluster",
                BackupFault.Truncated => "truncated",
                _ => "damaged",
            }, batches);
        }
    }
}
