using Oort.Backends.Arweave.Tests.Peers;
using Oort.Backends.Arweave.Tests.Support;
using Shouldly;

namespace Oort.Backends.Arweave.Tests;

/// <summary>What is read back, and from whom it is believed.</summary>
public sealed class GatewayReadTests
{
    private static readonly byte[] data = Vectors.Pattern(100_000);

    private static CancellationToken None => CancellationToken.None;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Read_AnyRange_IsThatRange(bool servesRanges)
    {
        await using var world = ArweaveWorld.Bundled();
        foreach (var gateway in world.Gateways) gateway.ServesRanges = servesRanges;
        var item = await SealedAsync(world);
        foreach (var (offset, count) in new[] { (0, 1), (0, 100_000), (1, 65_536), (99_999, 1), (99_990, 100), (100_000, 10), (200_000, 10), (50_000, 0) })
        {
            var destination = new byte[count];
            var read = await world.Backend.ReadAsync(item.Receipt!, offset, destination, None);
            read.ShouldBe(Math.Clamp(100_000 - offset, 0, count));
            destination[..read].ShouldBe(data.Skip(offset).Take(count));
        }
    }

    [Fact]
    public async Task Read_FirstGatewayBreaksOffOrIsAway_GoesByTheSecond()
    {
        await using var world = ArweaveWorld.Bundled();
        var item = await SealedAsync(world);
        var destination = new byte[50_000];
        world.Gateways[0].BreaksOffAfter = 20_000;
        (await world.Backend.ReadAsync(item.Receipt!, 10, destination, None)).ShouldBe(50_000);
        destination.ShouldBe(data[10..50_010]);
        world.Gateways[0].Answers("raw", 404);
        (await world.Backend.ReadAsync(item.Receipt!, 20, destination, None)).ShouldBe(50_000);
        destination.ShouldBe(data[20..50_020]);
        // One has it not, and the other cannot say.
        world.Gateways[1].Answers("raw", 500);
        (await Should.ThrowAsync<BackendException>(async () => await world.Backend.ReadAsync(item.Receipt!, 20, destination, None))).Kind.ShouldBe(BackendErrorKind.Transient);
        world.Gateways[1].Answers("raw", 404);
        (await Should.ThrowAsync<BackendException>(async () => await world.Backend.ReadAsync(item.Receipt!, 20, destination, None))).Kind.ShouldBe(BackendErrorKind.NotFound);
        (await world.Backend.VerifyAsync(item, VerifyDepth.Exists, None)).IsThere.ShouldBeFalse();
    }

    [Theory]
    [InlineData("bytes 0-9/100000")]
    [InlineData("bytes 11-20/100000")]
    [InlineData("lines 10-19/100000")]
    [InlineData("bytes 10-19/*")]
    [InlineData("")]
    public async Task Read_AnswerOfAnotherRange_IsNotTaken(string range)
    {
        await using var world = ArweaveWorld.Bundled();
        var item = await SealedAsync(world);
        foreach (var gateway in world.Gateways)
        {
            gateway.Fault = async context =>
            {
                context.Response.StatusCode = 206;
                if (range.Length > 0) context.Response.Headers.ContentRange = range;
                await context.Response.Body.WriteAsync(new byte[10]);
                return true;
            };
        }

        (await Should.ThrowAsync<BackendException>(async () => await world.Backend.ReadAsync(item.Receipt!, 10, new byte[10], None))).Kind.ShouldBe(BackendErrorKind.Transient);
    }

