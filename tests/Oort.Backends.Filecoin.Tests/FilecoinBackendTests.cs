using System.Numerics;
using Oort.Backends.Filecoin.Tests.Peers;
using Oort.Backends.Suite;
using Shouldly;

namespace Oort.Backends.Filecoin.Tests;

/// <summary>What is Filecoin's alone: data sets, nonces, proofs, removals.</summary>
public sealed class FilecoinBackendTests
{
    private static readonly CancellationToken none = CancellationToken.None;

    [Fact]
    public async Task DataSet_OfItemsSideBySideAndRestarts_IsCreatedOnce()
    {
        await using var harness = await FilecoinHarness.StartAsync();
        var drivers = Enumerable.Range(1, 4).Select(number => New(harness, number)).ToList();
        foreach (var driver in drivers)
        {
            await driver.StepAsync();
            await driver.StepAsync();
        }

        harness.Stub.Requests.Count(request => request == "POST /pdp/data-sets").ShouldBe(1);
        // A gateway that was started anew knows of no creation, and asks for it again; the chain takes it once.
        await harness.RestartAsync();
        await drivers[0].TryAsync();
        foreach (var driver in drivers) await driver.RunAsync(ItemState.Sealed);
        harness.Stub.Chain.CreationCount.ShouldBe(1);
        drivers.ShouldAllBe(driver => ItemLocator.Read(driver.Item.Receipt!.Locator).DataSetId == 1);
        drivers.Select(driver => ItemLocator.Read(driver.Item.Receipt!.Locator).PieceId).Order().ShouldBe([0UL, 1UL, 2UL, 3UL]);
    }

    [Fact]
    public async Task DataSet_OfAnotherLabel_IsAnother()
    {
        var label = "one";
        await using var harness = await FilecoinHarness.StartAsync(options => options with { Label = label });
        await New(harness, 1).RunAsync(ItemState.Accepted);
        label = "two";
        await harness.RestartAsync();
        await New(harness, 2).RunAsync(ItemState.Accepted);
        harness.Stub.Chain.DataSets.Select(set => set.ClientDataSetId).Distinct().Count().ShouldBe(2);
    }

    [Fact]
    public async Task DataSet_WhoseCreationIsRejected_SaysWhatToDo()
    {
        await using var harness = await FilecoinHarness.StartAsync();
        harness.Stub.Chain.Rejects = true;
        var driver = New(harness, 1);
        for (var count = 0; driver.Item.State != ItemState.FailedTemporary; count++)
        {
            count.ShouldBeLessThan(10);
            await driver.StepOrFailAsync();
        }

        driver.Item.Reason.ShouldContain("approval");
        harness.Stub.Chain.Rejects = false;
        await driver.RunAsync(ItemState.Sealed);
        harness.Stub.Chain.CreationCount.ShouldBe(1);
    }

    [Fact]
    public async Task DataSet_ThatHasEnded_TakesNoItemsAndThoseInItExpire()
    {
        await using var harness = await FilecoinHarness.StartAsync();
        var driver = New(harness, 1);
        await driver.RunAsync(ItemState.Sealed);
        harness.Stub.Chain.DataSets[0].EndBlock = harness.Stub.Chain.Head().Number + 10 * StubChain.PeriodLength;
        var fresh = New(harness, 2);
        await fresh.StepAsync();
        (await fresh.StepOrFailAsync())!.Kind.ShouldBe(BackendErrorKind.Unauthorized);
        fresh.Item.Reason.ShouldContain("label");
        (await Should.ThrowAsync<BackendException>(fresh.TestAsync)).Kind.ShouldBe(BackendErrorKind.Unauthorized);
        await driver.StepAsync();
        driver.Item.State.ShouldBe(ItemState.Expiring);
        driver.Item.IsCopy.ShouldBeTrue();
        var expires = driver.Item.Receipt!.Expires!.Value;
        await driver.RunAsync(ItemState.Expired);
        harness.Time.GetUtcNow().ShouldBeGreaterThanOrEqualTo(expires);
        (expires - driver.Item.Receipt.Accepted).ShouldBeInRange(TimeSpan.FromDays(9), TimeSpan.FromDays(13));
    }

