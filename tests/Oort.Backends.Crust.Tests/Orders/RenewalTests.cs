using System.Numerics;
using Oort.Backends.Crust.Tests.Support;
using Oort.Backends.Ipfs.Tests.Support;

namespace Oort.Backends.Crust.Tests.Orders;

/// <summary>Orders end: they are renewed once, in time, and of what is still there.</summary>
public sealed class RenewalTests : IAsyncLifetime
{
    private readonly byte[] bytes = Bytes.Of(1_500_000);
    private OrderHarness harness = null!;

    public async ValueTask InitializeAsync() => harness = await OrderHarness.RunAsync();

    public ValueTask DisposeAsync() => harness.DisposeAsync();

    [Fact]
    public async Task Order_NearItsEnd_IsRenewedOnce()
    {
        var item = await SealedAsync();
        var (first, paid) = (item.Receipt!.Expires!.Value, item.Receipt.Paid);
        for (var i = 0; i < 400 && item.Receipt!.Expires == first; i++)
        {
            harness.Clock.TurnTo(item.NextStep);
            item = await harness.Backend.StoredAsync(item, bytes);
            item.State.ShouldBe(ItemState.Sealed);
            if (harness.Clock.GetUtcNow() < first - TimeSpan.FromDays(30)) harness.Chain.Seen.Count.ShouldBe(1);
        }

        harness.Clock.GetUtcNow().ShouldBeLessThan(first - TimeSpan.FromDays(29));
        harness.Chain.Orders.Count.ShouldBe(2);
        item.Receipt!.Expires.ShouldBe(harness.Chain.Orders[1].Time + TimeSpan.FromDays(180));
        item.Receipt.Paid.ShouldBe(paid * 2);
        for (var i = 0; i < 30; i++)
        {
            harness.Clock.TurnTo(item.NextStep);
            item = await harness.Backend.StoredAsync(item, bytes);
        }

        harness.Chain.Orders.Count.ShouldBe(2);
    }

    [Fact]
    public async Task Order_ThatCannotBeRenewed_ExpiresAfterAWarning()
    {
        var item = await SealedAsync();
        var expires = item.Receipt!.Expires!.Value;
        harness.Chain.Funds = 0;
        harness.Clock.TurnTo(expires - TimeSpan.FromDays(29));
        (await harness.Backend.FailsAsync(item, bytes)).Kind.ShouldBe(BackendErrorKind.Funds);
        harness.Clock.TurnTo(expires - TimeSpan.FromDays(9));
        item = await harness.Backend.StoredAsync(item, bytes);
        item.State.ShouldBe(ItemState.Expiring);
        item = ItemStates.Failed(item, await harness.Backend.FailsAsync(item, bytes), harness.Clock.GetUtcNow());
        (item.State, item.IsCopy).ShouldBe((ItemState.InsufficientFunds, true));

        // Paid in time after all; and then once more not.
        harness.Chain.Funds = BigInteger.Pow(10, 19);
        item = await harness.Backend.UntilAsync(ItemStates.Resumed(item), bytes, ItemState.Sealed, harness.Clock);
        harness.Chain.Orders.Count.ShouldBe(2);
        harness.Chain.Funds = 0;
        harness.Clock.TurnTo(item.Receipt!.Expires!.Value);
        item = await harness.Backend.StoredAsync(item, bytes);
        item = await harness.Backend.StoredAsync(item, bytes);
        (item.State, item.IsCopy).ShouldBe((ItemState.Expired, false));
    }

    [Fact]
    public async Task Order_UnderWayWhenTheOldOneEnds_DoesNotKeepTheItemACopy()
    {
        var item = await SealedAsync();
        harness.Chain.IsStalled = true;
        harness.Clock.TurnTo(item.Receipt!.Expires!.Value - TimeSpan.FromDays(1));
        for (var i = 0; i < 3; i++) item = await harness.Backend.StoredAsync(item, bytes);
        (item.State, OrderNotes.Read(item.Progress).Order is not null).ShouldBe((ItemState.Expiring, true));
        harness.Clock.TurnTo(item.Receipt!.Expires!.Value);
        harness.Chain.Faults = _ => Fault.Unavailable;
        (await harness.Backend.StoredAsync(item, bytes)).State.ShouldBe(ItemState.Expired);
        harness.Chain.Faults = _ => null;
        (await harness.Backend.StoredAsync(item, bytes)).State.ShouldBe(ItemState.Expired);
    }

    [Fact]
    public async Task Item_ThatIsLost_IsNotRenewed()
    {
        var item = await SealedAsync();
        await harness.LoseAsync(item);
        harness.Clock.TurnTo(item.Receipt!.Expires!.Value - TimeSpan.FromDays(29));
        (await harness.Backend.FailsAsync(item, bytes)).Kind.ShouldBe(BackendErrorKind.NotFound);
        harness.Chain.Seen.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Item_ThatOnlyTheNodeHas_IsNeitherLostNorSealed()
    {
        var item = await SealedAsync();
        harness.LoseReplicas(item);
        (await harness.Backend.FailsAsync(item, bytes)).Kind.ShouldBe(BackendErrorKind.Transient);
        foreach (var depth in Enum.GetValues<VerifyDepth>())
            (await Should.ThrowAsync<BackendException>(async () => await harness.Backend.VerifyAsync(item, depth, CancellationToken.None))).Kind.ShouldBe(BackendErrorKind.Transient);
    }

    private async Task<NetworkItem> SealedAsync() => await harness.Backend.UntilAsync(Ipfs.Tests.Support.Items.Of(bytes), bytes, ItemState.Sealed, harness.Clock);
}
