using System.Globalization;
using System.Text.Json.Nodes;
using Oort.Backends.Arweave.Hashing;
using Oort.Backends.Arweave.Routes;
using Oort.Backends.Arweave.Tests.Peers;
using Oort.Backends.Arweave.Tests.Support;
using Shouldly;

namespace Oort.Backends.Arweave.Tests.Routes;

/// <summary>Items that go through a bundler.</summary>
public sealed class BundledTests
{
    private static CancellationToken None => CancellationToken.None;

    [Theory]
    [InlineData(1, false)]
    [InlineData(300_000, false)]
    [InlineData(300_000, true)]
    public async Task Item_FromPlannedToSealed_IsChargedOnceAndReadBack(int size, bool isCrashing)
    {
        await using var world = ArweaveWorld.Bundled();
        world.IsCrashing = isCrashing;
        var data = Vectors.Pattern(size);
        var source = new MemorySource(data);

        var item = await world.RunAsync(source.Item(), source, ItemState.Accepted);
        var id = world.Bundler.Charged.ShouldHaveSingleItem();
        item.Receipt!.Address.ShouldBe(id);
        item.Receipt.Locator.ToArray().ShouldBe(new ItemLocator(Base64UrlText.Read(id, 32)!, size).Encode());
        if (!isCrashing)
        {
            item.Receipt.Paid.ShouldBe(1_000_000_000 - world.Bundler.Balance);
            JsonNode.Parse(item.Receipt.Answer.Span)!["id"]!.GetValue<string>().ShouldBe(id);
        }

        world.Bundler.Bundle();
        item = await world.RunAsync(item, source, ItemState.Sealed);
        item.Receipt!.Transaction.ShouldBe(world.Weave.Mined.Single());
        item.NextStep.ShouldBe(world.Time.GetUtcNow() + world.Options.VerifyInterval);
        world.Bundler.Charged.ShouldHaveSingleItem();
        world.Gateways[0].Requests.ShouldContain($"GET /raw/{id}");

        var evidence = await world.Backend.VerifyAsync(item, VerifyDepth.Full, None);
        (evidence.IsThere, evidence.Kinds, evidence.Checked).ShouldBe((true, ProofKinds.ReadBack, size));
        evidence = await world.Backend.VerifyAsync(item, VerifyDepth.Sample, None);
        (evidence.IsThere, evidence.Kinds, evidence.Checked).ShouldBe((true, ProofKinds.ReadBack, size), "a part of a data item proves nothing");
        evidence = await world.Backend.VerifyAsync(item, VerifyDepth.Exists, None);
        (evidence.IsThere, evidence.Kinds, evidence.Checked).ShouldBe((true, ProofKinds.Claim, 0));
        (await world.StepAsync(item, source)).State.ShouldBe(ItemState.Sealed);
    }

    [Fact]
    public async Task Send_AnswerLost_IsSentAgainAndChargedOnce()
    {
        await using var world = ArweaveWorld.Bundled();
        var source = new MemorySource(Vectors.Pattern(5000));
        var item = await world.StepAsync(source.Item(), source);
        world.Bundler.Charged.ShouldBeEmpty("signing sends nothing");
        world.Bundler.LosesAnswers("v1/tx");
        item = await world.StepAsync(item, source);
        (item.State, item.ResumeState).ShouldBe((ItemState.Retrying, ItemState.Planned));
        world.Bundler.Charged.Count.ShouldBe(1);

        world.Bundler.Fault = null;
        item = await world.StepAsync(item, source);
        item.State.ShouldBe(ItemState.Accepted);
        item.Receipt!.Address.ShouldBe(world.Bundler.Charged.ShouldHaveSingleItem());
        item.Receipt.Answer.Length.ShouldBe(0, "it has shown no receipt");
    }

