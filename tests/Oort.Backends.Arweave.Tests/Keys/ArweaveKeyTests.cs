using System.Text;
using Oort.Backends.Arweave.Tests.Support;
using Shouldly;

namespace Oort.Backends.Arweave.Tests.Keys;

public sealed class ArweaveKeyTests
{
    [Fact]
    public void Address_OfVector_IsTheHashOfTheModulus()
    {
        var vector = Vectors.Read("tx_v2");
        ArweaveKey.AddressOf(vector.GetProperty("jwk").Base64("n")).ShouldBe(vector.GetProperty("address").GetString());
    }

    [Fact]
    public void Key_Printed_ShowsNothing() => Wallets.Own.ToString().ShouldBe("***");

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("no JSON")]
    [InlineData("""{"kty":"EC","e":"AQAB"}""")]
    [InlineData("""{"kty":"RSA","e":"Aw"}""")]
    [InlineData("""{"kty":"RSA","e":"AQAB","n":"AQAB"}""")]
    [InlineData("""{"kty":"RSA","e":"AQAB","n":7}""")]
    public void Read_WhatIsNoWallet_SaysSo(string jwk) => Should.Throw<FormatException>(() => ArweaveKey.Read(Encoding.UTF8.GetBytes(jwk))).Message.ShouldContain("wallet");

    [Fact]
    public void Read_WalletWithoutAPart_SaysNothingOfTheOthers()
    {
        var secret = Vectors.Read("wallet").GetProperty("d").GetString()!;
        foreach (var part in (string[])["n", "d", "p", "q", "dp", "dq", "qi"])
        {
            var jwk = Encoding.UTF8.GetString(Vectors.Bytes("wallet")).Replace($"\"{part}\"", "\"other\"", StringComparison.Ordinal);
            var failure = Should.Throw<FormatException>(() => ArweaveKey.Read(Encoding.UTF8.GetBytes(jwk)));
            failure.ToString().ShouldNotContain(secret[..20]);
            failure.Message.ShouldContain(part);
        }
    }
}
