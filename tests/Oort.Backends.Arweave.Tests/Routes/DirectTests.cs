using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Oort.Backends.Arweave.Hashing;
using Oort.Backends.Arweave.Tests.Peers;
using Oort.Backends.Arweave.Tests.Support;
using Oort.Backends.Arweave.Trees;
using Shouldly;

namespace Oort.Backends.Arweave.Tests.Routes;

/// <summary>Items that are transactions of their own.</summary>
public sealed class DirectTests
{
    private static CancellationToken None => CancellationToken.None;

    [Theory]
    [InlineData(1, false)]
    [InlineData(262_144, false)]
    [InlineData(700_000, false)]
    [InlineData(700_000, true)]
    public async Task Item_FromPlannedToSealed_IsPaidOnceAndProven(int size, bool isCrashing)
    {
        await using var world = ArweaveWorld.Direct();
        world.IsCrashing = isCrashing;
        var source = new MemorySource(Vectors.Pattern(size));
        var item = await world.RunAsync(source.Item(), source, ItemState.Sealed);

        item.Receipt!.Address.ShouldBe(world.Weave.Mined.ShouldHaveSingleItem());
        item.Receipt.Transaction.ShouldBe(item.Receipt.Address);
        (item.Receipt.Paid, item.Receipt.PaidUnit).ShouldBe((world.Weave.PriceOf(size), "winston"));
        world.Weave.BalanceOf(Wallets.Own.Address).ShouldBe(1_000_000_000 - world.Weave.PriceOf(size));
        // Nobody is told more of it than that it is bytes.
        world.Weave.Transaction(item.Receipt.Address)!.Tags.ShouldHaveSingleItem().Value.ShouldBe("application/octet-stream");

        for (var look = 0; look < 5; look++)
        {
            var evidence = await world.Backend.VerifyAsync(item, VerifyDepth.Sample, None);
            (evidence.IsThere, evidence.Kinds).ShouldBe((true, ProofKinds.MerkleInclusion));
            evidence.Checked.ShouldBeInRange(1, 262_144);
        }

        (await world.Backend.VerifyAsync(item, VerifyDepth.Full, None)).Checked.ShouldBe(size);
        (await world.StepAsync(item, source)).State.ShouldBe(ItemState.Sealed);
    }

    [Fact]
    public async Task Sample_ChunkChangedOnItsWay_IsNoEvidence()
    {
        await using var world = ArweaveWorld.Direct();
        var source = new MemorySource(Vectors.Pattern(5000));
        var item = await world.RunAsync(source.Item(), source, ItemState.Sealed);
        foreach (var change in (Func<byte[], byte[]>[])[chunk => [.. chunk[..^1], (byte)(chunk[^1] ^ 1)], chunk => chunk[..^1], chunk => [.. chunk, 0]])
        {
            // Nodes that lie say nothing about what gateways have.
            foreach (var node in world.Nodes) node.Chunk = change;
            var evidence = await world.Backend.VerifyAsync(item, VerifyDepth.Sample, None);
            (evidence.IsThere, evidence.Kinds, evidence.Checked).ShouldBe((true, ProofKinds.ReadBack, 5000));
            foreach (var gateway in world.Gateways) gateway.Data = change;
            (await world.Backend.VerifyAsync(item, VerifyDepth.Sample, None)).IsThere.ShouldBeFalse();
            // One that tells the truth is enough.
            world.Nodes[1].Chunk = chunk => chunk;
            evidence = await world.Backend.VerifyAsync(item, VerifyDepth.Sample, None);
            (evidence.IsThere, evidence.Kinds).ShouldBe((true, ProofKinds.MerkleInclusion));
            foreach (var gateway in world.Gateways) gateway.Data = data => data;
        }
    }

