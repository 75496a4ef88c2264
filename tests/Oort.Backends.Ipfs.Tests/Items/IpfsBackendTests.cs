using System.ComponentModel.DataAnnotations;
using Oort.Backends.Ipfs.Tests.Support;

namespace Oort.Backends.Ipfs.Tests.Items;

public sealed class IpfsBackendTests : IAsyncLifetime
{
    private const string Token = "the-node-secret";

    private readonly HangingTime time = new();
    private NodePeer node = null!;
    private GatewayPeer gateway = null!;
    private GatewayPeer second = null!;

    public async ValueTask InitializeAsync()
    {
        node = await NodePeer.RunAsync();
        node.Admits = sent => sent == $"Bearer {Token}";
        gateway = await GatewayPeer.RunAsync(name => node.Block(name));
        second = await GatewayPeer.RunAsync(name => node.Block(name));
        foreach (var peer in new PeerServer[] { node, gateway, second }) peer.Hanging = time.Expire;
    }

    public async ValueTask DisposeAsync()
    {
        await node.DisposeAsync();
        await gateway.DisposeAsync();
        await second.DisposeAsync();
    }

    public static TheoryData<int> Sizes => [1, 1000, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 5_000_000];

    [Theory]
    [MemberData(nameof(Sizes))]
    public async Task Item_TakenThroughItsSteps_IsSealedReadAndDeleted(int size)
    {
        await using var backend = Backend();
        var bytes = Bytes.Of(size);
        var item = await backend.UntilAsync(Support.Items.Of(bytes), bytes, ItemState.Sealed, time);

        item.Receipt!.Address.ShouldBe(NaiveUnixFs.Text(NaiveUnixFs.Build(bytes, UnixFsProfile.V2025).Root));
        NaiveUnixFs.Read(Convert.ToHexStringLower(item.Receipt.Locator.Span), node.Blocks).ShouldEqual(bytes);
        node.Pins.ShouldBe([Convert.ToHexStringLower(item.Receipt.Locator.Span)]);
        gateway.Calls.ShouldNotBeEmpty();
        (await backend.ReadAsync(item, 0, size)).ShouldEqual(bytes);
        var random = new Random(size);
        for (var i = 0; i < 10; i++)
        {
            var (from, count) = (random.Next(size), random.Next(1, 100_000));
            (await backend.ReadAsync(item, from, count)).ShouldEqual(bytes.AsSpan(from..Math.Min(size, from + count)));
        }

        (await backend.ReadAsync(item, size, 10)).ShouldBeEmpty();
        (await backend.ReadAsync(item, size - 1, 10)).ShouldEqual(bytes.AsSpan(^1..));
        foreach (var depth in Enum.GetValues<VerifyDepth>())
        {
            var evidence = await backend.VerifyAsync(item, depth, CancellationToken.None);
            evidence.IsThere.ShouldBeTrue();
            evidence.Checked.ShouldBe(depth switch { VerifyDepth.Exists => 0, VerifyDepth.Sample => Math.Min(size, 65536), _ => size });
        }

        // A day later it is looked at again.
        time.TurnTo(item.NextStep);
        item = await backend.StoredAsync(item, bytes);
        item.State.ShouldBe(ItemState.Sealed);
        item.NextStep.ShouldBe(time.GetUtcNow() + TimeSpan.FromDays(1));

        (await backend.DeleteAsync(item, CancellationToken.None)).Outcome.ShouldBe(DeleteOutcome.Deleted);
        (await backend.DeleteAsync(item, CancellationToken.None)).Outcome.ShouldBe(DeleteOutcome.Deleted);
        node.Pins.ShouldBeEmpty();
    }

    [Fact]
    public async Task Item_WithoutGateways_IsReadBackFromTheNode()
    {
        await using var backend = Backend(options => options with { Gateways = [] });
        var bytes = Bytes.Of(3_000_000);
        await backend.UntilAsync(Support.Items.Of(bytes), bytes, ItemState.Sealed, time);
        node.Count("block/get").ShouldBeGreaterThanOrEqualTo(4);
        gateway.Calls.ShouldBeEmpty();
    }

