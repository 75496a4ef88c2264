using System.Globalization;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Operations;

public sealed class ConditionTests(TestGateway gateway)
{
    private const string Past = "Wed, 21 Oct 2015 07:28:00 GMT";
    private const string Future = "Wed, 21 Oct 2099 07:28:00 GMT";

    /// <summary>RFC 9110 §13.2.2, and S3's two documented pairs. {tag} stands for the object's ETag.</summary>
    [Theory]
    [InlineData(200, "If-Match", "{tag}")]
    [InlineData(200, "If-Match", "*")]
    [InlineData(200, "If-Match", "\"other\", {tag}")]
    [InlineData(412, "If-Match", "\"other\"")]
    [InlineData(304, "If-None-Match", "{tag}")]
    [InlineData(304, "If-None-Match", "*")]
    [InlineData(200, "If-None-Match", "\"other\"")]
    [InlineData(200, "If-Modified-Since", Past)]
    [InlineData(304, "If-Modified-Since", Future)]
    [InlineData(200, "If-Modified-Since", "no date")]
    [InlineData(412, "If-Unmodified-Since", Past)]
    [InlineData(200, "If-Unmodified-Since", Future)]
    [InlineData(200, "If-Match", "{tag}", "If-Unmodified-Since", Past)]
    [InlineData(304, "If-None-Match", "{tag}", "If-Modified-Since", Past)]
    [InlineData(200, "If-None-Match", "\"other\"", "If-Modified-Since", Future)]
    [InlineData(412, "If-Match", "\"other\"", "If-None-Match", "{tag}")]
    public async Task Get_Condition_IsDecided(int status, string name, string value, string? secondName = null, string? secondValue = null)
    {
        var bucket = await gateway.NewBucketAsync();
        var tag = (await gateway.Raw.SendAsync("PUT", $"/{bucket}/key", "body")).Header("ETag");
        List<(string, string)> headers = [(name, value.Replace("{tag}", tag, StringComparison.Ordinal))];
        if (secondName is not null) headers.Add((secondName, secondValue!.Replace("{tag}", tag, StringComparison.Ordinal)));

        foreach (var method in new[] { "GET", "HEAD" })
        {
            var answer = await gateway.Raw.SendAsync(method, $"/{bucket}/key", [], [.. headers]);

            answer.Status.ShouldBe(status);
            if (status == 304)
            {
                answer.Header("ETag").ShouldBe(tag);
                answer.Body.ShouldBeEmpty();
            }

            if (status == 412 && method == "GET") answer.Code.ShouldBe("PreconditionFailed");
        }
    }

    [Fact]
    public async Task Get_IfModifiedSinceItsOwnTime_Is304()
    {
        var bucket = await gateway.NewBucketAsync();
        await gateway.PutAsync(bucket, "key", "body");
        var time = (await gateway.Raw.SendAsync("HEAD", $"/{bucket}/key")).Header("Last-Modified");

        (await gateway.Raw.SendAsync("GET", $"/{bucket}/key", [], ("If-Modified-Since", time))).Status.ShouldBe(304);
        (await gateway.Raw.SendAsync("GET", $"/{bucket}/key", [], ("If-Unmodified-Since", time))).Status.ShouldBe(200);
    }

