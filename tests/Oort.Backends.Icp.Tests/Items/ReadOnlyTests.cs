using System.ComponentModel.DataAnnotations;
using System.Security.Cryptography;
using Oort.Backends.Icp.Tests.Support;
using Oort.Backends.Ipfs.Tests.Support;

namespace Oort.Backends.Icp.Tests.Items;

/// <summary>ICP as the program has it: items are read and checked, and nothing is sent.</summary>
public sealed class ReadOnlyTests : IAsyncLifetime
{
    private const string Path = "/some/where-1.bin";

    private readonly byte[] bytes = Bytes.Of(200_000);
    private IcpHarness harness = null!;
    private IcpBackend backend = null!;

    public async ValueTask InitializeAsync()
    {
        harness = await IcpHarness.RunAsync();
        backend = new(harness.Options, writer: null, harness.Clock);
        harness.Peer.Put($"/{IcpHarness.Canister}{Path}", bytes);
    }

    public async ValueTask DisposeAsync()
    {
        await backend.DisposeAsync();
        await harness.DisposeAsync();
    }

    [Fact]
    public async Task Item_ThatSomethingElsePutThere_IsReadAndChecked()
    {
        var item = Item();
        (await backend.ReadAsync(item, 0, bytes.Length)).ShouldEqual(bytes);
        (await backend.ReadAsync(item, 70_000, 1_000)).ShouldEqual(bytes.AsSpan(70_000, 1_000));
        harness.Peer.IgnoresRanges = true;
        (await backend.ReadAsync(item, 70_000, 1_000)).ShouldEqual(bytes.AsSpan(70_000, 1_000));
        (await backend.ReadAsync(item, 199_999, 10)).ShouldEqual(bytes.AsSpan(199_999));
        (await backend.VerifyAsync(item, VerifyDepth.Exists, default)).ShouldSatisfyAllConditions(seen => seen.IsThere.ShouldBeTrue(), seen => seen.Checked.ShouldBe(bytes.Length));
        (await backend.StoredAsync(item, bytes)).State.ShouldBe(ItemState.Sealed);
    }

    [Fact]
    public async Task Item_ThatIsNotSent_FailsReadOnlyAndSaysWhy()
    {
        foreach (var state in (ItemState[])[ItemState.Planned, ItemState.Uploading])
        {
            var item = Items(state);
            var failure = await backend.FailsAsync(item, bytes);
            (failure.Kind, failure.Message.Contains("none can be sent", StringComparison.Ordinal)).ShouldBe((BackendErrorKind.ReadOnly, true));
            ItemStates.Failed(item, failure, harness.Clock.GetUtcNow()).State.ShouldBe(ItemState.FailedTemporary);
        }

        (await Should.ThrowAsync<BackendException>(async () => await backend.TestAsync(default))).Kind.ShouldBe(BackendErrorKind.ReadOnly);
        (await backend.GetAccountAsync(default)).ShouldBeNull();
        (await backend.GetPricesAsync(default)).ShouldBe(IcpOptions.DefaultPrices);
        harness.Peer.Calls.ShouldAllBe(call => call.StartsWith("GET ", StringComparison.Ordinal));
        backend.Traits.Retention.ShouldBe(Retention.Permanent);
        harness.Backend.Traits.Retention.ShouldBe(Retention.Deletable);
    }

    [Fact]
    public async Task Delete_WithoutAWriter_IsNoDeletionOfWhatIsThere()
    {
        (await backend.DeleteAsync(Items(ItemState.Planned), default)).ShouldBe((DeleteOutcome.Deleted, null));
        (await backend.DeleteAsync(Item(), default)).ShouldBe((DeleteOutcome.Undeletable, null));
        harness.Peer.FileCount.ShouldBe(1);
    }

