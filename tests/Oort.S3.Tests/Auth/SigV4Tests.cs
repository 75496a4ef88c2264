using System.Globalization;
using Shouldly;

namespace Oort.S3.Tests;

public sealed class SigV4Tests
{
    [Theory]
    [InlineData("20260102T030405Z", true)]
    [InlineData("20240229T235959Z", true)]
    [InlineData("00010101T000000Z", true)]
    [InlineData("99991231T235959Z", true)]
    [InlineData("20230229T000000Z", false)]
    [InlineData("00000101T000000Z", false)]
    [InlineData("20260001T000000Z", false)]
    [InlineData("20261301T000000Z", false)]
    [InlineData("20260100T000000Z", false)]
    [InlineData("20260102T240000Z", false)]
    [InlineData("20260102T036005Z", false)]
    [InlineData("20260102T030460Z", false)]
    [InlineData("20260102t030405Z", false)]
    [InlineData("20260102T030405z", false)]
    [InlineData("20260102 030405Z", false)]
    [InlineData("2026010 T030405Z", false)]
    [InlineData("20260102T03040+Z", false)]
    [InlineData("20260102T030405", false)]
    [InlineData("20260102T030405Z ", false)]
    [InlineData(" 20260102T030405Z", false)]
    [InlineData("２0260102T030405Z", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void TryParseTimestamp_AnyText_JudgesAsThePlatformDoes(string? text, bool isValid)
    {
        var isExpected = DateTimeOffset.TryParseExact(text, "yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var expected);
        isExpected.ShouldBe(isValid);
        SigV4.TryParseTimestamp(text, out var time).ShouldBe(isValid);
        time.ShouldBe(isValid ? expected : default);
        if (isValid)
            SigV4.FormatTimestamp(time).ShouldBe(text);
    }

    [Fact]
    public void SignatureScopes_MoreClientsThanItsLimit_StartsAnewAndFindsTheLast()
    {
        var scopes = new SignatureScopes();
        var scope = new SignatureScope("AKID", "20260102", "us-east-1", "s3", ["host"]);
        for (var i = 0; i <= 1024; i++)
            scopes.Keep($"{i}", scope);
        scopes.Find("0").ShouldBeNull();
        scopes.Find("1024").ShouldBe(scope);
    }

    [Fact]
    public void SignatureScopes_VeryLongHeader_IsNotKept()
    {
        var scopes = new SignatureScopes();
        scopes.Keep(new string('a', 1025), new SignatureScope("AKID", "20260102", "us-east-1", "s3", ["host"]));
        scopes.Find(new string('a', 1025)).ShouldBeNull();
    }

    [Fact]
    public void SigningKey_Printed_ShowsNothing() => new SigningKey("secret", "20260102", "us-east-1", "s3").ToString().ShouldBe("***");
}
