using System.Numerics;
using FsCheck;
using FsCheck.Fluent;
using Oort.Evm;
using Oort.Identity.Wallets;
using Oort.S3.Tests;
using Shouldly;
using Xunit;

namespace Oort.Identity.Tests.Wallets;

public sealed class WalletVerifierTests : IDisposable
{
    /// <summary>Anvil's first test key; published.</summary>
    private const string TestKey = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";

    private static readonly DateTimeOffset now = new(2027, 1, 15, 8, 0, 0, TimeSpan.Zero);
    private static readonly WalletSite site = new("127.0.0.1:9000", new("http://127.0.0.1:9000/"), [1, 970]);

    private readonly FakeTime time = new(now);
    private readonly EvmKey key = EvmKey.FromHex(TestKey);
    private readonly WalletNonces nonces;
    private readonly UsedNoncesInMemory used;
    private readonly WalletVerifier verifier;

    public WalletVerifierTests()
    {
        nonces = new(new byte[WalletNonces.KeySize], time);
        used = new(time, countMax: 3);
        verifier = new(nonces, used, time);
    }

    public void Dispose() => key.Dispose();

    [Fact]
    public async Task Verify_SignedMessage_GivesTheAddress()
    {
        var answer = await VerifyAsync(Message());
        answer.Error.ShouldBe(WalletError.None);
        answer.Address.ShouldBe(key.Address);
        answer.Message!.ChainId.ShouldBe(970UL);
    }

    [Fact]
    public void Signatures_OfWalletsOfOthers_AreOfTheirAddresses()
    {
        WalletVectors.Signed.Count.ShouldBe(3);
        foreach (var (text, signature) in WalletVectors.Signed)
        {
            EvmSignature.TryParse(EvmHex.Decode(signature), out var parsed).ShouldBeTrue();
            parsed.TryRecover(PersonalMessage.Hash(text), out var address).ShouldBeTrue();
            address.ShouldBe(WalletMessage.Parse(text)!.Address);
        }
    }

    [Fact]
    public async Task Verify_Replayed_IsRefused()
    {
        var text = Message().Write();
        var signature = key.SignMessage(text).ToString();
        (await verifier.VerifyAsync(text, signature, site, default)).Error.ShouldBe(WalletError.None);
        await ShouldRefuse(text, signature, WalletError.Replayed);
        // Another message with the same nonce is a replay too.
        var again = (WalletMessage.Parse(text)! with { Statement = "Again" }).Write();
        await ShouldRefuse(again, key.SignMessage(again).ToString(), WalletError.Replayed);
        time.Advance(WalletNonces.Lifetime);
        await ShouldRefuse(text, signature, WalletError.Expired);
    }

