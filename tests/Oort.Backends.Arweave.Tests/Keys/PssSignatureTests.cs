using Oort.Backends.Arweave.Keys;
using Oort.Backends.Arweave.Tests.Support;
using Shouldly;

namespace Oort.Backends.Arweave.Tests.Keys;

public sealed class PssSignatureTests
{
    private static readonly byte[] message = Vectors.Pattern(48);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(32)]
    [InlineData(478)]
    public void Verify_AnySaltLength_Holds(int saltSize)
    {
        var signature = Wallets.Sign("wallet", message, saltSize);
        PssSignature.Verify(Wallets.Own.Owner.Span, message, signature).ShouldBeTrue();
        PssSignature.Verify(Wallets.Bundler.Owner.Span, message, signature).ShouldBeFalse();
        message[0] ^= 1;
        PssSignature.Verify(Wallets.Own.Owner.Span, message, signature).ShouldBeFalse();
        message[0] ^= 1;
    }

    [Fact]
    public void Verify_EveryFlippedByteOfTheSignature_Fails()
    {
        var signature = Wallets.Own.Sign(message);
        PssSignature.Verify(Wallets.Own.Owner.Span, message, signature).ShouldBeTrue();
        for (var i = 0; i < signature.Length; i++)
        {
            signature[i] ^= 1;
            PssSignature.Verify(Wallets.Own.Owner.Span, message, signature).ShouldBeFalse($"byte {i}");
            signature[i] ^= 1;
        }
    }

    [Fact]
    public void Verify_EncodingThatIsNone_Fails()
    {
        var owner = Wallets.Own.Owner.Span;
        PssSignature.Verify(owner, message, Wallets.Sign("wallet", message, 32)).ShouldBeTrue();
        PssSignature.Verify(owner, message, Wallets.Sign("wallet", message, 32, trailer: 0xcc)).ShouldBeFalse();
        PssSignature.Verify(owner, message, Wallets.Sign("wallet", message, 32, mark: 2)).ShouldBeFalse();
    }

    [Fact]
    public void Verify_NumbersThatAreNone_Fails()
    {
        var (owner, signature) = (Wallets.Own.Owner.ToArray(), Wallets.Own.Sign(message));
        PssSignature.Verify(owner, message, signature.AsSpan(1)).ShouldBeFalse();
        PssSignature.Verify(owner.AsSpan(1), message, signature).ShouldBeFalse();
        PssSignature.Verify(owner, message, new byte[512]).ShouldBeFalse();
        PssSignature.Verify(new byte[512], message, signature).ShouldBeFalse();
        // The modulus itself, and all ones, are not below the modulus.
        PssSignature.Verify(owner, message, owner).ShouldBeFalse();
        PssSignature.Verify(owner, message, Enumerable.Repeat((byte)0xff, 512).ToArray()).ShouldBeFalse();
    }
}
