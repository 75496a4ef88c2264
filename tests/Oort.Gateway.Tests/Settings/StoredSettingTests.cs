using System.Globalization;
using System.Xml.Linq;
using Oort.Gateway.Tests.Access;
using Oort.Gateway.Tests.Iam;
using Oort.Gateway.Tests.Operations;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Settings;

/// <summary>Settings that are kept and returned, and the payment of requests.</summary>
public sealed class StoredSettingTests(TestGateway gateway, IdentityGateway identities)
{
    private const string Namespace = " xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"";

    private RawClient Raw => gateway.Raw;

    public static TheoryData<string, string> Documents => new()
    {
        { "analytics", "<AnalyticsConfiguration><Id>one</Id><Filter><And><Prefix>p</Prefix><Tag><Key>k</Key><Value>v</Value></Tag></And></Filter><StorageClassAnalysis><DataExport><OutputSchemaVersion>V_1</OutputSchemaVersion><Destination><S3BucketDestination><Format>CSV</Format><BucketAccountId>123456789012</BucketAccountId><Bucket>arn:aws:s3:::to</Bucket><Prefix>out</Prefix></S3BucketDestination></Destination></DataExport></StorageClassAnalysis></AnalyticsConfiguration>" },
        { "metrics", "<MetricsConfiguration><Id>one</Id><Filter><Tag><Key>k</Key><Value>v</Value></Tag></Filter></MetricsConfiguration>" },
        { "intelligent-tiering", "<IntelligentTieringConfiguration><Id>one</Id><Filter><Prefix>p</Prefix></Filter><Status>Enabled</Status><Tiering><Days>90</Days><AccessTier>ARCHIVE_ACCESS</AccessTier></Tiering><Tiering><Days>180</Days><AccessTier>DEEP_ARCHIVE_ACCESS</AccessTier></Tiering></IntelligentTieringConfiguration>" },
        { "inventory", "<InventoryConfiguration><Destination><S3BucketDestination><AccountId>123456789012</AccountId><Bucket>arn:aws:s3:::to</Bucket><Format>Parquet</Format><Prefix>out</Prefix><Encryption><SSE-KMS><KeyId>key</KeyId></SSE-KMS></Encryption></S3BucketDestination></Destination><IsEnabled>true</IsEnabled><Filter><Prefix>p</Prefix></Filter><Id>one</Id><IncludedObjectVersions>All</IncludedObjectVersions><OptionalFields><Field>Size</Field><Field>ETag</Field></OptionalFields><Schedule><Frequency>Daily</Frequency></Schedule></InventoryConfiguration>" },
    };

    [Theory]
    [MemberData(nameof(Documents))]
    public async Task Configuration_PutGetListDelete_IsReturnedAsItWasPut(string query, string document)
    {
        var bucket = await gateway.NewBucketAsync();
        var root = XDocument.Parse(document).Root!.Name.LocalName;
        (await Raw.SendAsync("GET", $"/{bucket}?{query}&id=one")).Code.ShouldBe("NoSuchConfiguration");
        (await Raw.SendAsync("DELETE", $"/{bucket}?{query}&id=one")).Code.ShouldBe("NoSuchConfiguration");
        var put = document.Replace($"<{root}>", $"<{root}{Namespace}>", StringComparison.Ordinal);
        (await Raw.SendAsync("PUT", $"/{bucket}?{query}&id=one", "<?xml version=\"1.0\"?>\n" + put)).Status.ShouldBe(200);
        (await Raw.SendAsync("PUT", $"/{bucket}?{query}&id=one", put)).Status.ShouldBe(200);
        (await Raw.SendAsync("PUT", $"/{bucket}?{query}&id=two", document.Replace(">one<", ">two<", StringComparison.Ordinal))).Status.ShouldBe(200);
        (await Raw.SendAsync("GET", $"/{bucket}?{query}&id=one")).Text.ShouldEndWith(put);
        var listed = XDocument.Parse((await Raw.SendAsync("GET", $"/{bucket}?{query}")).Text).Root!;
        listed.Elements().Where(element => element.Name.LocalName == root).Select(element => element.Elements().Single(child => child.Name.LocalName == "Id").Value).ShouldBe(["one", "two"]);
        (await Raw.SendAsync("DELETE", $"/{bucket}?{query}&id=one")).Status.ShouldBe(204);
        (await Raw.SendAsync("GET", $"/{bucket}?{query}&id=one")).Code.ShouldBe("NoSuchConfiguration");
        (await Raw.SendAsync("GET", $"/{bucket}?{query}")).Text.ShouldNotContain(">one<");
    }

