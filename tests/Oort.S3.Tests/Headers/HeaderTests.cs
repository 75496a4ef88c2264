using System.Text;
using Oort.Checksums;
using Shouldly;

namespace Oort.S3.Tests;

public sealed class HeaderTests
{
    private static readonly DateTimeOffset Modified = new(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero);

    [Theory]
    [InlineData("Fri, 02 Jan 2026 03:04:05 GMT")]
    [InlineData("Friday, 02-Jan-26 03:04:05 GMT")]
    [InlineData("Fri Jan  2 03:04:05 2026")]
    [InlineData("Fri, 2 Jan 2026 03:04:05 GMT")]
    [InlineData("Fri, 02 Jan 2026 03:04:05 +0000")]
    [InlineData("2026-01-02T03:04:05Z")]
    public void HttpDate_EachForm_IsRead(string text)
    {
        HttpDate.TryParse(text, out var time).ShouldBeTrue();
        time.ShouldBe(HttpDate.ToSeconds(Modified));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("yesterday")]
    [InlineData("Fri, 32 Jan 2026 03:04:05 GMT")]
    public void HttpDate_Other_IsNot(string? text) => HttpDate.TryParse(text, out _).ShouldBeFalse();

    [Theory]
    [InlineData("\"a\"", "a", true)]
    [InlineData("a", "a", true)]
    [InlineData("\"b\", W/\"a\"", "a", true)]
    [InlineData("*", "a", true)]
    [InlineData("\"b\"", "a", false)]
    public void EntityTags_Header_Matches(string header, string etag, bool expected) => EntityTags.Parse(header)!.Matches(etag).ShouldBe(expected);

    // RFC 9110 §13.2.2; the object's tag is "a" and its time 03:04:05.678.
    [Theory]
    [InlineData("if-match=a", ConditionOutcome.Proceed)]
    [InlineData("if-match=b", ConditionOutcome.PreconditionFailed)]
    [InlineData("if-none-match=a", ConditionOutcome.NotModified)]
    [InlineData("if-none-match=b", ConditionOutcome.Proceed)]
    [InlineData("if-modified-since=Fri, 02 Jan 2026 03:04:05 GMT", ConditionOutcome.NotModified)]
    [InlineData("if-modified-since=Fri, 02 Jan 2026 03:04:04 GMT", ConditionOutcome.Proceed)]
    [InlineData("if-unmodified-since=Fri, 02 Jan 2026 03:04:05 GMT", ConditionOutcome.Proceed)]
    [InlineData("if-unmodified-since=Fri, 02 Jan 2026 03:04:04 GMT", ConditionOutcome.PreconditionFailed)]
    [InlineData("if-match=a|if-unmodified-since=Fri, 02 Jan 2026 03:04:04 GMT", ConditionOutcome.Proceed)]
    [InlineData("if-none-match=b|if-modified-since=Fri, 02 Jan 2026 03:04:05 GMT", ConditionOutcome.Proceed)]
    [InlineData("if-match=b|if-none-match=a", ConditionOutcome.PreconditionFailed)]
    [InlineData("if-modified-since=rubbish", ConditionOutcome.Proceed)]
    public void Conditions_Read_DecidedInOrder(string headers, ConditionOutcome expected)
    {
        var pairs = headers.Split('|').Select(static pair => (pair[..pair.IndexOf('=', StringComparison.Ordinal)], pair[(pair.IndexOf('=', StringComparison.Ordinal) + 1)..])).ToArray();
        S3Conditions.Parse(RawRequest.ToS3([], pairs)).EvaluateRead("a", Modified).ShouldBe(expected);
        var copy = pairs.Select(static pair => ("x-amz-copy-source-" + pair.Item1, pair.Item2)).ToArray();
        S3Conditions.ForCopySource(RawRequest.ToS3([], copy)).EvaluateRead("a", Modified).ShouldBe(expected);
    }