    [Theory]
    [InlineData(301, BackendErrorKind.Transient)]
    [InlineData(302, BackendErrorKind.Transient)]
    [InlineData(206, BackendErrorKind.Corrupt)]
    [InlineData(203, BackendErrorKind.Transient)]
    [InlineData(400, BackendErrorKind.Transient)]
    [InlineData(401, BackendErrorKind.Unauthorized)]
    [InlineData(402, BackendErrorKind.Funds)]
    [InlineData(403, BackendErrorKind.Unauthorized)]
    [InlineData(404, BackendErrorKind.NotFound)]
    [InlineData(410, BackendErrorKind.NotFound)]
    [InlineData(429, BackendErrorKind.Throttled)]
    [InlineData(500, BackendErrorKind.Transient)]
    [InlineData(503, BackendErrorKind.Transient)]
    public async Task Read_OfARefusal_IsOfItsKindAndFollowsNothing(int status, BackendErrorKind kind)
    {
        harness.Peer.ReadStatus = status;
        (await Should.ThrowAsync<BackendException>(async () => await backend.ReadAsync(Item(), 0, bytes.Length))).Kind.ShouldBe(kind);
        harness.Peer.Calls.Count.ShouldBe(1);
    }

    [Theory]
    [InlineData("bytes 70001-71000/200000")]
    [InlineData("bytes 70000-71000/200000")]
    [InlineData("bytes 70000-70999/200001")]
    [InlineData("bytes 70000-70999/*")]
    [InlineData("bytes */200000")]
    public async Task Read_OfAnotherRange_IsCorrupt(string said)
    {
        harness.Peer.RangeSaid = said;
        (await Should.ThrowAsync<BackendException>(async () => await backend.ReadAsync(Item(), 70_000, 1_000))).Kind.ShouldBe(BackendErrorKind.Corrupt);
    }

    [Fact]
    public async Task Read_OfWhatIsEncodedEndlessOrCut_IsNotTheItem()
    {
        harness.Peer.Encoding = "gzip";
        (await FailsAsync()).ShouldBe(BackendErrorKind.Corrupt);
        harness.Peer.Encoding = null;
        foreach (var (fault, kind) in ((Fault, BackendErrorKind)[])[(Fault.Endless, BackendErrorKind.Corrupt), (Fault.Cut, BackendErrorKind.Transient), (Fault.Stuck, BackendErrorKind.Transient), (Fault.Page, BackendErrorKind.Corrupt)])
        {
            harness.Peer.Faults = _ => fault;
            (await FailsAsync()).ShouldBe(kind, $"{fault}");
        }

        async Task<BackendErrorKind> FailsAsync() => (await Should.ThrowAsync<BackendException>(async () => await backend.ReadAsync(Item(), 0, bytes.Length))).Kind;
    }

    [Fact]
    public async Task Receipt_OfAnotherItem_IsNoCopy()
    {
        var item = Item();
        foreach (var other in (NetworkItem[])[item with { Sha256 = SHA256.HashData("other"u8) }, item with { Length = 5 }])
            (await backend.FailsAsync(other, bytes)).Kind.ShouldBe(BackendErrorKind.Permanent);
    }

    [Fact]
    public void Options_OutOfTheirRange_AreRefused()
    {
        var options = harness.Options;
        new IcpOptions { Canister = IcpHarness.Canister }.Gateway.ShouldBe("https://{canister}.icp0.io");
        IcpOptions[] wrong =
        [
            options with { Gateway = "https://icp0.io" },
            options with { Gateway = "https://{canister}.{canister}.icp0.io" },
            options with { Gateway = "ftp://{canister}.icp0.io" },
            options with { Gateway = "https://{canister}@icp0.io" },
            options with { Gateway = "https://icp0.io?{canister}" },
            options with { Gateway = "{canister}" },
            options with { Canister = null! },
            options with { CheckInterval = TimeSpan.Zero },
            options with { StallTimeout = TimeSpan.Zero },
        ];
        foreach (var each in wrong) Should.Throw<ValidationException>(() => new IcpBackend(each, null, harness.Clock), each.ToString());
    }

    private NetworkItem Items(ItemState state) => Ipfs.Tests.Support.Items.Of(bytes) with { State = state };

    /// <summary>As something that writes to canisters would have left it.</summary>
    private NetworkItem Item()
    {
        var locator = new ItemLocator(SHA256.HashData(bytes), bytes.Length, IcpHarness.Canister, Path);
        return Items(ItemState.Sealed) with { Receipt = new() { Locator = locator.Write(), Address = locator.Address }, NextStep = harness.Clock.GetUtcNow() };
    }
}
