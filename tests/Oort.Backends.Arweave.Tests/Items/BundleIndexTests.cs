using Oort.Backends.Arweave.Hashing;
using Oort.Backends.Arweave.Items;
using Oort.Backends.Arweave.Tests.Peers;
using Oort.Backends.Arweave.Tests.Support;
using Shouldly;

namespace Oort.Backends.Arweave.Tests.Items;

public sealed class BundleIndexTests
{
    private static CancellationToken None => CancellationToken.None;

    private static byte[] Bundle => Vectors.Read("ans104").GetProperty("bundle").Hex("raw_hex");

    [Fact]
    public void Index_OfVector_FindsItsItems()
    {
        var (vector, bundle) = (Vectors.Read("ans104"), Bundle);
        var items = BundleIndex.Read(bundle, bundle.Length).ShouldNotBeNull();
        items.Select(item => Base64UrlText.Write(item.Id.Span)).ShouldBe(vector.GetProperty("bundle").GetProperty("item_ids").EnumerateArray().Select(id => id.GetString()));
        for (var i = 0; i < items.Count; i++) bundle.AsSpan((int)items[i].Offset, (int)items[i].Length).ToArray().ShouldBe(vector.GetProperty("items")[i].Hex("raw_hex"));
        BundleIndex.ReadCount(bundle).ShouldBe(2);
        // Only the index is needed.
        BundleIndex.Read(bundle.AsSpan(0, (int)BundleIndex.SizeOf(2)), bundle.Length).ShouldNotBeNull();
        BundleWriter.Write([.. items.Select(item => bundle[(int)item.Offset..(int)(item.Offset + item.Length)])]).ShouldBe(bundle);
    }

    [Fact]
    public async Task Items_OfABundle_AreVerifiedEach()
    {
        var data = Vectors.Pattern(1000);
        var header = await SignedItem.SignAsync(new MemorySource(data), System.Security.Cryptography.SHA256.HashData(data), Wallets.Own, default, [], None);
        byte[] raw = [.. header.Write(), .. data];
        var bundle = BundleWriter.Write([raw]);
        var item = BundleIndex.Read(bundle, bundle.Length)!.Single();
        (await BundleIndex.VerifyAsync(item, new MemorySource(bundle), None)).ShouldBeTrue();
        // Under another id; with another byte; with a byte less.
        (await BundleIndex.VerifyAsync(item with { Id = new byte[32] }, new MemorySource(bundle), None)).ShouldBeFalse();
        (await BundleIndex.VerifyAsync(item with { Length = item.Length - 1 }, new MemorySource(bundle), None)).ShouldBeFalse();
        bundle[^1] ^= 1;
        (await BundleIndex.VerifyAsync(item, new MemorySource(bundle), None)).ShouldBeFalse();
    }

    [Fact]
    public void Index_Changed_IsNone()
    {
        var bundle = Bundle;
        var index = (int)BundleIndex.SizeOf(2);
        for (var length = 0; length < index; length++) BundleIndex.Read(bundle.AsSpan(0, length), bundle.Length).ShouldBeNull($"{length} bytes");
        BundleIndex.Read(bundle, bundle.Length - 1).ShouldBeNull();
        BundleIndex.Read(bundle, bundle.Length + 1).ShouldBeNull();
        // Numbers only: an id is 32 bytes of anything, and is checked with its item.
        foreach (var i in Enumerable.Range(0, 64).Concat(Enumerable.Range(96, 32)))
        {
            bundle[i] ^= 0x04;
            BundleIndex.Read(bundle, bundle.Length).ShouldBeNull($"byte {i}");
            bundle[i] ^= 0x04;
        }

        bundle.AsSpan(64, 32).CopyTo(bundle.AsSpan(128));
        BundleIndex.Read(bundle, bundle.Length).ShouldBeNull("an id twice");
        BundleIndex.Read([.. Enumerable.Repeat((byte)0xff, 4), .. new byte[28]], 32).ShouldBeNull();
    }
}