    [Fact]
    public async Task Addition_ThatIsRejected_IsSentAgainWithItsNonceAndPaidOnce()
    {
        await using var harness = await FilecoinHarness.StartAsync();
        var driver = New(harness, 1);
        await driver.RunAsync(ItemState.Accepted);
        var nonce = ItemNotes.Read(driver.Item.Progress, driver.Item.Length).Nonce;
        harness.Stub.Chain.Rejects = true;
        for (var count = 0; harness.Stub.Chain.RejectionCount < 2; count++)
        {
            count.ShouldBeLessThan(60);
            await driver.StepAsync();
        }

        harness.Stub.Chain.Rejects = false;
        await driver.RunAsync(ItemState.Sealed);
        ItemNotes.Read(driver.Item.Progress, driver.Item.Length).Nonce.ShouldBe(nonce);
        harness.PaymentCount.ShouldBe(1);
    }

    [Fact]
    public async Task Addition_ThatIsSentTwiceBeforeItsBlock_IsPaidOnce()
    {
        await using var harness = await FilecoinHarness.StartAsync();
        var driver = New(harness, 1);
        await driver.RunAsync(ItemState.Accepted);
        while (driver.Item.State == ItemState.Accepted)
        {
            await driver.TryAsync();
            await driver.TryAsync();
            await harness.RestartAsync();
            await driver.StepAsync();
        }

        harness.Stub.Requests.Count(request => request == "POST /pdp/data-sets/1/pieces").ShouldBe(3);
        // The item waits for a transaction that is rejected; that the chain took another of them is what counts.
        await driver.RunAsync(ItemState.Confirmed);
        (harness.PaymentCount, harness.Stub.Chain.RejectionCount).ShouldBe((1, 2));
    }

    [Fact]
    public async Task Bytes_ThatTheProviderDropsBeforeTheyAreAdded_AreSentAgain()
    {
        await using var harness = await FilecoinHarness.StartAsync();
        var driver = New(harness, 1);
        await driver.RunAsync(ItemState.Accepted);
        await harness.LoseAsync(driver.Item);
        await driver.RunAsync(ItemState.Sealed);
        driver.Seen.ShouldBe([ItemState.Planned, ItemState.Accepted, ItemState.Planned, ItemState.Accepted, ItemState.Pending, ItemState.Confirmed, ItemState.Sealed]);
        (harness.PaymentCount, harness.Stub.UploadCount).ShouldBe((1, 2));
    }

    [Fact]
    public async Task Item_IsSealedOnlyAfterAProofOfAPeriodThatItWasIn()
    {
        await using var harness = await FilecoinHarness.StartAsync();
        var first = New(harness, 1);
        await first.RunAsync(ItemState.Sealed);
        // The data set goes on being proven, but the new piece is in no period yet.
        var second = New(harness, 2);
        await second.RunAsync(ItemState.Confirmed);
        var added = harness.Stub.Chain.Head().Number;
        await second.RunAsync(ItemState.Sealed);
        var set = harness.Stub.Chain.DataSets[0];
        set.LastProven.ShouldBeGreaterThan(added + StubChain.PeriodLength / 2);
        ItemNotes.Read(second.Item.Progress, second.Item.Length).RangeBlock.ShouldBeInRange(added, set.LastProven);
        (await second.VerifyAsync(VerifyDepth.Exists)).Kinds.ShouldBe(ProofKinds.Claim | ProofKinds.OnChainPossession);
    }