    [Fact]
    public async Task Sample_TransactionThatOurWalletHasNotSigned_IsNoEvidence()
    {
        await using var world = ArweaveWorld.Direct();
        var source = new MemorySource(Vectors.Pattern(5000));
        var item = await world.RunAsync(source.Item(), source, ItemState.Sealed);
        // The id is right, being a hash over the signature alone; the root is that of other bytes, whose path is right as well.
        var other = new byte[5000];
        var tree = new DataTree(other.Length, [SHA256.HashData(other)]);
        var forged = world.Weave.Transaction(item.Receipt!.Address)! with { DataRoot = tree.Root };
        foreach (var node in world.Nodes)
        {
            node.Fault = async context =>
            {
                if (context.Request.Path == $"/tx/{item.Receipt.Address}") await context.Response.Body.WriteAsync(forged.WriteJson());
                else if (context.Request.Path.StartsWithSegments("/chunk")) await context.Response.WriteAsJsonAsync(new { chunk = Base64UrlText.Write(other), data_path = Base64UrlText.Write(tree.PathOf(0)) });
                else return false;
                return true;
            };
        }

        foreach (var gateway in world.Gateways) gateway.Answers("raw", 404);
        (await world.Backend.VerifyAsync(item, VerifyDepth.Sample, None)).IsThere.ShouldBeFalse();
    }

    [Fact]
    public async Task Transaction_Dropped_IsSignedAnewOnceItCanNeverBeMined()
    {
        await using var world = ArweaveWorld.Direct();
        var source = new MemorySource(Vectors.Pattern(5000));
        var item = await world.RunAsync(source.Item(), source, ItemState.Uploading, isMining: false);
        var first = world.Weave.Waiting.ShouldHaveSingleItem();
        // Nodes forget it, and take nothing.
        foreach (var node in world.Nodes) node.Answers("/tx", 503);
        world.Weave.Forget();
        world.Weave.Mine(60);
        foreach (var node in world.Nodes) node.Fault = context => PostFails(context, "/tx");
        item = await world.StepAsync(item, source);
        item.ResumeState.ShouldBe(ItemState.Uploading, "it may still be mined, as far as we know: one block is missing");
        world.Weave.Mine(2);
        item = await world.StepAsync(item, source);
        item.State.ShouldBe(ItemState.Planned);
        foreach (var node in world.Nodes) node.Fault = null;
        item = await world.RunAsync(item, source, ItemState.Sealed);
        item.Receipt!.Address.ShouldNotBe(first);
        world.Weave.Mined.ShouldHaveSingleItem().ShouldBe(item.Receipt.Address);
    }

    [Fact]
    public async Task Transaction_ForgottenWhileItMayBeMined_IsPostedAgainAsItIs()
    {
        await using var world = ArweaveWorld.Direct();
        var source = new MemorySource(Vectors.Pattern(5000));
        var item = await world.RunAsync(source.Item(), source, ItemState.Uploading, isMining: false);
        var id = world.Weave.Waiting.ShouldHaveSingleItem();
        world.Weave.Forget();
        item = await world.StepAsync(item, source);
        item.State.ShouldBe(ItemState.Retrying);
        world.Weave.Waiting.ShouldHaveSingleItem().ShouldBe(id);
        item = await world.RunAsync(item, source, ItemState.Sealed);
        world.Weave.Mined.ShouldHaveSingleItem().ShouldBe(id);
    }

    [Fact]
    public async Task Chunks_ForgottenBeforeTheBlockCame_AreSentAgain()
    {
        await using var world = ArweaveWorld.Direct();
        var source = new MemorySource(Vectors.Pattern(700_000));
        var item = await world.RunAsync(source.Item(), source, ItemState.Uploading, isMining: false);
        item = await world.StepAsync(item, source);
        var id = world.Weave.Waiting.ShouldHaveSingleItem();
        world.Time.Advance(TimeSpan.FromMinutes(25));
        world.Weave.Forget(forgetsTransactions: false);
        world.Weave.Mine();
        world.Weave.Data(id).ShouldBeNull();
        item = await world.RunAsync(item, source, ItemState.Accepted);
        world.Weave.Data(id).ShouldBe(Vectors.Pattern(700_000));
        await world.RunAsync(item, source, ItemState.Sealed);
    }

