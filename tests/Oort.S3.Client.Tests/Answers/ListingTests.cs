using System.Text;
using Oort.S3.Client.Tests.Support;
using Shouldly;

namespace Oort.S3.Client.Tests.Answers;

/// <summary>Listings as services really send them, and as none should.</summary>
public sealed class ListingTests
{
    private static readonly CancellationToken none = CancellationToken.None;

    [Fact]
    public async Task Page_WithNamespaceCommentsUnknownElementsAndEscapes_IsRead()
    {
        const string document = """
            <?xml version="1.0" encoding="UTF-8"?>
            <!-- a remark --><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><EncodingType>url</EncodingType><New><Deep>x</Deep></New>
            <Contents><Key>a+b%2Bc/%C3%A4%01</Key><LastModified>2026-01-02T03:04:05.678Z</LastModified><ETag>&quot;abc&quot;</ETag><Size>12</Size><Owner><ID>o</ID></Owner></Contents>
            <IsTruncated>false</IsTruncated></ListBucketResult>
            """;
        var items = await ListAsync(_ => document);
        items.ShouldBe([new("a b+c/ä\u0001", 12, "abc", new DateTimeOffset(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero), "STANDARD")]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("not XML")]
    [InlineData("{\"json\":true}")]
    [InlineData("<html><body>It works!</body></html>")]
    [InlineData("<ListBucketResult><Contents><Key>a</Key>")]
    [InlineData("<ListBucketResult><Contents><Key>a</Key><Size>-1</Size></Contents></ListBucketResult>")]
    [InlineData("<ListBucketResult><Contents><Key>a</Key><Size>99999999999999999999</Size></Contents></ListBucketResult>")]
    [InlineData("<ListBucketResult><Contents><Key>a</Key><LastModified>yesterday</LastModified></Contents></ListBucketResult>")]
    [InlineData("<ListBucketResult><Contents><Key>a<b/></Key></Contents></ListBucketResult>")]
    [InlineData("<ListBucketResult><Contents><Size>1</Size></Contents></ListBucketResult>")]
    [InlineData("<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>")]
    [InlineData("<ListBucketResult><EncodingType>url</EncodingType><Contents><Key>%zz</Key></Contents></ListBucketResult>")]
    [InlineData("<!DOCTYPE x [<!ENTITY e \"eeeeeeeeee\">]><ListBucketResult><Contents><Key>&e;</Key></Contents></ListBucketResult>")]
    [InlineData("<!DOCTYPE x SYSTEM \"file:///etc/passwd\"><ListBucketResult/>")]
    public async Task Page_ThatIsNone_IsABadAnswer(string document) => await ShouldBeBadAsync(_ => document);

    [Fact]
    public async Task Page_NestedVeryDeeply_IsPassedOverOrRefused_AndNeverOverflows()
    {
        // Unknown elements are skipped without recursion, and known ones have no such depth.
        var deep = string.Concat(Enumerable.Repeat("<a>", 100_000)) + string.Concat(Enumerable.Repeat("</a>", 100_000));
        (await ListAsync(_ => $"<ListBucketResult>{deep}</ListBucketResult>")).ShouldBeEmpty();
    }

    [Fact]
    public async Task Page_WithMoreEntriesThanAskedFor_IsABadAnswer() =>
        await ShouldBeBadAsync(_ => $"<ListBucketResult>{string.Concat(Enumerable.Range(0, 4001).Select(i => $"<Contents><Key>{i:D5}</Key></Contents>"))}</ListBucketResult>");

    [Fact]
    public async Task Answer_WithoutEnd_IsCutOffAtTheLimit()
    {
        var endless = new byte[9 * 1024 * 1024];
        Array.Fill(endless, (byte)' ');
        await using var server = new HostileServer((_, _) => HostileServer.Answer(200, "", endless));
        using var client = server.Client();
        var failure = await Should.ThrowAsync<S3ClientException>(client.GetTagsAsync("bucket", "key", null, none));
        failure.Kind.ShouldBe(S3ErrorKind.BadAnswer);
        failure.Message.ShouldContain("longer than");
    }

    [Theory]
    // Always the same token; always new tokens and the same keys; tokens and no keys, for ever.
    [InlineData("same", "a{0:D9}")]
    [InlineData("t{0}", "a")]
    [InlineData("t{0}", "z{1:D9}")]
    [InlineData("t{0}", "")]
    public async Task Pages_ThatNeverEnd_AreABadAnswer(string token, string key) => await ShouldBeBadAsync(index =>
    {
        var name = string.Format(System.Globalization.CultureInfo.InvariantCulture, key, index, 1_000_000 - index);
        var contents = name.Length > 0 ? $"<Contents><Key>{name}</Key></Contents>" : "";
        return $"<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>{string.Format(System.Globalization.CultureInfo.InvariantCulture, token, index)}</NextContinuationToken>{contents}</ListBucketResult>";
    });

    [Fact]
    public async Task Pages_WithoutEntriesBetweenOthers_AreWalkedThrough()
    {
        var items = await ListAsync(index => index switch
        {
            0 => "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>1</NextContinuationToken><Contents><Key>a</Key></Contents></ListBucketResult>",
            < 20 => $"<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>{index + 1}</NextContinuationToken></ListBucketResult>",
            _ => "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>b</Key></Contents></ListBucketResult>",
        });
        items.Select(item => item.Key).ShouldBe(["a", "b"]);
    }

    [Fact]
    public async Task Uploads_OverPages_AreAllRead()
    {
        await using var server = new HostileServer((index, _) => HostileServer.Answer(200, "", index == 0
            ? """
              <ListMultipartUploadsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated><NextKeyMarker>a%2Bb</NextKeyMarker><NextUploadIdMarker>i&amp;1</NextUploadIdMarker>
              <Upload><Key>a%2Bb</Key><UploadId>i&amp;1</UploadId><Initiated>2026-01-02T03:04:05.000Z</Initiated><Owner><ID>o</ID></Owner></Upload></ListMultipartUploadsResult>
              """
            : "<ListMultipartUploadsResult><IsTruncated>false</IsTruncated><Upload><Key>c%d</Key><UploadId>2</UploadId></Upload></ListMultipartUploadsResult>"));
        using var client = server.Client();
        (await client.ListUploadsAsync("bucket", "a/", none)).ShouldBe([new("a+b", "i&1", new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero)), new("c%d", "2", DateTimeOffset.UnixEpoch)]);
        server.Seen[0].Line.ShouldBe("GET /bucket?uploads&encoding-type=url&prefix=a%2F HTTP/1.1");
        server.Seen[1].Line.ShouldBe("GET /bucket?uploads&encoding-type=url&prefix=a%2F&key-marker=a%2Bb&upload-id-marker=i%261 HTTP/1.1");
    }

