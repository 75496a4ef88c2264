using System.IO.Pipelines;
using Oort.Backends;
using Oort.Backends.Suite;
using Oort.Metadata;
using Oort.Objects.Placement;
using Oort.Objects.Tests.Hosting;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Networks;

/// <summary>Objects of which only a network's shards are left, and how often it is asked for them.</summary>
public sealed class NetworkBlocksTests
{
    private const int Size = 16 * 1024 * 1024;
    private const int CellSize = 65_536;

    /// <summary>Blocks of 1 MiB in two shards of half the object each, with their headers and tables.</summary>
    private const int BlockCount = 2 * (Size / 2 / (1024 * 1024) + 1);

    private static readonly byte[] content = SystemActions.Content(7, Size);

    [Fact]
    public async Task Object_OfWhichOnlyTheNetworkIsLeft_IsReadInFarFewerRequestsThanCells()
    {
        await using var world = await StartAsync();
        var before = world["far"].ReadCount;
        (await ReadAsync(world, 0, Size)).AsSpan().SequenceEqual(content).ShouldBeTrue();
        (world["far"].ReadCount - before).ShouldBeLessThanOrEqualTo(2 * BlockCount);
    }

    [Fact]
    public async Task SmallRanges_OneAfterTheOther_ShareABlocksRequest()
    {
        await using var world = await StartAsync();
        var before = world["far"].ReadCount;
        for (var offset = 0; offset < Size; offset += CellSize) (await ReadAsync(world, offset, 1_000)).AsSpan().SequenceEqual(content.AsSpan(offset, 1_000)).ShouldBeTrue();
        (world["far"].ReadCount - before).ShouldBeLessThanOrEqualTo(BlockCount);
    }

    [Fact]
    public async Task DifferentRanges_AtTheSameTime_ShareABlocksRequest()
    {
        await using var world = await StartAsync();
        var before = world["far"].ReadCount;
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async number => (await ReadAsync(world, number * CellSize, 1_000)).AsSpan().SequenceEqual(content.AsSpan(number * CellSize, 1_000)).ShouldBeTrue()));
        (world["far"].ReadCount - before).ShouldBeLessThanOrEqualTo(4);
    }

    [Fact]
    public async Task WrongAnswer_OfTheNetwork_IsNotKept()
    {
        await using var world = await StartAsync();
        // In a cell that is read from the network itself: of two complements the first cell, their XOR, would be right.
        const int offset = CellSize + 1_000;
        world["far"].Fault = PeerFault.WrongBytes;
        await Should.ThrowAsync<ObjectUnavailableException>(() => ReadAsync(world, offset, 1_000));
        world["far"].Fault = PeerFault.None;
        (await ReadAsync(world, offset, 1_000)).AsSpan().SequenceEqual(content.AsSpan(offset, 1_000)).ShouldBeTrue();
    }

    /// <summary>An object whose second and third shards are on the network, and whose first is lost.</summary>
    private static async Task<NetworkWorld> StartAsync()
    {
        var world = await NetworkWorld.StartAsync("2+1", new NetworkShare("far", 2));
        await world.System.PutAsync(world.Bucket, "key", content);
        await Eventually.Async(async () => (await world.System.Metadata.GetTotalsAsync(CancellationToken.None)).SegmentsNotFull == 0);
        await world.SettleAsync();
        var segment = (await world.SegmentsAsync()).ShouldHaveSingleItem();
        segment.Shards[1..].ShouldBe([world.IdOf("far"), world.IdOf("far")]);
        await world.Cluster.Stores.Single(store => store.Id == segment.Shards[0]).Inner.DeleteAsync(new ShardId(segment.Id, 0), CancellationToken.None);
        return world;
    }

    private static async Task<byte[]> ReadAsync(NetworkWorld world, long offset, int length)
    {
        var version = await world.System.Metadata.FindVersionAsync(world.Bucket.Id, "key", null, CancellationToken.None);
        await using var reader = await world.System.Objects.OpenAsync(version!, CancellationToken.None);
        using var read = new MemoryStream();
        var writer = PipeWriter.Create(read, new StreamPipeWriterOptions(leaveOpen: true));
        await reader.CopyToAsync(offset, length, writer, CancellationToken.None);
        await writer.CompleteAsync();
        return read.ToArray();
    }
}
