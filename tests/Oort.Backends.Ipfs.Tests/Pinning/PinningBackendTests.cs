using System.ComponentModel.DataAnnotations;
using Oort.Backends.Ipfs.Tests.Support;

namespace Oort.Backends.Ipfs.Tests.Pinning;

public sealed class PinningBackendTests : IAsyncLifetime
{
    private const string Token = "the-pinning-secret";

    private readonly HangingTime time = new();
    private readonly byte[] bytes = Bytes.Of(2_500_000);
    private NodePeer node = null!;
    private GatewayPeer gateway = null!;
    private PinningPeer service = null!;
    private bool isServed = true;

    public async ValueTask InitializeAsync()
    {
        node = await NodePeer.RunAsync();
        gateway = await GatewayPeer.RunAsync(name => isServed ? node.Block(name) : null);
        service = await PinningPeer.RunAsync();
        foreach (var peer in new PeerServer[] { node, gateway, service }) peer.Hanging = time.Expire;
    }

    public async ValueTask DisposeAsync()
    {
        await node.DisposeAsync();
        await gateway.DisposeAsync();
        await service.DisposeAsync();
    }

    [Fact]
    public async Task Item_EachStepTakenTwice_IsPaidOnceAndSealed()
    {
        await using var backend = Backend();
        var item = await backend.UntilAsync(Support.Items.Of(bytes), bytes, ItemState.Accepted, time);
        service.PaidCount.ShouldBe(1);
        var request = service.Requests.Single();
        item.Receipt!.Transaction.ShouldBe(request.Key);
        request.Value.Name.ShouldBe($"oort-{item.Id}");
        request.Value.Cid.ShouldBe(item.Receipt.Address);
        request.Value.Origins.ShouldBe(["/dns4/origin.example/tcp/4001"]);

        // It waits longer the longer it has waited, up to the most.
        var last = TimeSpan.Zero;
        foreach (var status in new[] { "queued", "queued", "pinning", "pinning", "pinning", "queued" })
        {
            service.Status = status;
            item = await backend.StoredAsync(item, bytes);
            item.State.ShouldBe(ItemState.Pending);
            var pause = item.NextStep - time.GetUtcNow();
            pause.ShouldBeGreaterThanOrEqualTo(last);
            pause.ShouldBeInRange(TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(30));
            last = pause;
            time.TurnTo(item.NextStep);
            time.Advance(TimeSpan.FromMinutes(7));
        }

        last.ShouldBeGreaterThan(TimeSpan.FromMinutes(5));
        time.Advance(TimeSpan.FromDays(9));
        ((await backend.StoredAsync(item, bytes)).NextStep - time.GetUtcNow()).ShouldBe(TimeSpan.FromMinutes(30));

        // Pinned is a claim until a gateway has given it.
        service.Status = "pinned";
        item = await backend.StoredAsync(item, bytes);
        item.State.ShouldBe(ItemState.Confirmed);
        isServed = false;
        (await backend.FailsAsync(item, bytes)).Kind.ShouldBe(BackendErrorKind.Transient);
        isServed = true;
        gateway.Faults = _ => Fault.WrongBytes;
        (await backend.FailsAsync(item, bytes)).Kind.ShouldBe(BackendErrorKind.Transient);
        gateway.Faults = _ => null;
        item = await backend.StoredAsync(item, bytes);
        item.State.ShouldBe(ItemState.Sealed);
        item.IsCopy.ShouldBeTrue();
        item.NextStep.ShouldBe(time.GetUtcNow() + TimeSpan.FromDays(1));
        time.TurnTo(item.NextStep);
        (await backend.StoredAsync(item, bytes)).State.ShouldBe(ItemState.Sealed);

        (await backend.ReadAsync(item, 0, bytes.Length)).ShouldEqual(bytes);
        foreach (var depth in Enum.GetValues<VerifyDepth>()) (await backend.VerifyAsync(item, depth, CancellationToken.None)).IsThere.ShouldBeTrue();
        service.PaidCount.ShouldBe(1);
        (await backend.DeleteAsync(item, CancellationToken.None)).Outcome.ShouldBe(DeleteOutcome.Deleted);
        service.Requests.ShouldBeEmpty();
        node.Pins.ShouldBeEmpty();
        (await backend.DeleteAsync(item, CancellationToken.None)).Outcome.ShouldBe(DeleteOutcome.Deleted);
    }

