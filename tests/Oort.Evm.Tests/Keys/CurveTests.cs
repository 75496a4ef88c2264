using System.Security.Cryptography;
using System.Text;
using Shouldly;

namespace Oort.Evm.Tests.Keys;

public sealed class CurveTests
{
    private static readonly byte[] order = Secp256k1.Order.ToArray();

    [Fact]
    public void Library_IsWhatKeysUse() => EvmKey.IsNative.ShouldBeTrue("libsecp256k1.so.1 is not there; build.sh installs it.");

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Sign_KeyOneAndASha256Digest_IsTheSignatureOfRfc6979(bool isNative)
    {
        using var key = new EvmKey(Curves.Of(isNative), Number(1));
        var signature = key.Sign(new(SHA256.HashData(Encoding.UTF8.GetBytes("Satoshi Nakamoto"))));
        EvmHex.Encode(signature.R).ShouldBe("0x934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8");
        EvmHex.Encode(signature.S).ShouldBe("0x2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5");
    }

    [Fact]
    public void Sign_ByEither_IsTheSame()
    {
        var random = new Random(3);
        var (native, managed) = (Curves.Of(true), Curves.Of(false));
        byte[] secret = new byte[32], digest = new byte[32], ofNative = new byte[64], ofManaged = new byte[64], point = new byte[64], other = new byte[64];
        for (var round = 0; round < 40; round++)
        {
            random.NextBytes(secret);
            random.NextBytes(digest);
            // Digests at and above the order are taken modulo it.
            if (round % 4 == 0) digest.AsSpan(0, 16).Fill(0xff);
            var id = native.Sign(secret, digest, ofNative);
            managed.Sign(secret, digest, ofManaged).ShouldBe(id);
            ofManaged.ShouldBe(ofNative);
            ofNative.AsSpan(32).SequenceCompareTo(Secp256k1.HalfOrder).ShouldBeLessThanOrEqualTo(0);
            native.TryGetPublicKey(secret, point).ShouldBeTrue();
            managed.TryGetPublicKey(secret, other).ShouldBeTrue();
            other.ShouldBe(point);
            native.TryRecover(digest, ofNative, id, other).ShouldBeTrue();
            other.ShouldBe(point);
            managed.TryRecover(digest, ofNative, id, other).ShouldBeTrue();
            other.ShouldBe(point);
        }
    }

    [Fact]
    public void Recover_OfAnyNumbers_IsTheSameByEither()
    {
        // Half of all x are on the curve.
        var random = new Random(4);
        var (native, managed) = (Curves.Of(true), Curves.Of(false));
        byte[] compact = new byte[64], digest = new byte[32], point = new byte[64], other = new byte[64];
        var found = 0;
        for (var round = 0; round < 60; round++)
        {
            random.NextBytes(compact);
            random.NextBytes(digest);
            var isFound = native.TryRecover(digest, compact, round & 1, point);
            managed.TryRecover(digest, compact, round & 1, other).ShouldBe(isFound);
            if (!isFound) continue;
            found++;
            other.ShouldBe(point);
        }

        found.ShouldBeInRange(10, 50);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Key_OfNoughtOrAboveTheOrder_IsRefused(bool isNative)
    {
        var curve = Curves.Of(isNative);
        var below = order.ToArray();
        below[^1]--;
        var above = order.ToArray();
        above[^1]++;
        using (new EvmKey(curve, Number(1)))
        using (new EvmKey(curve, below))
        {
            Should.Throw<ArgumentException>(() => new EvmKey(curve, Number(0)));
            Should.Throw<ArgumentException>(() => new EvmKey(curve, order));
            Should.Throw<ArgumentException>(() => new EvmKey(curve, above));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Recover_NoughtOrTheOrder_IsRefusedByTheCurveItself(bool isNative)
    {
        var curve = Curves.Of(isNative);
        var point = new byte[64];
        foreach (var (r, s) in new[] { (Number(0), Number(1)), (Number(1), Number(0)), (order, Number(1)), (Number(1), order) })
            curve.TryRecover(new byte[32], [.. r, .. s], 0, point).ShouldBeFalse();
        // x = 1 is on the curve.
        curve.TryRecover(Number(1), [.. Number(1), .. Number(1)], 0, point).ShouldBeTrue();
    }

    private static byte[] Number(byte value) => [.. new byte[31], value];
}
