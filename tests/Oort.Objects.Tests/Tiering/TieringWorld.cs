using System.Collections.Immutable;
using System.IO.Pipelines;
using Oort.Backends;
using Oort.Metadata;
using Oort.Objects.Placement;
using Oort.Objects.Tests.Hosting;
using Oort.Objects.Tests.Placement;
using Oort.Objects.Tests.World;
using Oort.Objects.Tiering;
using Shouldly;

namespace Oort.Objects.Tests.Tiering;

/// <summary>A system whose archived classes lie under a policy of their own, with a clock that tests turn, and segments so small that a few megabytes are many batches.</summary>
internal sealed class TieringWorld : IAsyncDisposable
{
    public const string ColdPolicy = "cold";

    private TieringWorld()
    {
        Cluster = new(6) { Time = Time };
        Cluster.Options = Cluster.Options with { Objects = Cluster.Options.Objects with { SegmentChunks = 4 } };
    }

    public ShiftedTime Time { get; } = new();

    public TestCluster Cluster { get; }

    public ObjectSystem System { get; private set; } = null!;

    public BucketRow Bucket { get; private set; } = null!;

    public static async Task<TieringWorld> StartAsync(long bytesPerSecond = 0)
    {
        var world = new TieringWorld();
        world.Cluster.Options = world.Cluster.Options with { Tiering = new() { BytesPerSecond = bytesPerSecond } };
        world.System = await world.Cluster.OpenAsync();
        world.Bucket = await world.System.CreateBucketAsync("bucket");
        foreach (var name in (string[])["GLACIER", "DEEP_ARCHIVE"]) await PolicyTests.SetAsync(world.System, new() { Name = ColdPolicy, Geometry = "3+3" }, new(null, null, name, ColdPolicy));
        return world;
    }

    public async Task SetLifecycleAsync(params LifecycleRule[] rules)
    {
        var document = new LifecycleDocument(SmallObjects.Stay, [.. rules]).Checked();
        (await System.Metadata.UpdateBucketAsync(Bucket.Id, row => row with { Settings = row.Settings.SetItem(LifecycleDocument.SettingName, [.. document.Encode()]) }, CancellationToken.None)).ShouldBe(CommitOutcome.Done);
    }

    /// <summary>A rule for objects of any size below a prefix.</summary>
    public static LifecycleRule Rule(string storageClass, int days, string prefix = "") =>
        new("rule" + prefix + storageClass, true, new(FilterForm.And, prefix, SizeAbove: 0), [new(storageClass, days)], []);

    public async Task<VersionRow> PutAsync(string key, byte[] content, string storageClass = "STANDARD")
    {
        var body = new ObjectBody(PipeReader.Create(new MemoryStream(content)), content.Length, null, null);
        var result = await System.Objects.PutObjectAsync(Bucket, key, "root", storageClass, ObjectAttributes.Empty, body, WriteConditions.None, CancellationToken.None);
        result.Outcome.ShouldBe(CommitOutcome.Done);
        return result.Version!;
    }

    /// <summary>An object of parts of these lengths.</summary>
    public async Task<VersionRow> PutPartsAsync(string key, byte[] content, params int[] lengths)
    {
        var upload = new UploadRow { Bucket = Bucket.Id, Key = key, Id = UploadId.Create(Time.GetUtcNow()), Initiated = Time.GetUtcNow(), OwnerId = "root" };
        await System.Metadata.CreateUploadAsync(upload, CancellationToken.None);
        var (parts, from) = (new List<PartRow>(), 0);
        foreach (var length in lengths)
        {
            var body = new ObjectBody(PipeReader.Create(new MemoryStream(content, from, length)), length, null, new(Checksums.ChecksumAlgorithm.Crc32, null, null));
            parts.Add((await System.Objects.PutPartAsync(upload, parts.Count + 1, body, CancellationToken.None)).Part!);
            from += length;
        }

        from.ShouldBe(content.Length);
        return (await System.Metadata.CompleteUploadAsync(new(Bucket.Id, key, upload.Id, [.. parts], "etag-" + parts.Count, ObjectAttributes.Empty, WriteConditions.None), CancellationToken.None)).Version!;
    }

    public async Task<VersionRow> FindAsync(string key, string? versionId = null) => (await System.Metadata.FindVersionAsync(Bucket.Id, key, versionId, CancellationToken.None))!;

    public async Task CheckAsync(VersionRow version, byte[] content)
    {
        var found = await FindAsync(version.Key, version.IdText);
        await using var reader = await System.Objects.OpenAsync(found, CancellationToken.None);
        using var read = new MemoryStream();
        var writer = PipeWriter.Create(read, new StreamPipeWriterOptions(leaveOpen: true));
        await reader.CopyToAsync(0, found.Size, writer, CancellationToken.None);
        await writer.CompleteAsync();
        read.ToArray().AsSpan().SequenceEqual(content).ShouldBeTrue(version.Key);
    }

    /// <summary>Policies of the segments that some extents lie in.</summary>
    public async Task<ImmutableArray<string>> PoliciesAsync(ImmutableArray<Extent> extents)
    {
        var locations = await System.Metadata.LocateAsync([.. extents.Select(extent => extent.Data).Distinct()], CancellationToken.None);
        locations.Length.ShouldBe(extents.Select(extent => extent.Data).Distinct().Count());
        return [.. locations.SelectMany(location => location.Segments.Values).Select(segment => segment.Policy).Distinct()];
    }

    /// <summary>Asks for a restore as the S3 operation does.</summary>
    public async Task RequestRestoreAsync(string key, int days, RestoreTier tier = RestoreTier.Standard)
    {
        Bucket = (await System.Metadata.FindBucketAsync("bucket", CancellationToken.None))!;
        await System.Tiering.PrepareRestoreAsync(Bucket, CancellationToken.None);
        var asked = new RestoreState(RestorePhase.Requested, tier, days, Time.GetUtcNow(), null);
        (await System.Metadata.UpdateVersionAsync(Bucket.Id, key, null, row => row with { Attributes = RestoreState.Set(row.Attributes, asked) }, CancellationToken.None)).ShouldBe(CommitOutcome.Done);
        System.Tiering.RestoreRequested(await FindAsync(key));
    }

    public async Task RestartAsync()
    {
        await System.DisposeAsync();
        System = await Cluster.OpenAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await System.DisposeAsync();
        await Cluster.DisposeAsync();
    }
}
