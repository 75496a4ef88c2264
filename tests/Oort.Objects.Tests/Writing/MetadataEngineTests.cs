using Oort.Backends;
using Oort.Backends.Suite;
using Oort.Checksums;
using Oort.Metadata;
using Oort.Objects.Tests.World;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Writing;

/// <summary>The data path on the real embedded engine.</summary>
public sealed class MetadataEngineTests
{
    [Fact]
    public async Task Objects_PutOverwrittenCopiedDeleted_AreAsTheyShould()
    {
        await using var world = await SqliteWorld.OpenAsync(new Geometry(4, 2));
        foreach (var size in new[] { 0, 1, 5_000, 262_145, 1_000_000 })
        {
            await PutAsync(world, "key", ObjectWorld.Bytes(size, seed: 7));
            await PutAsync(world, "key", ObjectWorld.Bytes(size));
            var found = (await world.Metadata.FindVersionAsync(world.Bucket.Id, "key", null, CancellationToken.None))!;
            var copied = await world.Layer.CopyObjectAsync(new CopySource(found, 0, size), world.Bucket, "copy", "owner", "STANDARD", ObjectAttributes.Empty, ChecksumAlgorithm.Crc32C, WriteConditions.None, CancellationToken.None);
            copied.Outcome.ShouldBe(CommitOutcome.Done);
            await world.Metadata.DeleteVersionAsync(new DeleteVersion(world.Bucket.Id, "key", "owner", null, WriteConditions.None), CancellationToken.None);
            (await ReadAsync(world, "copy")).ShouldBe(ObjectWorld.Bytes(size));

            // The last reference goes: the data is gone, and a reader or copier that comes too late is told.
            await world.Metadata.DeleteVersionAsync(new DeleteVersion(world.Bucket.Id, "copy", "owner", null, WriteConditions.None), CancellationToken.None);
            if (size == 0) continue;
            await Should.ThrowAsync<VersionGoneException>(async () => await world.Layer.OpenAsync(copied.Version!, CancellationToken.None));
            await Should.ThrowAsync<VersionGoneException>(async () => await world.Layer.CopyObjectAsync(new CopySource(found, 0, size), world.Bucket, "late", "owner", "STANDARD", ObjectAttributes.Empty, ChecksumAlgorithm.None, WriteConditions.None, CancellationToken.None));
        }
    }

    [Fact]
    public async Task Objects_ThousandAtOnce_AreAllThere()
    {
        await using var world = await SqliteWorld.OpenAsync(new Geometry(4, 2));
        var gates = world.Stores.All.Select(store => store.Hold(StoreOperations.Put)).ToArray();
        var puts = Enumerable.Range(0, 1000).Select(i => PutAsync(world, $"key{i}", ObjectWorld.Bytes(100 + i))).ToArray();
        foreach (var held in gates) held.SetResult();
        await Task.WhenAll(puts);
        (await world.Metadata.ListSegmentsAsync(default, 100, false, null, CancellationToken.None)).Length.ShouldBeLessThanOrEqualTo(4);
        for (var i = 0; i < puts.Length; i += 37) (await ReadAsync(world, $"key{i}")).ShouldBe(ObjectWorld.Bytes(100 + i));
    }

    [Fact]
    public async Task Objects_IfNoneMatchStarAtOnce_OneWins()
    {
        await using var world = await SqliteWorld.OpenAsync(new Geometry(2, 1));
        var puts = Enumerable.Range(0, 100)
            .Select(i => world.Layer.PutObjectAsync(world.Bucket, "key", "owner", "STANDARD", ObjectAttributes.Empty, ObjectWorld.Body(ObjectWorld.Bytes(100 + i)), new WriteConditions(IfNoneMatch: "*"), CancellationToken.None).AsTask())
            .ToArray();
        var results = await Task.WhenAll(puts);
        var winner = Array.FindIndex(results, result => result.Outcome == CommitOutcome.Done);
        results.Count(result => result.Outcome == CommitOutcome.PreconditionFailed).ShouldBe(99);
        (await ReadAsync(world, "key")).ShouldBe(ObjectWorld.Bytes(100 + winner));
    }

    [Fact]
    public async Task Upload_PartsPutAndCopied_ReadsAsTheirBytes()
    {
        await using var world = await SqliteWorld.OpenAsync(new Geometry(4, 2));
        var bytes = ObjectWorld.Bytes(600_000);
        await PutAsync(world, "source", bytes);
        var source = (await world.Metadata.FindVersionAsync(world.Bucket.Id, "source", null, CancellationToken.None))!;
        var upload = ObjectWorld.Upload with { Bucket = world.Bucket.Id, Key = "whole" };
        await world.Metadata.CreateUploadAsync(upload, CancellationToken.None);
        var first = await world.Layer.PutPartAsync(upload, 1, ObjectWorld.Body(bytes), CancellationToken.None);
        var second = await world.Layer.CopyPartAsync(new CopySource(source, 100_000, 70_000), upload, 2, ChecksumAlgorithm.None, CancellationToken.None);
        var completed = await world.Metadata.CompleteUploadAsync(
            new CompleteUpload(world.Bucket.Id, "whole", upload.Id, [first.Part!, second.Part!], "etag-2", ObjectAttributes.Empty, WriteConditions.None), CancellationToken.None);
        completed.Outcome.ShouldBe(CommitOutcome.Done);
        await world.Metadata.DeleteVersionAsync(new DeleteVersion(world.Bucket.Id, "source", "owner", null, WriteConditions.None), CancellationToken.None);
        (await ReadAsync(world, "whole")).ShouldBe([.. bytes, .. bytes[100_000..170_000]]);
        (await world.Layer.GetDurabilityAsync(completed.Version!, CancellationToken.None)).ShouldBe("full");
        (await world.Layer.LocateAsync(completed.Version!, CancellationToken.None)).Length.ShouldBe(2);
    }

    private static async Task PutAsync(SqliteWorld world, string key, byte[] bytes)
    {
        var result = await world.Layer.PutObjectAsync(world.Bucket, key, "owner", "STANDARD", ObjectAttributes.Empty, ObjectWorld.Body(bytes), WriteConditions.None, CancellationToken.None);
        result.Outcome.ShouldBe(CommitOutcome.Done);
    }

    private static async Task<byte[]> ReadAsync(SqliteWorld world, string key)
    {
        var version = (await world.Metadata.FindVersionAsync(world.Bucket.Id, key, null, CancellationToken.None))!;
        await using var reader = await world.Layer.OpenAsync(version, CancellationToken.None);
        return await ObjectWorld.ReadAsync(reader, 0, version.Size);
    }
}
