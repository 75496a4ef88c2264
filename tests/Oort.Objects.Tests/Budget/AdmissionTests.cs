using System.IO.Pipelines;
using Oort.Backends;
using Oort.Backends.Suite;
using Oort.Metadata;
using Oort.Objects.Budget;
using Oort.Objects.Tests.World;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Budget;

public sealed class AdmissionTests
{
    [Fact]
    public async Task PutObject_ManySlowClients_HoldTheirShareAndOthersAreSentAway()
    {
        var time = new ManualTime();
        await using var world = new ObjectWorld(new Geometry(4, 2), new ObjectLayerOptions { BufferBytes = 32 * 1024 * 1024 }, time);
        var budget = world.Layer.Buffers.Budget;
        var reserved = budget.Used;
        var bytes = ObjectWorld.Bytes(300_000);
        var clients = Enumerable.Range(0, 60).Select(_ => new Pipe()).ToArray();
        var puts = clients.Select((client, i) => PutAsync(world, new ObjectBody(client.Reader, bytes.Length, null, null), $"key{i}")).ToArray();
        budget.Used.ShouldBeLessThanOrEqualTo(budget.Capacity);
        time.Advance(TimeSpan.FromSeconds(1));
        var refused = 0;
        for (var i = 0; i < puts.Length; i++)
        {
            if (puts[i].IsCompleted || i >= (budget.Capacity - reserved) / 400_000) await Should.ThrowAsync<OverloadedException>(() => puts[i]);
            if (puts[i].IsFaulted) refused++;
        }
        refused.ShouldBeInRange(20, 40);

        for (var i = 0; i < puts.Length; i++)
        {
            if (puts[i].IsFaulted) continue;
            await clients[i].Writer.WriteAsync(bytes);
            await clients[i].Writer.CompleteAsync();
            (await puts[i]).Outcome.ShouldBe(CommitOutcome.Done);
        }
        budget.Used.ShouldBe(reserved);
    }

    /// <summary>One run of 1 MiB, coded, while memory is plenty; one stripe when it is short; and the table.</summary>
    [Theory]
    [InlineData(96, 7 * 262_144 + 65_536)]
    [InlineData(32, 8 * 65_536 + 65_536)]
    public async Task PutObject_SlowClient_HoldsOneBufferOnly(int budgetMebibytes, int heldMax)
    {
        await using var world = new ObjectWorld(new Geometry(4, 2), new ObjectLayerOptions { BufferBytes = budgetMebibytes * 1024 * 1024 });
        var reserved = world.Layer.Buffers.Budget.Used;
        var bytes = ObjectWorld.Bytes(40 * 65_520);
        var client = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        var put = PutAsync(world, new ObjectBody(client.Reader, bytes.Length, null, null), "key");
        for (var offset = 0; offset < bytes.Length; offset += 65_520)
        {
            await client.Writer.WriteAsync(bytes.AsMemory(offset, 65_520));
            (world.Layer.Buffers.Budget.Used - reserved).ShouldBeLessThanOrEqualTo(heldMax);
        }
        await client.Writer.CompleteAsync();
        (await put).Outcome.ShouldBe(CommitOutcome.Done);
        world.Layer.Buffers.Budget.Used.ShouldBe(reserved);
    }

    [Fact]
    public async Task Read_ClientStopsTaking_HoldsNoMoreThanAReadAhead()
    {
        await using var world = new ObjectWorld(new Geometry(4, 2));
        var reserved = world.Layer.Buffers.Budget.Used;
        var version = await world.PutAsync(ObjectWorld.Bytes(40 * 65_520));
        await using (var reader = await world.Layer.OpenAsync(version, CancellationToken.None))
        {
            var client = new Pipe(new PipeOptions(pauseWriterThreshold: 300_000, resumeWriterThreshold: 150_000));
            using var cancellation = new CancellationTokenSource();
            var read = reader.CopyToAsync(0, version.Size, client.Writer, cancellation.Token).AsTask();
            var first = await client.Reader.ReadAsync();
            first.Buffer.Length.ShouldBeLessThan(1_000_000);
            (world.Layer.Buffers.Budget.Used - reserved).ShouldBeLessThanOrEqualTo(2 * 4 * 65_536);
            await cancellation.CancelAsync();
            await Should.ThrowAsync<OperationCanceledException>(() => read);
        }
        while (world.Layer.Buffers.Budget.Used != reserved) await Task.Delay(1);
        world.Pins.Count.ShouldBe(0);
    }

    /// <summary>What lies in memory needs no buffer of the layer's, but the writer takes some for it.</summary>
    [Fact]
    public async Task Read_InMemoryAndBudgetUsedUp_IsSentAwayAndHoldsNothing()
    {
        var time = new ManualTime();
        await using var world = new ObjectWorld(new Geometry(4, 2), null, time);
        var budget = world.Layer.Buffers.Budget;
        var reserved = budget.Used;
        var version = await world.PutAsync(ObjectWorld.Bytes(1000));
        var rest = budget.Capacity - reserved - 1000;
        budget.TryAcquire(rest).ShouldBeTrue();
        await using (var reader = await world.Layer.OpenAsync(version, CancellationToken.None))
        {
            var client = new Pipe();
            var read = reader.CopyToAsync(0, version.Size, client.Writer, CancellationToken.None).AsTask();
            read.IsCompleted.ShouldBeFalse();
            time.Advance(MemoryBudget.AdmissionWait);
            await Should.ThrowAsync<OverloadedException>(() => read);
            client.Writer.UnflushedBytes.ShouldBe(0);
        }
        budget.Release(rest);
        (await world.GetAsync(version)).Length.ShouldBe(1000);
        budget.Used.ShouldBe(reserved);
    }

    [Fact]
    public async Task Read_ManyAtOnceWithLittleMemory_AllSucceed()
    {
        await using var world = new ObjectWorld(new Geometry(4, 2), new ObjectLayerOptions { BufferBytes = 32 * 1024 * 1024 });
        var reserved = world.Layer.Buffers.Budget.Used;
        var bytes = ObjectWorld.Bytes(10 * 65_520);
        var version = await world.PutAsync(bytes);
        var reads = Enumerable.Range(0, 100).Select(_ => world.GetAsync(version)).ToArray();
        foreach (var read in reads) (await read).AsSpan().SequenceEqual(bytes).ShouldBeTrue();
        while (world.Layer.Buffers.Budget.Used != reserved) await Task.Delay(1);
    }

    private static Task<PutResult> PutAsync(ObjectWorld world, ObjectBody body, string key) =>
        world.Layer.PutObjectAsync(ObjectWorld.Bucket, key, "owner", "STANDARD", ObjectAttributes.Empty, body, WriteConditions.None, CancellationToken.None).AsTask();
}
