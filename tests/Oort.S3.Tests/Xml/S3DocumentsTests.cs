using System.Text;
using Oort.Checksums;
using Shouldly;

namespace Oort.S3.Tests;

public sealed class S3DocumentsTests
{
    private const string Ns = " xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"";

    [Fact]
    public void CreateBucket_Forms_AreRead()
    {
        S3Documents.ParseCreateBucket([]).ShouldBeNull();
        S3Documents.ParseCreateBucket(Utf8($"<CreateBucketConfiguration{Ns}/>"))!.LocationConstraint.ShouldBeNull();
        var document = S3Documents.ParseCreateBucket(Utf8($"<?xml version=\"1.0\"?>\n<CreateBucketConfiguration{Ns}>\n <LocationConstraint>eu-west-1</LocationConstraint>\n <Bucket><Type>Directory</Type><DataRedundancy>x</DataRedundancy></Bucket><Location><Name>n</Name></Location><Tags><Tag><Key>a</Key><Value>b</Value></Tag></Tags></CreateBucketConfiguration>"))!;
        document.LocationConstraint.ShouldBe("eu-west-1");
        document.BucketType.ShouldBe("Directory");
        document.Tags.ShouldBe([new S3Tag("a", "b")]);
    }

    [Fact]
    public void Delete_Entries_AreRead()
    {
        var document = S3Documents.ParseDelete(Utf8("<Delete><Quiet>true</Quiet><Object><Key>a &amp; b&#x1;&#10;</Key></Object><Object><VersionId>v</VersionId><Key> x </Key><ETag>\"e\"</ETag></Object></Delete>"));
        document.Quiet.ShouldBeTrue();
        document.Objects.ShouldBe([new DeleteEntry("a & b\u0001\n", null, null, null, null), new DeleteEntry(" x ", "v", "\"e\"", null, null)]);
    }

    [Fact]
    public void Delete_BareControlCharacters_AreTaken()
    {
        S3Documents.ParseDelete(Utf8("<Delete><Object><Key>a\0\u0001\tb\u001F</Key></Object></Delete>")).Objects.Single().Key.ShouldBe("a\0\u0001\tb\u001F");
        Malformed(() => S3Documents.ParseDelete(Utf8("<Delete\u0001><Object><Key>a</Key></Object></Delete>")));
    }

    [Fact]
    public void Delete_Count_IsLimited()
    {
        S3Documents.ParseDelete(Utf8("<Delete>" + string.Concat(Enumerable.Repeat("<Object><Key>k</Key></Object>", 1000)) + "</Delete>")).Objects.Count.ShouldBe(1000);
        Malformed(() => S3Documents.ParseDelete(Utf8("<Delete>" + string.Concat(Enumerable.Repeat("<Object><Key>k</Key></Object>", 1001)) + "</Delete>")));
    }

    [Fact]
    public void Complete_Parts_AreRead()
    {
        var document = S3Documents.ParseCompleteMultipart(Utf8($"<CompleteMultipartUpload{Ns}><Part><ETag>&quot;abc&quot;</ETag><PartNumber>2</PartNumber><ChecksumCRC32>AAAAAA==</ChecksumCRC32></Part><Part><PartNumber>1</PartNumber><ETag>def</ETag></Part></CompleteMultipartUpload>"));
        document.Parts.Select(static part => (part.PartNumber, part.ETag)).ShouldBe([(2, "abc"), (1, "def")]);
        document.Parts[0].Checksums.ShouldBe([(ChecksumAlgorithm.Crc32, "AAAAAA==")]);
    }

    [Fact]
    public void Complete_TenThousandParts_FitTheLimits()
    {
        var part = $"<Part><ChecksumSHA256>{new string('A', 43)}=</ChecksumSHA256><ETag>&quot;{new string('a', 32)}&quot;</ETag><PartNumber>10000</PartNumber></Part>";
        var body = Utf8($"<CompleteMultipartUpload{Ns}>{string.Concat(Enumerable.Repeat(part, 10_000))}</CompleteMultipartUpload>");
        body.Length.ShouldBeLessThan(S3Documents.CompleteSizeMax);
        S3Documents.ParseCompleteMultipart(body).Parts.Count.ShouldBe(10_000);
    }

    [Theory]
    [InlineData("<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>", "Enabled", null)]
    [InlineData("<VersioningConfiguration><Status>Suspended</Status><MfaDelete>Disabled</MfaDelete></VersioningConfiguration>", "Suspended", "Disabled")]
    [InlineData("<VersioningConfiguration/>", null, null)]
    public void Versioning_Forms_AreRead(string xml, string? status, string? mfa) => S3Documents.ParseVersioning(Utf8(xml)).ShouldBe(new VersioningDocument(status, mfa));

