using System.Security.Cryptography;
using Oort.Backends;
using Oort.Backends.Suite;
using Oort.Checksums;
using Oort.Metadata;
using Oort.Objects.Tests.World;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Writing;

public sealed class CopyTests
{
    private const int Size = 700_000;

    [Fact]
    public async Task CopyObject_Whole_SharesTheDataWithoutReadingIt()
    {
        await using var world = new ObjectWorld(new Geometry(2, 1));
        var source = await world.PutAsync(ObjectWorld.Bytes(Size));
        var result = await CopyAsync(world, new CopySource(source, 0, Size), ChecksumAlgorithm.None);
        result.Outcome.ShouldBe(CommitOutcome.Done);
        result.Durability.ShouldBe("full");
        result.Version!.ETag.ShouldBe(source.ETag);
        result.Version.Extents.ShouldBe(source.Extents);
        world.Stores.All.Sum(store => store.Count(StoreOperations.Read)).ShouldBe(0);
        (await world.GetAsync(result.Version)).ShouldBe(ObjectWorld.Bytes(Size));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    [InlineData(Size)]
    public async Task CopyObject_OtherChecksum_ReadsTheBytesForIt(int size)
    {
        await using var world = new ObjectWorld(new Geometry(2, 1));
        var bytes = ObjectWorld.Bytes(size);
        var result = await CopyAsync(world, new CopySource(await world.PutAsync(bytes), 0, size), ChecksumAlgorithm.Sha256);
        result.Version!.Attributes.Checksum!.Value.ShouldBe(SHA256.HashData(bytes));
        result.Version.Attributes.Checksum.Type.ShouldBe(ChecksumType.FullObject);
        world.Metadata.Data.Length.ShouldBe(size == 0 ? 0 : 1);
    }

    [Fact]
    public async Task CopyObject_SourceDropped_SaysThatItIsGone()
    {
        await using var world = new ObjectWorld(new Geometry(2, 1));
        var source = await world.PutAsync(ObjectWorld.Bytes(Size));
        world.Metadata.Drop(source);
        foreach (var checksum in new[] { ChecksumAlgorithm.None, ChecksumAlgorithm.Crc32 })
            await Should.ThrowAsync<VersionGoneException>(() => CopyAsync(world, new CopySource(source, 0, Size), checksum));
        await Should.ThrowAsync<VersionGoneException>(async () => await world.Layer.CopyPartAsync(new CopySource(source, 0, 10), ObjectWorld.Upload, 1, ChecksumAlgorithm.None, CancellationToken.None));
        world.Metadata.CommitCount.ShouldBe(1);
    }

    [Fact]
    public async Task CopyObject_SourceDroppedAtTheLastMoment_SaysThatItIsGone()
    {
        await using var world = new ObjectWorld(new Geometry(2, 1));
        var source = await world.PutAsync(ObjectWorld.Bytes(Size));
        world.Metadata.Refuse = CommitOutcome.DataGone;
        await Should.ThrowAsync<VersionGoneException>(() => CopyAsync(world, new CopySource(source, 0, Size), ChecksumAlgorithm.None));
    }

    [Fact]
    public async Task CopyPart_Range_RefersToItsBytes()
    {
        await using var world = new ObjectWorld(new Geometry(2, 1));
        var bytes = ObjectWorld.Bytes(Size);
        var source = await world.PutAsync(bytes);
        var upload = ObjectWorld.Upload with { ChecksumAlgorithm = ChecksumAlgorithm.Sha256, ChecksumType = ChecksumType.Composite };
        var result = await world.Layer.CopyPartAsync(new CopySource(source, 1000, 300_000), upload, 3, upload.ChecksumAlgorithm, CancellationToken.None);
        result.Outcome.ShouldBe(CommitOutcome.Done);
        var part = result.Part!;
        part.ETag.ShouldBe(Convert.ToHexStringLower(MD5.HashData(bytes.AsSpan(1000, 300_000))));
        part.Checksum!.Value.ShouldBe(SHA256.HashData(bytes.AsSpan(1000, 300_000)));
        part.Extents.Single().ShouldBe(new Extent(source.Extents[0].Data, 1000, 300_000, 3, part.Checksum.Value), Comparer);
        (await world.GetAsync(source with { Size = part.Size, Extents = part.Extents })).ShouldBe(bytes[1000..301_000]);
        world.Metadata.Data.Length.ShouldBe(1);
    }

    [Fact]
    public async Task CopyPart_SourceOfVeryManyExtents_IsWrittenAnew()
    {
        await using var world = new ObjectWorld(new Geometry(2, 1));
        var bytes = ObjectWorld.Bytes(Size);
        var source = await world.PutAsync(bytes);
        var extents = Enumerable.Range(0, 2800).Select(i => new Extent(source.Extents[0].Data, 250 * i, 250, i + 1, [])).ToArray();
        var result = await world.Layer.CopyPartAsync(new CopySource(source with { Extents = [.. extents] }, 0, Size), ObjectWorld.Upload, 1, ChecksumAlgorithm.Crc64Nvme, CancellationToken.None);
        result.Part!.Extents.Length.ShouldBe(1);
        result.Part.Extents[0].Data.ShouldNotBe(source.Extents[0].Data);
        result.Part.ETag.ShouldBe(source.ETag);
        result.Part.Checksum!.Algorithm.ShouldBe(ChecksumAlgorithm.Crc64Nvme);
        (await world.GetAsync(source with { Extents = result.Part.Extents })).ShouldBe(bytes);
    }

    [Fact]
    public async Task PutPart_Bytes_HaveADataIdOfTheirOwnAndTheUploadsChecksum()
    {
        await using var world = new ObjectWorld(new Geometry(2, 1));
        var upload = ObjectWorld.Upload with { ChecksumAlgorithm = ChecksumAlgorithm.Sha1 };
        var bytes = ObjectWorld.Bytes(Size);
        var result = await world.Layer.PutPartAsync(upload, 5, ObjectWorld.Body(bytes), CancellationToken.None);
        result.Outcome.ShouldBe(CommitOutcome.Done);
        result.Durability.ShouldBe("full");
        result.Part!.Checksum!.Value.ShouldBe(SHA1.HashData(bytes));
        result.Part.Extents.Single().PartNumber.ShouldBe(5);
        result.Part.Extents.Single().PartChecksum.ShouldBe(SHA1.HashData(bytes));
    }

    private static IEqualityComparer<Extent> Comparer { get; } = EqualityComparer<Extent>.Create(
        (left, right) => (left! with { PartChecksum = [] }) == (right! with { PartChecksum = [] }) && left.PartChecksum.SequenceEqual(right.PartChecksum),
        extent => extent.Data.GetHashCode());

    private static Task<PutResult> CopyAsync(ObjectWorld world, CopySource source, ChecksumAlgorithm checksum) =>
        world.Layer.CopyObjectAsync(source, ObjectWorld.Bucket, "copy", "owner", "STANDARD", ObjectAttributes.Empty, checksum, WriteConditions.None, CancellationToken.None).AsTask();
}
