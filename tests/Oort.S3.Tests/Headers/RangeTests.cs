using Shouldly;

namespace Oort.S3.Tests;

public sealed class RangeTests
{
    [Theory]
    [InlineData("bytes=0-9", 0, 10)]
    [InlineData("bytes=5-", 5, 95)]
    [InlineData("bytes=-10", 90, 10)]
    [InlineData("bytes=-1000", 0, 100)]
    [InlineData("bytes=99-99", 99, 1)]
    [InlineData("bytes=90-99999999999999999999", 90, 10)]
    [InlineData("bytes=-99999999999999999999", 0, 100)]
    [InlineData("Bytes= 1 - 2 ", 1, 2)]
    public void Resolve_InsideTheObject_IsPartial(string header, long offset, long length) =>
        ByteRange.Resolve(header, 100).ShouldBe(new ByteRange(RangeOutcome.Partial, offset, length));

    [Theory]
    [InlineData("bytes=100-", 100)]
    [InlineData("bytes=100-200", 100)]
    [InlineData("bytes=-0", 100)]
    [InlineData("bytes=0-", 0)]
    [InlineData("bytes=-5", 0)]
    [InlineData("bytes=99999999999999999999-", 100)]
    public void Resolve_PastTheEnd_IsUnsatisfiable(string header, long size) =>
        ByteRange.Resolve(header, size).Outcome.ShouldBe(RangeOutcome.Unsatisfiable);

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("bytes")]
    [InlineData("bytes=")]
    [InlineData("bytes=-")]
    [InlineData("bytes=9-3")]
    [InlineData("bytes=a-b")]
    [InlineData("bytes=1-2,5-6")]
    [InlineData("bytes=--5")]
    [InlineData("bytes=+1-2")]
    [InlineData("lines=1-2")]
    [InlineData("bytes=-5-3")]
    public void Resolve_NotOneRange_IsIgnored(string? header) =>
        ByteRange.Resolve(header, 100).ShouldBe(new ByteRange(RangeOutcome.Whole, 0, 100));

    [Fact]
    public void ContentRange_Partial_IsAsInHttp() => ByteRange.Resolve("bytes=5-9", 100).ContentRange(100).ShouldBe("bytes 5-9/100");

    [Theory]
    [InlineData("bytes=0-99", null)]
    [InlineData("bytes=0-100", "InvalidRange")]
    [InlineData("bytes=100-100", "InvalidRange")]
    [InlineData("bytes=5-", "InvalidArgument")]
    [InlineData("bytes=-5", "InvalidArgument")]
    [InlineData("0-5", "InvalidArgument")]
    public void ResolveCopySource_IsStrict(string header, string? code)
    {
        string? actual = null;
        try
        {
            ByteRange.ResolveCopySource(header, 100).Length.ShouldBe(100);
        }
        catch (S3Exception e)
        {
            actual = e.Error.Code;
        }

        actual.ShouldBe(code);
    }
}
