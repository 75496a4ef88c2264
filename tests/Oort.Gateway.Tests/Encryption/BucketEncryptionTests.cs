using System.Text.RegularExpressions;
using Oort.Gateway.Encryption;
using Oort.Gateway.Tests.Operations;
using Oort.Metadata;
using Oort.Objects.Tests.Shards;
using Oort.Objects.Tests.World;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Encryption;

/// <summary>How a bucket encrypts by itself: as it is set, kept and applied.</summary>
public sealed partial class BucketEncryptionTests(EncryptionGateway gateway)
{
    public static TheoryData<string> Vectors => [.. FormatVector.Names("bucket-encryption", "*.txt")];

    [Theory]
    [MemberData(nameof(Vectors))]
    public void Decode_Vector_EndsAsItExpects(string name)
    {
        var vector = FormatVector.Read("bucket-encryption", name);
        if (vector.Expect == "ok") BucketEncryption.Decode(vector.Bytes).Encode().AsSpan().SequenceEqual(vector.Bytes).ShouldBeTrue();
        else Should.Throw<MetadataFormatException>(() => BucketEncryption.Decode(vector.Bytes));
    }

    [Fact]
    public void Page_Example_IsTheVector()
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "formats", "bucket-encryption.md"));
        var bytes = Convert.FromHexString(WhiteSpace().Replace(Hex().Match(page).Groups[1].Value, ""));
        bytes.ShouldBe(FormatVector.Read("bucket-encryption", "named").Bytes);
        for (var length = 0; length < 3; length++) Should.Throw<MetadataFormatException>(() => BucketEncryption.Decode(bytes.AsSpan(0, length)));
    }

    [Theory]
    [InlineData("AES256", null, "own")]
    [InlineData("aws:kms", "one", "one")]
    [InlineData("aws:kms", null, "standard")]
    [InlineData("aws:kms", "arn:aws:kms:us-east-1:111122223333:key/two", "two")]
    public async Task Put_Default_IsAnsweredAndAppliedToWhatSaysNothing(string algorithm, string? key, string expected)
    {
        var bucket = await gateway.NewBucketAsync();
        (await gateway.Raw.SendAsync("PUT", $"/{bucket}?encryption", Document(algorithm, key, "<BucketKeyEnabled>true</BucketKeyEnabled>"))).Status.ShouldBe(200);

        var shown = await gateway.Raw.SendAsync("GET", $"/{bucket}?encryption");
        (shown.Element("SSEAlgorithm"), shown.Element("KMSMasterKeyID"), shown.Element("BucketKeyEnabled")).ShouldBe((algorithm, key ?? "", "true"));
        var put = await gateway.Raw.SendAsync("PUT", $"/{bucket}/key", "body");
        var upload = await gateway.Raw.SendAsync("POST", $"/{bucket}/parts?uploads");
        var part = await gateway.Raw.SendAsync("PUT", $"/{bucket}/parts?partNumber=1&uploadId={upload.Element("UploadId")}", "part");
        var complete = await gateway.Raw.SendAsync("POST", $"/{bucket}/parts?uploadId={upload.Element("UploadId")}", $"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{part.Header("ETag")}</ETag></Part></CompleteMultipartUpload>");
        var copy = await gateway.Raw.SendAsync("PUT", $"/{bucket}/copy", [], ("x-amz-copy-source", $"{bucket}/key"));
        var gets = new[] { "key", "parts", "copy" }.Select(name => gateway.Raw.SendAsync("GET", $"/{bucket}/{name}"));
        foreach (var answer in (RawAnswer[])[put, upload, part, complete, copy, .. await Task.WhenAll(gets), await gateway.Raw.SendAsync("HEAD", $"/{bucket}/key")])
        {
            answer.Status.ShouldBe(200, answer.Text);
            EncryptionGateway.Of(answer).ShouldBe(expected);
            answer.Header("x-amz-server-side-encryption-bucket-key-enabled").ShouldBe(expected == "own" ? "" : "true");
        }

        // What the request says goes before it.
        EncryptionGateway.Of(await gateway.Raw.SendAsync("PUT", $"/{bucket}/own", "x", ("x-amz-server-side-encryption", "AES256"))).ShouldBe("own");
        EncryptionGateway.Of(await gateway.Raw.SendAsync("PUT", $"/{bucket}/customer", "x", EncryptionGateway.Customer(1))).ShouldBe("customer");

        (await gateway.Raw.SendAsync("DELETE", $"/{bucket}?encryption")).Status.ShouldBe(204);
        (await gateway.Raw.SendAsync("DELETE", $"/{bucket}?encryption")).Status.ShouldBe(204);
        (await gateway.Raw.SendAsync("GET", $"/{bucket}?encryption")).Element("SSEAlgorithm").ShouldBe("AES256");
        EncryptionGateway.Of(await gateway.Raw.SendAsync("PUT", $"/{bucket}/key", "body")).ShouldBe("own");
    }

    [Theory]
    [InlineData("", 400, "MalformedXML")]
    [InlineData("<Rule></Rule>", 400, "MalformedXML")]
    [InlineData("<Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>rot13</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule>", 400, "MalformedXML")]
    [InlineData("<Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault><Other/></Rule>", 400, "MalformedXML")]
    [InlineData("<Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule>", 400, "MalformedXML")]
    [InlineData("<Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm><KMSMasterKeyID>one</KMSMasterKeyID></ApplyServerSideEncryptionByDefault></Rule>", 400, "InvalidArgument")]
    [InlineData("<Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>a b</KMSMasterKeyID></ApplyServerSideEncryptionByDefault></Rule>", 400, "InvalidArgument")]
    [InlineData("<Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms:dsse</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule>", 501, "NotImplemented")]
    public async Task Put_WrongDocument_IsRefusedAndChangesNothing(string rules, int status, string code)
    {
        var bucket = await gateway.NewBucketAsync();
        var answer = await gateway.Raw.SendAsync("PUT", $"/{bucket}?encryption", $"<ServerSideEncryptionConfiguration>{rules}</ServerSideEncryptionConfiguration>");
        (answer.Status, answer.Code).ShouldBe((status, code));
        (await gateway.Raw.SendAsync("GET", $"/{bucket}?encryption")).Element("SSEAlgorithm").ShouldBe("AES256");
    }

    [Fact]
    public async Task Put_KeyThatIsNotThere_IsTakenAndRefusesWrites()
    {
        var bucket = await gateway.NewBucketAsync();
        (await gateway.Raw.SendAsync("PUT", $"/{bucket}?encryption", Document("aws:kms", "missing", ""))).Status.ShouldBe(200);

        var answer = await gateway.Raw.SendAsync("PUT", $"/{bucket}/key", "body");

        (answer.Status, answer.Code).ShouldBe((400, "KMS.NotFoundException"));
        (await gateway.Raw.SendAsync("POST", $"/{bucket}/key?uploads")).Code.ShouldBe("KMS.NotFoundException");
        (await gateway.Raw.SendAsync("HEAD", $"/{bucket}/key")).Status.ShouldBe(404);
    }

    [Fact]
    public async Task Put_BlockedCustomersKeys_AreRefused()
    {
        var bucket = await gateway.NewBucketAsync();
        (await gateway.Raw.SendAsync("PUT", $"/{bucket}?encryption", Document("AES256", null, "<BlockedEncryptionTypes><EncryptionType>SSE-C</EncryptionType></BlockedEncryptionTypes>"))).Status.ShouldBe(200);
        (await gateway.Raw.SendAsync("GET", $"/{bucket}?encryption")).Element("EncryptionType").ShouldBe("SSE-C");

        (await gateway.Raw.SendAsync("PUT", $"/{bucket}/key", "body", EncryptionGateway.Customer(1))).Code.ShouldBe("AccessDenied");
        (await gateway.Raw.SendAsync("POST", $"/{bucket}/key?uploads", [], EncryptionGateway.Customer(1))).Code.ShouldBe("AccessDenied");
        (await gateway.Raw.SendAsync("PUT", $"/{bucket}/key", "body")).Status.ShouldBe(200);
    }

    [Fact]
    public async Task Get_NeverSet_IsNotFoundWhereTheGatewayDoesNotReportTheDefault()
    {
        await using var silent = await Operations.GatewayHost.StartAsync(gateway.Layer, new() { ReportsDefaultEncryption = false });
        var bucket = await gateway.NewBucketAsync();
        var answer = await silent.Raw.SendAsync("GET", $"/{bucket}?encryption");
        (answer.Status, answer.Code).ShouldBe((404, "ServerSideEncryptionConfigurationNotFoundError"));
        await silent.Raw.SendAsync("PUT", $"/{bucket}?encryption", Document("AES256", null, ""));
        (await silent.Raw.SendAsync("GET", $"/{bucket}?encryption")).Element("SSEAlgorithm").ShouldBe("AES256");
    }

    private static string Document(string algorithm, string? key, string rest) =>
        $"<ServerSideEncryptionConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>{algorithm}</SSEAlgorithm>{(key is null ? "" : $"<KMSMasterKeyID>{key}</KMSMasterKeyID>")}</ApplyServerSideEncryptionByDefault>{rest}</Rule></ServerSideEncryptionConfiguration>";

    [GeneratedRegex("```hex\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Hex();

    [GeneratedRegex("\\s+")]
    private static partial Regex WhiteSpace();
}
