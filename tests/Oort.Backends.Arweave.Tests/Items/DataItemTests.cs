using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Oort.Backends.Arweave.Hashing;
using Oort.Backends.Arweave.Items;
using Oort.Backends.Arweave.Tests.Support;
using Oort.Evm;
using Shouldly;

namespace Oort.Backends.Arweave.Tests.Items;

public sealed class DataItemTests
{
    public static TheoryData<int> Vector => [.. Enumerable.Range(0, Vectors.Read("ans104").GetProperty("items").GetArrayLength())];

    private static CancellationToken None => CancellationToken.None;

    [Theory]
    [MemberData(nameof(Vector))]
    public async Task Item_OfVector_IsReadWrittenHashedAndVerified(int index)
    {
        var vector = Vectors.Read("ans104").GetProperty("items")[index];
        var raw = vector.Hex("raw_hex");
        var header = DataItemHeader.Read(raw, out var problem).ShouldNotBeNull();
        problem.ShouldBeEmpty();

        ((int)header.Kind).ShouldBe(vector.GetProperty("signature_type").GetInt32());
        header.Write().ShouldBe(raw[..header.Size]);
        raw[header.Size..].ShouldBe(vector.Hex("data_hex"));
        Base64UrlText.Write(header.Id).ShouldBe(vector.GetProperty("id").GetString());
        header.Digest(raw.Length - header.Size, SHA384.HashData(raw.AsSpan(header.Size))).ShouldBe(vector.Hex("deep_hash_hex"));
        header.Tags.ShouldBe(vector.GetProperty("tags").EnumerateArray().Select(tag => new DataItemTag(tag.GetProperty("name").GetString()!, tag.GetProperty("value").GetString()!)));
        if (vector.TryGetProperty("raw_tags_hex", out _)) DataItemTags.Encode(header.Tags).ShouldBe(vector.Hex("raw_tags_hex"));
        if (vector.TryGetProperty("target", out var target) && target.ValueKind == JsonValueKind.String) header.Target.ToArray().ShouldBe(vector.Base64("target"));
        if (vector.TryGetProperty("anchor_utf8", out var anchor) && anchor.ValueKind == JsonValueKind.String) Encoding.UTF8.GetString(header.Anchor.Span).ShouldBe(anchor.GetString());
        (await VerifyAsync(raw)).ShouldBeTrue();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public async Task Item_EveryFlippedByte_IsNoItemOfThisSigner(int index)
    {
        var raw = Vectors.Read("ans104").GetProperty("items")[index].Hex("raw_hex");
        for (var i = 0; i < raw.Length; i++)
        {
            raw[i] ^= 0x04;
            (await VerifyAsync(raw)).ShouldBeFalse($"byte {i}");
            raw[i] ^= 0x04;
        }
    }

    [Theory]
    [MemberData(nameof(Vector))]
    public async Task Item_EveryTruncation_IsNoItem(int index)
    {
        var raw = Vectors.Read("ans104").GetProperty("items")[index].Hex("raw_hex");
        var size = DataItemHeader.Read(raw, out _)!.Size;
        for (var length = 0; length < size; length++)
        {
            DataItemHeader.Read(raw.AsSpan(0, length), out var problem).ShouldBeNull($"{length} bytes");
            problem.ShouldNotBeEmpty();
        }

        for (var length = size; length < raw.Length; length++) (await VerifyAsync(raw[..length])).ShouldBeFalse($"{length} bytes");
        (await VerifyAsync([.. raw, 0])).ShouldBeFalse();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(256 * 1024)]
    [InlineData(700_001)]
    public async Task Sign_InTwoPasses_MakesAnItemThatVerifies(int size)
    {
        var data = Vectors.Pattern(size);
        var source = new MemorySource(data);
        var header = await SignedItem.SignAsync(source, SHA256.HashData(data), Wallets.Own, ReadOnlyMemory<byte>.Empty, [new("Content-Type", "application/octet-stream")], None);
        var item = new SignedItem(header, source);
        var whole = new byte[item.Length];
        // In runs that begin and end anywhere, over the seam too.
        for (var offset = 0; offset < whole.Length;)
        {
            var part = Math.Min(offset < 2000 ? 700 : 99_991, whole.Length - offset);
            (await item.ReadAsync(offset, whole.AsMemory(offset, part), None)).ShouldBe(part);
            offset += part;
        }

        whole[header.Size..].ShouldBe(data);
        (await item.VerifyAsync(None)).ShouldBeTrue();
        (await VerifyAsync(whole)).ShouldBeTrue();
        (await item.ReadAsync(whole.Length, new byte[1], None)).ShouldBe(0);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Sign_ByEthereum_GivesTheBytesOfTheVector(int index)
    {
        var vector = Vectors.Read("ans104").GetProperty("items")[index];
        var raw = vector.Hex("raw_hex");
        var read = DataItemHeader.Read(raw, out _)!;
        using var key = EvmKey.FromHex(vector.GetProperty("private_key_hex").GetString());
        var signer = new EthereumItemKey(key);
        signer.Address.ShouldBe(Vectors.Read("ans104").GetProperty("owner_address_eth").GetString());
        (signer.ToString(), signer.Kind).ShouldBe(("***", DataItemSignatureKind.Ethereum));
        var header = read with { Owner = signer.Owner, Signature = signer.Sign(read.Digest(raw.Length - read.Size, SHA384.HashData(raw.AsSpan(read.Size)))) };
        header.Write().ShouldBe(raw[..read.Size]);
        var data = raw[read.Size..];
        if (data.Length == 0 || !read.Target.IsEmpty) return;
        (await SignedItem.SignAsync(new MemorySource(data), SHA256.HashData(data), signer, read.Anchor, read.Tags, None)).Write().ShouldBe(raw[..read.Size]);
    }

    [Fact]
    public async Task Item_SignatureInAnotherSpellingOrOfAnotherKey_DoesNotVerify()
    {
        var raw = Vectors.Read("ans104").GetProperty("items")[0].Hex("raw_hex");
        (await VerifyAsync(raw)).ShouldBeTrue();
        raw[2 + 64] -= 27;
        (await VerifyAsync(raw)).ShouldBeFalse("v of 0 or 1 would give one item two ids");
        var header = DataItemHeader.Read(raw, out _)!;
        using var other = EvmKey.FromBytes(SHA256.HashData("another"u8));
        var digest = header.Digest(raw.Length - header.Size, SHA384.HashData(raw.AsSpan(header.Size)));
        // Right in itself, and not its owner's.
        byte[] forged = [.. (header with { Signature = new EthereumItemKey(other).Sign(digest) }).Write(), .. raw[header.Size..]];
        (await VerifyAsync(forged)).ShouldBeFalse();
    }

    [Fact]
    public async Task Sign_BytesThatAreNotTheItems_Refuses()
    {
        var failure = await Should.ThrowAsync<BackendException>(async () => await SignedItem.SignAsync(new MemorySource([1, 2, 3]), SHA256.HashData([1, 2, 4]), Wallets.Own, default, [], None));
        failure.Kind.ShouldBe(BackendErrorKind.Corrupt);
    }

    [Fact]
    public void Read_OtherKindsAndFlags_SaysWhatIsWrong()
    {
        var raw = Vectors.Read("ans104").GetProperty("items")[0].Hex("raw_hex");
        var flag = 2 + 65 + 65;
        foreach (var (offset, value, words) in new[] { (0, 2, "kind 2"), (1, 1, "kind 259"), (flag, 2, "neither"), (flag + 1, 255, "neither"), (flag + 2, 129, "too many"), (flag + 3, 1, "too many"), (flag + 11, 32, "too many"), (flag + 2, 1, "cannot be read") })
        {
            var changed = (byte[])raw.Clone();
            changed[offset] = (byte)value;
            DataItemHeader.Read(changed, out var problem).ShouldBeNull();
            problem.ShouldContain(words);
        }
    }

    internal static async Task<bool> VerifyAsync(byte[] raw)
    {
        if (DataItemHeader.Read(raw, out _) is not { } header) return false;
        return await new SignedItem(header, new MemorySource(raw[header.Size..])).VerifyAsync(None);
    }
}
