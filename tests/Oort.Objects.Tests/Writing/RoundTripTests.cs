using System.Security.Cryptography;
using Oort.Backends;
using Oort.Crypto;
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