    [Fact]
    public async Task Parts_InterruptedAnywhere_AreSentOnceEach()
    {
        await using var world = ArweaveWorld.Bundled(options => options with { PostLengthMax = 1000, PartSize = 3000 });
        var source = new MemorySource(Vectors.Pattern(40_000));
        var item = await world.RunAsync(source.Item(), source, ItemState.Uploading);
        // The source goes away within the fifth part, then the bundler before the tenth.
        source.FailsFrom = 12_500;
        item = await world.StepAsync(item, source);
        (item.State, item.ResumeState, item.Reason).ShouldBe((ItemState.Retrying, ItemState.Uploading, "the store is away"));
        source.FailsFrom = long.MaxValue;
        world.Bundler.Answers("27000", 503);
        item = await world.StepAsync(item, source);
        item.ResumeState.ShouldBe(ItemState.Uploading);
        world.Bundler.Fault = null;
        var seen = world.Bundler.Requests.Count;
        item = await world.RunAsync(item, source, ItemState.Accepted);

        // What had arrived was not sent again.
        var again = world.Bundler.Requests.Skip(seen).Where(request => request.StartsWith("POST", StringComparison.Ordinal)).Select(request => request.Split('/')[^1]).ToList();
        again.ShouldBe(["27000", "30000", "33000", "36000", "39000", "-1"]);
        world.Bundler.Charged.ShouldHaveSingleItem().ShouldBe(item.Receipt!.Address);
        item.Receipt.Answer.Length.ShouldBeGreaterThan(0);
        world.Bundler.Bundle();
        await world.RunAsync(item, source, ItemState.Sealed);
    }

    /// <summary>A step sends 8 parts; here are 14 of 5 MiB, the last of the header's length only.</summary>
    [Fact]
    public async Task Parts_OfMoreThanAStep_GoOnAfterKillsAndAreChargedOnce()
    {
        const int partSize = 5 << 20;
        await using var world = ArweaveWorld.Bundled(options => options with { PartSize = partSize });
        var bytes = new byte[13 * partSize];
        new Random(1).NextBytes(bytes);
        var source = new MemorySource(bytes);
        var item = await world.RunAsync(source.Item(), source, ItemState.Uploading);

        // Killed within the fourth part, and again when eight more were sent and nothing was stored: the bundler says what it has.
        source.FailsFrom = 3 * partSize;
        await Should.ThrowAsync<BackendException>(async () => await world.Backend.StepAsync(item, source, None));
        source.FailsFrom = long.MaxValue;
        var seen = world.Bundler.Requests.Count;
        await world.Backend.StepAsync(item, source, None);
        await using var other = ArweaveBackend.ThroughBundler(world.Options, Wallets.Own, world.Time);
        item = await other.StepAsync(item, source, None);
        item.State.ShouldBe(ItemState.Uploading);
        item = await world.RunAsync(item, source, ItemState.Accepted);

        var again = world.Bundler.Requests.Skip(seen).Where(request => request.StartsWith("POST", StringComparison.Ordinal)).Select(request => request.Split('/')[^1]).ToList();
        again.ShouldBe([.. Enumerable.Range(3, 11).Select(part => (part * partSize).ToString(CultureInfo.InvariantCulture)), "-1"]);
        world.Bundler.Charged.ShouldHaveSingleItem().ShouldBe(item.Receipt!.Address);
        world.Bundler.Bundle();
        await world.RunAsync(item, source, ItemState.Sealed);
    }

    [Fact]
    public async Task Parts_AnswerToTheEndLost_AreFoundThere()
    {
        await using var world = ArweaveWorld.Bundled(options => options with { PostLengthMax = 1000, PartSize = 30_000 });
        var source = new MemorySource(Vectors.Pattern(40_000));
        var item = await world.RunAsync(source.Item(), source, ItemState.Uploading);
        item = await world.StepAsync(item, source);
        world.Bundler.Fault = async context =>
        {
            if (context.Request.Method != "POST") return false;
            world.Bundler.LosesAnswers("-1");
            return await world.Bundler.Fault!(context);
        };
        item = await world.StepAsync(item, source);
        item.State.ShouldBe(ItemState.Retrying);
        world.Bundler.Charged.Count.ShouldBe(1);
        world.Bundler.Fault = null;
        item = await world.StepAsync(item, source);
        item.State.ShouldBe(ItemState.Accepted);
        item.Receipt!.Address.ShouldBe(world.Bundler.Charged.ShouldHaveSingleItem());
    }

    [Fact]
    public async Task Parts_UploadThrownAway_BeginAgainWithTheSameItem()
    {
        await using var world = ArweaveWorld.Bundled(options => options with { PostLengthMax = 1000, PartSize = 3000 });
        var source = new MemorySource(Vectors.Pattern(10_000));
        var item = await world.RunAsync(source.Item(), source, ItemState.Uploading);
        item = await world.StepAsync(item, source);
        world.Bundler.LoseUploads();
        item = await world.StepAsync(item, source);
        item.State.ShouldBe(ItemState.Planned);
        item = await world.RunAsync(item, source, ItemState.Accepted);
        world.Bundler.Charged.ShouldHaveSingleItem().ShouldBe(item.Receipt!.Address);
    }