    [Theory]
    [InlineData("bucket/key", "key", null)]
    [InlineData("/bucket/a%20b%2Bc+d", "a b+c+d", null)]
    [InlineData("bucket/key?versionId=v1", "key", "v1")]
    [InlineData("bucket/a%3FversionId=x?versionId=v1", "a?versionId=x", "v1")]
    [InlineData("bucket/a?b", "a?b", null)]
    [InlineData("bucket//x//", "/x//", null)]
    [InlineData("bucket%2Fkey", "key", null)]
    public void CopySource_Header_IsRead(string header, string key, string? version) =>
        CopySourceHeader.Parse(header).ShouldBe(new CopySourceHeader("bucket", key, version));

    [Theory]
    [InlineData("", "InvalidArgument")]
    [InlineData("bucket", "InvalidArgument")]
    [InlineData("bucket/", "InvalidArgument")]
    [InlineData("//key", "InvalidArgument")]
    [InlineData("bucket/%zz", "InvalidArgument")]
    [InlineData("bucket/key?versionId=", "InvalidArgument")]
    [InlineData("BUCKET/key", "InvalidBucketName")]
    [InlineData("arn:aws:s3:us-east-1:1:accesspoint/x/object/y", "NotImplemented")]
    public void CopySource_Other_IsRefused(string header, string code) =>
        Should.Throw<S3Exception>(() => CopySourceHeader.Parse(header)).Error.Code.ShouldBe(code);

    [Theory]
    [InlineData("aws-chunked", null)]
    [InlineData("aws-chunked,gzip", "gzip")]
    [InlineData("gzip, AWS-Chunked", "gzip")]
    [InlineData("gzip", "gzip")]
    [InlineData("gzip, br", "gzip, br")]
    [InlineData("", null)]
    [InlineData(null, null)]
    public void ContentEncoding_Stored_IsWithoutTheTransfers(string? header, string? expected) => S3Headers.StoredContentEncoding(header).ShouldBe(expected);

    [Fact]
    public void ContentMd5_Forms_AreTold()
    {
        S3Headers.ContentMd5(RawRequest.ToS3([], ("Content-MD5", "1B2M2Y8AsgTpgAmY7PhCfg==")))!.Length.ShouldBe(16);
        S3Headers.ContentMd5(RawRequest.ToS3([])).ShouldBeNull();
        foreach (var bad in new[] { "x", "1B2M2Y8AsgTpgAmY7PhC", "1B2M2Y8AsgTpgAmY7PhCfg==AAAA", "d41d8cd98f00b204e9800998ecf8427e" })
            Should.Throw<S3Exception>(() => S3Headers.ContentMd5(RawRequest.ToS3([], ("Content-MD5", bad)))).Error.ShouldBe(S3Errors.InvalidDigest);
    }

    [Fact]
    public void Metadata_Names_AreLowerCaseAndValuesDecoded()
    {
        var request = RawRequest.ToS3([], ("X-Amz-Meta-Name", "plain"), ("x-amz-meta-word", "=?UTF-8?B?w7xiZXI=?="), ("x-amz-meta-q", "=?utf-8?q?=C3=BCber_x?="), ("x-amz-metadata-directive", "COPY"));
        S3Headers.UserMetadata(request).ShouldBe(new SortedDictionary<string, string>(StringComparer.Ordinal) { ["name"] = "plain", ["q"] = "über x", ["word"] = "über" });
    }

    [Fact]
    public void Metadata_Size_IsLimitedAt2KiB()
    {
        S3Headers.UserMetadata(RawRequest.ToS3([], ("x-amz-meta-a", new string('v', 2047)))).Count.ShouldBe(1);
        Should.Throw<S3Exception>(() => S3Headers.UserMetadata(RawRequest.ToS3([], ("x-amz-meta-a", new string('v', 2048))))).Error.ShouldBe(S3Errors.MetadataTooLarge);
    }

    [Theory]
    [InlineData("plain text")]
    [InlineData("über")]
    [InlineData("tab\tand\nline")]
    [InlineData("\U0001F600")]
    [InlineData("")]
    public void MetadataText_AnyText_RoundTrips(string text)
    {
        var encoded = MetadataText.Encode(text);
        encoded.ShouldAllBe(static c => c >= ' ' && c <= '~');
        MetadataText.Decode(encoded).ShouldBe(text);
    }