    [Theory]
    [InlineData("metrics", "one", "<MetricsConfiguration/>", "MalformedXML")]
    [InlineData("metrics", "one", "<MetricsConfiguration><Id>two</Id></MetricsConfiguration>", "InvalidArgument")]
    [InlineData("metrics", "a%20b", "<MetricsConfiguration><Id>a b</Id></MetricsConfiguration>", "InvalidArgument")]
    [InlineData("metrics", "one", "<MetricsConfiguration><Id>one</Id><Filter/></MetricsConfiguration>", "MalformedXML")]
    [InlineData("metrics", "one", "<MetricsConfiguration><Id>one</Id><Filter><Prefix>a</Prefix><Tag><Key>k</Key><Value>v</Value></Tag></Filter></MetricsConfiguration>", "MalformedXML")]
    [InlineData("metrics", "one", "<MetricsConfiguration><Id>one</Id><Id>one</Id></MetricsConfiguration>", "MalformedXML")]
    [InlineData("analytics", "one", "<AnalyticsConfiguration><Id>one</Id></AnalyticsConfiguration>", "MalformedXML")]
    [InlineData("intelligent-tiering", "one", "<IntelligentTieringConfiguration><Id>one</Id><Status>Enabled</Status></IntelligentTieringConfiguration>", "MalformedXML")]
    [InlineData("intelligent-tiering", "one", "<IntelligentTieringConfiguration><Id>one</Id><Status>Enabled</Status><Tiering><Days>89</Days><AccessTier>ARCHIVE_ACCESS</AccessTier></Tiering></IntelligentTieringConfiguration>", "MalformedXML")]
    [InlineData("inventory", "one", "<InventoryConfiguration><Id>one</Id></InventoryConfiguration>", "MalformedXML")]
    public async Task Configuration_Bad_IsRefused(string query, string id, string document, string code)
    {
        var bucket = await gateway.NewBucketAsync();
        var answer = await Raw.SendAsync("PUT", $"/{bucket}?{query}&id={id}", document);
        (answer.Status, answer.Code).ShouldBe((400, code));
        (await Raw.SendAsync("GET", $"/{bucket}?{query}")).Text.ShouldNotContain("<Id>");
    }

