using Shouldly;

namespace Oort.S3.Tests;

public sealed class BucketNamesTests
{
    [Theory]
    [InlineData("abc")]
    [InlineData("a-b")]
    [InlineData("a.b.c")]
    [InlineData("1.2.3")]
    [InlineData("1.2.3.4.5")]
    [InlineData("123456789012345678901234567890123456789012345678901234567890123")]
    public void IsValid_ByTheRules_IsTrue(string name) => BucketNames.IsValid(name).ShouldBeTrue();

    [Theory]
    [InlineData("ab")]
    [InlineData("")]
    [InlineData("Abc")]
    [InlineData("a_b")]
    [InlineData("-abc")]
    [InlineData("abc-")]
    [InlineData(".abc")]
    [InlineData("abc.")]
    [InlineData("a..b")]
    [InlineData("a.-b")]
    [InlineData("a-.b")]
    [InlineData("192.168.5.4")]
    [InlineData("bücket")]
    [InlineData("a/b")]
    [InlineData("xn--abc")]
    [InlineData("sthree-abc")]
    [InlineData("abc-s3alias")]
    [InlineData("abc--ol-s3")]
    [InlineData("abc.mrap")]
    [InlineData("abc--x-s3")]
    [InlineData("1234567890123456789012345678901234567890123456789012345678901234")]
    public void IsValid_AgainstTheRules_IsFalse(string name) => BucketNames.IsValid(name).ShouldBeFalse();
}