    [Fact]
    public async Task Item_OfOtherBytesThanItsHash_IsNotSent()
    {
        await using var backend = Backend();
        var bytes = Bytes.Of(2_000_000);
        var item = Support.Items.Of(bytes);
        (await backend.FailsAsync(item, bytes.Flipped(5))).Kind.ShouldBe(BackendErrorKind.Corrupt);
        (await backend.FailsAsync(item, bytes[..^1])).Kind.ShouldBe(BackendErrorKind.Corrupt);
        node.Calls.ShouldBeEmpty();

        // The source changes between naming and sending.
        item = await backend.StoredAsync(item, bytes);
        foreach (var other in new[] { bytes.Flipped(5), bytes.Flipped(1_999_999), bytes[..^1] }) (await backend.FailsAsync(item, other)).Kind.ShouldBe(BackendErrorKind.Corrupt);
        node.Pins.ShouldBeEmpty();
        item = await backend.StoredAsync(item, bytes);
        item.State.ShouldBe(ItemState.Accepted);

        var small = Bytes.Of(20);
        var named = await backend.StoredAsync(Support.Items.Of(small), small);
        (await backend.FailsAsync(named, small.Flipped(5))).Kind.ShouldBe(BackendErrorKind.Corrupt);
        (await backend.FailsAsync(Support.Items.Of(small) with { Length = 2L << 30 }, small)).Kind.ShouldBe(BackendErrorKind.Permanent);
    }

    [Theory]
    [InlineData(Fault.Error, BackendErrorKind.Transient)]
    [InlineData(Fault.Throttled, BackendErrorKind.Throttled)]
    [InlineData(Fault.Refused, BackendErrorKind.Unauthorized)]
    [InlineData(Fault.Full, BackendErrorKind.Full)]
    [InlineData(Fault.Hang, BackendErrorKind.Transient)]
    [InlineData(Fault.Stuck, BackendErrorKind.Transient)]
    [InlineData(Fault.Cut, BackendErrorKind.Transient)]
    [InlineData(Fault.Page, BackendErrorKind.Transient)]
    [InlineData(Fault.Elsewhere, BackendErrorKind.Transient)]
    [InlineData(Fault.Endless, BackendErrorKind.Transient)]
    [InlineData(Fault.Late, BackendErrorKind.Transient)]
    public async Task Step_NodeThatFails_SaysTheKindAndNoSecretAndGoesOnAfterwards(Fault fault, BackendErrorKind kind)
    {
        await using var backend = Backend();
        foreach (var size in new[] { 1000, 2_500_000 })
        {
            var bytes = Bytes.Of(size);
            var item = await backend.StoredAsync(Support.Items.Of(bytes, size), bytes);
            foreach (var state in new[] { ItemState.Uploading, ItemState.Accepted, ItemState.Confirmed })
            {
                item.State.ShouldBe(state);
                node.Faults = _ => fault;
                var failure = await backend.FailsAsync(item, bytes);
                failure.Kind.ShouldBe(kind, failure.Message);
                failure.ToString().ShouldNotContain(Token);
                failure.Message.Any(char.IsControl).ShouldBeFalse(failure.Message);
                failure.Message.ShouldContain(node.Address.Authority);
                if (fault == Fault.Late) failure.Message.ShouldContain("it failed after all");
                if (fault == Fault.Elsewhere) failure.Message.ShouldContain("301");
                var failed = ItemStates.Failed(item, failure, time.GetUtcNow());
                failed.IsBesideTheWay.ShouldBeTrue();

                node.Faults = _ => null;
                item = await backend.StoredAsync(failed, bytes);
            }

            item.State.ShouldBe(ItemState.Sealed);
        }
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(2_500_000)]
    public async Task Step_NodeThatAnswersAnotherName_IsCorrupt(int size)
    {
        await using var backend = Backend();
        var bytes = Bytes.Of(size);
        var item = await backend.StoredAsync(Support.Items.Of(bytes), bytes);
        node.AnswersOtherNames = true;
        (await backend.FailsAsync(item, bytes)).Kind.ShouldBe(BackendErrorKind.Corrupt);
    }