    [Fact]
    public async Task Restart_AfterTheRequestBeforeItsStoring_TakesTheSameRequest()
    {
        var item = Support.Items.Of(bytes);
        NetworkItem named;
        await using (var before = Backend())
        {
            named = await before.StoredAsync(item, bytes);
            await before.StepAsync(named, new ArraySource(bytes), CancellationToken.None);
        }

        // Whatever became of the request meanwhile.
        foreach (var status in new[] { "queued", "pinning", "pinned", "failed" })
        {
            service.Status = status;
            await using var after = Backend();
            var accepted = await after.StepAsync(named, new ArraySource(bytes), CancellationToken.None);
            accepted.Receipt!.Transaction.ShouldBe("request-1");
        }

        service.PaidCount.ShouldBe(1);

        // Another item of the same bytes is another request: deleting the one must not take the other's pin.
        await using var backend = Backend();
        service.Status = "queued";
        await backend.UntilAsync(Support.Items.Of(bytes, 8), bytes, ItemState.Accepted, time);
        service.PaidCount.ShouldBe(2);

        // And what was never stored is still deleted.
        (await backend.DeleteAsync(named, CancellationToken.None)).Outcome.ShouldBe(DeleteOutcome.Deleted);
        service.Requests.Keys.ShouldBe(["request-2"]);
    }

    [Fact]
    public async Task Request_OfAnotherNameOrAnotherFile_IsNotTakenAndNotDeleted()
    {
        await using var backend = Backend();
        var item = await backend.StoredAsync(Support.Items.Of(bytes), bytes);
        service.ListsAll = true;
        service.Requests["other-name"] = (item.CidOf().ToString(), "oort-another", []);
        service.Requests["other-file"] = (Cid.Of(BlockCodec.Raw, [1]).ToString(), $"oort-{item.Id}", []);
        item = await backend.StoredAsync(item, bytes);
        item.Receipt!.Transaction.ShouldBe("request-1");
        service.PaidCount.ShouldBe(1);
        (await backend.DeleteAsync(item, CancellationToken.None)).Outcome.ShouldBe(DeleteOutcome.Deleted);
        service.Requests.Keys.Order().ShouldBe(["other-file", "other-name"]);
    }

    [Fact]
    public async Task Request_ThatFailed_FailsTheItemWithTheServicesWords()
    {
        await using var backend = Backend();
        var item = await backend.UntilAsync(Support.Items.Of(bytes), bytes, ItemState.Accepted, time);
        service.Status = "failed";
        var failure = await backend.FailsAsync(item, bytes);
        failure.Kind.ShouldBe(BackendErrorKind.Permanent);
        failure.Message.ShouldContain("nobody has it");
        ItemStates.Failed(item, failure, time.GetUtcNow()).State.ShouldBe(ItemState.FailedFinal);
    }

    [Fact]
    public async Task Request_ThatFailedAtAServiceThatTriesAgain_IsWaitedForSoOften()
    {
        await using var backend = Backend(options => options with { FailedCountMax = 3 });
        var item = await backend.UntilAsync(Support.Items.Of(bytes), bytes, ItemState.Pending, time);
        foreach (var end in new[] { ItemState.Sealed, ItemState.FailedFinal })
        {
            service.Status = "failed";
            for (var i = 0; i < 3; i++)
            {
                await VerifyFailsAsync(ItemStates.Resumed(item));
                var failure = await backend.FailsAsync(ItemStates.Resumed(item), bytes);
                failure.Kind.ShouldBe(BackendErrorKind.Transient);
                item = ItemStates.Failed(item, failure, time.GetUtcNow());
                item.State.ShouldBe(ItemState.Retrying);
            }

            if (end == ItemState.FailedFinal) break;
            service.Status = "pinned";
            item = await backend.UntilAsync(item, bytes, end, time);
            item.FailureCount.ShouldBe(0);
        }

        item.IsCopy.ShouldBeTrue();
        var last = await backend.FailsAsync(ItemStates.Resumed(item), bytes);
        ItemStates.Failed(item, last, time.GetUtcNow()).State.ShouldBe(ItemState.FailedFinal);
        foreach (var depth in Enum.GetValues<VerifyDepth>()) (await backend.VerifyAsync(item, depth, CancellationToken.None)).IsThere.ShouldBeFalse();
        service.PaidCount.ShouldBe(1);

        async Task VerifyFailsAsync(NetworkItem looked) =>
            (await Should.ThrowAsync<BackendException>(async () => await backend.VerifyAsync(looked, VerifyDepth.Exists, CancellationToken.None))).Kind.ShouldBe(BackendErrorKind.Transient);
    }