    [Fact]
    public async Task Item_WhoseDataSetIsNotProven_IsNeverSealedAndSaysSo()
    {
        await using var harness = await FilecoinHarness.StartAsync();
        harness.Stub.Chain.Proves = false;
        var driver = New(harness, 1);
        await driver.RunToAnEndAsync();
        driver.Seen.ShouldNotContain(ItemState.Sealed);
        driver.Item.State.ShouldBe(ItemState.Retrying);
        driver.Item.Reason.ShouldContain("not been proven");
        harness.Stub.Chain.Proves = true;
        for (var count = 0; driver.Item.State != ItemState.Sealed; count++)
        {
            count.ShouldBeLessThan(60);
            await driver.StepOrFailAsync();
        }
    }

    [Fact]
    public async Task Sealed_WhoseDataSetIsNotProvenAnyMore_StaysACopyAndSaysSo()
    {
        await using var harness = await FilecoinHarness.StartAsync();
        var driver = New(harness, 1);
        await driver.RunAsync(ItemState.Sealed);
        harness.Stub.Chain.Proves = false;
        for (var count = 0; driver.Item.State == ItemState.Sealed; count++)
        {
            count.ShouldBeLessThan(10);
            await driver.StepOrFailAsync();
        }

        (driver.Item.State, driver.Item.IsCopy).ShouldBe((ItemState.Retrying, true));
        driver.Item.Reason.ShouldContain("last proven");
        (await driver.VerifyAsync(VerifyDepth.Exists)).Kinds.ShouldBe(ProofKinds.Claim);
    }

    [Fact]
    public async Task Piece_ThatTheChainHasUnderItsNumberAsAnother_IsNoCopy()
    {
        await using var harness = await FilecoinHarness.StartAsync();
        var driver = New(harness, 1);
        await driver.RunAsync(ItemState.Sealed);
        harness.Stub.Chain.DataSets[0].Pieces[0] = PieceCid.Of(TestBytes.Make(5_003, 99));
        (await driver.VerifyAsync(VerifyDepth.Exists)).IsThere.ShouldBeFalse();
        (await driver.StepOrFailAsync())!.Kind.ShouldBe(BackendErrorKind.Corrupt);
        driver.Item.IsCopy.ShouldBeFalse();
    }

    [Theory]
    [InlineData(ItemState.Confirmed)]
    [InlineData(ItemState.Sealed)]
    public async Task Piece_ThatTheProviderSaysHasAnotherLength_IsNoCopy(ItemState state)
    {
        await using var harness = await FilecoinHarness.StartAsync();
        var driver = New(harness, 1);
        await driver.RunAsync(state);
        // Its bytes are right when they are read, and the chain proves them.
        harness.Stub.Override = request => request.Method == "HEAD" ? new(200) { Body = new byte[driver.Content.Length - 1] } : null;
        (await driver.StepOrFailAsync())!.Kind.ShouldBe(BackendErrorKind.Corrupt);
        driver.Item.State.ShouldBe(ItemState.FailedFinal);
        driver.Item.IsCopy.ShouldBeFalse();
    }

    [Fact]
    public async Task Addition_WhoseBlockIsUndone_IsMadeAgain()
    {
        await using var harness = await FilecoinHarness.StartAsync();
        var driver = New(harness, 1);
        await driver.RunAsync(ItemState.Confirmed);
        harness.Stub.Chain.Undo(harness.Stub.Chain.DataSets[0]);
        await driver.StepAsync();
        driver.Item.State.ShouldBe(ItemState.Pending);
        ItemLocator.Read(driver.Item.Receipt!.Locator).IsInDataSet.ShouldBeFalse();
        await driver.RunAsync(ItemState.Sealed);
        (await driver.ReadAsync()).ShouldHold(driver.Content);
    }