    [Fact]
    public async Task Step_ImportThatDidNotPin_IsAFailure()
    {
        await using var backend = Backend();
        var bytes = Bytes.Of(2_500_000);
        var item = await backend.StoredAsync(Support.Items.Of(bytes), bytes);
        node.PinError = "pin: no space left on device";
        (await backend.FailsAsync(item, bytes)).Kind.ShouldBe(BackendErrorKind.Full);
        node.PinError = "pin: something";
        (await backend.FailsAsync(item, bytes)).Kind.ShouldBe(BackendErrorKind.Transient);
    }

    [Fact]
    public async Task Item_ThatTheNodeLostOnItsWay_IsSentAgainAndNotAtOnce()
    {
        await using var backend = Backend();
        var bytes = Bytes.Of(2_500_000);
        var item = await backend.UntilAsync(Support.Items.Of(bytes), bytes, ItemState.Accepted, time);
        node.Pins.Clear();
        item = await backend.StoredAsync(item, bytes);
        item.State.ShouldBe(ItemState.Planned);
        item.NextStep.ShouldBeGreaterThan(time.GetUtcNow());

        item = await backend.UntilAsync(item, bytes, ItemState.Confirmed, time);
        node.LoseBlocks(_ => true);
        node.Pins.Clear();
        item = await backend.StoredAsync(item, bytes);
        item.State.ShouldBe(ItemState.Pending);
        item = await backend.StoredAsync(item, bytes);
        item.State.ShouldBe(ItemState.Planned);
        await backend.UntilAsync(item, bytes, ItemState.Sealed, time);
    }

    [Theory]
    [InlineData(Fault.WrongBytes)]
    [InlineData(Fault.Short)]
    [InlineData(Fault.Long)]
    [InlineData(Fault.Cut)]
    [InlineData(Fault.Error)]
    [InlineData(Fault.Throttled)]
    [InlineData(Fault.Hang)]
    [InlineData(Fault.Stuck)]
    [InlineData(Fault.Page)]
    [InlineData(Fault.Elsewhere)]
    [InlineData(Fault.Endless)]
    public async Task Seal_GatewayThatFails_WaitsOrTakesTheNextOne(Fault fault)
    {
        foreach (var size in new[] { 1000, 2_500_000 })
        {
            var bytes = Bytes.Of(size);
            await using var one = Backend(options => options with { Gateways = [new(gateway.Address)] });
            var item = await one.UntilAsync(Support.Items.Of(bytes, size), bytes, ItemState.Confirmed, time);
            gateway.Faults = _ => fault;
            if (size > 1 << 20 && fault is (Fault.Long or Fault.Endless))
            {
                // What comes behind the last block that is wanted is never looked at.
                (await one.StoredAsync(item, bytes)).State.ShouldBe(ItemState.Sealed);
                gateway.Faults = _ => null;
                continue;
            }

            var failure = await one.FailsAsync(item, bytes);
            failure.Kind.ShouldBe(fault == Fault.Throttled ? BackendErrorKind.Throttled : BackendErrorKind.Transient, failure.Message);

            await using var both = Backend();
            (await both.StepAsync(item, new ArraySource(bytes), CancellationToken.None)).State.ShouldBe(ItemState.Sealed);
            second.Calls.ShouldNotBeEmpty();
            gateway.Faults = _ => null;
            (await one.StoredAsync(item, bytes)).State.ShouldBe(ItemState.Sealed);
        }
    }

