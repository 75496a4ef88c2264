using Oort.Metadata;
using Oort.Objects;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Operations;

/// <summary>What clients see when the layers below wait, fail or change under a request.</summary>
public sealed class FaultTests(TestGateway gateway) : IAsyncLifetime
{
    private HookedLayer layer = null!;
    private GatewayHost host = null!;

    public async ValueTask InitializeAsync()
    {
        layer = new(gateway.Layer);
        host = await GatewayHost.StartAsync(layer, new() { KeepAliveAfter = TimeSpan.FromMilliseconds(20) });
    }

    public ValueTask DisposeAsync() => host.DisposeAsync();

    [Fact]
    public async Task Get_ReplacedBeforeItIsOpened_IsTheNewObject()
    {
        var bucket = await gateway.NewBucketAsync();
        await gateway.Raw.SendAsync("PUT", $"/{bucket}/key", "old", ("x-amz-meta-old", "1"));
        var calls = 0;
        layer.OnOpen = async () =>
        {
            if (calls++ > 0) return;
            await gateway.PutAsync(bucket, "key", "newer");
            throw new VersionGoneException("replaced");
        };

        var got = await host.Raw.SendAsync("GET", $"/{bucket}/key");

        (got.Status, got.Text, calls).ShouldBe((200, "newer", 2));
        got.Headers.ShouldNotContainKey("x-amz-meta-old");
    }

    /// <summary>HEAD asks for the durability in a query of its own, in which the version may be gone as well; GET learns it as it opens the version.</summary>
    [Theory]
    [InlineData("GET", 5)]
    [InlineData("HEAD", 0)]
    public async Task Read_ReplacedBeforeItsDurabilityIsKnown_IsTheNewObject(string method, int bodyLength)
    {
        var bucket = await gateway.NewBucketAsync();
        await gateway.PutAsync(bucket, "key", "old");
        var calls = 0;
        layer.OnOpen = layer.OnDurability = async () =>
        {
            if (calls++ > 0) return;
            await gateway.PutAsync(bucket, "key", "newer");
            throw new VersionGoneException("replaced");
        };

        var got = await host.Raw.SendAsync(method, $"/{bucket}/key");

        (got.Status, got.Header("Content-Length"), got.Body.Length).ShouldBe((200, "5", bodyLength));
    }

    /// <summary>What was committed is acknowledged, whatever is asked afterwards.</summary>
    [Fact]
    public async Task Complete_ReplacedAtOnce_IsStill200()
    {
        var bucket = await gateway.NewBucketAsync();
        var id = (await gateway.Raw.SendAsync("POST", $"/{bucket}/key?uploads", [])).Element("UploadId");
        var tag = (await gateway.Raw.SendAsync("PUT", $"/{bucket}/key?partNumber=1&uploadId={id}", "x")).Header("ETag");
        layer.OnDurability = () => throw new VersionGoneException("replaced");

        var done = await host.Raw.SendAsync("POST", $"/{bucket}/key?uploadId={id}", $"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{tag}</ETag></Part></CompleteMultipartUpload>");

        (done.Status, done.Header("x-oort-durability")).ShouldBe((200, "quorum"));
    }

    [Fact]
    public async Task Get_DeletedBeforeItIsOpened_IsNoSuchKey()
    {
        var bucket = await gateway.NewBucketAsync();
        await gateway.PutAsync(bucket, "key", "old");
        layer.OnOpen = async () =>
        {
            await gateway.Client.DeleteObjectAsync(bucket, "key");
            throw new VersionGoneException("deleted");
        };

        (await host.Raw.SendAsync("GET", $"/{bucket}/key")).Code.ShouldBe("NoSuchKey");
    }

    [Fact]
    public async Task Get_ReplacedEachTime_GivesUpWithSlowDown()
    {
        var bucket = await gateway.NewBucketAsync();
        await gateway.PutAsync(bucket, "key", "x");
        layer.OnOpen = () => throw new VersionGoneException("replaced");

        var got = await host.Raw.SendAsync("GET", $"/{bucket}/key");

        (got.Status, got.Code).ShouldBe((503, "SlowDown"));
    }

    [Fact]
    public async Task Get_UnreadableFromTheStart_IsSlowDown()
    {
        var bucket = await gateway.NewBucketAsync();
        await gateway.PutAsync(bucket, "key", "body");
        layer.FailReadAfter = 0;

        var got = await host.Raw.SendAsync("GET", $"/{bucket}/key");

        (got.Status, got.Code).ShouldBe((503, "SlowDown"));
        got.Headers.ShouldNotContainKey("ETag");
    }

