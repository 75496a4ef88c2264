using System.IO.Pipelines;
using Oort.Backends;
using Oort.Backends.Suite;
using Oort.Crypto;
using Oort.Metadata;
using Oort.Objects.Budget;
using Oort.Objects.Shards;
using Oort.Objects.Tests.Shards;
using Oort.Objects.Tests.World;
using Oort.Objects.Writing;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Writing;

/// <summary>Large bodies go out in runs of stripes: the bytes on the stores are those that single stripes would make, whatever the length of the runs.</summary>
public sealed class RunTests
{
    private const int Chunk = ChunkCipher.PlaintextSize;

    [Theory]
    [InlineData(1, 0, 1)]
    [InlineData(1, 0, 3)]
    [InlineData(2, 1, 2)]
    [InlineData(3, 2, 2)]
    [InlineData(4, 2, 1)]
    [InlineData(4, 2, 4)]
    [InlineData(8, 4, 2)]
    public async Task PutObject_SizesAroundEndsOfStripesRunsAndSegments_StoresTheShardsOfASimpleCoder(int k, int m, int runStripes)
    {
        var segmentChunks = (2 * runStripes + 1) * k + 1;
        var options = new ObjectLayerOptions { BufferBytes = 96 * 1024 * 1024, PackThreshold = 0, SegmentChunks = segmentChunks, RunBytes = runStripes * k * ChunkCipher.SealedSize };
        await using var world = new ObjectWorld(new Geometry(k, m), options);
        var used = world.Layer.Buffers.Budget.Used;
        int[] chunkCounts = [0, 1, k, runStripes * k, 2 * runStripes * k, segmentChunks];
        foreach (var size in chunkCounts.SelectMany(count => new[] { count * Chunk - 1, count * Chunk, count * Chunk + 1, count * Chunk + Chunk / 2, (count + 1) * Chunk }).Where(size => size > 0).Distinct())
        {
            var bytes = ObjectWorld.Bytes(size);
            var version = await world.PutAsync(bytes, $"key{size}");
            (await world.GetAsync(version)).AsSpan().SequenceEqual(bytes).ShouldBeTrue($"size {size}");
        }
        foreach (var segment in world.Metadata.Segments) await ShouldBeTheShardsOfASimpleCoderAsync(world, segment);
        world.Stores.Reports.ShouldBeEmpty();
        world.Layer.Buffers.Budget.Used.ShouldBe(used);
    }

    [Theory]
    [InlineData(96, 4)]
    [InlineData(32, 1)]
    public async Task PutObject_MemoryPlentyOrShort_WritesRunsOrSingleStripes(int budgetMebibytes, int stripesAtATime)
    {
        await using var world = new ObjectWorld(new Geometry(4, 2), new ObjectLayerOptions { BufferBytes = budgetMebibytes * 1024 * 1024 });
        var bytes = ObjectWorld.Bytes(64 * Chunk);
        var version = await world.PutAsync(bytes);
        foreach (var store in world.Stores.All) store.Count(StoreOperations.Write).ShouldBe(16 / stripesAtATime);
        (await world.GetAsync(version)).AsSpan().SequenceEqual(bytes).ShouldBeTrue();
    }

