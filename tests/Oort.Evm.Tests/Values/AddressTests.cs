using Shouldly;

namespace Oort.Evm.Tests.Values;

public sealed class AddressTests
{
    /// <summary>The examples of EIP-55.</summary>
    public static TheoryData<string> Examples =>
    [
        "0x52908400098527886E0F7030069857D2E4169EE7", "0x8617E340B3D01FA5F11F306F4090FD50E238070D", "0xde709f2102306220921060314715629080e2fb77", "0x27b1fdb04752bbc536007a920d24acb045561c26",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359", "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB", "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    ];

    [Theory]
    [MemberData(nameof(Examples))]
    public void Text_OfAnExample_HasItsChecksum(string text)
    {
        EvmAddress.Parse(text).ToString().ShouldBe(text);
        EvmAddress.Parse(text.ToLowerInvariant()).ToString().ShouldBe(text);
        EvmAddress.Parse("0x" + text[2..].ToUpperInvariant()).ToString().ShouldBe(text);
    }

    [Theory]
    [InlineData("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed")]
    [InlineData("0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359")]
    public void Text_WithOneLetterOfTheOtherCase_IsRefused(string text)
    {
        for (var i = 2; i < text.Length; i++)
        {
            if (!char.IsAsciiLetter(text[i])) continue;
            var other = text[..i] + (char)(text[i] ^ 0x20) + text[(i + 1)..];
            EvmAddress.TryParse(other, out _).ShouldBeFalse(other);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("0x")]
    [InlineData("5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed")]
    [InlineData("0X5aaeb6053f3e94c9b9a09f33669435e7ef1beaed")]
    [InlineData("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beae")]
    [InlineData("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed0")]
    [InlineData("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaeg")]
    [InlineData(" 0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed")]
    public void Text_ThatIsNoAddress_IsRefused(string text)
    {
        EvmAddress.TryParse(text, out _).ShouldBeFalse();
        Should.Throw<EvmException>(() => EvmAddress.Parse(text)).Kind.ShouldBe(EvmErrorKind.Malformed);
    }

    [Fact]
    public void Contract_OfAnAccountAndNonce_IsWhatTheChainGivesIt()
    {
        // The first contract of anvil's first account, known from every tutorial.
        EvmAddress.Parse("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266").OfContract(0).ToString().ShouldBe("0x5FbDB2315678afecb367f032d93F642f64180aa3");
        EvmAddress.Parse("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266").OfContract(1).ToString().ShouldBe("0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512");
    }
}