    [Fact]
    public async Task Parts_ThrownAwayAgainAndAgain_AreSentAgainAndThenGivenUp()
    {
        await using var world = ArweaveWorld.Bundled(options => options with { PostLengthMax = 1000, PartSize = 3000 });
        var source = new MemorySource(Vectors.Pattern(40_000));
        var item = await world.RunAsync(source.Item(), source, ItemState.Uploading);
        for (var loss = 0; loss < 5; loss++)
        {
            item = await world.StepAsync(item, source);
            SendingProgress.Decode(item.Progress.Span)!.SentLength.ShouldBe(24_000);
            world.Bundler.LoseParts();
            item = await world.StepAsync(item, source);
            (item.State, item.NextStep).ShouldBe((ItemState.Uploading, world.Time.GetUtcNow() + world.Options.PollInterval));
        }

        (await world.RunAsync(item, source, ItemState.Accepted)).Receipt!.Address.ShouldBe(world.Bundler.Charged.ShouldHaveSingleItem());
        // The sixth time.
        world.Bundler.Answers("-1", 200, """{"id":"upload.1_x","min":1000,"max":3000,"size":3000,"chunks":[]}""");
        item = await world.StepAsync(item with { Progress = (SendingProgress.Decode(item.Progress.Span)! with { SentLength = 3000 }).Encode() }, source);
        item.State.ShouldBe(ItemState.FailedFinal);
        item.Reason.ShouldContain("for the 6th time");
    }

    [Theory]
    [InlineData(1000, 1 << 30, 500, 1000)]
    [InlineData(1000, 1500, 3000, 1500)]
    [InlineData(1000, 1500, 1200, 1200)]
    public async Task Parts_OfASizeThatTheBundlerDoesNotTake_HaveOneThatItTakes(long min, long max, long wanted, long sent)
    {
        await using var world = ArweaveWorld.Bundled(options => options with { PostLengthMax = 1000, PartSize = wanted });
        (world.Bundler.PartSizeMin, world.Bundler.PartSizeMax) = (min, max);
        var source = new MemorySource(Vectors.Pattern(20_000));
        await world.RunAsync(source.Item(), source, ItemState.Accepted);
        var offsets = world.Bundler.Requests
            .Where(request => request.StartsWith("POST", StringComparison.Ordinal))
            .Select(request => long.Parse(request.Split('/')[^1], CultureInfo.InvariantCulture))
            .Where(offset => offset >= 0)
            .ToList();
        offsets.ShouldBe(Enumerable.Range(0, offsets.Count).Select(i => i * sent));
    }

