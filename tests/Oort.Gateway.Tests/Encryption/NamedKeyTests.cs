using System.Text;
using Oort.Gateway.Tests.Operations;
using Oort.Metadata;
using Oort.Objects;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Encryption;

/// <summary>SSE-KMS: keys of the keyring, by name.</summary>
public sealed class NamedKeyTests(EncryptionGateway gateway)
{
    private const string Method = "x-amz-server-side-encryption";
    private const string KeyId = "x-amz-server-side-encryption-aws-kms-key-id";
    private const string Context = "x-amz-server-side-encryption-context";

    [Theory]
    [InlineData("one", "one")]
    [InlineData("arn:aws:kms:us-east-1:111122223333:key/one", "one")]
    [InlineData(null, "standard")]
    public async Task Put_ANamedKey_IsAnsweredEverywhereAndUsed(string? key, string expected)
    {
        var (bucket, body) = (await gateway.NewBucketAsync(), TestGateway.Bytes(300_000));
        var context = Convert.ToBase64String("""{"team":"a"}"""u8);
        var put = await gateway.Raw.SendAsync("PUT", $"/{bucket}/key", body, [.. EncryptionGateway.Named(key), (Context, context), ("x-amz-server-side-encryption-bucket-key-enabled", "true")]);
        put.Status.ShouldBe(200, put.Text);
        put.Header(Context).ShouldBe(context);

        var got = await gateway.Raw.SendAsync("GET", $"/{bucket}/key");
        got.Body.ShouldBeBytes(body);
        got.Headers.ShouldNotContainKey(Context);
        foreach (var answer in (RawAnswer[])[put, got, await gateway.Raw.SendAsync("HEAD", $"/{bucket}/key")])
            (EncryptionGateway.Of(answer), answer.Header("x-amz-server-side-encryption-bucket-key-enabled")).ShouldBe((expected, "true"));
        var row = (await gateway.Layer.Metadata.FindBucketAsync(bucket, CancellationToken.None))!;
        var version = (await gateway.Layer.Metadata.FindVersionAsync(row.Id, "key", null, CancellationToken.None))!;
        (await gateway.Layer.Metadata.LocateAsync([version.Extents[0].Data], CancellationToken.None)).Single().Data.Nesting.ShouldBe(new DataNesting(2, expected, 1));
    }

    [Theory]
    [InlineData("aws:kms", "missing", null, 400, "KMS.NotFoundException")]
    [InlineData("aws:kms", "a b", null, 400, "KMS.NotFoundException")]
    [InlineData("aws:kms", "arn:aws:kms:us-east-1:111122223333:key/missing", null, 400, "KMS.NotFoundException")]
    [InlineData("AES256", "one", null, 400, "InvalidArgument")]
    [InlineData(null, "one", null, 400, "InvalidArgument")]
    [InlineData("aes:kms", null, null, 400, "InvalidArgument")]
    [InlineData("", null, null, 400, "InvalidArgument")]
    [InlineData("aws:kms:dsse", "one", null, 501, "NotImplemented")]
    [InlineData("aws:kms", "one", "no base64!", 400, "InvalidArgument")]
    [InlineData("aws:kms", "one", "W10=", 400, "InvalidArgument")]
    [InlineData("aws:kms", "one", "eyJhIjoxfQ==", 400, "InvalidArgument")]
    [InlineData("AES256", null, "e30=", 400, "InvalidArgument")]
    public async Task Put_HeadersThatDoNotFit_AreRefusedAndNothingIsStored(string? method, string? key, string? context, int status, string code)
    {
        var bucket = await gateway.NewBucketAsync();
        var headers = new List<(string, string)>();
        if (method is not null) headers.Add((Method, method));
        if (key is not null) headers.Add((KeyId, key));
        if (context is not null) headers.Add((Context, context));
        foreach (var (verb, target) in ((string, string)[])[("PUT", "key"), ("POST", "key?uploads")])
        {
            var answer = await gateway.Raw.SendAsync(verb, $"/{bucket}/{target}", "", [.. headers]);
            (answer.Status, answer.Code).ShouldBe((status, code), verb);
        }

        (await gateway.Raw.SendAsync("HEAD", $"/{bucket}/key")).Status.ShouldBe(404);
    }

    [Fact]
    public async Task Put_ContextOfMoreThanTheLimit_IsRefused()
    {
        var bucket = await gateway.NewBucketAsync();
        foreach (var (length, status) in ((int, int)[])[(8192, 200), (8193, 400)])
        {
            var json = $$"""{"a":"{{new string('x', length - 8)}}"}""";
            json.Length.ShouldBe(length);
            (await gateway.Raw.SendAsync("PUT", $"/{bucket}/key", "", [.. EncryptionGateway.Named("one"), (Context, Convert.ToBase64String(Encoding.UTF8.GetBytes(json)))])).Status.ShouldBe(status);
        }
    }

