using FsCheck;
using FsCheck.Fluent;
using Shouldly;

namespace Oort.S3.Tests;

public sealed class UrlEncodingTests
{
    [Theory]
    [InlineData("%")]
    [InlineData("%2")]
    [InlineData("%2g")]
    [InlineData("a%")]
    [InlineData("%ff")] // not UTF-8
    [InlineData("%c0%af")] // an overlong slash
    [InlineData("%ed%a0%80")] // half a surrogate pair
    [InlineData("%f4%90%80%80")] // past U+10FFFF
    public void TryDecode_BrokenText_IsFalse(string text) => UrlEncoding.TryDecode(text, plusIsSpace: false, out _).ShouldBeFalse();

    [Theory]
    [InlineData("", false, "")]
    [InlineData("a%2fb%2Fc", false, "a/b/c")]
    [InlineData("a+b", false, "a+b")]
    [InlineData("a+b%2B", true, "a b+")]
    [InlineData("ü\U0001F600", false, "ü\U0001F600")]
    [InlineData("%25%32%30", false, "%20")]
    public void TryDecode_Text_DecodesOnce(string text, bool plusIsSpace, string expected)
    {
        UrlEncoding.TryDecode(text, plusIsSpace, out var decoded).ShouldBeTrue();
        decoded.ShouldBe(expected);
    }

    [Fact]
    public void Encode_AllCharacters_LeavesOnlyUnreserved() =>
        UrlEncoding.Encode("aZ09-._~ /+*'()!@:&=,;$?#[]%\"<>ü", keepSlash: true).ShouldBe("aZ09-._~%20/%2B%2A%27%28%29%21%40%3A%26%3D%2C%3B%24%3F%23%5B%5D%25%22%3C%3E%C3%BC");

    [Fact]
    public void Encode_AnyText_RoundTrips() => Prop.ForAll<NonNull<string>, bool>(static (text, keepSlash) =>
    {
        var valid = System.Text.Encoding.UTF8.GetString(System.Text.Encoding.UTF8.GetBytes(text.Get));
        return UrlEncoding.TryDecode(UrlEncoding.Encode(valid, keepSlash), plusIsSpace: true, out var decoded) && decoded == valid;
    }).QuickCheckThrowOnFailure();
}