    [Fact]
    public async Task Read_NothingMoves_IsGivenUp()
    {
        await using var world = ArweaveWorld.Bundled(options => options with { Gateways = [options.Gateways[0]] });
        var item = await SealedAsync(world);
        var there = world.Gateways[0].Hangs("raw");
        var read = world.Backend.ReadAsync(item.Receipt!, 0, new byte[1], None).AsTask();
        await there;
        world.Time.Advance(ArweaveWorld.Stall);
        (await Should.ThrowAsync<BackendException>(() => read)).Kind.ShouldBe(BackendErrorKind.Transient);
        using var caller = new CancellationTokenSource();
        there = world.Gateways[0].Hangs("raw");
        read = world.Backend.ReadAsync(item.Receipt!, 0, new byte[1], caller.Token).AsTask();
        await there;
        await caller.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => read);
    }

    [Fact]
    public async Task Seal_OtherBytesOrFewer_IsNotSealedUntilOneServesTheItem()
    {
        await using var world = ArweaveWorld.Bundled();
        var source = new MemorySource(data);
        var item = await ConfirmedAsync(world, source);
        foreach (var change in (Func<byte[], byte[]>[])[bytes => [.. bytes[..^1], (byte)~bytes[^1]], bytes => bytes[..^1], bytes => [.. bytes, 0], _ => []])
        {
            foreach (var gateway in world.Gateways) gateway.Data = change;
            item = await world.StepAsync(item, source);
            (item.State, item.NextStep).ShouldBe((ItemState.Confirmed, world.Time.GetUtcNow() + world.Options.PollInterval));
        }

        foreach (var gateway in world.Gateways) (gateway.Data, gateway.BreaksOffAfter) = (bytes => bytes, 30_000);
        item = await world.StepAsync(item, source);
        (item.State, item.IsCopy).ShouldBe((ItemState.Retrying, false));
        world.Gateways[1].BreaksOffAfter = null;
        (await world.StepAsync(item, source)).State.ShouldBe(ItemState.Sealed);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Seal_NeverServed_IsGivenUp(bool isWrong)
    {
        await using var world = ArweaveWorld.Bundled();
        var source = new MemorySource(data);
        var item = await world.RunAsync(source.Item(), source, ItemState.Accepted);
        // However long the bundler takes: patience begins when it says that it is done.
        world.Time.Advance(2 * world.Options.SealPatience);
        world.Bundler.Bundle();
        world.Weave.Mine(20);
        item = await world.RunAsync(item, source, ItemState.Confirmed);
        foreach (var gateway in world.Gateways)
        {
            if (isWrong) gateway.Data = _ => new byte[100_000];
            else gateway.Answers("raw", 404);
        }

        world.Time.Advance(world.Options.SealPatience - TimeSpan.FromHours(1));
        item = await world.StepAsync(item, source);
        item.State.ShouldBe(ItemState.Confirmed);
        world.Time.Advance(TimeSpan.FromHours(2));
        (await world.StepAsync(item, source)).State.ShouldBe(ItemState.FailedFinal);
    }

    [Fact]
    public async Task Seal_ServedOnlyByWhomItWasSentTo_IsNotSealed()
    {
        await using var weave = ArweaveWorld.Direct();
        var node = weave.Nodes[0];
        await using var world = ArweaveWorld.Direct(options => options with { Nodes = [node.Endpoint], Gateways = [node.Endpoint, options.Gateways[0]] });
        var source = new MemorySource(data);
        node.Fault = async context =>
        {
            if (!context.Request.Path.StartsWithSegments("/raw")) return false;
            await context.Response.Body.WriteAsync(data);
            return true;
        };
        var item = await weave.RunAsync(source.Item(), source, ItemState.Confirmed);
        // Who took it serves it; the other gateway, of another weave, has never heard of it.
        (await world.Backend.VerifyAsync(item, VerifyDepth.Full, None)).IsThere.ShouldBeTrue();
        (await world.StepAsync(item, source)).State.ShouldBe(ItemState.Confirmed);
    }

    [Fact]
    public async Task Read_OfAnotherLength_IsNotTaken()
    {
        await using var world = ArweaveWorld.Bundled();
        var item = await SealedAsync(world);
        foreach (var servesRanges in (bool[])[true, false])
        {
            foreach (var change in (Func<byte[], byte[]>[])[bytes => bytes[..^1], bytes => [.. bytes, 0], bytes => bytes[..50]])
            {
                foreach (var gateway in world.Gateways) (gateway.Data, gateway.ServesRanges) = (change, servesRanges);
                (await Should.ThrowAsync<BackendException>(async () => await world.Backend.ReadAsync(item.Receipt!, 100, new byte[10], None))).Kind.ShouldBe(BackendErrorKind.Corrupt);
                // One that serves the item is enough.
                world.Gateways[1].Data = bytes => bytes;
                (await world.Backend.ReadAsync(item.Receipt!, 100, new byte[10], None)).ShouldBe(10);
            }
        }
    }

    [Fact]
    public async Task Sealed_GatewaysAway_IsACopyAsLongAsTheyAre()
    {
        await using var world = ArweaveWorld.Bundled();
        var item = await SealedAsync(world);
        var source = new MemorySource(data);
        // One has it not; the other cannot say, however long.
        world.Gateways[0].Answers("raw", 404);
        world.Gateways[1].Answers("raw", 503);
        for (var look = 0; look < 200; look++)
        {
            item = await world.StepAsync(item, source);
            (item.State, item.IsCopy).ShouldBe((ItemState.Retrying, true));
        }

        world.Gateways[1].Fault = null;
        (await world.StepAsync(item, source)).State.ShouldBe(ItemState.Sealed);
        world.Gateways[1].Answers("raw", 404);
        (await world.StepAsync(item, source)).State.ShouldBe(ItemState.FailedFinal);
    }

    [Fact]
    public async Task Verify_AnswerWithoutAnEnd_IsBrokenOff()
    {
        const int sizeMax = 256 << 20;
        await using var world = ArweaveWorld.Bundled(options => options with { Gateways = [options.Gateways[0]] });
        var item = await SealedAsync(world);
        using var caller = new CancellationTokenSource();
        world.Gateways[0].Fault = async context =>
        {
            var bytes = new byte[1 << 20];
            for (var sent = 0; !context.RequestAborted.IsCancellationRequested; sent += bytes.Length)
            {
                // Whoever still reads would read for ever.
                if (sent >= sizeMax) await caller.CancelAsync();
                await context.Response.Body.WriteAsync(bytes, context.RequestAborted);
            }

            return true;
        };
        (await world.Backend.VerifyAsync(item, VerifyDepth.Full, caller.Token)).IsThere.ShouldBeFalse();
    }

    [Fact]
    public async Task Delete_Ever_IsUndeletable()
    {
        await using var world = ArweaveWorld.Bundled();
        var item = await SealedAsync(world);
        var requests = world.Gateways[0].Requests.Count;
        (await world.Backend.DeleteAsync(item, None)).ShouldBe((DeleteOutcome.Undeletable, null));
        world.Gateways[0].Requests.Count.ShouldBe(requests, "there is nobody to be asked");
        (world.Backend.Traits.Retention, world.Backend.Traits.IsPublic).ShouldBe((Retention.Permanent, true));
    }

    [Fact]
    public async Task Step_SourceIsNotTheItem_SendsNothing()
    {
        await using var world = ArweaveWorld.Bundled();
        var item = new MemorySource(data).Item();
        (await world.StepAsync(item, new MemorySource(data[..^1]))).State.ShouldBe(ItemState.FailedFinal);
        (await world.StepAsync(item, new MemorySource(new byte[data.Length]))).State.ShouldBe(ItemState.FailedFinal);
        (await world.StepAsync(item with { Length = 3L << 30 }, new MemorySource(data))).State.ShouldBe(ItemState.FailedFinal);
        world.Bundler.Requests.ShouldBeEmpty();
    }

    private static async Task<NetworkItem> ConfirmedAsync(ArweaveWorld world, MemorySource source)
    {
        var item = await world.RunAsync(source.Item(), source, ItemState.Accepted);
        world.Bundler.Bundle();
        world.Weave.Mine(20);
        return await world.RunAsync(item, source, ItemState.Confirmed);
    }

    private static async Task<NetworkItem> SealedAsync(ArweaveWorld world)
    {
        var source = new MemorySource(data);
        return await world.RunAsync(await ConfirmedAsync(world, source), source, ItemState.Sealed);
    }
}
