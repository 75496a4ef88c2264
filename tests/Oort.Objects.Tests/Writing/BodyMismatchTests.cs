using System.IO.Pipelines;
using System.Security.Cryptography;
using Oort.Backends;
using Oort.Checksums;
using Oort.Metadata;
using Oort.Objects.Tests.World;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Writing;

public sealed class BodyMismatchTests
{
    public static TheoryData<int> Sizes => [0, 10, 1_000_000];

    [Theory]
    [MemberData(nameof(Sizes))]
    public async Task PutObject_BodyLongerThanAnnounced_StoresNothing(int size) =>
        await FailsAsync(ObjectWorld.Body(ObjectWorld.Bytes(size + 1), length: size), BodyMismatch.Length);

    [Theory]
    [InlineData(10)]
    [InlineData(1_000_000)]
    public async Task PutObject_BodyShorterThanAnnounced_StoresNothing(int size) =>
        await FailsAsync(ObjectWorld.Body(ObjectWorld.Bytes(size - 1), length: size), BodyMismatch.Length);

    [Theory]
    [MemberData(nameof(Sizes))]
    public async Task PutObject_Md5Differs_StoresNothing(int size) =>
        await FailsAsync(ObjectWorld.Body(ObjectWorld.Bytes(size), md5: MD5.HashData("other"u8)), BodyMismatch.Md5);

    [Theory]
    [MemberData(nameof(Sizes))]
    public async Task PutObject_ChecksumDiffers_StoresNothing(int size) =>
        await FailsAsync(ObjectWorld.Body(ObjectWorld.Bytes(size), checksum: new BodyChecksum(ChecksumAlgorithm.Crc32C, [1, 2, 3, 4], null)), BodyMismatch.Checksum);

    [Theory]
    [MemberData(nameof(Sizes))]
    public async Task PutObject_TrailerMissing_StoresNothing(int size) =>
        await FailsAsync(ObjectWorld.Body(ObjectWorld.Bytes(size), checksum: new BodyChecksum(ChecksumAlgorithm.Crc64Nvme, null, () => null)), BodyMismatch.Trailer);

    [Theory]
    [MemberData(nameof(Sizes))]
    public async Task PutObject_TrailerDiffers_StoresNothing(int size) =>
        await FailsAsync(ObjectWorld.Body(ObjectWorld.Bytes(size), checksum: new BodyChecksum(ChecksumAlgorithm.Crc64Nvme, null, () => new byte[8].Select(_ => (byte)9).ToArray())), BodyMismatch.Checksum);

    [Theory]
    [MemberData(nameof(Sizes))]
    public async Task PutObject_DigestsAgree_StoresThem(int size)
    {
        await using var world = new ObjectWorld(new Geometry(2, 1));
        var bytes = ObjectWorld.Bytes(size);
        using var running = new RunningChecksum(ChecksumAlgorithm.Sha256);
        running.Append(bytes);
        var value = running.Finish();
        var body = ObjectWorld.Body(bytes, md5: MD5.HashData(bytes), checksum: new BodyChecksum(ChecksumAlgorithm.Sha256, value, () => value));
        var result = await world.Layer.PutObjectAsync(ObjectWorld.Bucket, "key", "owner", "STANDARD", ObjectAttributes.Empty, body, WriteConditions.None, CancellationToken.None);
        result.Outcome.ShouldBe(CommitOutcome.Done);
        result.Durability.ShouldBe("full");
        result.Version!.Attributes.Checksum!.Algorithm.ShouldBe(ChecksumAlgorithm.Sha256);
        result.Version.Attributes.Checksum.Value.ShouldBe(value);
    }

    [Fact]
    public async Task PutObject_ReaderFails_PassesItsFailureOn()
    {
        await using var world = new ObjectWorld(new Geometry(2, 1));
        var used = world.Layer.Buffers.Budget.Used;
        var pipe = new Pipe();
        await pipe.Writer.WriteAsync(ObjectWorld.Bytes(40_000));
        await pipe.Writer.CompleteAsync(new InvalidDataException("the frame is broken"));
        await Should.ThrowAsync<InvalidDataException>(async () => await PutAsync(world, new ObjectBody(pipe.Reader, 1_000_000, null, null)));
        await NothingIsLeftAsync(world, used);
    }

    [Fact]
    public async Task PutObject_CancelledWhileTheBodyComes_StoresNothing()
    {
        await using var world = new ObjectWorld(new Geometry(2, 1));
        var used = world.Layer.Buffers.Budget.Used;
        var pipe = new Pipe();
        await pipe.Writer.WriteAsync(ObjectWorld.Bytes(40_000));
        using var cancellation = new CancellationTokenSource();
        var put = PutAsync(world, new ObjectBody(pipe.Reader, 1_000_000, null, null), cancellation.Token);
        await cancellation.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => put);
        await NothingIsLeftAsync(world, used);
    }

    private static async Task FailsAsync(ObjectBody body, BodyMismatch expected)
    {
        await using var world = new ObjectWorld(new Geometry(2, 1));
        var used = world.Layer.Buffers.Budget.Used;
        (await Should.ThrowAsync<BodyMismatchException>(() => PutAsync(world, body))).What.ShouldBe(expected);
        await NothingIsLeftAsync(world, used);
    }

    private static Task<PutResult> PutAsync(ObjectWorld world, ObjectBody body, CancellationToken cancellationToken = default) =>
        world.Layer.PutObjectAsync(ObjectWorld.Bucket, "key", "owner", "STANDARD", ObjectAttributes.Empty, body, WriteConditions.None, cancellationToken).AsTask();

    private static async Task NothingIsLeftAsync(ObjectWorld world, long used)
    {
        world.Metadata.CommitCount.ShouldBe(0);
        world.Layer.Buffers.Budget.Used.ShouldBe(used);
        world.SegmentIds.LowWaterMark.ShouldBe(world.SegmentIds.LastCounter + 1);
        foreach (var store in world.Stores.All) (await store.ShardsAsync()).ShouldBeEmpty();
    }
}