    [Fact]
    public async Task Configurations_BeyondAThousand_AreTooMany()
    {
        var bucket = await gateway.NewBucketAsync();
        string Target(int number) => string.Create(CultureInfo.InvariantCulture, $"/{bucket}?metrics&id=m{number:d4}");
        string Document(int number) => string.Create(CultureInfo.InvariantCulture, $"<MetricsConfiguration><Id>m{number:d4}</Id></MetricsConfiguration>");
        foreach (var some in Enumerable.Range(0, 1000).Chunk(8))
            foreach (var answer in await Task.WhenAll(some.Select(number => Raw.SendAsync("PUT", Target(number), Document(number))))) answer.Status.ShouldBe(200, answer.Text);
        (await Raw.SendAsync("PUT", Target(1000), Document(1000))).Code.ShouldBe("TooManyConfigurations");
        (await Raw.SendAsync("PUT", Target(5), Document(5))).Status.ShouldBe(200);

        var (seen, token) = (new List<string>(), "");
        do
        {
            var root = XDocument.Parse((await Raw.SendAsync("GET", $"/{bucket}?metrics{(token.Length == 0 ? "" : "&continuation-token=" + token)}")).Text).Root!;
            var page = root.Descendants().Where(element => element.Name.LocalName == "Id").Select(element => element.Value).ToList();
            page.Count.ShouldBe(100);
            seen.AddRange(page);
            token = root.Elements().FirstOrDefault(element => element.Name.LocalName == "NextContinuationToken")?.Value ?? "";
        }
        while (token.Length > 0);
        seen.ShouldBe(Enumerable.Range(0, 1000).Select(number => string.Create(CultureInfo.InvariantCulture, $"m{number:d4}")));

        (await Raw.SendAsync("DELETE", Target(7))).Status.ShouldBe(204);
        (await Raw.SendAsync("PUT", Target(1000), Document(1000))).Status.ShouldBe(200);
        (await Raw.SendAsync("DELETE", $"/{bucket}")).Status.ShouldBe(204);
        (await gateway.Layer.Metadata.ListSettingsAsync("bucket-configuration/", "", 1000, CancellationToken.None)).ShouldNotContain(setting => System.Text.Encoding.UTF8.GetString(setting.Value).Contains(">m0008<", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Acceleration_PutAndGet_IsKeptButNotOfNamesWithDots()
    {
        var bucket = await gateway.NewBucketAsync();
        (await Raw.SendAsync("PUT", $"/{bucket}?accelerate", "<AccelerateConfiguration><Status>Enabled</Status></AccelerateConfiguration>")).Status.ShouldBe(200);
        (await gateway.Client.GetBucketAccelerateConfigurationAsync(bucket)).Status.Value.ShouldBe("Enabled");
        (await Raw.SendAsync("PUT", $"/{bucket}?accelerate", "<AccelerateConfiguration><Status>Suspended</Status></AccelerateConfiguration>")).Status.ShouldBe(200);
        (await gateway.Client.GetBucketAccelerateConfigurationAsync(bucket)).Status.Value.ShouldBe("Suspended");
        (await Raw.SendAsync("PUT", $"/{bucket}?accelerate", "<AccelerateConfiguration><Status>On</Status></AccelerateConfiguration>")).Code.ShouldBe("MalformedXML");
        (await Raw.SendAsync("PUT", $"/{bucket}.dotted")).Status.ShouldBe(200);
        (await Raw.SendAsync("PUT", $"/{bucket}.dotted?accelerate", "<AccelerateConfiguration><Status>Enabled</Status></AccelerateConfiguration>")).Code.ShouldBe("InvalidRequest");
    }

    [Fact]
    public async Task RequestPayment_ByOthers_MustBeAgreedTo()
    {
        var owner = await identities.NewTenantAsync();
        var other = await identities.NewTenantAsync();
        var bucket = await owner.NewBucketAsync();
        (await owner.S3.SendAsync("PUT", $"/{bucket}/key", "text")).Status.ShouldBe(200);
        var policy = $$"""{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"{{other.Number}}"},"Action":["s3:GetObject","s3:ListBucket","s3:PutObject"],"Resource":["arn:aws:s3:::{{bucket}}","arn:aws:s3:::{{bucket}}/*"]}]}""";
        (await owner.S3.SendAsync("PUT", $"/{bucket}?policy", policy)).Status.ShouldBe(204);
        (await other.S3.SendAsync("GET", $"/{bucket}/key")).Status.ShouldBe(200);

        (await owner.S3.SendAsync("PUT", $"/{bucket}?requestPayment", "<RequestPaymentConfiguration><Payer>Nobody</Payer></RequestPaymentConfiguration>")).Code.ShouldBe("MalformedXML");
        (await owner.S3.SendAsync("PUT", $"/{bucket}?requestPayment", "<RequestPaymentConfiguration><Payer>Requester</Payer></RequestPaymentConfiguration>")).Status.ShouldBe(200);
        (await owner.S3.SendAsync("GET", $"/{bucket}?requestPayment")).Element("Payer").ShouldBe("Requester");

        (string, string) agrees = ("x-amz-request-payer", "requester");
        foreach (var (method, target) in ((string, string)[])[("GET", "/key"), ("HEAD", "/key"), ("GET", ""), ("PUT", "/new")])
        {
            var body = method == "PUT" ? "text"u8.ToArray() : null;
            (await other.S3.SendAsync(method, $"/{bucket}{target}", body)).Status.ShouldBe(403);
            var answer = await other.S3.SendAsync(method, $"/{bucket}{target}", body, agrees);
            (answer.Status, answer.Header("x-amz-request-charged")).ShouldBe((200, "requester"), target);
        }

        var own = await other.NewBucketAsync();
        (await other.S3.SendAsync("PUT", $"/{own}/copy", [], ("x-amz-copy-source", $"{bucket}/key"))).Status.ShouldBe(403);
        (await other.S3.SendAsync("PUT", $"/{own}/copy", [], ("x-amz-copy-source", $"{bucket}/key"), agrees)).Status.ShouldBe(200);

        var mine = await owner.S3.SendAsync("GET", $"/{bucket}/key");
        (mine.Status, mine.Header("x-amz-request-charged")).ShouldBe((200, ""));
        (await owner.S3.SendAsync("PUT", $"/{bucket}?requestPayment", "<RequestPaymentConfiguration><Payer>BucketOwner</Payer></RequestPaymentConfiguration>")).Status.ShouldBe(200);
        (await other.S3.SendAsync("GET", $"/{bucket}/key")).Status.ShouldBe(200);
    }
}
