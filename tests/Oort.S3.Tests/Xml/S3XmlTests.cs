using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using Oort.Checksums;
using Shouldly;

namespace Oort.S3.Tests;

public sealed class S3XmlTests
{
    private const string Declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    private const string Ns = " xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"";
    private static readonly DateTimeOffset Time = new(2026, 1, 2, 3, 4, 5, 60, TimeSpan.FromHours(1));
    private static readonly S3Owner Owner = new("id", "name");

    [Theory]
    [InlineData("a&b<c>d\"e'f", "a&amp;b&lt;c&gt;d&quot;e'f")]
    [InlineData("\0\u0001\t\n\r\u001F", "&#x0;&#x1;\t\n&#xd;&#x1f;")]
    [InlineData("ü\U0001F600", "ü\U0001F600")]
    [InlineData("\uFFFE\uFFFF", "&#xfffe;&#xffff;")]
    [InlineData("\uD7FF\uE000", "\uD7FF\uE000")]
    public void Text_AnyCharacter_IsEscapedAsS3Does(string text, string expected) => Text(text).ShouldBe(expected);

    [Fact]
    public void Text_LoneSurrogate_IsReplaced() => Text("a\uD800b").ShouldBe("a\uFFFDb");

    [Fact]
    public void Text_LongWithPairsOnEveryBorder_IsWhole()
    {
        for (var shift = 0; shift < 3; shift++)
        {
            var text = new string('x', 1022 + shift) + string.Concat(Enumerable.Repeat("\U0001F600", 1500));
            Text(text).ShouldBe(text);
        }
    }

    [Fact]
    public async Task ListBuckets_Written_IsExact() => (await Written(pipe => S3Xml.WriteAsync(pipe, new ListBucketsResult(Owner, [new ListedBucket("a", Time)], null, null), default)))
        .ShouldBe($"{Declaration}<ListAllMyBucketsResult{Ns}><Owner><ID>id</ID><DisplayName>name</DisplayName></Owner><Buckets><Bucket><Name>a</Name><CreationDate>2026-01-02T02:04:05.060Z</CreationDate></Bucket></Buckets></ListAllMyBucketsResult>");

    [Fact]
    public async Task ListObjects_Written_IsExact()
    {
        var contents = new[] { new ListedObject("a b/ü", Time, "etag", 5, "STANDARD", Owner, ChecksumAlgorithm.Crc32, ChecksumType.FullObject) };
        var result = new ListObjectsResult("bucket", "a ", "", 1000, "/", true, "m n", contents, ["a b/c/"], UrlEncoded: true);
        (await Written(pipe => S3Xml.WriteAsync(pipe, result, default))).ShouldBe(
            $"{Declaration}<ListBucketResult{Ns}><Name>bucket</Name><Prefix>a </Prefix><Marker/><NextMarker>m%20n</NextMarker><MaxKeys>1000</MaxKeys><Delimiter>/</Delimiter><IsTruncated>true</IsTruncated><EncodingType>url</EncodingType>"
            + "<Contents><Key>a%20b/%C3%BC</Key><LastModified>2026-01-02T02:04:05.060Z</LastModified><ETag>&quot;etag&quot;</ETag><ChecksumAlgorithm>CRC32</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType><Size>5</Size><Owner><ID>id</ID><DisplayName>name</DisplayName></Owner><StorageClass>STANDARD</StorageClass></Contents>"
            + "<CommonPrefixes><Prefix>a%20b/c/</Prefix></CommonPrefixes></ListBucketResult>");
    }

    [Fact]
    public async Task ListObjectsV2_Written_IsExact()
    {
        var contents = new[] { new ListedObject("k\u0001", Time, "e", 0, "STANDARD", null, ChecksumAlgorithm.None, default) };
        var result = new ListObjectsV2Result("bucket", "", "s", "t&", "n", 1, 1, null, false, contents, [], UrlEncoded: false);
        (await Written(pipe => S3Xml.WriteAsync(pipe, result, default))).ShouldBe(
            $"{Declaration}<ListBucketResult{Ns}><Name>bucket</Name><Prefix/><StartAfter>s</StartAfter><ContinuationToken>t&amp;</ContinuationToken><NextContinuationToken>n</NextContinuationToken><KeyCount>1</KeyCount><MaxKeys>1</MaxKeys><IsTruncated>false</IsTruncated>"
            + "<Contents><Key>k&#x1;</Key><LastModified>2026-01-02T02:04:05.060Z</LastModified><ETag>&quot;e&quot;</ETag><Size>0</Size><StorageClass>STANDARD</StorageClass></Contents></ListBucketResult>");
    }