    [Theory]
    [InlineData(Method, "AES256")]
    [InlineData(Method, "aws:kms")]
    [InlineData(KeyId, "one")]
    public async Task Read_WithHeadersOfWrites_IsRefused(string name, string value)
    {
        var bucket = await gateway.NewBucketAsync();
        await gateway.Raw.SendAsync("PUT", $"/{bucket}/key", "body", EncryptionGateway.Named("one"));
        (await gateway.Raw.SendAsync("GET", $"/{bucket}/key", [], (name, value))).Code.ShouldBe("InvalidArgument");
        (await gateway.Raw.SendAsync("HEAD", $"/{bucket}/key", [], (name, value))).Status.ShouldBe(400);
    }

    [Fact]
    public async Task Multipart_Parts_AreUnderTheKeyOfTheUpload()
    {
        var bucket = await gateway.NewBucketAsync();
        var upload = (await gateway.Raw.SendAsync("POST", $"/{bucket}/key?uploads", [], EncryptionGateway.Named("one"))).Element("UploadId");

        // What parts say of it is passed over, as the outside suite wants it.
        var part = await gateway.Raw.SendAsync("PUT", $"/{bucket}/key?partNumber=1&uploadId={upload}", "part", EncryptionGateway.Named("two"));
        EncryptionGateway.Of(part).ShouldBe("one");
        await gateway.Raw.SendAsync("POST", $"/{bucket}/key?uploadId={upload}", $"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{part.Header("ETag")}</ETag></Part></CompleteMultipartUpload>");

        var got = await gateway.Raw.SendAsync("GET", $"/{bucket}/key");
        (got.Text, EncryptionGateway.Of(got)).ShouldBe(("part", "one"));
    }

    [Fact]
    public async Task Key_Destroyed_ObjectsAreThereAndCannotBeRead()
    {
        var bucket = await gateway.NewBucketAsync();
        await gateway.System.CreateNamedKeyAsync("doomed", CancellationToken.None);
        await gateway.Raw.SendAsync("PUT", $"/{bucket}/key", "body", EncryptionGateway.Named("doomed"));
        var upload = (await gateway.Raw.SendAsync("POST", $"/{bucket}/parts?uploads", [], EncryptionGateway.Named("doomed"))).Element("UploadId");
        await gateway.System.RotateNamedKeyAsync("doomed", CancellationToken.None);
        (await gateway.Raw.SendAsync("GET", $"/{bucket}/key")).Text.ShouldBe("body");

        await gateway.System.DestroyNamedKeyAsync("doomed", CancellationToken.None);

        (await gateway.Raw.SendAsync("GET", $"/{bucket}/key")).Code.ShouldBe("KMS.NotFoundException");
        (await gateway.Raw.SendAsync("HEAD", $"/{bucket}/key")).Status.ShouldBe(200);
        (await gateway.Raw.SendAsync("PUT", $"/{bucket}/copy", [], ("x-amz-copy-source", $"{bucket}/key"))).Code.ShouldBe("KMS.NotFoundException");
        (await gateway.Raw.SendAsync("PUT", $"/{bucket}/parts?partNumber=1&uploadId={upload}", "part")).Code.ShouldBe("KMS.NotFoundException");
        (await gateway.Raw.SendAsync("DELETE", $"/{bucket}/key")).Status.ShouldBe(204);
    }

    [Fact]
    public async Task Key_OfALockedVersion_IsNotDestroyed()
    {
        var bucket = await gateway.NewBucketAsync();
        await gateway.Raw.SendAsync("PUT", $"/{bucket}?versioning", "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>");
        (await gateway.Raw.SendAsync("PUT", $"/{bucket}?object-lock", "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>")).Status.ShouldBe(200);
        await gateway.System.CreateNamedKeyAsync("kept", CancellationToken.None);
        await gateway.System.CreateNamedKeyAsync("not-needed", CancellationToken.None);
        await gateway.Raw.SendAsync("PUT", $"/{bucket}/free", "body", EncryptionGateway.Named("not-needed"));
        (await gateway.Raw.SendAsync("PUT", $"/{bucket}/key", "body", [.. EncryptionGateway.Named("kept"), ("x-amz-object-lock-legal-hold", "ON")])).Status.ShouldBe(200);
        await gateway.Raw.SendAsync("DELETE", $"/{bucket}/key");

        var refusal = await Should.ThrowAsync<KeyChangeException>(() => gateway.System.DestroyNamedKeyAsync("kept", CancellationToken.None).AsTask());
        await gateway.System.DestroyNamedKeyAsync("not-needed", CancellationToken.None);

        refusal.Message.ShouldContain($"{bucket}/key is locked");
        var version = (await gateway.Raw.SendAsync("GET", $"/{bucket}?versions&prefix=key")).Text.Split("<Version>")[1].Split("<VersionId>")[1].Split('<')[0];
        (await gateway.Raw.SendAsync("GET", $"/{bucket}/key?versionId={version}")).Text.ShouldBe("body");
        (await gateway.Raw.SendAsync("PUT", $"/{bucket}/key?legal-hold&versionId={version}", "<LegalHold><Status>OFF</Status></LegalHold>")).Status.ShouldBe(200);
        await gateway.System.DestroyNamedKeyAsync("kept", CancellationToken.None);
        (await gateway.Raw.SendAsync("GET", $"/{bucket}/key?versionId={version}")).Code.ShouldBe("KMS.NotFoundException");
    }
}