    [Theory]
    [InlineData("=?UTF-8?B?!!?=")]
    [InlineData("=?UTF-8?X?abc?=")]
    [InlineData("=?UTF-8?B?abc")]
    [InlineData("=?")]
    [InlineData("=??=")]
    [InlineData("=?UTF-8?B?/w==?=")] // not UTF-8
    [InlineData("a =? b")]
    public void MetadataText_BrokenWord_StaysAsItIs(string text) => MetadataText.Decode(text).ShouldBe(text);

    [Theory]
    [InlineData("a", "=?utf-8?q?b?= =?utf-8?q?c?= d", "bc d")]
    [InlineData("a", "x =?utf-8?q?b?= y", "x b y")]
    [InlineData("a", "=?iso-8859-1?q?=FC?=", "ü")]
    public void MetadataText_Words_AreJoinedAsInRfc2047(string name, string text, string expected)
    {
        name.ShouldNotBeEmpty();
        MetadataText.Decode(text).ShouldBe(expected);
    }

    [Fact]
    public void Tagging_Header_IsRead()
    {
        S3Headers.Tagging("a=1&b+c=%26x&d").ShouldBe([new S3Tag("a", "1"), new S3Tag("b c", "&x"), new S3Tag("d", "")]);
        S3Headers.Tagging(null).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("a=1&a=2", "InvalidTag")]
    [InlineData("=1", "InvalidTag")]
    [InlineData("a=%zz", "InvalidArgument")]
    [InlineData("a=&b=&c=&d=&e=&f=&g=&h=&i=&j=&k=", "InvalidTag")]
    public void Tagging_Other_IsRefused(string header, string code) => Should.Throw<S3Exception>(() => S3Headers.Tagging(header)).Error.Code.ShouldBe(code);

    [Fact]
    public void Tagging_Lengths_AreLimited()
    {
        S3Headers.Tagging($"{new string('k', 128)}={new string('v', 256)}").Count.ShouldBe(1);
        Should.Throw<S3Exception>(() => S3Headers.Tagging($"{new string('k', 129)}=v"));
        Should.Throw<S3Exception>(() => S3Headers.Tagging($"k={new string('v', 257)}"));
    }

    [Fact]
    public void Checksum_Header_IsDecoded()
    {
        var checksum = RequestChecksum.Parse(RawRequest.ToS3([], ("x-amz-checksum-crc32c", "AAAAAQ=="), ("x-amz-checksum-mode", "ENABLED")))!;
        checksum.Algorithm.ShouldBe(ChecksumAlgorithm.Crc32C);
        checksum.Value.ShouldBe([0, 0, 0, 1]);
        RequestChecksum.Parse(RawRequest.ToS3([])).ShouldBeNull();
        RequestChecksum.Parse(RawRequest.ToS3([], ("x-amz-sdk-checksum-algorithm", "crc64nvme")))!.ShouldBe(new RequestChecksum(ChecksumAlgorithm.Crc64Nvme, null, false));
    }

    [Theory]
    [InlineData("x-amz-checksum-crc32=AAAA", "BadDigest")]
    [InlineData("x-amz-checksum-crc32=AAAAAAA=", "BadDigest")]
    [InlineData("x-amz-checksum-crc32=bad!", "BadDigest")]
    [InlineData("x-amz-checksum-crc32=AAAAAA==|x-amz-checksum-crc32c=AAAAAA==", "InvalidRequest")]
    [InlineData("x-amz-checksum-crc32=AAAAAA==|x-amz-sdk-checksum-algorithm=SHA1", "InvalidRequest")]
    [InlineData("x-amz-checksum-crc99=AAAAAA==", "InvalidRequest")]
    [InlineData("x-amz-checksum-sha512=AAAAAA==", "BadDigest")]
    [InlineData("x-amz-sdk-checksum-algorithm=XXHASH32", "InvalidRequest")]
    [InlineData("x-amz-sdk-checksum-algorithm=FOO", "InvalidRequest")]
    public void Checksum_Other_IsRefused(string headers, string code)
    {
        var pairs = headers.Split('|').Select(static pair => (pair[..pair.IndexOf('=', StringComparison.Ordinal)], pair[(pair.IndexOf('=', StringComparison.Ordinal) + 1)..])).ToArray();
        Should.Throw<S3Exception>(() => RequestChecksum.Parse(RawRequest.ToS3([], pairs))).Error.Code.ShouldBe(code);
    }