    [Fact]
    public async Task ListVersions_Written_TellsMarkersFromVersions()
    {
        ListedVersion[] versions =
        [
            new("k", "v2", true, true, Time, "", 0, "", Owner, default, default),
            new("k", "null", false, false, Time, "e", 7, "STANDARD", Owner, ChecksumAlgorithm.None, default),
        ];
        var xml = await Written(pipe => S3Xml.WriteAsync(pipe, new ListVersionsResult("b", "", "", "", null, null, 1000, null, false, versions, [], false), default));
        xml.ShouldContain("<DeleteMarker><Key>k</Key><VersionId>v2</VersionId><IsLatest>true</IsLatest><LastModified>2026-01-02T02:04:05.060Z</LastModified><Owner>");
        xml.ShouldContain("<Version><Key>k</Key><VersionId>null</VersionId><IsLatest>false</IsLatest><LastModified>2026-01-02T02:04:05.060Z</LastModified><ETag>&quot;e&quot;</ETag><Size>7</Size><StorageClass>STANDARD</StorageClass><Owner>");
        xml.IndexOf("<DeleteMarker>", StringComparison.Ordinal).ShouldBeLessThan(xml.IndexOf("<Version>", StringComparison.Ordinal));
    }

    [Fact]
    public async Task UploadsAndParts_Written_AreExact()
    {
        var uploads = await Written(pipe => S3Xml.WriteAsync(pipe, new ListUploadsResult("b", "", "", "", "nk", "nu", 1000, null, true, [new ListedUpload("k", "u", Owner, Owner, "STANDARD", Time, ChecksumAlgorithm.Sha256, ChecksumType.Composite)], [], false), default));
        uploads.ShouldContain("<Bucket>b</Bucket><KeyMarker/><UploadIdMarker/><NextKeyMarker>nk</NextKeyMarker><NextUploadIdMarker>nu</NextUploadIdMarker><Prefix/><MaxUploads>1000</MaxUploads><IsTruncated>true</IsTruncated><Upload><Key>k</Key><UploadId>u</UploadId>");
        uploads.ShouldContain("<ChecksumAlgorithm>SHA256</ChecksumAlgorithm><ChecksumType>COMPOSITE</ChecksumType></Upload>");
        var parts = await Written(pipe => S3Xml.WriteAsync(pipe, new ListPartsResult("b", "k", "u", Owner, Owner, "STANDARD", 0, 1, 1000, false, [new ListedPart(1, Time, "e", 5, ChecksumAlgorithm.Crc32, "AAAAAA==")], ChecksumAlgorithm.Crc32, ChecksumType.Composite), default));
        parts.ShouldContain("<Part><PartNumber>1</PartNumber><LastModified>2026-01-02T02:04:05.060Z</LastModified><ETag>&quot;e&quot;</ETag><Size>5</Size><ChecksumCRC32>AAAAAA==</ChecksumCRC32></Part></ListPartsResult>");
    }