    [Fact]
    public async Task Verify_SentTwiceAtOnce_IsTakenOnce()
    {
        var text = Message().Write();
        var signature = key.SignMessage(text).ToString();
        var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(() => verifier.VerifyAsync(text, signature, site, default).AsTask())));
        answers.Count(answer => answer.Error == WalletError.None).ShouldBe(1);
        answers.Count(answer => answer.Error == WalletError.Replayed).ShouldBe(15);
    }

    [Fact]
    public async Task Verify_MoreThanCanBeRemembered_IsRefusedAndNoneForgotten()
    {
        var texts = Enumerable.Range(0, 4).Select(_ => Message().Write()).ToArray();
        for (var i = 0; i < 3; i++) (await verifier.VerifyAsync(texts[i], key.SignMessage(texts[i]).ToString(), site, default)).Error.ShouldBe(WalletError.None);
        await ShouldRefuse(texts[3], key.SignMessage(texts[3]).ToString(), WalletError.Busy);
        for (var i = 0; i < 3; i++) await ShouldRefuse(texts[i], key.SignMessage(texts[i]).ToString(), WalletError.Replayed);
        time.Advance(WalletNonces.Lifetime);
        (await VerifyAsync(Message())).Error.ShouldBe(WalletError.None);
        used.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Verify_WithASignatureThatIsNotTheirs_UsesNothingUp()
    {
        var text = Message().Write();
        using var other = EvmKey.FromBytes([.. Enumerable.Repeat((byte)7, 32)]);
        await ShouldRefuse(text, other.SignMessage(text).ToString(), WalletError.BadSignature);
        (await verifier.VerifyAsync(text, key.SignMessage(text).ToString(), site, default)).Error.ShouldBe(WalletError.None);
    }

    [Fact]
    public async Task Verify_ForAnotherSite_IsRefused()
    {
        var message = Message();
        foreach (var foreign in (WalletMessage[])
        [
            message with { Domain = "127.0.0.1" }, message with { Domain = "127.0.0.1:9001" }, message with { Domain = "example.org" }, message with { Scheme = "https" }, message with { Uri = "http://127.0.0.1:9001/" },
            message with { Uri = "http://127.0.0.1:9000/other" }, message with { Uri = "https://127.0.0.1:9000/" }, message with { Uri = "http://127.0.0.1:9000@example.org/" }, message with { Uri = "http://user@127.0.0.1:9000/" }, message with { Uri = "http://127.0.0.1:9000/#x" },
            message with { Uri = "urn:x" },
        ]) await ShouldRefuse(foreign, WalletError.ForeignSite);
        (await VerifyAsync(message with { Uri = "http://127.0.0.1:9000", Scheme = "http" })).Error.ShouldBe(WalletError.None);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(0)]
    [InlineData(97)]
    public async Task Verify_ForAnotherChain_IsRefused(int chain) => await ShouldRefuse(Message() with { ChainId = (ulong)chain }, WalletError.ForeignChain);

    [Fact]
    public async Task Verify_OutsideItsTimes_IsRefused()
    {
        await ShouldRefuse(Message() with { IssuedAt = Text(now.AddSeconds(61)) }, WalletError.NotYetValid);
        await ShouldRefuse(Message() with { NotBefore = Text(now.AddSeconds(1)) }, WalletError.NotYetValid);
        await ShouldRefuse(Message() with { ExpirationTime = Text(now) }, WalletError.Expired);
        (await VerifyAsync(Message() with { IssuedAt = Text(now.AddSeconds(60)), NotBefore = Text(now), ExpirationTime = Text(now.AddSeconds(1)) })).Error.ShouldBe(WalletError.None);
    }

    [Fact]
    public async Task Verify_NonceOfOthersOrChanged_IsRefused()
    {
        var nonce = nonces.Create();
        await ShouldRefuse(Message() with { Nonce = "32891756" }, WalletError.ForeignNonce);
        await ShouldRefuse(Message() with { Nonce = new WalletNonces([.. Enumerable.Repeat((byte)1, 32)], time).Create() }, WalletError.ForeignNonce);
        await ShouldRefuse(Message() with { Nonce = nonce.ToUpperInvariant() }, WalletError.ForeignNonce);
        await ShouldRefuse(Message() with { Nonce = nonce + "00" }, WalletError.ForeignNonce);
        for (var i = 0; i < nonce.Length; i++) await ShouldRefuse(Message() with { Nonce = $"{nonce[..i]}{(nonce[i] == '0' ? '1' : '0')}{nonce[(i + 1)..]}" }, WalletError.ForeignNonce);
        var last = Message() with { Nonce = nonce };
        time.Advance(WalletNonces.Lifetime - TimeSpan.FromSeconds(1));
        (await VerifyAsync(last)).Error.ShouldBe(WalletError.None);
        var late = Message();
        time.Advance(WalletNonces.Lifetime);
        await ShouldRefuse(late, WalletError.Expired);
    }

    [Fact]
    public async Task Use_AfterItsTime_IsExpiredAlsoWhereItWasForgotten()
    {
        var expiresAt = now.AddSeconds(10);
        (await used.TryUseAsync("n", expiresAt, default)).ShouldBe(NonceUse.First);
        (await used.TryUseAsync("n", expiresAt, default)).ShouldBe(NonceUse.Again);
        time.Advance(TimeSpan.FromSeconds(10));
        (await used.TryUseAsync("n", expiresAt, default)).ShouldBe(NonceUse.Expired);
        used.Count.ShouldBe(0);
    }

    [Fact]
    public async Task Verify_SignatureThatIsNone_IsRefused()
    {
        var text = Message().Write();
        var bytes = key.SignMessage(text).ToArray();
        var order = BigInteger.Parse("00fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", System.Globalization.NumberStyles.AllowHexSpecifier, null);
        var high = bytes.ToArray();
        (order - new BigInteger(bytes.AsSpan(32, 32), isUnsigned: true, isBigEndian: true)).ToByteArray(isUnsigned: true, isBigEndian: true).CopyTo(high, 32);
        high[64] ^= 27 ^ 28;
        foreach (var bad in (byte[][])[high, bytes[..64], [.. bytes, 0], [.. bytes[..64], 29], [.. bytes[..64], 2], [.. bytes[..64], 37], [], new byte[65], [.. new byte[64], 27]]) await ShouldRefuse(text, EvmHex.Encode(bad), WalletError.BadSignature);
        var good = EvmHex.Encode(bytes);
        foreach (var bad in (string[])[good[2..], good + " ", "", "0x", good[..^1]]) await ShouldRefuse(text, bad, WalletError.BadSignature);
        // Some wallets give the parity alone.
        (await verifier.VerifyAsync(text, EvmHex.Encode([.. bytes[..64], (byte)(bytes[64] - 27)]), site, default)).Error.ShouldBe(WalletError.None);
    }

    [Fact]
    public async Task Verify_EveryFlippedByteOfMessageAndSignature_IsRefused()
    {
        var text = Message().Write();
        var signature = key.SignMessage(text).ToArray();
        for (var i = 0; i < text.Length; i++) (await verifier.VerifyAsync($"{text[..i]}{(char)(text[i] ^ (1 << i % 8))}{text[(i + 1)..]}", EvmHex.Encode(signature), site, default)).Address.ShouldBeNull();
        for (var i = 0; i < signature.Length; i++)
        {
            var flipped = signature.ToArray();
            flipped[i] ^= (byte)(1 << i % 8);
            await ShouldRefuse(text, EvmHex.Encode(flipped), WalletError.BadSignature);
        }

        (await verifier.VerifyAsync(text, EvmHex.Encode(signature), site, default)).Address.ShouldBe(key.Address);
    }

    [Fact]
    public void Verify_AnyOtherByteInMessageOrSignature_IsRefused()
    {
        var text = Message().Write();
        var signature = key.SignMessage(text).ToArray();
        var change = Gen.Choose(0, text.Length + 63).SelectMany(index => Gen.Choose(1, 255).Select(mask => (Index: index, Mask: (byte)mask)));
        Prop.ForAll(change.ToArbitrary(), one =>
        {
            var (changed, bytes) = (text.ToCharArray(), signature.ToArray());
            if (one.Index < text.Length) changed[one.Index] ^= (char)one.Mask;
            else bytes[one.Index - text.Length] ^= one.Mask;
            return verifier.VerifyAsync(new string(changed), EvmHex.Encode(bytes), site, default).AsTask().GetAwaiter().GetResult().Address is null;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1_000));
    }

    private WalletMessage Message() => new() { Domain = "127.0.0.1:9000", Address = key.Address, Statement = "Sign in to Oort", Uri = "http://127.0.0.1:9000/", ChainId = 970, Nonce = nonces.Create(), IssuedAt = Text(now) };

    private static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", null);

    private ValueTask<WalletAnswer> VerifyAsync(WalletMessage message)
    {
        var text = message.Write();
        return verifier.VerifyAsync(text, key.SignMessage(text).ToString(), site, default);
    }

    private async Task ShouldRefuse(WalletMessage message, WalletError error)
    {
        var answer = await VerifyAsync(message);
        (answer.Error, answer.Address).ShouldBe((error, null));
    }

    private async Task ShouldRefuse(string text, string signature, WalletError error)
    {
        var answer = await verifier.VerifyAsync(text, signature, site, default);
        (answer.Error, answer.Address).ShouldBe((error, null));
    }
}
