using System.Security.Cryptography;
using Shouldly;
using Xunit;

namespace Oort.Node.Protocol.Tests;

public sealed class NodeIdentityTests
{
    [Fact]
    public void Import_OfAnExportedKey_HasTheSameIdAndSignsForIt()
    {
        using var made = NodeIdentity.Create();
        using var read = NodeIdentity.Import(made.ExportPrivateKey());
        var signature = new byte[NodeIdentity.SignatureSize];

        read.Sign("oort"u8, signature);

        read.Id.ShouldBe(made.Id);
        NodeIdentity.Verify(made.PublicKey, "oort"u8, signature).ShouldBeTrue();
        NodeIdentity.Verify(made.PublicKey, "port"u8, signature).ShouldBeFalse();
        using var other = NodeIdentity.Create();
        NodeIdentity.Verify(other.PublicKey, "oort"u8, signature).ShouldBeFalse();
    }

    [Fact]
    public void Id_IsTheHashOfTheKeyInTheCertificate()
    {
        using var identity = NodeIdentity.Create();

        identity.Id.ToString().ShouldBe(Convert.ToHexStringLower(SHA256.HashData(identity.Certificate.PublicKey.ExportSubjectPublicKeyInfo())));
        NodeId.OfCertificate(identity.Certificate).ShouldBe(identity.Id);
        NodeId.TryParse(identity.Id.ToString(), out var parsed).ShouldBeTrue();
        parsed.ShouldBe(identity.Id);
    }

    [Fact]
    public void FromSeed_SameSeed_IsTheSameKeyForEver()
    {
        using var one = NodeIdentity.FromSeed(Enumerable.Repeat((byte)7, NodeIdentity.SeedSize).ToArray());
        using var again = NodeIdentity.FromSeed(Enumerable.Repeat((byte)7, NodeIdentity.SeedSize).ToArray());
        using var other = NodeIdentity.FromSeed(Enumerable.Repeat((byte)8, NodeIdentity.SeedSize).ToArray());

        again.Id.ShouldBe(one.Id);
        other.Id.ShouldNotBe(one.Id);
        // Gateways keep their nodes' trust by this: it must never change.
        one.Id.ToString().ShouldBe("cefba07d16e9fbcd4d02ddc1774f13ec279394b62c4e6e11c5a694f11ad6e062");
        Should.Throw<ArgumentOutOfRangeException>(() => NodeIdentity.FromSeed(new byte[32]));
    }

    [Fact]
    public void FromSeed_AllBitsSet_IsAKey()
    {
        // The remainder's way round the order.
        using var high = NodeIdentity.FromSeed(Enumerable.Repeat((byte)255, NodeIdentity.SeedSize).ToArray());
        using var low = NodeIdentity.FromSeed(new byte[NodeIdentity.SeedSize]);

        high.Id.ShouldNotBe(low.Id);
    }

    [Fact]
    public void Import_OfAnotherCurveOrGarbage_IsRefused()
    {
        using var p384 = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using var identity = NodeIdentity.Create();

        Should.Throw<CryptographicException>(() => NodeIdentity.Import(p384.ExportPkcs8PrivateKey()));
        Should.Throw<CryptographicException>(() => NodeIdentity.Import([1, 2, 3]));
        Should.Throw<CryptographicException>(() => NodeIdentity.Import([.. identity.ExportPrivateKey(), 0]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("ab")]
    [InlineData("zz00000000000000000000000000000000000000000000000000000000000000")]
    public void Id_OtherText_IsNone(string text) => NodeId.TryParse(text, out _).ShouldBeFalse();
}