    [Theory]
    [InlineData("<ListMultipartUploadsResult><IsTruncated>true</IsTruncated></ListMultipartUploadsResult>")]
    [InlineData("<ListMultipartUploadsResult><IsTruncated>true</IsTruncated><NextKeyMarker>same</NextKeyMarker></ListMultipartUploadsResult>")]
    [InlineData("<ListMultipartUploadsResult><Upload><Key>a</Key></Upload></ListMultipartUploadsResult>")]
    [InlineData("<ListMultipartUploadsResult><Upload><UploadId>1</UploadId></Upload></ListMultipartUploadsResult>")]
    [InlineData("<ListMultipartUploadsResult><Upload><Key>a</Key>")]
    [InlineData("<ListBucketResult/>")]
    public async Task Uploads_ThatAreNone_AreABadAnswer(string document)
    {
        await using var server = new HostileServer((_, _) => HostileServer.Answer(200, "", document));
        using var client = server.Client();
        (await Should.ThrowAsync<S3ClientException>(client.ListUploadsAsync("bucket", "", none))).Kind.ShouldBe(S3ErrorKind.BadAnswer);
    }

    [Fact]
    public async Task Document_ThatBreaksOff_IsAskedForAgain()
    {
        await using var server = new HostileServer((index, _) => index == 0
            ? HostileServer.Answer(200, "Content-Length: 500", "<Tagging>")
            : HostileServer.Answer(200, "", "<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>"));
        using var client = server.Client();
        (await client.GetTagsAsync("bucket", "key", null, none)).ShouldBe([new("k", "v")]);
    }

    [Fact]
    public void KeyOrder_IsThatOfUtf8Bytes()
    {
        string[] keys = ["", "a", "a\u0001", "aa", "z", "\u007f", "\u0080", "\ud7ff", "\ue000", "\uffff", "\U00010000", "\U0010ffff", "a\uffff", "a\U0001F600"];
        foreach (var a in keys)
            foreach (var b in keys)
                Math.Sign(KeyOrder.Compare(a, b)).ShouldBe(Math.Sign(Encoding.UTF8.GetBytes(a).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(b))), $"{a} {b}");
    }

    private static async Task<List<S3Item>> ListAsync(Func<int, string> page)
    {
        await using var server = new HostileServer((index, _) => HostileServer.Answer(200, "", page(index)));
        using var client = server.Client();
        var items = new List<S3Item>();
        await foreach (var item in client.ListObjectsAsync("bucket", "", null, none)) items.Add(item);
        return items;
    }

    private static async Task ShouldBeBadAsync(Func<int, string> page) =>
        (await Should.ThrowAsync<S3ClientException>(ListAsync(page))).Kind.ShouldBe(S3ErrorKind.BadAnswer);
}
