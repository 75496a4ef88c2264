using Oort.Gateway.Tests.Operations;
using Oort.Metadata;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Encryption;

/// <summary>SSE-C: keys that come with each request.</summary>
public sealed class CustomerKeyTests(EncryptionGateway gateway, TestGateway plain)
{
    private const string Prefix = "x-amz-server-side-encryption-customer-";

    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    [InlineData(400_000)]
    public async Task Get_WithTheKey_HasTheBytes(int size)
    {
        var (bucket, body) = (await gateway.NewBucketAsync(), TestGateway.Bytes(size));
        var put = await gateway.Raw.SendAsync("PUT", $"/{bucket}/key", body, EncryptionGateway.Customer(1));
        put.Status.ShouldBe(200, put.Text);

        var got = await gateway.Raw.SendAsync("GET", $"/{bucket}/key", [], EncryptionGateway.Customer(1));
        var head = await gateway.Raw.SendAsync("HEAD", $"/{bucket}/key", [], EncryptionGateway.Customer(1));

        got.Body.ShouldBeBytes(body);
        foreach (var answer in (RawAnswer[])[put, got, head]) EncryptionGateway.Of(answer).ShouldBe("customer");
        (got.Header("ETag"), head.Header("ETag")).ShouldBe((put.Header("ETag"), put.Header("ETag")));
#pragma warning disable CA5351
        put.Header("ETag").ShouldNotBe($"\"{Convert.ToHexStringLower(System.Security.Cryptography.MD5.HashData(body))}\"", "It would say of the bytes what nobody may know without the key.");
#pragma warning restore CA5351
        if (size > 4) (await gateway.Raw.SendAsync("GET", $"/{bucket}/key", [], [.. EncryptionGateway.Customer(1), ("Range", "bytes=70000-199999")])).Body.ShouldBeBytes(body[70_000..200_000]);
    }

    [Theory]
    [InlineData("GET", "")]
    [InlineData("HEAD", "")]
    [InlineData("GET", "?attributes")]
    public async Task Read_WithoutOrWithAnotherKey_IsRefused(string method, string query)
    {
        var bucket = await gateway.NewBucketAsync();
        foreach (var body in (string[])["body", ""])
        {
            await gateway.Raw.SendAsync("PUT", $"/{bucket}/key", body, EncryptionGateway.Customer(1));
            foreach (var headers in ((string, string)[][])[[], EncryptionGateway.Customer(2)])
            {
                var answer = await gateway.Raw.SendAsync(method, $"/{bucket}/key{query}", [], [.. headers, ("x-amz-object-attributes", "ETag")]);
                (answer.Status, answer.Code).ShouldBe((400, method == "HEAD" ? "" : "InvalidRequest"));
            }

            (await gateway.Raw.SendAsync(method, $"/{bucket}/key{query}", [], [.. EncryptionGateway.Customer(1), ("x-amz-object-attributes", "ETag")])).Status.ShouldBe(200);
        }

        await gateway.Raw.SendAsync("PUT", $"/{bucket}/own", "body");
        (await gateway.Raw.SendAsync(method, $"/{bucket}/own{query}", [], [.. EncryptionGateway.Customer(1), ("x-amz-object-attributes", "ETag")])).Status.ShouldBe(400, "It is not encrypted with a customer's key.");
    }

    [Theory]
    [InlineData("algorithm", null, "InvalidArgument")]
    [InlineData("key", null, "InvalidArgument")]
    [InlineData("key-MD5", null, "InvalidArgument")]
    [InlineData("algorithm", "AES192", "InvalidEncryptionAlgorithmError")]
    [InlineData("algorithm", "", "InvalidEncryptionAlgorithmError")]
    [InlineData("key", "c2hvcnQ=", "InvalidArgument")]
    [InlineData("key", "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB", "InvalidArgument")]
    [InlineData("key", "not base64 at all", "InvalidArgument")]
    [InlineData("key-MD5", "AAAAAAAAAAAAAAAAAAAAAA==", "InvalidArgument")]
    [InlineData("key-MD5", "?", "InvalidArgument")]
    public async Task Put_HeadersThatDoNotFit_AreRefusedAndNothingIsStored(string name, string? value, string code)
    {
        var bucket = await gateway.NewBucketAsync();
        var headers = EncryptionGateway.Customer(1).Where(header => header.Name != Prefix + name).ToList();
        if (value is not null) headers.Add((Prefix + name, value));

        var answer = await gateway.Raw.SendAsync("PUT", $"/{bucket}/key", "body", [.. headers]);

        (answer.Status, answer.Code).ShouldBe((400, code));
        answer.Text.ShouldNotContain("AQEBAQ", customMessage: "No answer repeats a key.");
        (await gateway.Raw.SendAsync("HEAD", $"/{bucket}/key")).Status.ShouldBe(404);
    }

    [Theory]
    [InlineData("x-amz-server-side-encryption", "AES256")]
    [InlineData("x-amz-server-side-encryption", "aws:kms")]
    [InlineData("x-amz-server-side-encryption-aws-kms-key-id", "one")]
    public async Task Put_WithAnotherKindToo_IsRefused(string name, string value)
    {
        var answer = await gateway.Raw.SendAsync("PUT", $"/{await gateway.NewBucketAsync()}/key", "body", [.. EncryptionGateway.Customer(1), (name, value)]);
        (answer.Status, answer.Code).ShouldBe((400, "InvalidArgument"));
    }

