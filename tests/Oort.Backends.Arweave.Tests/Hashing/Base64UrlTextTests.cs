using Oort.Backends.Arweave.Hashing;
using Shouldly;

namespace Oort.Backends.Arweave.Tests.Hashing;

public sealed class Base64UrlTextTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("AA", "00")]
    [InlineData("-_8", "fbff")]
    [InlineData("AAAA", "000000")]
    public void Text_InItsOneSpelling_IsRead(string text, string hex)
    {
        Base64UrlText.Read(text, 3).ShouldBe(Convert.FromHexString(hex));
        Base64UrlText.Write(Convert.FromHexString(hex)).ShouldBe(text);
    }

    [Theory]
    [InlineData("A")]
    [InlineData("AB")]
    [InlineData("AA==")]
    [InlineData("+/8")]
    [InlineData("AA AA")]
    [InlineData("AAAA\n")]
    [InlineData("AAB")]
    [InlineData("ÄAAA")]
    [InlineData("AAAAAA")]
    public void Text_InAnother_IsNot(string text) => Base64UrlText.Read(text, 3).ShouldBeNull();

    [Fact]
    public void ReadExactly_OtherLength_IsNull()
    {
        Base64UrlText.ReadExactly("AAAA", 3).ShouldNotBeNull();
        Base64UrlText.ReadExactly("AAA", 3).ShouldBeNull();
        Base64UrlText.ReadExactly("AAAAAA", 3).ShouldBeNull();
    }
}