    [Fact]
    public async Task Seal_GatewayWithoutTheItem_Waits()
    {
        await using var lost = await GatewayPeer.RunAsync(_ => null);
        await using var part = await GatewayPeer.RunAsync(name => name.StartsWith("0170", StringComparison.Ordinal) ? node.Block(name) : null);
        foreach (var peer in new[] { lost, part })
        {
            await using var backend = Backend(options => options with { Gateways = [new(peer.Address)] });
            var bytes = Bytes.Of(2_500_000);
            var item = await backend.UntilAsync(Support.Items.Of(bytes), bytes, ItemState.Confirmed, time);
            (await backend.FailsAsync(item, bytes)).Kind.ShouldBe(BackendErrorKind.Transient);
        }
    }

    [Fact]
    public async Task Seal_NodeThatLostABlock_FailsForGood()
    {
        await using var alone = Backend(options => options with { Gateways = [] });
        await FailsAsync(alone, Bytes.Of(2_500_000));
        // Its gateway gets it from there: no waiting helps.
        await using var backend = Backend();
        await FailsAsync(backend, Bytes.Of(2_500_001));
    }

    private async Task FailsAsync(IpfsBackend backend, byte[] bytes)
    {
        var item = await backend.UntilAsync(Support.Items.Of(bytes), bytes, ItemState.Confirmed, time);
        node.LoseBlocks(name => name.StartsWith("0155", StringComparison.Ordinal));
        var failure = await backend.FailsAsync(item, bytes);
        failure.Kind.ShouldBe(BackendErrorKind.NotFound);
        ItemStates.Failed(item, failure, time.GetUtcNow()).State.ShouldBe(ItemState.FailedFinal);
    }

