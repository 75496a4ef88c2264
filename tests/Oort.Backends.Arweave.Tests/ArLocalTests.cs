using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Oort.Backends.Arweave.Hashing;
using Oort.Backends.Arweave.Items;
using Oort.Backends.Arweave.Nodes;
using Oort.Backends.Arweave.Routes;
using Oort.Backends.Arweave.Sending;
using Oort.Backends.Arweave.Tests.Peers;
using Oort.Backends.Arweave.Tests.Support;
using Oort.Backends.Arweave.Transactions;
using Oort.Backends.Arweave.Trees;
using Oort.S3.Tests;
using Shouldly;

namespace Oort.Backends.Arweave.Tests;

/// <summary>Everything together, against a weave that others wrote.</summary>
public sealed class ArLocalTests
{
    private static readonly DateTimeOffset start = new(2026, 11, 1, 0, 0, 0, TimeSpan.Zero);

    private static CancellationToken None => CancellationToken.None;

    [Fact]
    public async Task Items_AsTransactions_AreTakenMinedAndReadBack()
    {
        await using var peer = await ArLocal.StartAsync();
        var time = new FakeTime(start);
        await using var backend = ArweaveBackend.Direct(new() { Nodes = [peer.Node], Gateways = [peer.Gateway] }, Wallets.Own, time);
        (await Should.ThrowAsync<BackendException>(async () => await backend.TestAsync(None))).Kind.ShouldBe(BackendErrorKind.Funds);
        await peer.PayAsync(Wallets.Own.Address, 1_000_000_000_000_000);
        await backend.TestAsync(None);
        (await backend.GetAccountAsync(None)).ShouldBe(new NetworkAccount(1000, "AR", null));
        (await backend.GetPricesAsync(None)).PerGibibyteOnce.ShouldBeGreaterThan(0);

        foreach (var size in (int[])[1, 700_001])
        {
            // No two chunks are the same: this weave would keep but one of them.
            var data = RandomNumberGenerator.GetBytes(size);
            var source = new MemorySource(data);
            var item = source.Item(size);
            for (var count = 0; item.State != ItemState.Sealed; count++)
            {
                count.ShouldBeLessThan(100, $"it is still {item.State}");
                if (item.NextStep > time.GetUtcNow())
                {
                    time.Advance(item.NextStep - time.GetUtcNow());
                    await peer.MineAsync(10);
                }

                item = ItemStates.Worked(item, await backend.StepAsync(item, source, None));
            }

            var part = new byte[100];
            (await backend.ReadAsync(item.Receipt!, size / 2, part, None)).ShouldBe(Math.Min(100, size - size / 2));
            part[..Math.Min(100, size - size / 2)].ShouldBe(data.Skip(size / 2).Take(100));
            (await backend.VerifyAsync(item, VerifyDepth.Full, None)).Checked.ShouldBe(size);
        }

        var unknown = new NetworkReceipt { Locator = new ItemLocator(new byte[32], 1).Encode(), Address = "nothing" };
        (await Should.ThrowAsync<BackendException>(async () => await backend.ReadAsync(unknown, 0, new byte[1], None))).Kind.ShouldBe(BackendErrorKind.NotFound);
    }

    [Fact]
    public async Task Transaction_WithAByteOfItsSignatureChanged_IsRefused()
    {
        await using var peer = await ArLocal.StartAsync();
        await peer.PayAsync(Wallets.Own.Address, 1_000_000_000_000_000);
        using var http = Http();
        var node = new NodeClient(http, peer.Node);
        var signed = await SignAsync(node, [1, 2, 3], []);
        var forged = signed with { Reward = signed.Reward + 1 };
        await Should.ThrowAsync<BackendException>(() => node.PostAsync(forged.WriteJson(), None));
        (await node.PostAsync(signed.WriteJson(), None)).ShouldBe(PostOutcome.Taken);
    }

    [Fact]
    public async Task DataItems_OfBothKindsOfKeys_AreUnpackedFromABundleAndServed()
    {
        await using var peer = await ArLocal.StartAsync();
        await peer.PayAsync(Wallets.Own.Address, 1_000_000_000_000_000);
        using var http = Http();
        var node = new NodeClient(http, peer.Node);
        var items = new List<(byte[] Id, byte[] Data, byte[] Raw)>();
        foreach (var signer in (IDataItemSigner[])[Wallets.Own, Wallets.Ethereum])
        {
            var data = RandomNumberGenerator.GetBytes(5000);
            var header = await SignedItem.SignAsync(new MemorySource(data), SHA256.HashData(data), signer, ReadOnlyMemory<byte>.Empty, Steps.Tags, None);
            items.Add((header.Id, data, [.. header.Write(), .. data]));
        }

        var bundle = BundleWriter.Write([.. items.Select(item => item.Raw)]);
        // With the data in it: this weave unpacks a bundle when it is posted.
        var json = JsonNode.Parse((await SignAsync(node, bundle, [new("Bundle-Format", "binary"), new("Bundle-Version", "2.0.0")])).WriteJson())!;
        json["data"] = Base64UrlText.Write(bundle);
        (await node.PostAsync(Encoding.UTF8.GetBytes(json.ToJsonString()), None)).ShouldBe(PostOutcome.Taken);
        await peer.MineAsync();
        await using var backend = ArweaveBackend.Direct(new() { Nodes = [peer.Node], Gateways = [peer.Gateway] }, Wallets.Own, new FakeTime(start));
        foreach (var (id, data, _) in items)
        {
            var read = new byte[data.Length];
            (await backend.ReadAsync(new() { Locator = new ItemLocator(id, data.Length).Encode(), Address = Base64UrlText.Write(id) }, 0, read, None)).ShouldBe(data.Length);
            read.ShouldBe(data);
        }
    }

    private static ArweaveHttp Http() => new(TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(5), 1, TimeProvider.System);

    private static async Task<ArweaveTransaction> SignAsync(NodeClient node, byte[] data, IReadOnlyList<DataItemTag> tags)
    {
        var tree = new DataTree(data.Length, [.. DataChunks.Of(data.Length).Select(range => SHA256.HashData(data.AsSpan((int)range.Start, range.Length)))]);
        var transaction = new ArweaveTransaction
        {
            Anchor = await node.GetAnchorAsync(None),
            Owner = Wallets.Own.Owner,
            Tags = tags,
            DataSize = data.Length,
            DataRoot = tree.Root,
            Reward = await node.GetPriceAsync(data.Length, None),
        };
        return transaction.Signed(Wallets.Own);
    }
}