    [Fact]
    public async Task Request_ThatTheServiceForgot_IsMadeAnewOnceAndNotAtOnce()
    {
        await using var backend = Backend();
        var item = await backend.UntilAsync(Support.Items.Of(bytes), bytes, ItemState.Accepted, time);
        service.Status = "pinned";
        item = await backend.UntilAsync(item, bytes, ItemState.Confirmed, time);
        service.Requests.Clear();
        item = await backend.StoredAsync(item, bytes);
        item.State.ShouldBe(ItemState.Pending);
        item = await backend.StoredAsync(item, bytes);
        item.State.ShouldBe(ItemState.Planned);
        item.NextStep.ShouldBeGreaterThan(time.GetUtcNow());
        item = await backend.UntilAsync(item, bytes, ItemState.Sealed, time);
        service.PaidCount.ShouldBe(2);

        // Sealed and then gone is for good.
        service.Status = "pinning";
        (await backend.FailsAsync(item, bytes)).Kind.ShouldBe(BackendErrorKind.Transient);
        service.Requests.Clear();
        (await backend.FailsAsync(item, bytes)).Kind.ShouldBe(BackendErrorKind.NotFound);
        foreach (var depth in Enum.GetValues<VerifyDepth>()) (await backend.VerifyAsync(item, depth, CancellationToken.None)).IsThere.ShouldBeFalse();
    }

    [Theory]
    [InlineData(Fault.Error, BackendErrorKind.Transient)]
    [InlineData(Fault.Throttled, BackendErrorKind.Throttled)]
    [InlineData(Fault.Refused, BackendErrorKind.Unauthorized)]
    [InlineData(Fault.Funds, BackendErrorKind.Funds)]
    [InlineData(Fault.Hang, BackendErrorKind.Transient)]
    [InlineData(Fault.Stuck, BackendErrorKind.Transient)]
    [InlineData(Fault.Cut, BackendErrorKind.Transient)]
    [InlineData(Fault.Short, BackendErrorKind.Transient)]
    [InlineData(Fault.Page, BackendErrorKind.Transient)]
    [InlineData(Fault.Elsewhere, BackendErrorKind.Transient)]
    [InlineData(Fault.Endless, BackendErrorKind.Transient)]
    public async Task Step_ServiceThatFails_SaysTheKindAndNoSecretAndPaysOnce(Fault fault, BackendErrorKind kind)
    {
        await using var backend = Backend();
        var bytes = Bytes.Of(1000);
        var item = await backend.StoredAsync(Support.Items.Of(bytes), bytes);
        foreach (var method in new[] { "GET", "POST", "GET" })
        {
            service.Faults = call => call.StartsWith(method, StringComparison.Ordinal) ? fault : null;
            var failure = await backend.FailsAsync(item, bytes);
            failure.Kind.ShouldBe(kind, failure.Message);
            failure.ToString().ShouldNotContain(Token);
            failure.Message.ShouldContain(service.Address.Authority);
            service.Faults = _ => null;
            // After GET nothing was asked for yet; after POST it goes on with what the service may have taken.
            if (method == "POST") item = await backend.StoredAsync(ItemStates.Failed(item, failure, time.GetUtcNow()), bytes);
        }

        item.State.ShouldBe(ItemState.Accepted);
        service.PaidCount.ShouldBe(1);
    }