    /// <summary>A short body must never look like a whole one.</summary>
    [Theory]
    [InlineData(10)]
    [InlineData(300_000)]
    public async Task Get_UnreadableMidway_BreaksTheConnection(int after)
    {
        var bucket = await gateway.NewBucketAsync();
        await gateway.Raw.SendAsync("PUT", $"/{bucket}/key", TestGateway.Bytes(1_000_000));
        layer.FailReadAfter = after;

        await Should.ThrowAsync<HttpRequestException>(host.Raw.SendAsync("GET", $"/{bucket}/key"));
    }

    [Fact]
    public async Task Put_BelowQuorum_IsSlowDown()
    {
        var bucket = await gateway.NewBucketAsync();
        foreach (var failure in new Exception[] { new ObjectUnavailableException("below quorum"), new OverloadedException("no memory"), new MetadataUnavailableException("disk full") })
        {
            layer.OnPut = () => throw failure;

            var answer = await host.Raw.SendAsync("PUT", $"/{bucket}/key", "x");

            (answer.Status, answer.Code).ShouldBe((503, "SlowDown"));
            answer.Text.ShouldNotContain(failure.Message); // The cause is for the log.
        }
    }

    [Fact]
    public async Task Put_Bug_IsInternalErrorWithoutItsCause()
    {
        var bucket = await gateway.NewBucketAsync();
        layer.OnPut = () => throw new InvalidOperationException("secret detail");

        var answer = await host.Raw.SendAsync("PUT", $"/{bucket}/key", "x");

        (answer.Status, answer.Code).ShouldBe((500, "InternalError"));
        answer.Text.ShouldNotContain("secret detail");
    }

    [Fact]
    public async Task Copy_ThatTakesLong_KeepsTheConnectionAliveWithSpaces()
    {
        var bucket = await gateway.NewBucketAsync();
        await gateway.PutAsync(bucket, "a", "body");
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        layer.OnCopy = () => gate.Task;

        var answer = await host.Raw.StartAsync("PUT", $"/{bucket}/b", ("x-amz-copy-source", $"{bucket}/a"));
        answer.StatusCode.ShouldBe(System.Net.HttpStatusCode.OK); // The headers come before the copy is done.
        gate.SetResult();
        var text = await answer.Content.ReadAsStringAsync();

        text.ShouldStartWith("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n ");
        System.Xml.Linq.XDocument.Parse(text).Root!.Name.LocalName.ShouldBe("CopyObjectResult");
        (await gateway.Raw.SendAsync("GET", $"/{bucket}/b")).Text.ShouldBe("body");
    }

    [Fact]
    public async Task Copy_ThatFailsAfterLong_HasTheErrorInIts200()
    {
        var bucket = await gateway.NewBucketAsync();
        await gateway.PutAsync(bucket, "a", "body");
        await gateway.PutAsync(bucket, "b", "old");
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        layer.OnCopy = () => gate.Task;

        var answer = await host.Raw.StartAsync("PUT", $"/{bucket}/b", ("x-amz-copy-source", $"{bucket}/a"), ("If-None-Match", "*"));
        answer.StatusCode.ShouldBe(System.Net.HttpStatusCode.OK);
        gate.SetResult();

        var root = System.Xml.Linq.XDocument.Parse(await answer.Content.ReadAsStringAsync()).Root!;
        (root.Name.LocalName, root.Element("Code")!.Value).ShouldBe(("Error", "PreconditionFailed"));
        (await gateway.Raw.SendAsync("GET", $"/{bucket}/b")).Text.ShouldBe("old");
    }

    [Fact]
    public async Task Copy_SourceReplacedMeanwhile_CopiesTheNewOne()
    {
        var bucket = await gateway.NewBucketAsync();
        await gateway.PutAsync(bucket, "a", "old");
        var calls = 0;
        layer.OnCopy = async () =>
        {
            if (calls++ > 0) return;
            await gateway.PutAsync(bucket, "a", "newer");
            throw new VersionGoneException("replaced");
        };

        (await host.Raw.SendAsync("PUT", $"/{bucket}/b", [], ("x-amz-copy-source", $"{bucket}/a"))).Status.ShouldBe(200);

        (await gateway.Raw.SendAsync("GET", $"/{bucket}/b")).Text.ShouldBe("newer");
    }
}