    [Theory]
    [InlineData("")]
    [InlineData("rubbish")]
    [InlineData("<Other/>")]
    [InlineData("<Delete/>")]
    [InlineData("<Delete><Object/></Delete>")]
    [InlineData("<Delete><Object><Key></Key></Object></Delete>")]
    [InlineData("<Delete><Object><Key>k</Key></Object>")]
    [InlineData("<Delete><Object><Key>k</Key></Object></Delete><x/>")]
    [InlineData("<Delete><Object><Key>k</Key><New>x</New></Object></Delete>")]
    [InlineData("<Delete>text<Object><Key>k</Key></Object></Delete>")]
    [InlineData("<Delete><Object><Key><b>k</b></Key></Object></Delete>")]
    [InlineData("<Delete><Object><Key>&unknown;</Key></Object></Delete>")]
    [InlineData("<Delete><Object><Key>&#xD800;</Key></Object></Delete>")]
    [InlineData("<Delete><Quiet>maybe</Quiet><Object><Key>k</Key></Object></Delete>")]
    [InlineData("<!DOCTYPE x [<!ENTITY a \"aaaa\">]><Delete><Object><Key>&a;</Key></Object></Delete>")]
    [InlineData("<!DOCTYPE x SYSTEM \"file:///etc/passwd\"><Delete><Object><Key>k</Key></Object></Delete>")]
    public void Delete_Malformed_IsRefused(string xml) => Malformed(() => S3Documents.ParseDelete(Utf8(xml)));

    [Fact]
    public void Parse_DeepNesting_IsRefused() =>
        Malformed(() => S3Documents.ParseCreateBucket(Utf8("<CreateBucketConfiguration>" + string.Concat(Enumerable.Repeat("<Location>", 100_000)))));

    [Theory]
    [InlineData("<CompleteMultipartUpload/>", "MalformedXML")]
    [InlineData("<CompleteMultipartUpload><Part><PartNumber>1</PartNumber></Part></CompleteMultipartUpload>", "MalformedXML")]
    [InlineData("<CompleteMultipartUpload><Part><ETag>e</ETag></Part></CompleteMultipartUpload>", "MalformedXML")]
    [InlineData("<CompleteMultipartUpload><Part><ETag>e</ETag><PartNumber>0</PartNumber></Part></CompleteMultipartUpload>", "InvalidArgument")]
    [InlineData("<CompleteMultipartUpload><Part><ETag>e</ETag><PartNumber>10001</PartNumber></Part></CompleteMultipartUpload>", "InvalidArgument")]
    [InlineData("<CompleteMultipartUpload><Part><ETag>e</ETag><PartNumber>x</PartNumber></Part></CompleteMultipartUpload>", "InvalidArgument")]
    [InlineData("<CompleteMultipartUpload><Part><ETag>e</ETag><PartNumber>1</PartNumber><ChecksumSHA224>x</ChecksumSHA224></Part></CompleteMultipartUpload>", "MalformedXML")]
    [InlineData("<CompleteMultipartUpload><Part><ETag>e</ETag><PartNumber>1</PartNumber><ChecksumFOO>x</ChecksumFOO></Part></CompleteMultipartUpload>", "MalformedXML")]
    public void Complete_Other_IsRefused(string xml, string code) => Should.Throw<S3Exception>(() => S3Documents.ParseCompleteMultipart(Utf8(xml))).Error.Code.ShouldBe(code);

    [Fact]
    public void Parse_OtherEncodings_AreRead() =>
        S3Documents.ParseVersioning([0xFF, 0xFE, .. Encoding.Unicode.GetBytes("<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>")]).Status.ShouldBe("Enabled");

    [Fact]
    public async Task ReadBody_TooLong_IsRefusedBeforeItIsRead()
    {
        var request = RawRequest.ToS3(new byte[101]);
        var error = await Should.ThrowAsync<S3Exception>(async () => await S3Documents.ReadBodyAsync(request, 100, TestContext.Current.CancellationToken));
        error.Error.ShouldBe(S3Errors.MaxMessageLengthExceeded);
        (await S3Documents.ReadBodyAsync(RawRequest.ToS3(new byte[100]), 100, TestContext.Current.CancellationToken)).Length.ShouldBe(100);
    }

    [Fact]
    public void Parse_MutatedDocuments_ThrowNothingButS3Exception()
    {
        const int Seed = 20261122;
        var random = new Random(Seed);
        (byte[] Xml, Action<byte[]> Parse)[] cases =
        [
            (Utf8("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Delete><Quiet>true</Quiet><Object><Key>a&amp;b</Key><VersionId>v</VersionId></Object></Delete>"), static body => S3Documents.ParseDelete(body)),
            (Utf8($"<CompleteMultipartUpload{Ns}><Part><ETag>\"e\"</ETag><PartNumber>1</PartNumber><ChecksumSHA1>x</ChecksumSHA1></Part></CompleteMultipartUpload>"), static body => S3Documents.ParseCompleteMultipart(body)),
            (Utf8("<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"), static body => S3Documents.ParseVersioning(body)),
            (Utf8("<CreateBucketConfiguration><LocationConstraint>x</LocationConstraint><Tags><Tag><Key>k</Key><Value>v</Value></Tag></Tags></CreateBucketConfiguration>"), static body => S3Documents.ParseCreateBucket(body)),
        ];
        for (var i = 0; i < 6000; i++)
        {
            var (xml, parse) = cases[i % cases.Length];
            try
            {
                parse(Mutation.Of(xml, random));
            }
            catch (S3Exception)
            {
                continue;
            }
        }
    }

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    private static void Malformed(Action parse) => Should.Throw<S3Exception>(parse).Error.ShouldBe(S3Errors.MalformedXml);
}