    [Fact]
    public async Task Answer_ThatIsNotTheRequests_IsNoReceipt()
    {
        await using var backend = Backend();
        var item = await backend.StoredAsync(Support.Items.Of(bytes), bytes);
        service.OtherCid = Cid.Of(BlockCodec.Raw, [1]).ToString();
        (await backend.FailsAsync(item, bytes)).Kind.ShouldBe(BackendErrorKind.Transient);
        service.OtherCid = "rubbish";
        (await backend.FailsAsync(item, bytes)).Kind.ShouldBe(BackendErrorKind.Transient);
        service.OtherCid = null;
        service.Requests.Clear();
        foreach (var id in new[] { "", "..", ".", "with space", "line\nbreak", new string('x', 300) })
        {
            service.OtherId = id;
            (await backend.FailsAsync(item, bytes)).Kind.ShouldBe(BackendErrorKind.Transient);
            service.Requests.Clear();
        }

        // An id with letters to which paths give a meaning stays one segment.
        service.OtherId = "a?b#c%2e";
        item = await backend.StepAsync(item, new ArraySource(bytes), CancellationToken.None);
        (await backend.StoredAsync(item, bytes)).State.ShouldBe(ItemState.Pending);
        service.Calls[^1].ShouldBe("GET /pins/a%3Fb%23c%2e");
    }

    [Fact]
    public async Task State_OfAnotherRequestOrAnotherFile_CountsForNothing()
    {
        await using var backend = Backend();
        var accepted = await backend.UntilAsync(Support.Items.Of(bytes), bytes, ItemState.Accepted, time);
        service.Status = "pinned";
        var confirmed = await backend.StoredAsync(accepted, bytes);
        var isSealed = await backend.UntilAsync(confirmed, bytes, ItemState.Sealed, time);
        Action[] forgeries = [() => service.OtherCid = Cid.Of(BlockCodec.Raw, [1]).ToString(), () => service.AnsweredId = "request-2"];
        foreach (var forge in forgeries)
        {
            forge();
            foreach (var item in new[] { accepted, confirmed, isSealed })
            {
                var failure = await backend.FailsAsync(item, bytes);
                failure.Kind.ShouldBe(BackendErrorKind.Transient, item.State.ToString());
                // It says nothing of the item: a copy stays one, and what was none does not become one.
                ItemStates.Failed(item, failure, time.GetUtcNow()).IsCopy.ShouldBe(item.IsCopy);
                foreach (var depth in Enum.GetValues<VerifyDepth>())
                    (await Should.ThrowAsync<BackendException>(async () => await backend.VerifyAsync(item, depth, CancellationToken.None))).Kind.ShouldBe(BackendErrorKind.Transient);
            }

            (service.OtherCid, service.AnsweredId) = (null, null);
        }

        service.PaidCount.ShouldBe(1);
    }

    [Fact]
    public async Task State_ThatGoesBackwards_IsNeverSealed()
    {
        await using var backend = Backend();
        var item = await backend.UntilAsync(Support.Items.Of(bytes), bytes, ItemState.Accepted, time);
        foreach (var status in new[] { "queued", "pinning" })
        {
            service.Status = "pinned";
            item = await backend.UntilAsync(item, bytes, ItemState.Confirmed, time);
            // A gateway has it all the same: from a cache, or from the node.
            service.Status = status;
            item = await backend.StoredAsync(item, bytes);
            item.State.ShouldBe(ItemState.Pending);
            time.TurnTo(item.NextStep);
            item = await backend.StoredAsync(item, bytes);
            item.State.ShouldBe(ItemState.Pending);
        }

        service.Status = "pinned";
        item = await backend.UntilAsync(item, bytes, ItemState.Sealed, time);
        foreach (var (status, kind) in new[] { ("queued", BackendErrorKind.Transient), ("pinning", BackendErrorKind.Transient), ("failed", BackendErrorKind.NotFound) })
        {
            service.Status = status;
            var failure = await backend.FailsAsync(item, bytes);
            failure.Kind.ShouldBe(kind);
            ItemStates.Failed(item, failure, time.GetUtcNow()).IsCopy.ShouldBe(kind == BackendErrorKind.Transient);
            foreach (var depth in Enum.GetValues<VerifyDepth>())
            {
                // What is being pinned anew is not lost, and not seen either.
                if (kind == BackendErrorKind.Transient) (await Should.ThrowAsync<BackendException>(async () => await backend.VerifyAsync(item, depth, CancellationToken.None))).Kind.ShouldBe(kind);
                else (await backend.VerifyAsync(item, depth, CancellationToken.None)).IsThere.ShouldBeFalse();
            }
        }

        service.Status = "excellent";
        (await backend.FailsAsync(item, bytes)).Kind.ShouldBe(BackendErrorKind.Transient);
    }

