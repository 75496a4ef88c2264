using System.Numerics;
using Oort.Evm.Tests.Support;
using Shouldly;

namespace Oort.Evm.Tests.Values;

public sealed class HexTests
{
    [Theory]
    [InlineData("0x0", 0)]
    [InlineData("0x1", 1)]
    [InlineData("0x80", 128)]
    [InlineData("0xff", 255)]
    [InlineData("0x4cb2f", 314159)]
    public void Quantity_IsReadAndWrittenWithoutLeadingZeros(string text, int value)
    {
        EvmHex.EncodeQuantity(value).ShouldBe(text);
        EvmHex.DecodeQuantity(text).ShouldBe(value);
    }

    [Fact]
    public void Quantity_Of256Bits_IsRead()
    {
        var most = BigInteger.Pow(2, 256) - 1;
        EvmHex.DecodeQuantity("0x" + new string('f', 64)).ShouldBe(most);
        EvmHex.EncodeQuantity(most).ShouldBe("0x" + new string('f', 64));
    }

    [Theory]
    [InlineData("")]
    [InlineData("0x")]
    [InlineData("0")]
    [InlineData("0x00")]
    [InlineData("0x01")]
    [InlineData("0x-1")]
    [InlineData("0x 1")]
    [InlineData("0xg")]
    [InlineData("0x10000000000000000000000000000000000000000000000000000000000000000")]
    public void Quantity_InAnotherForm_IsRefused(string text) => Mutations.ShouldBeMalformed(() => EvmHex.DecodeQuantity(text));

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("00")]
    [InlineData("0x0")]
    [InlineData("0x0g")]
    [InlineData("0X00")]
    [InlineData("0x00 ")]
    public void Bytes_InAnotherForm_AreRefused(string text) => Mutations.ShouldBeMalformed(() => EvmHex.Decode(text));

    [Fact]
    public void Bytes_OfEitherCase_AreRead()
    {
        EvmHex.Decode("0xaBcD").ShouldBe([0xab, 0xcd]);
        EvmHex.Decode("0x").ShouldBeEmpty();
        EvmHex.Encode([0xab, 0x01]).ShouldBe("0xab01");
    }
}