    [Theory]
    [InlineData(false, "If-None-Match", "*", 200, "")]
    [InlineData(true, "If-None-Match", "*", 412, "PreconditionFailed")]
    [InlineData(true, "If-None-Match", "{tag}", 412, "PreconditionFailed")]
    [InlineData(true, "If-None-Match", "\"other\"", 200, "")]
    [InlineData(true, "If-Match", "{tag}", 200, "")]
    [InlineData(true, "If-Match", "*", 200, "")]
    [InlineData(true, "If-Match", "\"other\"", 412, "PreconditionFailed")]
    [InlineData(false, "If-Match", "\"other\"", 404, "NoSuchKey")]
    [InlineData(true, "If-Match", "\"a\", \"b\"", 501, "NotImplemented")]
    public async Task Put_Condition_IsDecided(bool exists, string name, string value, int status, string code)
    {
        foreach (var size in new[] { 10, 2_000_000 })
        {
            var bucket = await gateway.NewBucketAsync();
            var tag = exists ? (await gateway.Raw.SendAsync("PUT", $"/{bucket}/key", "old")).Header("ETag") : "";

            var answer = await gateway.Raw.SendAsync("PUT", $"/{bucket}/key", TestGateway.Bytes(size), (name, value.Replace("{tag}", tag, StringComparison.Ordinal)));

            (answer.Status, answer.Code).ShouldBe((status, code));
            var now = await gateway.Raw.SendAsync("GET", $"/{bucket}/key");
            if (status == 200) now.Body.Length.ShouldBe(size);
            else if (exists) now.Text.ShouldBe("old");
            else now.Status.ShouldBe(404);
        }
    }

    [Fact]
    public async Task Put_IfNoneMatchAfterDelete_Succeeds()
    {
        var bucket = await gateway.NewVersionedBucketAsync();
        await gateway.PutAsync(bucket, "key", "x");
        await gateway.Client.DeleteObjectAsync(bucket, "key");

        (await gateway.Raw.SendAsync("PUT", $"/{bucket}/key", "y", ("If-None-Match", "*"))).Status.ShouldBe(200);
    }

    [Theory]
    [InlineData("\"00000000000000000000000000000000\"", 412)]
    [InlineData("*", 204)]
    public async Task Delete_IfMatchOverADeleteMarker_NeedsMoreThanNothing(string etag, int status)
    {
        var bucket = await gateway.NewVersionedBucketAsync();
        (await gateway.Raw.SendAsync("DELETE", $"/{bucket}/key", "", ("If-Match", etag))).Status.ShouldBe(204);
        await gateway.PutAsync(bucket, "key", "x");
        await gateway.Client.DeleteObjectAsync(bucket, "key");

        (await gateway.Raw.SendAsync("DELETE", $"/{bucket}/key", "", ("If-Match", etag))).Status.ShouldBe(status);
    }

    /// <summary>The promise that users build locks on: of many who create the same key, one does.</summary>
    [Fact]
    public async Task Put_AHundredAtOnceWithIfNoneMatch_HaveExactlyOneWinner()
    {
        var bucket = await gateway.NewBucketAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(i =>
            gateway.Raw.SendAsync("PUT", $"/{bucket}/lock", i.ToString(CultureInfo.InvariantCulture), ("If-None-Match", "*"))));

        var winner = answers.Index().Where(answer => answer.Item.Status == 200).ShouldHaveSingleItem();
        answers.Where(answer => answer.Status != 200).ShouldAllBe(answer => answer.Code == "PreconditionFailed" || answer.Code == "ConditionalRequestConflict");
        (await gateway.Raw.SendAsync("GET", $"/{bucket}/lock")).Text.ShouldBe(winner.Index.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>Compare-and-swap: every success saw the value of the success before it, so no increment is lost.</summary>
    [Fact]
    public async Task Put_ConcurrentIfMatch_LosesNoUpdate()
    {
        var bucket = await gateway.NewBucketAsync();
        await gateway.PutAsync(bucket, "counter", "0");
        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => IncrementAsync(bucket, 4)));

        (await gateway.Raw.SendAsync("GET", $"/{bucket}/counter")).Text.ShouldBe("20");
    }

    private async Task IncrementAsync(string bucket, int times)
    {
        while (times > 0)
        {
            var now = await gateway.Raw.SendAsync("GET", $"/{bucket}/counter");
            var next = (int.Parse(now.Text, CultureInfo.InvariantCulture) + 1).ToString(CultureInfo.InvariantCulture);
            if ((await gateway.Raw.SendAsync("PUT", $"/{bucket}/counter", next, ("If-Match", now.Header("ETag")))).Status == 200) times--;
        }
    }
}
