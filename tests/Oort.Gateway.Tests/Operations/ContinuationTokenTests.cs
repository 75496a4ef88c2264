using FsCheck;
using FsCheck.Fluent;
using Oort.Gateway.Operations;
using Oort.S3;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Operations;

public sealed class ContinuationTokenTests
{
    [Fact]
    public void Decode_WhatWasEncoded_IsTheSame() =>
        Prop.ForAll(
            ArbMap.Default.ArbFor<NonNull<string>>().Filter(text => IsUnicode(text.Get)),
            text => ContinuationToken.Decode(ContinuationToken.Encode(text.Get)) == text.Get)
        .QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("")]
    [InlineData("!")]
    [InlineData("AA")] // version 0
    [InlineData("AcM")] // version 1, then half a character of UTF-8
    public void Decode_NoTokenOfOurs_IsInvalidArgument(string token) =>
        Should.Throw<S3Exception>(() => ContinuationToken.Decode(token)).Error.ShouldBe(S3Errors.InvalidArgument);

    [Fact]
    public void Decode_TooLong_IsInvalidArgument() =>
        Should.Throw<S3Exception>(() => ContinuationToken.Decode(ContinuationToken.Encode(new string('a', 1025)))).Error.ShouldBe(S3Errors.InvalidArgument);

    private static bool IsUnicode(string text) => text.EnumerateRunes().All(rune => rune != System.Text.Rune.ReplacementChar);
}