    /// <summary>A step sends 256 chunks, 64 MiB; here are two more.</summary>
    [Fact]
    public async Task Chunks_OfMoreThanAStep_GoOnAfterKillsAndArePaidOnce()
    {
        const int perStep = 256;
        await using var world = ArweaveWorld.Direct();
        var bytes = new byte[(perStep + 2) * DataChunks.SizeMax];
        new Random(1).NextBytes(bytes);
        var source = new MemorySource(bytes);
        var item = await world.RunAsync(source.Item(), source, ItemState.Uploading, isMining: false);

        // Killed within the first step, and before what it gave was stored: all of it is sent again.
        foreach (var node in world.Nodes) node.Fault = context => CountChunks() > 3 ? PostFails(context, "/chunk") : Task.FromResult(false);
        await Should.ThrowAsync<BackendException>(async () => await world.Backend.StepAsync(item, source, None));
        foreach (var node in world.Nodes) node.Fault = null;
        CountChunks().ShouldBe(4);
        await world.Backend.StepAsync(item, source, None);
        CountChunks().ShouldBe(4 + perStep);
        item = await world.StepAsync(item, source);
        CountChunks().ShouldBe(4 + 2 * perStep);

        // Killed when it was stored: the rest is sent.
        await using var other = ArweaveBackend.Direct(world.Options, Wallets.Own, world.Time);
        item = await other.StepAsync(item, source, None);
        item.State.ShouldBe(ItemState.Uploading);
        CountChunks().ShouldBe(4 + 2 * perStep + 2);

        item = await world.RunAsync(item, source, ItemState.Sealed);
        CountChunks().ShouldBe(4 + 2 * perStep + 2);
        world.Weave.Mined.ShouldHaveSingleItem().ShouldBe(item.Receipt!.Address);
        world.Weave.PaidCount.ShouldBe(1);
        world.Weave.Data(item.Receipt.Address).AsSpan().SequenceEqual(bytes).ShouldBeTrue();

        int CountChunks() => world.Nodes[0].Requests.Count(request => request == "POST /chunk");
    }

    [Fact]
    public async Task Chunks_WithNotesOfAnotherItem_AreNotSent()
    {
        await using var world = ArweaveWorld.Direct();
        var (source, other) = (new MemorySource(Vectors.Pattern(5000)), new MemorySource(new byte[5000]));
        var item = await world.RunAsync(source.Item(), source, ItemState.Uploading, isMining: false);
        item = await world.StepAsync(other.Item(2) with { State = ItemState.Uploading, ResumeState = ItemState.Uploading, Progress = item.Progress }, other);
        item.State.ShouldBe(ItemState.FailedFinal);
        item.Reason.ShouldContain("for other bytes");
        foreach (var node in world.Nodes) node.Requests.ShouldNotContain("POST /chunk");
    }