    [Fact]
    public void Checksum_Trailer_IsReadOnceItCame()
    {
        var trailers = new Dictionary<string, string>();
        var request = new S3Request
        {
            Http = RawRequest.Create("PUT", "/b/k"),
            RequestId = "",
            Operation = S3Operation.PutObject,
            Principal = new S3Principal("", "", ""),
            Body = PieceReader.Of([]),
            Trailers = trailers,
            AnnouncedTrailers = ["x-amz-checksum-sha1"],
        };
        var checksum = RequestChecksum.Parse(request)!;
        checksum.InTrailer.ShouldBeTrue();
        checksum.FromTrailer(request).ShouldBeNull();
        trailers["x-amz-checksum-sha1"] = Convert.ToBase64String(new byte[20]);
        checksum.FromTrailer(request)!.Length.ShouldBe(20);
    }

    [Fact]
    public void Checksum_TrailerThatIsNone_IsRefused()
    {
        var request = new S3Request
        {
            Http = RawRequest.Create("PUT", "/b/k"),
            RequestId = "",
            Operation = S3Operation.PutObject,
            Principal = new S3Principal("", "", ""),
            Body = PieceReader.Of([]),
            Trailers = new Dictionary<string, string>(),
            AnnouncedTrailers = ["x-other"],
        };
        Should.Throw<S3Exception>(() => RequestChecksum.Parse(request)).Error.ShouldBe(S3Errors.InvalidRequest);
    }

    [Fact]
    public void Parsers_MutatedHeaders_ThrowNothingButS3Exception()
    {
        const int Seed = 20261122;
        var random = new Random(Seed);
        string[] seeds = ["bytes=0-9", "\"a\", W/\"b\"", "/bucket/key?versionId=v", "a=1&b=%26", "=?UTF-8?B?w7xiZXI=?=", "Fri, 02 Jan 2026 03:04:05 GMT", "AAAAAA==", "aws-chunked,gzip", "AWS4-HMAC-SHA256 Credential=A/20260102/r/s3/aws4_request, SignedHeaders=host, Signature=00"];
        Action<string>[] parsers =
        [
            static text => ByteRange.Resolve(text, 100),
            static text => ByteRange.ResolveCopySource(text, 100),
            static text => EntityTags.Parse(text),
            static text => CopySourceHeader.Parse(text),
            static text => S3Headers.Tagging(text),
            static text => MetadataText.Decode(text),
            static text => _ = HttpDate.TryParse(text, out _),
            static text => RequestChecksum.DecodeValue(ChecksumAlgorithm.Crc32, text),
            static text => S3Headers.StoredContentEncoding(text),
            static text => S3Query.Parse(text),
            static text => PayloadForm.Read(text, RawRequest.Create("PUT", "/b/k", ("x-amz-decoded-content-length", text)).Request.Headers),
            static text => S3Target.Read(RawRequest.Create("GET", text, ("Host", text)), new S3Options { Domains = ["a"] }),
            static text =>
            {
                var http = RawRequest.Create("GET", "/b/k", ("Authorization", text), ("x-amz-date", "20260102T030405Z"));
                SignatureClaim.Read(S3Target.Read(http, new S3Options()), http.Request.Headers, new SignatureScopes());
            },
        ];
        for (var i = 0; i < 4000; i++)
        {
            var text = Encoding.Latin1.GetString(Mutation.Of(Encoding.Latin1.GetBytes(seeds[i % seeds.Length]), random));
            foreach (var parse in parsers)
            {
                try
                {
                    parse(text);
                }
                catch (S3Exception)
                {
                    continue;
                }
            }
        }
    }
}
