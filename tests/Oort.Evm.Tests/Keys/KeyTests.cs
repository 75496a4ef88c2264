using System.Numerics;
using System.Text;
using Oort.Evm.Tests.Support;
using Shouldly;

namespace Oort.Evm.Tests.Keys;

public sealed class KeyTests
{
    public static TheoryData<bool, int> Messages => new(from isNative in new[] { true, false } from index in Enumerable.Range(0, Vectors.Transactions.GetProperty("personal_sign").GetArrayLength()) select (isNative, index));

    [Theory]
    [MemberData(nameof(Messages))]
    public void SignMessage_OfTheVectors_IsTheirs(bool isNative, int index)
    {
        var vector = Vectors.Transactions.GetProperty("personal_sign")[index];
        var message = vector.TryGetProperty("message_utf8", out var text) ? Encoding.UTF8.GetBytes(text.GetString()!) : vector.Hex("message_hex");
        using var key = new EvmKey(Curves.Of(isNative), Vectors.Transactions.Hex("private_key"));
        PersonalMessage.Hash(message).ToString().ShouldBe(vector.Text("hash"));
        key.SignMessage(message).ToString().ShouldBe(vector.Text("signature"));
        EvmSignature.TryParse(vector.Hex("signature"), out var signature).ShouldBeTrue();
        signature.TryRecover(Curves.Of(isNative), PersonalMessage.Hash(message), out var address).ShouldBeTrue();
        address.ShouldBe(Vectors.Transactions.Address("address"));
    }

    [Fact]
    public void SignMessage_OfAText_IsWhatCrustTakes()
    {
        var vector = Vectors.W3Auth.GetProperty("eth");
        using var key = EvmKey.FromHex(vector.Text("private_key"));
        key.Address.ToString().ShouldBe(vector.Text("address"));
        var plain = $"eth-{key.Address}:{key.SignMessage($"{key.Address}")}";
        plain.ShouldBe(vector.Text("plain"));
        $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes(plain))}".ShouldBe(vector.Text("authorization_basic"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Signature_WithAFlippedByte_IsRefusedOrAnothers(bool isNative)
    {
        var curve = Curves.Of(isNative);
        var vector = Vectors.Transactions.GetProperty("personal_sign")[0];
        var digest = EvmHash.Parse(vector.Text("hash"));
        var (refused, anothers) = (0, 0);
        foreach (var bytes in Mutations.Flipped(vector.Hex("signature")))
        {
            if (EvmSignature.TryParse(bytes, out var signature) && signature.TryRecover(curve, digest, out var address))
            {
                address.ShouldNotBe(Vectors.Transactions.Address("address"));
                anothers++;
            }
            else
            {
                refused++;
            }
        }

        (refused + anothers).ShouldBe(EvmSignature.Size);
        anothers.ShouldBeGreaterThan(0);
        refused.ShouldBeGreaterThan(0);
        foreach (var bytes in Mutations.Truncated(vector.Hex("signature"))) EvmSignature.TryParse(bytes, out _).ShouldBeFalse();
    }

    [Fact]
    public void Signature_OfTheOtherHalf_IsRefused()
    {
        // n − s with the other parity is the same key's signature; Ethereum takes only the lower (EIP-2).
        var bytes = Vectors.Transactions.GetProperty("personal_sign")[0].Hex("signature");
        var s = new BigInteger(bytes.AsSpan(32, 32), isUnsigned: true, isBigEndian: true);
        var high = (new BigInteger(Secp256k1.Order, isUnsigned: true, isBigEndian: true) - s).ToByteArray(isUnsigned: true, isBigEndian: true);
        EvmSignature.TryParse([.. bytes[..32], .. high, (byte)(bytes[^1] ^ 27 ^ 28)], out _).ShouldBeFalse();

        // The highest low s, and one more.
        EvmSignature.TryCreate(bytes.AsSpan(0, 32), Secp256k1.HalfOrder, 0, out _).ShouldBeTrue();
        var above = Secp256k1.HalfOrder.ToArray();
        above[^1]++;
        EvmSignature.TryCreate(bytes.AsSpan(0, 32), above, 0, out _).ShouldBeFalse();
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, true)]
    [InlineData(27, true)]
    [InlineData(28, true)]
    [InlineData(2, false)]
    [InlineData(26, false)]
    [InlineData(29, false)]
    [InlineData(255, false)]
    public void Signature_OfEachV_IsTakenOrRefused(byte v, bool isTaken) =>
        EvmSignature.TryParse([.. Vectors.Transactions.GetProperty("personal_sign")[0].Hex("signature")[..^1], v], out _).ShouldBe(isTaken);

    [Fact]
    public void Signature_WithNoughtOrTheOrder_IsRefused()
    {
        byte[] nought = new byte[32], one = [.. new byte[31], 1], order = Secp256k1.Order.ToArray();
        EvmSignature.TryCreate(one, one, 0, out _).ShouldBeTrue();
        EvmSignature.TryCreate(nought, one, 0, out _).ShouldBeFalse();
        EvmSignature.TryCreate(one, nought, 0, out _).ShouldBeFalse();
        EvmSignature.TryCreate(order, one, 0, out _).ShouldBeFalse();
        EvmSignature.TryCreate(one, order, 0, out _).ShouldBeFalse();
        default(EvmSignature).TryRecover(default, out _).ShouldBeFalse();
    }

    [Fact]
    public void Recover_GivesThePublicKey()
    {
        using var key = Vectors.Key();
        var digest = Keccak256.Hash([1, 2, 3]);
        key.Sign(digest).RecoverPublicKey(digest).ShouldBe(key.PublicKey.ToArray());
        key.PublicKey.Length.ShouldBe(65);
        key.PublicKey[0].ShouldBe((byte)4);
    }

    [Fact]
    public void Key_InText_IsThreeStars()
    {
        using var key = Vectors.Key();
        $"{key}".ShouldBe("***");
        var e = Should.Throw<ArgumentException>(() => EvmKey.FromHex("0x5ec4e75ec4e75ec4e7"));
        e.Message.ShouldNotContain("5ec4e7");
    }

    [Fact]
    public void Key_DisposedOf_SignsNothing()
    {
        var key = Vectors.Key();
        key.Dispose();
        Should.Throw<ObjectDisposedException>(() => key.Sign(default));
        key.Address.ShouldBe(Vectors.Transactions.Address("address"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("0x")]
    [InlineData("0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff8")]
    [InlineData("0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff8g")]
    [InlineData("0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff8000")]
    public void Key_OfAnotherForm_IsRefused(string text) => Should.Throw<ArgumentException>(() => EvmKey.FromHex(text));
}
