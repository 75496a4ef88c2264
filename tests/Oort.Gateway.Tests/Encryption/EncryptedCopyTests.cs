using Oort.Gateway.Tests.Operations;
using Oort.Metadata;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Encryption;

/// <summary>Copies between all kinds of encryption: data is shared under the same key, and encrypted anew otherwise.</summary>
public sealed class EncryptedCopyTests(EncryptionGateway gateway)
{
    private static readonly string[] modes = ["own", "one", "two", "customer 1", "customer 2"];

    public static TheoryData<string, string> Pairs => [.. from source in modes from target in modes select (source, target)];

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task Copy_BetweenModes_SharesDataUnderTheSameKeyOnly(string source, string target)
    {
        var (bucket, body) = (await gateway.NewBucketAsync(), TestGateway.Bytes(300_000));
        await gateway.Raw.SendAsync("PUT", $"/{bucket}/a", body, Headers(source));

        var copy = await gateway.Raw.SendAsync("PUT", $"/{bucket}/b", [], [("x-amz-copy-source", $"{bucket}/a"), .. Source(source), .. Headers(target)]);

        (copy.Status, EncryptionGateway.Of(copy)).ShouldBe((200, target.Split(' ')[0]), copy.Text);
        (await gateway.Raw.SendAsync("GET", $"/{bucket}/b", [], Read(target))).Body.ShouldBeBytes(body);
        var (from, to) = (await DataAsync(bucket, "a"), await DataAsync(bucket, "b"));
        (from.Id == to.Id).ShouldBe(source == target);
        to.Nesting.ShouldBe(target switch { "own" => null, "one" or "two" => new DataNesting(2, target, 1), _ => new DataNesting(1, "", 0) });
        if (target.StartsWith("customer", StringComparison.Ordinal) && source != target)
            (await gateway.Raw.SendAsync("GET", $"/{bucket}/b", [], EncryptionGateway.Customer(9))).Code.ShouldBe("InvalidRequest");
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task CopyPart_BetweenModes_IsReadUnderTheUploadsKey(string source, string target)
    {
        var (bucket, body) = (await gateway.NewBucketAsync(), TestGateway.Bytes(300_000));
        await gateway.Raw.SendAsync("PUT", $"/{bucket}/a", body, Headers(source));
        var upload = (await gateway.Raw.SendAsync("POST", $"/{bucket}/b?uploads", [], Headers(target))).Element("UploadId");

        var part = await gateway.Raw.SendAsync("PUT", $"/{bucket}/b?partNumber=1&uploadId={upload}", [], [("x-amz-copy-source", $"{bucket}/a"), ("x-amz-copy-source-range", "bytes=1000-200999"), .. Source(source), .. Read(target)]);

        (part.Status, EncryptionGateway.Of(part)).ShouldBe((200, target.Split(' ')[0]), part.Text);
        var complete = await gateway.Raw.SendAsync("POST", $"/{bucket}/b?uploadId={upload}", $"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{part.Element("ETag")}</ETag></Part></CompleteMultipartUpload>", Read(target));
        complete.Status.ShouldBe(200, complete.Text);
        (await gateway.Raw.SendAsync("GET", $"/{bucket}/b", [], Read(target))).Body.ShouldBeBytes(body[1_000..201_000]);
        if (target.StartsWith("customer", StringComparison.Ordinal)) (await DataAsync(bucket, "b")).Length.ShouldBe(200_000, "Data under a customer's key is moved whole, so no part of it is referred to.");
    }

    [Fact]
    public async Task Copy_SourcesKeyMissingOrWrongOrNotNeeded_IsRefused()
    {
        var bucket = await gateway.NewBucketAsync();
        await gateway.Raw.SendAsync("PUT", $"/{bucket}/a", "body", EncryptionGateway.Customer(1));
        await gateway.Raw.SendAsync("PUT", $"/{bucket}/own", "body");
        var upload = (await gateway.Raw.SendAsync("POST", $"/{bucket}/b?uploads")).Element("UploadId");
        foreach (var target in (string[])["b", $"b?partNumber=1&uploadId={upload}"])
        {
            foreach (var headers in ((string, string)[][])[[], EncryptionGateway.Customer(2, isSource: true)])
                (await gateway.Raw.SendAsync("PUT", $"/{bucket}/{target}", [], [("x-amz-copy-source", $"{bucket}/a"), .. headers])).Code.ShouldBe("InvalidRequest");
            (await gateway.Raw.SendAsync("PUT", $"/{bucket}/{target}", [], [("x-amz-copy-source", $"{bucket}/own"), .. EncryptionGateway.Customer(1, isSource: true)])).Code.ShouldBe("InvalidRequest");
        }
    }

    [Fact]
    public async Task Copy_OntoItselfUnderAnotherKey_ChangesTheKey()
    {
        var bucket = await gateway.NewBucketAsync();
        await gateway.Raw.SendAsync("PUT", $"/{bucket}/a", "body", EncryptionGateway.Customer(1));
        (await gateway.Raw.SendAsync("PUT", $"/{bucket}/a", [], [("x-amz-copy-source", $"{bucket}/a"), .. EncryptionGateway.Customer(1, isSource: true), .. EncryptionGateway.Customer(2)])).Status.ShouldBe(200);
        (await gateway.Raw.SendAsync("GET", $"/{bucket}/a", [], EncryptionGateway.Customer(1))).Code.ShouldBe("InvalidRequest");
        (await gateway.Raw.SendAsync("GET", $"/{bucket}/a", [], EncryptionGateway.Customer(2))).Text.ShouldBe("body");
    }

    private static (string Name, string Value)[] Headers(string mode) => mode switch
    {
        "own" => [],
        "one" or "two" => EncryptionGateway.Named(mode),
        _ => Read(mode),
    };

    private static (string Name, string Value)[] Read(string mode) => mode.StartsWith("customer", StringComparison.Ordinal) ? EncryptionGateway.Customer((byte)(mode[^1] - '0')) : [];

    private static (string Name, string Value)[] Source(string mode) => mode.StartsWith("customer", StringComparison.Ordinal) ? EncryptionGateway.Customer((byte)(mode[^1] - '0'), isSource: true) : [];

    private async Task<DataRow> DataAsync(string bucket, string key)
    {
        var row = (await gateway.Layer.Metadata.FindBucketAsync(bucket, CancellationToken.None))!;
        var version = (await gateway.Layer.Metadata.FindVersionAsync(row.Id, key, null, CancellationToken.None))!;
        return (await gateway.Layer.Metadata.LocateAsync([version.Extents[0].Data], CancellationToken.None)).Single().Data;
    }
}