    [Fact]
    public async Task Items_OfTheSameBytes_AreTwoPiecesOfWhichOneCanGo()
    {
        await using var harness = await FilecoinHarness.StartAsync();
        var bytes = TestBytes.Make(1_000, 1);
        var (first, second) = (new ItemDriver(harness, bytes, 1), new ItemDriver(harness, bytes, 2));
        await first.RunAsync(ItemState.Sealed);
        await second.RunAsync(ItemState.Sealed);
        (harness.PaymentCount, harness.Stub.UploadCount).ShouldBe((2, 1));
        var (_, effective) = await first.DeleteAsync();
        await harness.AdvanceAsync(effective!.Value - harness.Time.GetUtcNow());
        (await first.VerifyAsync(VerifyDepth.Exists)).IsThere.ShouldBeFalse();
        (await second.VerifyAsync(VerifyDepth.Full)).IsThere.ShouldBeTrue();
        (await second.ReadAsync()).ShouldHold(bytes);
    }

    [Fact]
    public async Task Delete_WhoseRemovalWaitsForItsBlock_IsAskedForOnceAndSaidWhenItIsThere()
    {
        await using var harness = await FilecoinHarness.StartAsync();
        harness.Stub.Chain.RemovalDelay = TimeSpan.FromMinutes(1);
        var driver = New(harness, 1);
        await driver.RunAsync(ItemState.Sealed);
        for (var i = 0; i < 3; i++) (await Should.ThrowAsync<BackendException>(driver.DeleteAsync)).Kind.ShouldBe(BackendErrorKind.Transient);
        await harness.AdvanceAsync(TimeSpan.FromMinutes(1));
        var (outcome, effective) = await driver.DeleteAsync();
        (outcome, harness.Stub.Chain.RemovalCount, harness.Stub.Chain.RejectionCount).ShouldBe((DeleteOutcome.Scheduled, 1, 0));
        harness.Stub.Requests.Count(request => request.StartsWith("DELETE", StringComparison.Ordinal)).ShouldBe(1);
        (effective!.Value - harness.Time.GetUtcNow()).ShouldBeInRange(TimeSpan.FromHours(1), TimeSpan.FromHours(25));
        (await driver.ReadAsync()).ShouldHold(driver.Content);
    }

