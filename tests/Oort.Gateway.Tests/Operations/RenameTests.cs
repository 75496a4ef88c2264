using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Operations;

public sealed class RenameTests(TestGateway gateway)
{
    [Fact]
    public async Task Rename_Object_HasAllThatItHadUnderTheNewKey()
    {
        var bucket = await gateway.NewBucketAsync();
        (await gateway.Raw.SendAsync("PUT", $"/{bucket}/old%20name", "text", ("x-amz-meta-m", "1"), ("x-amz-tagging", "a=b"), ("content-type", "text/x"))).Status.ShouldBe(200);
        var before = await gateway.Raw.SendAsync("HEAD", $"/{bucket}/old%20name");
        (await RenameAsync(bucket, "old%20name", "dir/new")).Status.ShouldBe(200);
        (await gateway.Raw.SendAsync("HEAD", $"/{bucket}/old%20name")).Status.ShouldBe(404);
        var after = await gateway.Raw.SendAsync("GET", $"/{bucket}/dir/new");
        after.Text.ShouldBe("text");
        foreach (var header in (string[])["ETag", "Last-Modified", "Content-Type", "x-amz-meta-m", "x-amz-tagging-count"]) after.Header(header).ShouldBe(before.Header(header), header);
    }

    [Fact]
    public async Task Rename_WithVersions_SaysTheNewIdAndKeepsTheOld()
    {
        var bucket = await gateway.NewVersionedBucketAsync();
        var old = await gateway.PutAsync(bucket, "a", "text");
        var answer = await RenameAsync(bucket, "a", "b");
        (await gateway.Raw.SendAsync("GET", $"/{bucket}/b?versionId={answer.Header("x-amz-version-id")}")).Text.ShouldBe("text");
        (await gateway.Raw.SendAsync("GET", $"/{bucket}/a")).Header("x-amz-delete-marker").ShouldBe("true");
        (await gateway.Raw.SendAsync("GET", $"/{bucket}/a?versionId={old.VersionId}")).Text.ShouldBe("text");
    }

    [Fact]
    public async Task Rename_Conditions_AreDecidedOnBothSides()
    {
        var bucket = await gateway.NewBucketAsync();
        var from = (await gateway.PutAsync(bucket, "a", "one")).ETag;
        var to = (await gateway.PutAsync(bucket, "b", "two")).ETag;
        (await RenameAsync(bucket, "a", "b", ("If-None-Match", "*"))).Code.ShouldBe("PreconditionFailed");
        (await RenameAsync(bucket, "a", "b", ("If-Match", from))).Code.ShouldBe("PreconditionFailed");
        (await RenameAsync(bucket, "a", "c", ("If-Match", to))).Code.ShouldBe("NoSuchKey");
        (await RenameAsync(bucket, "a", "b", ("x-amz-rename-source-if-match", to))).Code.ShouldBe("PreconditionFailed");
        (await RenameAsync(bucket, "a", "b", ("x-amz-rename-source-if-none-match", from))).Code.ShouldBe("PreconditionFailed");
        (await RenameAsync(bucket, "a", "b", ("x-amz-rename-source-if-unmodified-since", "Mon, 01 Jan 2001 00:00:00 GMT"))).Code.ShouldBe("PreconditionFailed");
        (await gateway.Raw.SendAsync("GET", $"/{bucket}/b")).Text.ShouldBe("two");
        (await RenameAsync(bucket, "a", "b", ("If-Match", to), ("x-amz-rename-source-if-match", from))).Status.ShouldBe(200);
        (await gateway.Raw.SendAsync("GET", $"/{bucket}/b")).Text.ShouldBe("one");
        (await RenameAsync(bucket, "a", "b")).Code.ShouldBe("NoSuchKey");
    }

    [Fact]
    public async Task Rename_Bad_IsRefused()
    {
        var bucket = await gateway.NewBucketAsync();
        var other = await gateway.NewBucketAsync();
        await gateway.PutAsync(bucket, "a", "one");
        (await RenameAsync(bucket, "a", "a")).Code.ShouldBe("InvalidRequest");
        (await gateway.Raw.SendAsync("PUT", $"/{bucket}/b?renameObject")).Code.ShouldBe("InvalidArgument");
        (await gateway.Raw.SendAsync("PUT", $"/{other}/b?renameObject", [], ("x-amz-rename-source", $"{bucket}/a"))).Code.ShouldBe("InvalidRequest");
        (await RenameAsync(bucket, "a?versionId=null", "b")).Code.ShouldBe("InvalidRequest");
        (await gateway.Raw.SendAsync("GET", $"/{bucket}/a")).Text.ShouldBe("one");
    }

    [Fact]
    public async Task Rename_ManyAtOnceToOneKey_LosesNone()
    {
        var bucket = await gateway.NewVersionedBucketAsync();
        for (var i = 0; i < 8; i++) await gateway.PutAsync(bucket, $"from{i}", $"text {i}");
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => RenameAsync(bucket, $"from{i}", "to")));
        var texts = new List<string>();
        foreach (var answer in answers)
        {
            answer.Status.ShouldBe(200, answer.Text);
            texts.Add((await gateway.Raw.SendAsync("GET", $"/{bucket}/to?versionId={answer.Header("x-amz-version-id")}")).Text);
        }

        texts.ShouldBe(Enumerable.Range(0, 8).Select(i => $"text {i}"));
    }

    private Task<RawAnswer> RenameAsync(string bucket, string from, string to, params (string, string)[] headers) =>
        gateway.Raw.SendAsync("PUT", $"/{bucket}/{to}?renameObject", [], [("x-amz-rename-source", $"/{bucket}/{from}"), .. headers]);
}
