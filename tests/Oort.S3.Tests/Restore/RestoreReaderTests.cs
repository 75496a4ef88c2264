using System.Text;
using Shouldly;

namespace Oort.S3.Tests;

public sealed class RestoreReaderTests
{
    [Theory]
    [InlineData("<Days>1</Days>", 1, null)]
    [InlineData("<Days> 2147483647 </Days><Description>d</Description>", int.MaxValue, null)]
    [InlineData("<GlacierJobParameters><Tier>Bulk</Tier></GlacierJobParameters><Days>7</Days>", 7, "Bulk")]
    [InlineData("<Days>7</Days><GlacierJobParameters/>", 7, null)]
    [InlineData("<Days>7</Days><Tier>Expedited</Tier>", 7, "Expedited")]
    public void Parse_Request_IsRead(string content, int days, string? tier) => Parse(content).ShouldBe(new(days, tier));

    [Theory]
    [InlineData("", "MalformedXML")]
    [InlineData("<Days>x</Days>", "MalformedXML")]
    [InlineData("<Days>2147483648</Days>", "MalformedXML")]
    [InlineData("<Days>1</Days><Days>1</Days>", "MalformedXML")]
    [InlineData("<Days>1</Days><Tier>Fast</Tier>", "MalformedXML")]
    [InlineData("<Days>1</Days><Tier>Bulk</Tier><GlacierJobParameters><Tier>Bulk</Tier></GlacierJobParameters>", "MalformedXML")]
    [InlineData("<Days>1</Days><GlacierJobParameters><Speed>1</Speed></GlacierJobParameters>", "MalformedXML")]
    [InlineData("<Days>1</Days><More/>", "MalformedXML")]
    [InlineData("<Days>0</Days>", "InvalidArgument")]
    [InlineData("<Days>-1</Days>", "InvalidArgument")]
    [InlineData("<Type>SELECT</Type>", "NotImplemented")]
    [InlineData("<Days>1</Days><OutputLocation><S3><BucketName>b</BucketName></S3></OutputLocation>", "NotImplemented")]
    [InlineData("<SelectParameters/>", "NotImplemented")]
    public void Parse_Bad_IsRefused(string content, string code) => Should.Throw<S3Exception>(() => Parse(content)).Error.Code.ShouldBe(code);

    [Fact]
    public void Parse_Nothing_IsMissing() => Should.Throw<S3Exception>(() => RestoreReader.Parse([])).Error.Code.ShouldBe("MissingRequestBodyError");

    private static RestoreRequest Parse(string content) => RestoreReader.Parse(Encoding.UTF8.GetBytes($"<RestoreRequest xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{content}</RestoreRequest>"));
}
