using Oort.Backends.Ipfs.Tests.Support;
using Oort.Shared;

namespace Oort.Backends.Ipfs.Tests.Peers;

/// <summary>Programs that others wrote: a js-ipfs node, and the mock of a pinning service, which does what a pin's name says.</summary>
public sealed class PeerTests : IAsyncLifetime
{
    private readonly HangingTime time = new();
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("oort-ipfs-");
    private PeerProcess node = null!;

    public async ValueTask InitializeAsync() => node = await PeerProcess.StartAsync("ipfs", "ready", "node.mjs", Path.Combine(folder.FullName, "repo"));

    public async ValueTask DisposeAsync()
    {
        await node.DisposeAsync();
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task JsIpfs_ItemsOfAllKinds_AreSealedReadAndDeleted()
    {
        await using var backend = new IpfsBackend(Options(), time);
        await backend.TestAsync(CancellationToken.None);
        foreach (var size in new[] { 1, 1000, 1 << 20, (1 << 20) + 1, 5_000_000 })
        {
            var bytes = Bytes.Of(size, size);
            var item = await backend.UntilAsync(Support.Items.Of(bytes, size), bytes, ItemState.Sealed, time);
            (await backend.ReadAsync(item, 0, size)).ShouldEqual(bytes);
            (await backend.ReadAsync(item, size / 2, 70_000)).ShouldEqual(bytes.AsSpan((size / 2)..Math.Min(size, (size / 2) + 70_000)));
            foreach (var depth in Enum.GetValues<VerifyDepth>()) (await backend.VerifyAsync(item, depth, CancellationToken.None)).IsThere.ShouldBeTrue();

            (await backend.DeleteAsync(item, CancellationToken.None)).Outcome.ShouldBe(DeleteOutcome.Deleted);
            (await backend.DeleteAsync(item, CancellationToken.None)).Outcome.ShouldBe(DeleteOutcome.Deleted);
            (await backend.VerifyAsync(item, VerifyDepth.Exists, CancellationToken.None)).IsThere.ShouldBeFalse();
        }
    }

    [Fact]
    public async Task JsIpfs_AskedForWhatItHasNot_IsNoCopy()
    {
        await using var backend = new IpfsBackend(Options(), time);
        // What it answers is known to be nothing: how soon patience ends changes nothing.
        await using var impatient = new IpfsBackend(Options() with { StallTimeout = TimeSpan.FromSeconds(1) }, TimeProvider.System);
        foreach (var size in new[] { 1000, 2_000_000 })
        {
            var bytes = Bytes.Of(size, 99);
            var named = await backend.StoredAsync(Support.Items.Of(bytes), bytes);
            var item = named with { State = ItemState.Accepted, Receipt = Cid.TryRead(named.Progress.Span, out Cid root) ? root.ToReceipt(time.GetUtcNow()) : null };
            (await backend.VerifyAsync(item, VerifyDepth.Exists, CancellationToken.None)).IsThere.ShouldBeFalse();
            (await backend.StoredAsync(item, bytes)).State.ShouldBe(ItemState.Planned);
            // It looks for a block that it has not, though it is told not to, and knows nobody to ask.
            (await Should.ThrowAsync<BackendException>(async () => await impatient.VerifyAsync(item, VerifyDepth.Full, CancellationToken.None))).Kind.ShouldBe(BackendErrorKind.Transient);
        }
    }

    [Fact]
    public async Task MockPinningService_ItemOfAJsIpfsNode_IsPaidOnceAndWaits()
    {
        await using var service = await PeerProcess.StartAsync("ipfs", "listening", "node_modules/.bin/mock-ipfs-pinning-service", "--port", "0", "--token", "secret");
        await using var gateway = await GatewayPeer.RunAsync(_ => null);
        var options = new PinningOptions { Service = service.Address, Credentials = IpfsCredentials.Bearer("secret"), Origin = Options() with { Gateways = [new(gateway.Address)] } };
        await using var backend = new PinningBackend(options, time);
        await backend.TestAsync(CancellationToken.None);

        var bytes = Bytes.Of(3_000_000);
        var item = await backend.UntilAsync(Support.Items.Of(bytes), bytes, ItemState.Pending, time);
        (await backend.ReadAsync(item, 1_000_000, 5)).ShouldEqual(bytes.AsSpan(1_000_000..1_000_005));
        using (var client = new PinningClient(new HttpPlace(service.Address, options.Credentials, options.Origin, time)))
        {
            var cid = item.CidOf();
            (await client.FindAsync(cid, $"oort-{item.Id}", CancellationToken.None)).Single().RequestId.ShouldBe(item.Receipt!.Transaction);
            // A pin's name drives the state that the mock reports; it knows one request for each CID.
            foreach (var (name, state) in new[] { ("pinned-it", PinState.Pinned), ("failed-it", PinState.Failed), ("pinning-it", PinState.Pinning) })
            {
                var other = Cid.Of(BlockCodec.Raw, [(byte)state]);
                (await client.AddAsync(other, name, [], CancellationToken.None)).State.ShouldBe(state);
                (await client.FindAsync(other, name, CancellationToken.None)).Single().State.ShouldBe(state);
            }

            (await client.GetAsync("no-such-request", cid, CancellationToken.None)).ShouldBeNull();
        }

        (await backend.DeleteAsync(item, CancellationToken.None)).Outcome.ShouldBe(DeleteOutcome.Deleted);
        (await backend.DeleteAsync(item, CancellationToken.None)).Outcome.ShouldBe(DeleteOutcome.Deleted);
        (await backend.StoredAsync(item, bytes)).State.ShouldBe(ItemState.Planned);

        await using var stranger = new PinningBackend(options with { Credentials = IpfsCredentials.Bearer("another") }, time);
        (await Should.ThrowAsync<BackendException>(async () => await stranger.TestAsync(CancellationToken.None))).Kind.ShouldBe(BackendErrorKind.Unauthorized);
    }

    private IpfsOptions Options() => new() { Node = node.Address, ConnectTimeout = TimeSpan.FromMinutes(10) };
}
