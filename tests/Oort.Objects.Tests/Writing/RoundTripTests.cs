using System.Security.Cryptography;
using Oort.Backends;
using Oort.Crypto;
using Oort.Metadata;
using Oort.Objects.Tests.World;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Writing;

public sealed class RoundTripTests
{
    public static TheoryData<int, int> Geometries => new() { { 1, 0 }, { 1, 1 }, { 2, 1 }, { 2, 2 }, { 3, 2 }, { 4, 2 }, { 6, 3 }, { 8, 4 } };

    [Theory]
    [MemberData(nameof(Geometries))]
    public async Task PutObject_SizesAroundEveryBoundary_ReadsBackTheSame(int k, int m)
    {
        await using var world = new ObjectWorld(new Geometry(k, m), new ObjectLayerOptions { BufferBytes = 64 * 1024 * 1024, SegmentChunks = 2 * k + 1 });
        var stripe = k * ChunkCipher.PlaintextSize;
        int[] sizes = [0, 1, 15, 16, 63, 64, 65, 65_519, 65_520, 65_521, stripe - 1, stripe, stripe + 1, 256 * 1024 - 1, 256 * 1024, 256 * 1024 + 1, 2 * stripe + 1, 2 * stripe + ChunkCipher.PlaintextSize, 3 * stripe + 7, 5 * stripe - 3];
        foreach (var size in sizes)
        {
            var bytes = ObjectWorld.Bytes(size);
            var version = await world.PutAsync(bytes, $"key{size}");
            version.Size.ShouldBe(size);
            version.ETag.ShouldBe(Convert.ToHexStringLower(MD5.HashData(bytes)));
            (await world.GetAsync(version)).AsSpan().SequenceEqual(bytes).ShouldBeTrue($"size {size}");
        }
        world.Stores.Reports.ShouldBeEmpty();
        world.Repairs.Queued.ShouldBeEmpty();
        world.Pins.Count.ShouldBe(0);
    }

    [Theory]
    [MemberData(nameof(Geometries))]
    public async Task PutObject_BodyWhoseEndNobodyKnows_ReadsBackTheSame(int k, int m)
    {
        await using var world = new ObjectWorld(new Geometry(k, m), new ObjectLayerOptions { BufferBytes = 64 * 1024 * 1024, SegmentChunks = 2 * k + 1, PackThreshold = k % 2 == 0 ? 0 : 100_000 });
        var segment = (2 * k + 1) * ChunkCipher.PlaintextSize;
        await world.GetAsync(await world.PutAsync(ObjectWorld.Bytes(2 * segment)));
        var used = world.Used;
        int[] sizes = [0, 1, 65_519, 65_520, 65_521, 100_000, 100_001, 2 * 65_520, 2 * 65_520 + 1, segment - 1, segment, segment + 1, segment + 65_521, 2 * segment];
        foreach (var size in sizes)
        {
            foreach (var unknown in (int[])[0, 1, 65_520, 150_000])
            {
                var bytes = ObjectWorld.Bytes(size);
                var body = ObjectWorld.Body(bytes, Math.Max(0, size - unknown), checksum: new(Checksums.ChecksumAlgorithm.Sha256, null, null));
                var result = await world.Layer.PutObjectAsync(ObjectWorld.Bucket, $"key{size}-{unknown}", "owner", "STANDARD", ObjectAttributes.Empty, body with { MeasureRestAsync = _ => MeasureAsync(body.Reader) }, WriteConditions.None, TestContext.Current.CancellationToken);

                var version = result.Version.ShouldNotBeNull();
                (version.Size, version.ETag).ShouldBe((size, Convert.ToHexStringLower(MD5.HashData(bytes))));
                version.Attributes.Checksum!.Value.AsSpan().SequenceEqual(SHA256.HashData(bytes)).ShouldBeTrue();
                (await world.GetAsync(version)).AsSpan().SequenceEqual(bytes).ShouldBeTrue($"size {size}, of which {unknown} unknown");
            }
        }

        world.Stores.Reports.ShouldBeEmpty();
        world.Pins.Count.ShouldBe(0);
        world.Used.ShouldBe(used);

        static async ValueTask<long> MeasureAsync(System.IO.Pipelines.PipeReader reader)
        {
            var result = await reader.ReadAsync();
            result.IsCompleted.ShouldBeTrue();
            var rest = result.Buffer.Length;
            rest.ShouldBeLessThan(400_000, "all but the last bytes were taken before");
            reader.AdvanceTo(result.Buffer.Start, result.Buffer.End);
            return rest;
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task PutObject_AroundTheLargestSegment_ReadsBackTheSame(int more)
    {
        await using var world = new ObjectWorld(new Geometry(4, 2));
        var bytes = ObjectWorld.Bytes(1024L * ChunkCipher.PlaintextSize + more);
        var version = await world.PutAsync(bytes);
        world.Metadata.Segments.Length.ShouldBe(1 + more);
        world.Metadata.Segments[0].PayloadLength.ShouldBe(64 * 1024 * 1024);
        (await world.GetAsync(version)).AsSpan().SequenceEqual(bytes).ShouldBeTrue();
    }
}