    [Fact]
    public async Task AnyRequest_WithAKeyOverPlainHttp_IsRefusedWhereItIsNotAllowed()
    {
        var bucket = await plain.NewBucketAsync();
        await plain.PutAsync(bucket, "key", "body");
        foreach (var (method, target) in ((string, string)[])[("PUT", "key"), ("GET", "key"), ("HEAD", "key"), ("POST", "key?uploads")])
        {
            var answer = await plain.Raw.SendAsync(method, $"/{bucket}/{target}", [], EncryptionGateway.Customer(1));
            (answer.Status, answer.Code).ShouldBe((400, method == "HEAD" ? "" : "InvalidRequest"), $"{method} {target}");
        }

        (await plain.Raw.SendAsync("PUT", $"/{bucket}/copy", [], [.. EncryptionGateway.Customer(1, isSource: true), ("x-amz-copy-source", $"{bucket}/key")])).Code.ShouldBe("InvalidRequest");
    }

    [Fact]
    public async Task Multipart_EachRequest_BringsTheKeyOfTheUpload()
    {
        var bucket = await gateway.NewBucketAsync();
        var (one, two) = (TestGateway.Bytes(TestGateway.PartSizeMin), TestGateway.Bytes(777));
        var created = await gateway.Raw.SendAsync("POST", $"/{bucket}/key?uploads", [], EncryptionGateway.Customer(1));
        EncryptionGateway.Of(created).ShouldBe("customer");
        var upload = created.Element("UploadId");
        foreach (var headers in ((string, string)[][])[[], EncryptionGateway.Customer(2)])
            (await gateway.Raw.SendAsync("PUT", $"/{bucket}/key?partNumber=1&uploadId={upload}", one, headers)).Code.ShouldBe("InvalidRequest");

        var parts = new List<RawAnswer>();
        foreach (var (index, bytes) in ((byte[][])[one, two]).Index()) parts.Add(await gateway.Raw.SendAsync("PUT", $"/{bucket}/key?partNumber={index + 1}&uploadId={upload}", bytes, EncryptionGateway.Customer(1)));
        parts.ForEach(part => EncryptionGateway.Of(part).ShouldBe("customer"));
        var again = await gateway.Raw.SendAsync("PUT", $"/{bucket}/key?partNumber=2&uploadId={upload}", two, EncryptionGateway.Customer(1));
        again.Header("ETag").ShouldBe(parts[1].Header("ETag"), "The same bytes under the same key.");
        var document = $"<CompleteMultipartUpload>{string.Concat(parts.Index().Select(part => $"<Part><PartNumber>{part.Index + 1}</PartNumber><ETag>{part.Item.Header("ETag")}</ETag></Part>"))}</CompleteMultipartUpload>";
        foreach (var headers in ((string, string)[][])[[], EncryptionGateway.Customer(2)])
            (await gateway.Raw.SendAsync("POST", $"/{bucket}/key?uploadId={upload}", document, headers)).Code.ShouldBe("InvalidRequest");
        var complete = await gateway.Raw.SendAsync("POST", $"/{bucket}/key?uploadId={upload}", document, EncryptionGateway.Customer(1));
        (complete.Status, EncryptionGateway.Of(complete)).ShouldBe((200, "customer"));

        (await gateway.Raw.SendAsync("GET", $"/{bucket}/key", [], EncryptionGateway.Customer(1))).Body.ShouldBeBytes([.. one, .. two]);
        (await gateway.Raw.SendAsync("GET", $"/{bucket}/key?partNumber=2", [], EncryptionGateway.Customer(1))).Body.ShouldBeBytes(two);
        (await gateway.Raw.SendAsync("GET", $"/{bucket}/key")).Code.ShouldBe("InvalidRequest");

        // And an upload without a customer's key takes none.
        var other = (await gateway.Raw.SendAsync("POST", $"/{bucket}/other?uploads")).Element("UploadId");
        (await gateway.Raw.SendAsync("PUT", $"/{bucket}/other?partNumber=1&uploadId={other}", one, EncryptionGateway.Customer(1))).Code.ShouldBe("InvalidRequest");
    }

    [Fact]
    public async Task Stored_Rows_HaveNothingOfTheKey()
    {
        var bucket = await gateway.NewBucketAsync();
        await gateway.Raw.SendAsync("PUT", $"/{bucket}/key", TestGateway.Bytes(1_000), EncryptionGateway.Customer(7));

        var row = (await gateway.Layer.Metadata.FindBucketAsync(bucket, CancellationToken.None))!;
        var version = (await gateway.Layer.Metadata.FindVersionAsync(row.Id, "key", null, CancellationToken.None))!;
        var data = (await gateway.Layer.Metadata.LocateAsync([version.Extents[0].Data], CancellationToken.None)).Single().Data;

        data.Nesting.ShouldBe(new DataNesting(1, "", 0));
        byte[] kept = [.. version.Attributes.Extensions.Values.SelectMany(bytes => bytes), .. data.WrappedKey, .. Convert.FromHexString(version.ETag)];
        kept.AsSpan().IndexOf("\x07\x07\x07\x07"u8).ShouldBe(-1);
        foreach (var text in version.Attributes.Headers.Values.Concat(version.Attributes.UserMetadata.Values)) text.ShouldNotContain("BwcHBw");
    }
}
