using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Oort.Backends.Arweave.Keys;
using Oort.Backends.Arweave.Tests.Support;
using Oort.Backends.Arweave.Tests.Trees;
using Oort.Backends.Arweave.Transactions;
using Shouldly;

namespace Oort.Backends.Arweave.Tests.Transactions;

public sealed class ArweaveTransactionTests
{
    private static byte[] Json => Encoding.UTF8.GetBytes(Vectors.Read("tx_v2").GetProperty("tx").GetRawText());

    [Fact]
    public void Transaction_OfVector_IsReadHashedAndVerified()
    {
        var vector = Vectors.Read("tx_v2");
        var transaction = ArweaveTransaction.ReadJson(Json).ShouldNotBeNull();
        transaction.Digest().ShouldBe(vector.Hex("signature_data_hex"));
        transaction.Verify().ShouldBeTrue();
        transaction.DataRoot.ToArray().ShouldBe(DataTreeTests.Of(Vectors.Pattern(700_000)).Root.ToArray());
        JsonNode.DeepEquals(JsonNode.Parse(transaction.WriteJson()), JsonNode.Parse(Json)).ShouldBeTrue();
        // The same digest with a salt of 32 bytes, as we sign.
        PssSignature.Verify(transaction.Owner.Span, transaction.Digest(), vector.Base64("same_digest_signature_salt32")).ShouldBeTrue();
        (transaction with { Signature = vector.Base64("same_digest_signature_salt32") }).Id.ShouldBe(vector.Base64("same_digest_id_salt32"));
    }

    [Fact]
    public void Transaction_OfOurWallet_GoesThereAndBack()
    {
        var transaction = New();
        transaction.Verify().ShouldBeTrue();
        var read = ArweaveTransaction.ReadJson(transaction.WriteJson()).ShouldNotBeNull();
        read.Verify().ShouldBeTrue();
        read.WriteJson().ShouldBe(transaction.WriteJson());
        read.Id.ShouldBe(transaction.Id);
    }

    [Fact]
    public void Transaction_EveryFieldChanged_IsNotSigned()
    {
        var transaction = New();
        foreach (var changed in (ArweaveTransaction[])
            [
                transaction with { Anchor = new byte[48] },
                transaction with { Anchor = Array.Empty<byte>() },
                transaction with { Owner = Wallets.Bundler.Owner },
                transaction with { Tags = [] },
                transaction with { Tags = [new("Content-Type", "text/plain")] },
                transaction with { DataSize = 699_999 },
                transaction with { DataRoot = new byte[32] },
                transaction with { Reward = transaction.Reward + 1 },
                transaction with { Signature = Wallets.Own.Sign([1]) },
            ])
            changed.Verify().ShouldBeFalse();
    }

    [Theory]
    [InlineData("format", 1)]
    [InlineData("format", "2")]
    [InlineData("target", "AAAA")]
    [InlineData("quantity", "1")]
    [InlineData("quantity", 0)]
    [InlineData("id", "j6fPMGJoYuWNBeOpgfFheQPyUp63B6RKhwNxez2qLYx")]
    [InlineData("data_size", "-1")]
    [InlineData("data_size", "99999999999999999999")]
    [InlineData("data_root", "AAAA")]
    [InlineData("owner", "AAAA")]
    [InlineData("signature", "AAAA")]
    [InlineData("reward", "1.5")]
    [InlineData("last_tx", "=")]
    [InlineData("tags", "none")]
    [InlineData("data_root", null)]
    public void Json_WithAnotherField_IsNoTransaction(string name, object? value)
    {
        var json = JsonNode.Parse(Json)!.AsObject();
        json[name] = JsonSerializer.SerializeToNode(value);
        ArweaveTransaction.ReadJson(Encoding.UTF8.GetBytes(json.ToJsonString())).ShouldBeNull();
        json.Remove(name);
        ArweaveTransaction.ReadJson(Encoding.UTF8.GetBytes(json.ToJsonString())).ShouldBeNull();
    }

    [Fact]
    public void Json_Truncated_IsNoTransaction()
    {
        for (var length = 0; length < Json.Length; length += 7) ArweaveTransaction.ReadJson(Json.AsMemory(0, length)).ShouldBeNull();
        ArweaveTransaction.ReadJson("[]"u8.ToArray()).ShouldBeNull();
        ArweaveTransaction.ReadJson(Encoding.UTF8.GetBytes(new string(' ', 20_000) + Encoding.UTF8.GetString(Json))).ShouldBeNull();
    }

    private static ArweaveTransaction New() => new ArweaveTransaction
    {
        Anchor = Vectors.Pattern(48),
        Owner = Wallets.Own.Owner,
        Tags = [new("Content-Type", "application/octet-stream")],
        DataSize = 700_000,
        DataRoot = DataTreeTests.Of(Vectors.Pattern(700_000)).Root,
        Reward = 123_456_789,
    }.Signed(Wallets.Own);
}