    [Fact]
    public async Task Delete_OfWhatTheServiceTookSeveralTimes_LeavesOnlyOthers()
    {
        await using var backend = Backend();
        var item = await backend.UntilAsync(Support.Items.Of(bytes), bytes, ItemState.Accepted, time);
        var request = service.Requests.Single().Value;
        for (var i = 0; i < 25; i++) service.Requests[$"again-{i}"] = request;
        service.Requests["another"] = request with { Name = "oort-another" };

        // As many as one list has at a time; that it is not over is said.
        var times = 0;
        while (true)
        {
            try
            {
                (await backend.DeleteAsync(item, CancellationToken.None)).Outcome.ShouldBe(DeleteOutcome.Deleted);
                break;
            }
            catch (BackendException e)
            {
                e.Kind.ShouldBe(BackendErrorKind.Transient);
                (++times).ShouldBeLessThan(10);
            }
        }

        times.ShouldBe(2);
        service.Requests.Keys.ShouldBe(["another"]);
        node.Pins.ShouldBeEmpty();
    }

    [Fact]
    public async Task Test_OfEachThingThatIsWrong_SaysIt()
    {
        await using var backend = Backend();
        await backend.TestAsync(CancellationToken.None);
        await using var stranger = Backend(options => options with { Credentials = IpfsCredentials.Bearer("another-secret") });
        var failure = await Should.ThrowAsync<BackendException>(async () => await stranger.TestAsync(CancellationToken.None));
        failure.Kind.ShouldBe(BackendErrorKind.Unauthorized);
        failure.ToString().ShouldNotContain("another-secret");
        node.Faults = _ => Fault.Error;
        (await Should.ThrowAsync<BackendException>(async () => await backend.TestAsync(CancellationToken.None))).Message.ShouldContain(node.Address.Authority);
        node.Faults = _ => null;
        gateway.Faults = _ => Fault.Page;
        (await Should.ThrowAsync<BackendException>(async () => await backend.TestAsync(CancellationToken.None))).Message.ShouldContain(gateway.Address.Authority);
    }

    [Fact]
    public void Options_OutOfTheirRange_AreRefusedAndSecretsPrintAsStars()
    {
        var options = Options();
        options.ToString().ShouldNotContain(Token);
        PinningOptions[] wrong =
        [
            options with { Origin = options.Origin with { Gateways = [] } },
            options with { Service = new("ftp://x/") },
            options with { Origins = ["origin.example"] },
            options with { Origins = [.. Enumerable.Repeat("/ip4/192.0.2.1/tcp/1", 21)] },
            options with { PollDelay = TimeSpan.Zero },
            options with { FailedCountMax = -1 },
            options with { PollDelayMax = TimeSpan.FromSeconds(1) },
        ];
        foreach (var each in wrong) Should.Throw<ValidationException>(() => new PinningBackend(each, time), each.ToString());
    }

    private PinningBackend Backend(Func<PinningOptions, PinningOptions>? change = null) => new(change?.Invoke(Options()) ?? Options(), time);

    private PinningOptions Options() => new()
    {
        Service = service.Address,
        Credentials = IpfsCredentials.Bearer(Token),
        Origin = new() { Node = node.Address, Gateways = [new(gateway.Address)], ConnectTimeout = TimeSpan.FromMinutes(10) },
        Origins = ["/dns4/origin.example/tcp/4001"],
    };
}