    [Fact]
    public async Task PutObject_MemoryBecomesShort_GoesOnWithSingleStripes()
    {
        await using var world = new ObjectWorld(new Geometry(4, 2), new ObjectLayerOptions { BufferBytes = 96 * 1024 * 1024 });
        var budget = world.Layer.Buffers.Budget;
        var used = budget.Used;
        var bytes = ObjectWorld.Bytes(48 * Chunk);
        var client = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        var put = world.Layer.PutObjectAsync(ObjectWorld.Bucket, "key", "owner", "STANDARD", ObjectAttributes.Empty, new ObjectBody(client.Reader, bytes.Length, null, null), WriteConditions.None, CancellationToken.None).AsTask();
        await client.Writer.WriteAsync(bytes.AsMemory(0, 16 * Chunk));
        while (world.Stores.All[0].Count(StoreOperations.Write) < 1) await Task.Delay(1);

        // Others take what there is: what is settled from now on is given back, down to one stripe.
        var others = budget.Capacity - budget.Used;
        await budget.AcquireAsync(others, TimeSpan.Zero, CancellationToken.None);
        await client.Writer.WriteAsync(bytes.AsMemory(16 * Chunk));
        await client.Writer.CompleteAsync();
        (await put).Outcome.ShouldBe(CommitOutcome.Done);
        world.Stores.All[0].Count(StoreOperations.Write).ShouldBeGreaterThan(3);
        budget.Release(others);
        budget.Used.ShouldBe(used);
        (await world.GetAsync((await put).Version!)).AsSpan().SequenceEqual(bytes).ShouldBeTrue();
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(11)]
    public async Task PutObject_BodyBreaksOffInTheMiddleOfARun_StoresNothingAndGivesItsBuffersBackCleared(int chunks)
    {
        await using var world = new ObjectWorld(new Geometry(4, 2), new ObjectLayerOptions { BufferBytes = 96 * 1024 * 1024, RunBytes = 2 * 4 * ChunkCipher.SealedSize });
        var budget = world.Layer.Buffers.Budget;
        var used = budget.Used;
        var plaintext = new byte[chunks * Chunk + 100];
        plaintext.AsSpan().Fill((byte)'Z');
        await Should.ThrowAsync<BodyMismatchException>(() => world.Layer.PutObjectAsync(ObjectWorld.Bucket, "key", "owner", "STANDARD", ObjectAttributes.Empty, ObjectWorld.Body(plaintext, length: 20 * Chunk), WriteConditions.None, CancellationToken.None).AsTask());
        world.Metadata.Segments.ShouldBeEmpty();
        while (budget.Used != used) await Task.Delay(1);
        using var reused = await world.Layer.Buffers.RentAsync(new RunShape(new(4, 2), 2, 1024).BufferSize, TimeSpan.Zero, CancellationToken.None);
        reused.Span.IndexOf("ZZZZZZZZ"u8).ShouldBe(-1);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(60)]
    public async Task PutObject_Always_HandsOutMemoryThatAStoreCanWriteFromDirectly(int chunks)
    {
        await using var world = new ObjectWorld(new Geometry(4, 2));
        var watched = new PhaseStore(world.Stores.All[1]);
        world.Stores.Replaced[watched.Id] = watched;
        await world.PutAsync(ObjectWorld.Bytes(chunks * Chunk + 1000));
        watched.Phases.ShouldNotBeEmpty();
        watched.Phases.ShouldAllBe(phase => phase == 0);
    }

    private static async Task ShouldBeTheShardsOfASimpleCoderAsync(ObjectWorld world, SegmentRow row)
    {
        var layout = new ShardLayout(row.Geometry, row.PayloadLength);
        var shards = new byte[row.Geometry.TotalShards][];
        for (var i = 0; i < shards.Length; i++)
        {
            shards[i] = new byte[layout.ShardLength + 1];
            (await world.Stores.Find(row.Shards[i])!.ReadAsync(new ShardId(row.Id, (byte)i), 0, shards[i], CancellationToken.None)).ShouldBe((int)layout.ShardLength);
            Array.Resize(ref shards[i], (int)layout.ShardLength);
        }

        var payload = new byte[row.PayloadLength];
        for (var at = 0; at < payload.Length;)
        {
            var place = layout.Locate(at);
            var count = Math.Min(layout.CellSize(place.Stripe) - place.Offset, payload.Length - at);
            shards[place.Cell].AsSpan((int)layout.CellOffset(place.Stripe) + place.Offset, count).CopyTo(payload.AsSpan(at));
            at += count;
        }

        var id = new byte[SegmentId.Size];
        row.Id.Write(id);
        using var tagger = world.Keyring.CreateTagger(id);
        var expected = ShardWriter.Write(row.Id, row.Geometry, payload, tagger);
        for (var i = 0; i < shards.Length; i++) shards[i].AsSpan().SequenceEqual(expected[i]).ShouldBeTrue($"shard {i} of a payload of {row.PayloadLength}");
    }
}
