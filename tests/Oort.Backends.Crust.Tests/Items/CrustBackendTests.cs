using System.ComponentModel.DataAnnotations;
using Oort.Backends.Crust.Tests.Support;
using Oort.Backends.Ipfs.Tests.Support;
using Oort.Evm;

namespace Oort.Backends.Crust.Tests.Items;

public sealed class CrustBackendTests : IAsyncLifetime
{
    private readonly byte[] bytes = Bytes.Of(2_500_000);
    private CrustHarness harness = null!;

    public async ValueTask InitializeAsync() => harness = await CrustHarness.RunAsync();

    public ValueTask DisposeAsync() => harness.DisposeAsync();

    [Fact]
    public async Task Item_WhoseOrderFailsAndIsPlacedAgain_IsSealed()
    {
        var item = await harness.Backend.UntilAsync(Ipfs.Tests.Support.Items.Of(bytes), bytes, ItemState.Pending, harness.Clock);
        harness.Status = "failed";
        for (var i = 0; i < 59; i++)
        {
            var failure = await harness.Backend.FailsAsync(ItemStates.Resumed(item), bytes);
            failure.Kind.ShouldBe(BackendErrorKind.Transient);
            item = ItemStates.Failed(item, failure, harness.Clock.GetUtcNow());
            harness.Clock.TurnTo(item.NextStep);
        }

        // A day of failing orders is no end.
        (item.NextStep - new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)).ShouldBeGreaterThan(TimeSpan.FromDays(1));
        harness.Status = null;
        item = await harness.Backend.UntilAsync(item, bytes, ItemState.Sealed, harness.Clock);
        harness.Service.PaidCount.ShouldBe(1);
    }

    [Fact]
    public async Task Item_WhoseOrderIsRenewed_StaysACopyAndIsNotCalledLost()
    {
        var item = await harness.Backend.UntilAsync(Ipfs.Tests.Support.Items.Of(bytes), bytes, ItemState.Sealed, harness.Clock);
        foreach (var status in new[] { "queued", "failed", "pinning" })
        {
            harness.Status = status;
            ItemStates.Failed(item, await harness.Backend.FailsAsync(item, bytes), harness.Clock.GetUtcNow()).IsCopy.ShouldBeTrue();
            foreach (var depth in Enum.GetValues<VerifyDepth>())
                (await Should.ThrowAsync<BackendException>(async () => await harness.Backend.VerifyAsync(item, depth, CancellationToken.None))).Kind.ShouldBe(BackendErrorKind.Transient);
        }

        harness.Status = "pinned";
        harness.Clock.TurnTo(item.NextStep);
        (await harness.Backend.StoredAsync(item, bytes)).State.ShouldBe(ItemState.Sealed);
    }

    [Fact]
    public async Task Delete_ForgetsTheOrderAndThePin_AndIsNoDeletion()
    {
        var item = await harness.Backend.UntilAsync(Ipfs.Tests.Support.Items.Of(bytes), bytes, ItemState.Sealed, harness.Clock);
        (await harness.Backend.DeleteAsync(item, CancellationToken.None)).ShouldBe((DeleteOutcome.Undeletable, null));
        harness.Service.Requests.ShouldBeEmpty();
        harness.Node.Pins.ShouldBeEmpty();
        // Those who store it keep it until the order ends.
        (await harness.Backend.ReadAsync(item, 1_000_000, 100)).ShouldEqual(bytes.AsSpan(1_000_000, 100));
        (await harness.Backend.DeleteAsync(item, CancellationToken.None)).ShouldBe((DeleteOutcome.Undeletable, null));

        // What is refused was not done, and is said.
        harness.Service.Faults = _ => Fault.Error;
        (await Should.ThrowAsync<BackendException>(async () => await harness.Backend.DeleteAsync(item, CancellationToken.None))).Kind.ShouldBe(BackendErrorKind.Transient);
    }

    [Fact]
    public async Task Token_OfAnotherAccount_IsRefusedByGatewayAndService()
    {
        using var key = EvmKey.FromHex(new string('5', 64));
        await using var own = new CrustBackend(harness.Options with { Token = W3AuthToken.Of(key) }, harness.Clock);
        await own.TestAsync(CancellationToken.None);

        // Each of the two looks at who signed, not at who says so.
        harness.Service.Admits = sent => W3AuthCheck.Account(sent, "Bearer") == key.Address.ToString();
        await own.TestAsync(CancellationToken.None);
        (await Should.ThrowAsync<BackendException>(async () => await harness.Backend.TestAsync(CancellationToken.None))).Kind.ShouldBe(BackendErrorKind.Unauthorized);
        harness.Service.Admits = _ => true;
        harness.Node.Admits = sent => W3AuthCheck.Account(sent, "Basic") == key.Address.ToString();
        (await Should.ThrowAsync<BackendException>(async () => await harness.Backend.TestAsync(CancellationToken.None))).Kind.ShouldBe(BackendErrorKind.Unauthorized);
        await own.TestAsync(CancellationToken.None);
    }

    [Fact]
    public void Options_OutOfTheirRange_AreRefusedAndTheTokenIsNotPrinted()
    {
        var options = harness.Options;
        options.ToString().ShouldContain(harness.Token.Account);
        options.ToString().ShouldNotContain(harness.Token.ToBearer().Value);
        var signature = System.Text.Encoding.ASCII.GetString(Convert.FromBase64String(harness.Token.ToBearer().Value)).Split(':')[1];
        options.ToString().ShouldNotContain(signature);
        CrustOptions[] wrong =
        [
            options with { Gateways = [] },
            options with { Gateway = new("ftp://x/") },
            options with { Service = new("ftp://x/") },
            options with { FailedCountMax = -1 },
            options with { CheckInterval = TimeSpan.Zero },
            options with { PollDelay = TimeSpan.FromHours(1) },
            options with { Token = null! },
        ];
        foreach (var each in wrong) Should.Throw<ValidationException>(() => new CrustBackend(each, harness.Clock), each.ToString());
    }
}