    [Fact]
    public async Task Delete_OfAnAdditionUnderWay_WaitsUntilItCanBeUndone()
    {
        await using var harness = await FilecoinHarness.StartAsync();
        var driver = New(harness, 1);
        await driver.RunAsync(ItemState.Accepted);
        (await driver.DeleteAsync()).Outcome.ShouldBe(DeleteOutcome.Deleted, "nothing was added");
        while (ItemNotes.Read(driver.Item.Progress, driver.Item.Length).Sent is null) await driver.StepAsync();
        // Sent by a step whose result was never stored.
        await driver.TryAsync();
        (await Should.ThrowAsync<BackendException>(driver.DeleteAsync)).Kind.ShouldBe(BackendErrorKind.Transient);
        await harness.AdvanceAsync(TimeSpan.FromMinutes(2));
        var (outcome, effective) = await driver.DeleteAsync();
        outcome.ShouldBe(DeleteOutcome.Scheduled);
        await harness.AdvanceAsync(effective!.Value - harness.Time.GetUtcNow());
        (await harness.CountItemsAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task Delete_OfAnAdditionThatNeverCame_IsDoneAfterSomeHours()
    {
        await using var harness = await FilecoinHarness.StartAsync();
        var driver = New(harness, 1);
        await driver.RunAsync(ItemState.Accepted);
        harness.Stub.Chain.Rejects = true;
        await driver.RunAsync(ItemState.Pending);
        (await Should.ThrowAsync<BackendException>(driver.DeleteAsync)).Kind.ShouldBe(BackendErrorKind.Transient);
        await harness.AdvanceAsync(TimeSpan.FromHours(2.1));
        (await driver.DeleteAsync()).ShouldBe((DeleteOutcome.Deleted, null));
    }

    [Fact]
    public async Task Funds_ThatAreMissing_AreSaidBeforeAnythingIsSent()
    {
        await using var harness = await FilecoinHarness.StartAsync();
        var driver = New(harness, 1);
        await driver.RunAsync(ItemState.Accepted);
        var requests = harness.Stub.Requests.Count(request => request.Contains("/pieces", StringComparison.Ordinal));
        foreach (var (spoil, word) in ((Action<StubChain>, string)[])[(chain => chain.Funds = 0, "deposit"), (chain => chain.Funds = BigInteger.Pow(10, 14), "deposit"), (chain => (chain.Funds, chain.IsApproved) = (BigInteger.Pow(10, 20), false), "approve")])
        {
            spoil(harness.Stub.Chain);
            BackendException? failure = null;
            for (var count = 0; failure is null; count++)
            {
                count.ShouldBeLessThan(10);
                failure = await driver.StepOrFailAsync();
            }

            failure.Kind.ShouldBe(BackendErrorKind.Funds);
            failure.Message.ShouldContain(word);
            (await Should.ThrowAsync<BackendException>(driver.TestAsync)).Kind.ShouldBe(BackendErrorKind.Funds);
        }

        harness.Stub.Requests.Count(request => request.Contains("/pieces", StringComparison.Ordinal)).ShouldBe(requests);
        harness.Stub.Chain.IsApproved = true;
        await driver.RunAsync(ItemState.Sealed);
    }

    [Fact]
    public async Task PricesAndAccount_OfTheContracts_AreTheirs()
    {
        await using var harness = await FilecoinHarness.StartAsync();
        var prices = await harness.Backend.GetPricesAsync(none);
        prices.ShouldBe(FilecoinPrices.Default with { AsOf = harness.Time.GetUtcNow(), IsLive = true });
        var account = (await harness.Backend.GetAccountAsync(none))!;
        (account.Balance, account.Unit).ShouldBe((100m, "USDFC"));
        // 100 × 10^18 at 10^12 a block of 30 seconds.
        (account.LastsUntil!.Value - harness.Time.GetUtcNow()).TotalDays.ShouldBe(1e8 * 30 / 86_400, 1);
        harness.Stub.Chain.TellsPrices = false;
        (await harness.Backend.GetPricesAsync(none)).ShouldBe(FilecoinPrices.Default);
    }

    [Fact]
    public async Task Test_OfAnotherChainOrProvider_SaysSo()
    {
        var provider = StubChain.ProviderId;
        await using var harness = await FilecoinHarness.StartAsync(options => options with { ProviderId = provider });
        harness.Stub.Chain.ChainId = 314;
        var driver = New(harness, 1);
        (await Should.ThrowAsync<BackendException>(driver.TestAsync)).Message.ShouldContain("chain 314");
        await driver.StepAsync();
        (await driver.StepOrFailAsync())!.Kind.ShouldBe(BackendErrorKind.Unauthorized);
        harness.Stub.Chain.ChainId = 314159;
        provider = 8;
        await harness.RestartAsync();
        (await Should.ThrowAsync<BackendException>(driver.TestAsync)).Message.ShouldContain("provider 8");
        harness.Stub.Requests.ShouldNotContain("POST /pdp/data-sets");
    }

    [Fact]
    public async Task Redirects_OfProviderAndNode_AreNotFollowed()
    {
        await using var harness = await FilecoinHarness.StartAsync();
        var driver = New(harness, 1);
        await driver.RunAsync(ItemState.Sealed);
        foreach (var path in (string[])["/piece", "/rpc"])
        {
            harness.Stub.Override = request => request.Path.StartsWithSegments(path) ? new(307, null, $"{harness.Stub.Endpoint}elsewhere") : null;
            (await Should.ThrowAsync<BackendException>(() => driver.VerifyAsync(VerifyDepth.Full))).Kind.ShouldBe(BackendErrorKind.Unauthorized);
        }

        harness.Stub.Requests.ShouldNotContain(request => request.EndsWith("/elsewhere", StringComparison.Ordinal));
    }

    private static ItemDriver New(FilecoinHarness harness, int number) => new(harness, TestBytes.Make(5_003, number), number);
}