    [Fact]
    public async Task Confirmed_BlockUndone_IsPendingAgain()
    {
        await using var world = ArweaveWorld.Direct();
        var source = new MemorySource(Vectors.Pattern(5000));
        var item = await world.RunAsync(source.Item(), source, ItemState.Confirmed);
        world.Weave.Undo(10);
        item = await world.StepAsync(item, source);
        item.State.ShouldBe(ItemState.Pending);
        item = await world.RunAsync(item, source, ItemState.Sealed);
        world.Weave.Mined.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Send_WalletTooEmptyOrPriceTooHigh_WaitsForFunds()
    {
        await using var world = ArweaveWorld.Direct(options => options with { RewardMax = 3_000_000 });
        var source = new MemorySource(Vectors.Pattern(5000));
        world.Weave.Price = 12;
        var item = await world.StepAsync(source.Item(), source);
        (item.State, item.Progress.IsEmpty).ShouldBe((ItemState.InsufficientFunds, true));
        item.Reason.ShouldContain("3000000 is the most");
        world.Weave.Price = 10;
        world.Weave.Pay(Wallets.Own.Address, UInt128.Zero - 999_999_999);
        item = await world.StepAsync(item, source);
        item.State.ShouldBe(ItemState.InsufficientFunds);
        item.Reason.ShouldContain("send AR to it");
        (await Should.ThrowAsync<BackendException>(async () => await world.Backend.TestAsync(None))).Kind.ShouldBe(BackendErrorKind.Funds);
        world.Weave.Pay(Wallets.Own.Address, 999_999_999);
        await world.Backend.TestAsync(None);
        item = await world.StepAsync(item, source);
        // It was enough when it was signed.
        world.Weave.Pay(Wallets.Own.Address, UInt128.Zero - 999_999_999);
        item = await world.StepAsync(item, source);
        item.State.ShouldBe(ItemState.InsufficientFunds);
        world.Weave.Pay(Wallets.Own.Address, 999_999_999);
        await world.RunAsync(item, source, ItemState.Sealed);
        world.Weave.Mined.Count.ShouldBe(1);
    }

    [Theory]
    [InlineData("chunk", 400, """{"error":"invalid_proof"}""", ItemState.FailedFinal)]
    [InlineData("chunk", 400, """{"error":"disk_full"}""", ItemState.Retrying)]
    [InlineData("chunk", 400, "no JSON", ItemState.Retrying)]
    [InlineData("chunk", 303, "", ItemState.Retrying)]
    [InlineData("chunk", 429, "", ItemState.Retrying)]
    [InlineData("chunk", 413, "", ItemState.FailedFinal)]
    [InlineData("tx", 400, "Transaction verification failed.", ItemState.FailedFinal)]
    [InlineData("tx", 400, "Invalid anchor (last_tx).", ItemState.Retrying)]
    [InlineData("tx", 410, "You don't have enough tokens", ItemState.InsufficientFunds)]
    [InlineData("tx", 503, "", ItemState.Retrying)]
    public async Task Send_RefusedByAllNodes_EndsAsItShouldAndByOneDoesNot(string path, int status, string text, ItemState state)
    {
        await using var world = ArweaveWorld.Direct();
        var source = new MemorySource(Vectors.Pattern(5000));
        var item = await world.StepAsync(source.Item(), source);
        foreach (var node in world.Nodes)
        {
            node.Answers(path, status, text);
            var fault = node.Fault!;
            node.Fault = async context => context.Request.Method == "POST" && await fault(context);
        }

        if (path == "chunk") item = await world.StepAsync(item, source);
        var refused = await world.StepAsync(item, source);
        refused.State.ShouldBe(state, refused.Reason);
        world.Nodes[1].Fault = null;
        await world.RunAsync(item, source, ItemState.Sealed);
    }

    [Fact]
    public async Task Send_FirstNodeAway_GoesByTheSecond()
    {
        await using var world = ArweaveWorld.Direct();
        var source = new MemorySource(Vectors.Pattern(300_000));
        world.Nodes[0].Answers("", 503);
        var item = await world.RunAsync(source.Item(), source, ItemState.Sealed);
        (await world.Backend.VerifyAsync(item, VerifyDepth.Sample, None)).Kinds.ShouldBe(ProofKinds.MerkleInclusion);
        world.Nodes[1].Answers("", 503);
        (await Should.ThrowAsync<BackendException>(async () => await world.Backend.TestAsync(None))).Kind.ShouldBe(BackendErrorKind.Transient);
    }

    [Fact]
    public async Task Prices_AndAccount_AreAskedFor()
    {
        await using var world = ArweaveWorld.Direct();
        var prices = await world.Backend.GetPricesAsync(None);
        prices.PerGibibyteOnce.ShouldBe((1L << 30) * 10 * 10 / 1e12, 1e-9);
        (prices.IsLive, prices.AsOf).ShouldBe((true, world.Options.UsdPerArAsOf));
        (await world.Backend.GetAccountAsync(None)).ShouldBe(new NetworkAccount(0.001m, "AR", null));
    }

    private static Task<bool> PostFails(HttpContext context, string path)
    {
        if (context.Request.Method != "POST" || context.Request.Path != path) return Task.FromResult(false);
        context.Response.StatusCode = 503;
        return Task.FromResult(true);
    }
}