    [Fact]
    public async Task Sealed_LostOrDamagedAtTheNode_IsSeenAtEveryDepthAndReadFromAGateway()
    {
        var kept = new Dictionary<string, byte[]>();
        await using var other = await GatewayPeer.RunAsync(name => kept.GetValueOrDefault(name));
        await using var backend = Backend(options => options with { Gateways = [new(gateway.Address), new(other.Address)] });
        await using var alone = Backend(options => options with { Gateways = [] });
        var bytes = Bytes.Of(2_500_000);
        var item = await backend.UntilAsync(Support.Items.Of(bytes), bytes, ItemState.Sealed, time);
        foreach (var (name, block) in node.Blocks) kept[name] = block;

        // No longer pinned, though garbage has not been collected yet.
        var pins = node.Pins.ToList();
        node.Pins.Clear();
        (await backend.FailsAsync(item, bytes)).Kind.ShouldBe(BackendErrorKind.NotFound);
        (await backend.VerifyAsync(item, VerifyDepth.Exists, CancellationToken.None)).IsThere.ShouldBeFalse();
        foreach (var pin in pins) node.Pins.Add(pin);

        // Damaged: other bytes under every leaf's name.
        foreach (var name in kept.Keys.Where(name => name.StartsWith("0155", StringComparison.Ordinal))) node.Blocks[name] = kept[name].Flipped(0);
        (await alone.VerifyAsync(item, VerifyDepth.Exists, CancellationToken.None)).IsThere.ShouldBeTrue();
        foreach (var depth in new[] { VerifyDepth.Sample, VerifyDepth.Full }) (await alone.VerifyAsync(item, depth, CancellationToken.None)).IsThere.ShouldBeFalse();
        (await Should.ThrowAsync<BackendException>(() => alone.ReadAsync(item, 5, 5))).Kind.ShouldBe(BackendErrorKind.Corrupt);
        (await backend.FailsAsync(item, bytes)).Kind.ShouldBe(BackendErrorKind.Corrupt);
        (await backend.ReadAsync(item, 1_000_000, 100_000)).ShouldEqual(bytes.AsSpan(1_000_000..1_100_000));

        // Lost.
        node.LoseBlocks(_ => true);
        node.Pins.Clear();
        foreach (var depth in Enum.GetValues<VerifyDepth>()) (await alone.VerifyAsync(item, depth, CancellationToken.None)).IsThere.ShouldBeFalse();
        (await Should.ThrowAsync<BackendException>(() => alone.ReadAsync(item, 5, 5))).Kind.ShouldBe(BackendErrorKind.NotFound);
        (await backend.FailsAsync(item, bytes)).Kind.ShouldBe(BackendErrorKind.NotFound);
        (await backend.ReadAsync(item, 0, bytes.Length)).ShouldEqual(bytes);

        // Away: nothing is known, and the item remains a copy.
        node.Faults = _ => Fault.Error;
        foreach (var depth in Enum.GetValues<VerifyDepth>())
            (await Should.ThrowAsync<BackendException>(async () => await alone.VerifyAsync(item, depth, CancellationToken.None))).Kind.ShouldBe(BackendErrorKind.Transient);
        ItemStates.Failed(item, await backend.FailsAsync(item, bytes), time.GetUtcNow()).IsCopy.ShouldBeTrue();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Read_GatewayThatBreaksOffOrSendsMore_IsWhole(bool sendsAll)
    {
        await using var backend = Backend();
        var bytes = Bytes.Of(6_000_000);
        var item = await backend.UntilAsync(Support.Items.Of(bytes), bytes, ItemState.Sealed, time);
        node.Faults = _ => Fault.Error;
        gateway.SendsAll = sendsAll;
        if (!sendsAll) gateway.Faults = _ => Fault.Cut;
        var random = new Random(3);
        for (var i = 0; i < 5; i++)
        {
            var (from, count) = (random.Next(bytes.Length), random.Next(1, 3_000_000));
            (await backend.ReadAsync(item, from, count)).ShouldEqual(bytes.AsSpan(from..Math.Min(bytes.Length, from + count)));
        }
    }

    [Fact]
    public async Task Delete_AfterACrashBeforeTheReceipt_UnpinsWhatWasSent()
    {
        await using var backend = Backend();
        var bytes = Bytes.Of(2_500_000);
        var item = Support.Items.Of(bytes);
        (await backend.DeleteAsync(item, CancellationToken.None)).Outcome.ShouldBe(DeleteOutcome.Deleted);
        item = await backend.StoredAsync(item, bytes);
        await backend.StepAsync(item, new ArraySource(bytes), CancellationToken.None);
        node.Pins.Count.ShouldBe(1);
        (await backend.DeleteAsync(item, CancellationToken.None)).Outcome.ShouldBe(DeleteOutcome.Deleted);
        node.Pins.ShouldBeEmpty();
    }

    [Fact]
    public async Task Item_WhoseCidIsAnotherFiles_IsNeverSealedAndNotThere()
    {
        await using var backend = Backend();
        await using var alone = Backend(options => options with { Gateways = [] });
        var bytes = Bytes.Of(2_500_000);
        var item = await backend.UntilAsync(Support.Items.Of(bytes), bytes, ItemState.Confirmed, time);
        // The blocks are what they are called, and the file is whole: what is wrong is that it is not the item.
        foreach (var other in new[] { item with { Length = item.Length - 1 }, item with { Length = item.Length + 1 }, item with { Sha256 = Support.Items.Of([1]).Sha256 } })
        {
            foreach (var each in new[] { backend, alone })
            {
                var failure = await each.FailsAsync(other, bytes);
                ItemStates.Failed(other, failure, time.GetUtcNow()).State.ShouldBe(ItemState.FailedFinal, failure.Message);
                (await each.VerifyAsync(other, VerifyDepth.Full, CancellationToken.None)).IsThere.ShouldBeFalse();
                // A sample knows nothing of the whole's hash.
                if (other.Length != item.Length) (await each.VerifyAsync(other, VerifyDepth.Sample, CancellationToken.None)).IsThere.ShouldBeFalse();
            }
        }
    }

    [Fact]
    public async Task Refusal_InTheWordsOfAnAbsence_IsARefusal()
    {
        await using var backend = Backend();
        var bytes = Bytes.Of(1000);
        var item = await backend.UntilAsync(Support.Items.Of(bytes), bytes, ItemState.Accepted, time);
        node.Faults = _ => Fault.Denied;
        (await backend.FailsAsync(item, bytes)).Kind.ShouldBe(BackendErrorKind.Unauthorized);
        (await Should.ThrowAsync<BackendException>(async () => await backend.DeleteAsync(item, CancellationToken.None))).Kind.ShouldBe(BackendErrorKind.Unauthorized);
        (await Should.ThrowAsync<BackendException>(async () => await backend.VerifyAsync(item, VerifyDepth.Exists, CancellationToken.None))).Kind.ShouldBe(BackendErrorKind.Unauthorized);
        node.Pins.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Test_OfEachThingThatIsWrong_SaysIt()
    {
        await using var backend = Backend();
        await backend.TestAsync(CancellationToken.None);
        node.StorageMax = 0;
        (await FailureAsync(backend)).Kind.ShouldBe(BackendErrorKind.Full);
        node.StorageMax = 1000;
        gateway.Faults = _ => Fault.Page;
        (await FailureAsync(backend)).Message.ShouldContain("no trustless gateway");
        gateway.Faults = _ => null;
        await using var stranger = Backend(options => options with { Credentials = IpfsCredentials.Basic("somebody", "else-secret") });
        var failure = await FailureAsync(stranger);
        failure.Kind.ShouldBe(BackendErrorKind.Unauthorized);
        failure.ToString().ShouldNotContain("else-secret");
        await using var misplaced = Backend(options => options with { Node = gateway.Address });
        (await FailureAsync(misplaced)).Message.ShouldContain("405");
        await using var below = Backend(options => options with { Node = new(node.Address, "/below") });
        (await FailureAsync(below)).Kind.ShouldBe(BackendErrorKind.Transient);

        static Task<BackendException> FailureAsync(IpfsBackend backend) => Should.ThrowAsync<BackendException>(async () => await backend.TestAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Step_CancelledByItsCaller_IsNoFailure()
    {
        await using var backend = Backend();
        var bytes = Bytes.Of(1000);
        var item = await backend.StoredAsync(Support.Items.Of(bytes), bytes);
        node.Faults = _ => Fault.Hang;
        using var stop = new CancellationTokenSource();
        node.Hanging = stop.Cancel;
        await Should.ThrowAsync<OperationCanceledException>(async () => await backend.StepAsync(item, new ArraySource(bytes), stop.Token));
    }

    [Fact]
    public void Options_OutOfTheirRange_AreRefusedAndSecretsPrintAsStars()
    {
        var options = new IpfsOptions { Node = new("http://127.0.0.1:5001"), Credentials = IpfsCredentials.Bearer(Token) };
        options.ToString().ShouldNotContain(Token);
        options.ToString().ShouldContain("Bearer ***");
        IpfsOptions[] wrong =
        [
            options with { Node = new("ftp://x/") },
            options with { Node = new("http://user:secret@x/") },
            options with { Node = new("http://x/?token=secret") },
            options with { Node = new("/relative", UriKind.Relative) },
            options with { Gateways = [new(new("http://x/#y"))] },
            options with { StallTimeout = TimeSpan.Zero },
            options with { CheckInterval = TimeSpan.FromSeconds(-1) },
            options with { ConnectionCountMax = 0 },
        ];
        foreach (var each in wrong) Should.Throw<ValidationException>(() => new IpfsBackend(each, time), each.ToString());
        Should.Throw<ArgumentException>(() => IpfsCredentials.Bearer("two\nlines"));
        Should.Throw<ArgumentException>(() => IpfsCredentials.Bearer(""));
        Should.Throw<ArgumentException>(() => IpfsCredentials.Basic("a:b", "c"));
    }

    private IpfsBackend Backend(Func<IpfsOptions, IpfsOptions>? change = null)
    {
        var options = new IpfsOptions
        {
            Node = node.Address,
            Credentials = IpfsCredentials.Bearer(Token),
            Gateways = [new(gateway.Address), new(second.Address)],
            ConnectTimeout = TimeSpan.FromMinutes(10),
        };
        return new IpfsBackend(change?.Invoke(options) ?? options, time);
    }
}