    [Fact]
    public async Task SmallAnswers_Written_AreExact()
    {
        (await Written(pipe => S3Xml.WriteLocationAsync(pipe, "us-east-1", default))).ShouldBe($"{Declaration}<LocationConstraint{Ns}></LocationConstraint>");
        (await Written(pipe => S3Xml.WriteLocationAsync(pipe, "eu-west-1", default))).ShouldBe($"{Declaration}<LocationConstraint{Ns}>eu-west-1</LocationConstraint>");
        (await Written(pipe => S3Xml.WriteVersioningAsync(pipe, null, default))).ShouldBe($"{Declaration}<VersioningConfiguration{Ns}></VersioningConfiguration>");
        (await Written(pipe => S3Xml.WriteInitiateAsync(pipe, "b", "k", "u", default))).ShouldBe($"{Declaration}<InitiateMultipartUploadResult{Ns}><Bucket>b</Bucket><Key>k</Key><UploadId>u</UploadId></InitiateMultipartUploadResult>");
        (await Written(pipe => S3Xml.WriteCopyObjectAsync(pipe, new CopyResult("e", Time, new ShownChecksum(ChecksumAlgorithm.Sha1, "x=", ChecksumType.FullObject)), default)))
            .ShouldBe($"{Declaration}<CopyObjectResult{Ns}><LastModified>2026-01-02T02:04:05.060Z</LastModified><ETag>&quot;e&quot;</ETag><ChecksumSHA1>x=</ChecksumSHA1><ChecksumType>FULL_OBJECT</ChecksumType></CopyObjectResult>");
        (await Written(pipe => S3Xml.WriteAsync(pipe, new CompleteResult("http://h/b/k", "b", "k", "e-2", null), default)))
            .ShouldBe($"{Declaration}<CompleteMultipartUploadResult{Ns}><Location>http://h/b/k</Location><Bucket>b</Bucket><Key>k</Key><ETag>&quot;e-2&quot;</ETag></CompleteMultipartUploadResult>");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Delete_Written_TellsErrorsAlways(bool quiet)
    {
        DeleteResultEntry[] entries = [new("a", "v"), new("b", null, true, "m"), new("c", null, Error: S3Errors.AccessDenied)];
        var xml = await Written(pipe => S3Xml.WriteDeleteAsync(pipe, entries, quiet, default));
        xml.Contains("<Deleted><Key>a</Key><VersionId>v</VersionId></Deleted><Deleted><Key>b</Key><DeleteMarker>true</DeleteMarker><DeleteMarkerVersionId>m</DeleteMarkerVersionId></Deleted>", StringComparison.Ordinal).ShouldBe(!quiet);
        xml.ShouldContain("<Error><Key>c</Key><Code>AccessDenied</Code><Message>Access Denied</Message></Error>");
    }

    [Fact]
    public async Task Attributes_Written_AreExact()
    {
        var parts = new ObjectPartsResult(2, 0, 1, 1, true, [new ListedPart(1, default, "", 5, ChecksumAlgorithm.Crc32, "AAAAAA==")]);
        (await Written(pipe => S3Xml.WriteAsync(pipe, new ObjectAttributesResult("e-2", null, parts, "STANDARD", 10), default))).ShouldBe(
            $"{Declaration}<GetObjectAttributesResponse{Ns}><ETag>e-2</ETag><ObjectParts><PartsCount>2</PartsCount><PartNumberMarker>0</PartNumberMarker><NextPartNumberMarker>1</NextPartNumberMarker><MaxParts>1</MaxParts><IsTruncated>true</IsTruncated><Part><PartNumber>1</PartNumber><Size>5</Size><ChecksumCRC32>AAAAAA==</ChecksumCRC32></Part></ObjectParts><StorageClass>STANDARD</StorageClass><ObjectSize>10</ObjectSize></GetObjectAttributesResponse>");
    }

    [Fact]
    public void Error_Written_HasNoNamespace()
    {
        var buffer = new ArrayBufferWriter<byte>();
        S3Xml.WriteError(new S3XmlWriter(buffer), S3Errors.NoSuchKey, "gone", [("Key", "a&b")], "/b/a&b", "id", "host");
        Encoding.UTF8.GetString(buffer.WrittenSpan).ShouldBe($"{Declaration}<Error><Code>NoSuchKey</Code><Message>gone</Message><Key>a&amp;b</Key><Resource>/b/a&amp;b</Resource><RequestId>id</RequestId><HostId>host</HostId></Error>");
    }

    [Fact]
    public async Task Echo_OfWhatXmlForbids_IsReplaced()
    {
        var buffer = new ArrayBufferWriter<byte>();
        S3Xml.WriteError(new S3XmlWriter(buffer), S3Errors.NoSuchKey, "\u0001", [("Key", "a\u0000\uFFFF")], "/b/\u001F", "id", "host");
        Encoding.UTF8.GetString(buffer.WrittenSpan).ShouldBe($"{Declaration}<Error><Code>NoSuchKey</Code><Message>\uFFFD</Message><Key>a\uFFFD\uFFFD</Key><Resource>/b/\uFFFD</Resource><RequestId>id</RequestId><HostId>host</HostId></Error>");

        // The upload's id must reach a client whose key has such a character.
        var pipe = new Pipe();
        await S3Xml.WriteInitiateAsync(pipe.Writer, "b", "k\u0001", "u", TestContext.Current.CancellationToken);
        var read = await pipe.Reader.ReadAsync(TestContext.Current.CancellationToken);
        Encoding.UTF8.GetString(read.Buffer).ShouldContain("<Key>k\uFFFD</Key><UploadId>u</UploadId>");
        pipe.Reader.AdvanceTo(read.Buffer.End);
    }

    [Fact]
    public async Task Listing_OfLongKeys_NeverWaitsInMemoryWhole()
    {
        // A reader that takes nothing until the pipe is full: the writer must stop at the pipe's threshold.
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 64 * 1024, resumeWriterThreshold: 1));
        var contents = Enumerable.Range(0, 1000).Select(static i => new ListedObject(new string('&', 1000) + i, default, "e", 1, "STANDARD", null, default, default));
        var writing = S3Xml.WriteAsync(pipe.Writer, new ListObjectsV2Result("b", "", null, null, null, 1000, 1000, null, false, contents, [], false), default).AsTask();
        writing.IsCompleted.ShouldBeFalse();
        var read = await pipe.Reader.ReadAsync(TestContext.Current.CancellationToken);
        read.Buffer.Length.ShouldBeLessThan(128 * 1024);
        pipe.Reader.AdvanceTo(read.Buffer.Start);
        await pipe.Reader.CompleteAsync();
        await Should.ThrowAsync<ClientDisconnectedException>(() => writing);
    }

    [Fact]
    public void Errors_Catalogue_IsConsistent()
    {
        var all = typeof(S3Errors).GetProperties().Select(static property => (S3Error)property.GetValue(null)!).ToArray();
        all.Length.ShouldBeGreaterThan(100);
        all.ShouldAllBe(static error => error.Status >= 300 && error.Status < 600 && error.Message.Length > 0 && error.Code.Length > 0);
    }

    private static string Text(string text)
    {
        var buffer = new ArrayBufferWriter<byte>();
        new S3XmlWriter(buffer).Text(text);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static async Task<string> Written(Func<PipeWriter, ValueTask> write)
    {
        using var stream = new MemoryStream();
        var pipe = PipeWriter.Create(stream);
        await write(pipe);
        await pipe.CompleteAsync();
        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