    [Fact]
    public async Task Parts_SoSmallThatThereWouldBeTooMany_AreNotSent()
    {
        await using var world = ArweaveWorld.Bundled(options => options with { PostLengthMax = 1000 });
        (world.Bundler.PartSizeMin, world.Bundler.PartSizeMax) = (1, 1);
        var source = new MemorySource(Vectors.Pattern(20_000));
        var item = await world.RunAsync(source.Item(), source, ItemState.Uploading);
        item = await world.StepAsync(item, source);
        item.State.ShouldBe(ItemState.FailedFinal);
        item.Reason.ShouldContain("more than 10000");
        world.Bundler.Requests.ShouldNotContain(request => request.StartsWith("POST", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(400, ItemState.FailedFinal, "will not take it")]
    [InlineData(401, ItemState.FailedTemporary, "configure another")]
    [InlineData(402, ItemState.InsufficientFunds, "top it up")]
    [InlineData(403, ItemState.FailedTemporary, "configure another")]
    [InlineData(404, ItemState.FailedTemporary, "correct the configured URL")]
    [InlineData(408, ItemState.Retrying, "cannot do it now")]
    [InlineData(413, ItemState.FailedFinal, "will not take it")]
    [InlineData(429, ItemState.Retrying, "too often")]
    [InlineData(302, ItemState.FailedTemporary, "sends elsewhere")]
    [InlineData(500, ItemState.Retrying, "cannot do it now")]
    [InlineData(503, ItemState.Retrying, "cannot do it now")]
    public async Task Send_Refused_SaysWhyAndWhatToDo(int status, ItemState state, string words)
    {
        await using var world = ArweaveWorld.Bundled();
        var source = new MemorySource([1, 2, 3]);
        var item = await world.StepAsync(source.Item(), source);
        world.Bundler.Answers("v1/tx", status, "the bundler's\u0007 words");
        item = await world.StepAsync(item, source);
        item.State.ShouldBe(state);
        item.Reason.ShouldContain(words);
        item.Reason.ShouldContain(status.ToString(CultureInfo.InvariantCulture));
        item.Reason.ShouldContain("the bundler's  words");
        if (state == ItemState.FailedFinal) return;
        world.Bundler.Fault = null;
        (await world.StepAsync(item, source)).State.ShouldBe(ItemState.Accepted);
    }

    [Fact]
    public async Task Send_AccountEmpty_WaitsForFunds()
    {
        await using var world = ArweaveWorld.Bundled();
        world.Bundler.Balance = 0;
        var source = new MemorySource([1, 2, 3]);
        var item = await world.RunAsync(source.Item(), source, ItemState.InsufficientFunds);
        (await Should.ThrowAsync<BackendException>(async () => await world.Backend.TestAsync(None))).Kind.ShouldBe(BackendErrorKind.Funds);
        world.Bundler.Balance = 1_000_000;
        await world.RunAsync(item, source, ItemState.Accepted);
        world.Bundler.Charged.Count.ShouldBe(1);
        await world.Backend.TestAsync(None);
    }

    [Fact]
    public async Task Send_NothingMoves_IsGivenUp()
    {
        await using var world = ArweaveWorld.Bundled();
        var source = new MemorySource([1, 2, 3]);
        var item = await world.StepAsync(source.Item(), source);
        var there = world.Bundler.Hangs("v1/tx");
        var step = world.StepAsync(item, source);
        await there;
        step.IsCompleted.ShouldBeFalse();
        world.Time.Advance(ArweaveWorld.Stall);
        item = await step;
        item.State.ShouldBe(ItemState.Retrying);
        item.Reason.ShouldContain("nothing moved for 30 s");
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("<html>")]
    [InlineData("""{"id":7}""")]
    [InlineData("""{"winc":"1"}""")]
    public async Task Send_AnswerThatIsNone_IsTriedAgain(string answer)
    {
        await using var world = ArweaveWorld.Bundled();
        var source = new MemorySource([1, 2, 3]);
        var item = await world.StepAsync(source.Item(), source);
        world.Bundler.Answers("v1/tx", 200, answer);
        item = await world.StepAsync(item, source);
        item.State.ShouldBe(answer.Contains("winc", StringComparison.Ordinal) || answer.Length < 20 ? ItemState.Retrying : ItemState.FailedFinal, item.Reason);
        world.Bundler.Answers("v1/tx", 200, new string(' ', 100_000));
        (await world.StepAsync(item, source)).Reason.ShouldContain("more than 65536 bytes");
    }

    [Fact]
    public async Task Receipt_OfAnotherItemOrKeyOrWithAWrongSignature_IsAnError()
    {
        var another = Base64UrlText.Write(new byte[32]);
        foreach (var (change, words) in new (Action<JsonObject>, string)[]
            {
                (receipt => receipt["id"] = another, "with a receipt for"),
                (receipt => receipt["public"] = Base64UrlText.Write(Wallets.Own.Owner.Span), "another key"),
                (receipt => receipt["deadlineHeight"] = 7, "signature is wrong"),
                (receipt => receipt["timestamp"] = 7, "signature is wrong"),
                (receipt => receipt["signature"] = "AAAA", "signature is wrong"),
            })
        {
            await using var world = ArweaveWorld.Bundled();
            world.Bundler.Receipt = change;
            var source = new MemorySource([1, 2, 3]);
            var item = await world.StepAsync(await world.StepAsync(source.Item(), source), source);
            item.State.ShouldBe(ItemState.FailedFinal);
            item.Reason.ShouldContain(words);
        }
    }

    [Fact]
    public async Task Receipt_OfAFormThatCannotBeChecked_IsNoEvidence()
    {
        await using var world = ArweaveWorld.Bundled();
        world.Bundler.Receipt = receipt => receipt["version"] = "0.3.0";
        var source = new MemorySource([1, 2, 3]);
        var item = await world.StepAsync(await world.StepAsync(source.Item(), source), source);
        item.State.ShouldBe(ItemState.Accepted);
        item.Receipt!.Answer.Length.ShouldBe(0);
    }

    [Fact]
    public async Task Receipt_OfAKeyThatIsNotTheConfiguredOne_IsAnError()
    {
        await using var world = ArweaveWorld.Bundled(options => options with { BundlerAddress = Wallets.Own.Address });
        var source = new MemorySource([1, 2, 3]);
        (await world.StepAsync(await world.StepAsync(source.Item(), source), source)).Reason.ShouldContain("another key");
    }

    [Fact]
    public async Task Item_LostByTheBundler_IsSentAgainAfterAWhile()
    {
        await using var world = ArweaveWorld.Bundled();
        var source = new MemorySource([1, 2, 3]);
        var item = await world.RunAsync(source.Item(), source, ItemState.Accepted);
        var id = item.Receipt!.Address;
        world.Bundler.Lose();
        world.Time.Advance(world.Options.LossPatience - TimeSpan.FromSeconds(1));
        item = await world.StepAsync(item, source);
        item.State.ShouldBe(ItemState.Accepted, "an index may lag");
        world.Time.Advance(TimeSpan.FromSeconds(1));
        item = await world.StepAsync(item, source);
        (item.State, item.Receipt).ShouldBe((ItemState.Planned, null));
        item = await world.RunAsync(item, source, ItemState.Accepted);
        item.Receipt!.Address.ShouldBe(id, "the very same bytes");
    }

    [Fact]
    public async Task Item_LostTimeAndAgain_IsGivenUp()
    {
        await using var world = ArweaveWorld.Bundled();
        var source = new MemorySource([1, 2, 3]);
        var item = source.Item();
        for (var loss = 0; loss < 5; loss++)
        {
            item = await world.RunAsync(item, source, ItemState.Accepted);
            world.Bundler.Fail(item.Receipt!.Address);
            item = await world.StepAsync(item, source);
            item.State.ShouldBe(ItemState.Planned);
        }

        item = await world.RunAsync(item, source, ItemState.Accepted);
        item = await world.StepAsync(item, source);
        item.State.ShouldBe(ItemState.FailedFinal);
        item.Reason.ShouldContain("too_many_failures");
        world.Bundler.Charged.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Item_InABundleWithFiftyConfirmations_NeedsNoWordOfTheBundler()
    {
        await using var world = ArweaveWorld.Bundled();
        await using var asking = ArweaveWorld.Bundled(options => options with { Bundler = world.Bundler.Endpoint, Nodes = [world.Nodes[0].Endpoint], Gateways = [world.Gateways[0].Endpoint] });
        world.Bundler.FinalFrom = int.MaxValue;
        var source = new MemorySource([1, 2, 3]);
        var item = await asking.RunAsync(source.Item(), source, ItemState.Accepted);
        world.Bundler.Bundle();
        world.Weave.Mine(48);
        item = await asking.StepAsync(item, source);
        item.State.ShouldBe(ItemState.Pending);
        world.Weave.Mine();
        item = await asking.StepAsync(item, source);
        item.State.ShouldBe(ItemState.Confirmed);
        (await asking.StepAsync(item, source)).State.ShouldBe(ItemState.Sealed);
    }

    [Fact]
    public async Task Prices_AndAccount_AreAskedFor()
    {
        await using var world = ArweaveWorld.Bundled();
        var prices = await world.Backend.GetPricesAsync(None);
        // 10 winston a byte, 10^12 winston an AR, 10 US dollars an AR.
        prices.PerGibibyteOnce.ShouldBe((1L << 30) * 10 * 10 / 1e12, 1e-9);
        (prices.PerItem, prices.IsLive, prices.AsOf).ShouldBe((0, true, world.Options.UsdPerArAsOf), "as old as the rate of the dollar");
        world.Weave.Price = 20;
        (await world.Backend.GetPricesAsync(None)).PerGibibyteOnce.ShouldBe((1L << 30) * 20 * 10 / 1e12, 1e-9);
        (await world.Backend.GetAccountAsync(None)).ShouldBe(new NetworkAccount(0.001m, "credits", null));
    }
}
