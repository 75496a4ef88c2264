using Amazon.S3;
using Amazon.S3.Model;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Operations;

public sealed class VersioningTests(TestGateway gateway)
{
    [Fact]
    public async Task Put_Enabled_KeepsEachVersion()
    {
        var bucket = await gateway.NewVersionedBucketAsync();
        var first = await gateway.PutAsync(bucket, "key", "one");
        var second = await gateway.PutAsync(bucket, "key", "two");

        first.VersionId.ShouldNotBe(second.VersionId);
        (await gateway.Raw.SendAsync("GET", $"/{bucket}/key")).Text.ShouldBe("two");
        var old = await gateway.Raw.SendAsync("GET", $"/{bucket}/key?versionId={first.VersionId}");
        (old.Text, old.Header("x-amz-version-id")).ShouldBe(("one", first.VersionId));
        var versions = await gateway.Client.ListVersionsAsync(bucket);
        versions.Versions.Select(version => (version.VersionId, version.IsLatest)).ShouldBe([(second.VersionId, true), (first.VersionId, false)]);
    }

    [Fact]
    public async Task Delete_Enabled_AddsAMarkerThatHidesAndCanBeTakenAway()
    {
        var bucket = await gateway.NewVersionedBucketAsync();
        var put = await gateway.PutAsync(bucket, "key", "one");

        var deleted = await gateway.Client.DeleteObjectAsync(bucket, "key");

        deleted.DeleteMarker.ShouldBe("true");
        var hidden = await gateway.Raw.SendAsync("GET", $"/{bucket}/key");
        (hidden.Status, hidden.Code, hidden.Header("x-amz-delete-marker"), hidden.Header("x-amz-version-id")).ShouldBe((404, "NoSuchKey", "true", deleted.VersionId));
        var marker = await gateway.Raw.SendAsync("GET", $"/{bucket}/key?versionId={deleted.VersionId}");
        (marker.Status, marker.Code, marker.Header("x-amz-delete-marker"), marker.Header("Allow")).ShouldBe((405, "MethodNotAllowed", "true", "DELETE"));
        var head = await gateway.Raw.SendAsync("HEAD", $"/{bucket}/key?versionId={deleted.VersionId}");
        (head.Status, head.Header("x-amz-delete-marker")).ShouldBe((405, "true"));
        (await gateway.Raw.SendAsync("GET", $"/{bucket}/key?versionId={put.VersionId}")).Text.ShouldBe("one");

        var undone = await gateway.Client.DeleteObjectAsync(bucket, "key", deleted.VersionId);

        (undone.DeleteMarker, undone.VersionId).ShouldBe(("true", deleted.VersionId));
        (await gateway.Raw.SendAsync("GET", $"/{bucket}/key")).Text.ShouldBe("one");
    }

    [Fact]
    public async Task Delete_OneVersion_LeavesTheOthers()
    {
        var bucket = await gateway.NewVersionedBucketAsync();
        var first = await gateway.PutAsync(bucket, "key", "one");
        var second = await gateway.PutAsync(bucket, "key", "two");

        var deleted = await gateway.Raw.SendAsync("DELETE", $"/{bucket}/key?versionId={second.VersionId}");

        (deleted.Status, deleted.Header("x-amz-version-id")).ShouldBe((204, second.VersionId));
        deleted.Headers.ShouldNotContainKey("x-amz-delete-marker");
        var now = await gateway.Raw.SendAsync("GET", $"/{bucket}/key");
        (now.Text, now.Header("x-amz-version-id")).ShouldBe(("one", first.VersionId));
        (await gateway.Raw.SendAsync("GET", $"/{bucket}/key?versionId={second.VersionId}")).Code.ShouldBe("NoSuchVersion");
    }

    [Fact]
    public async Task Put_BeforeVersioning_IsTheNullVersion()
    {
        var bucket = await gateway.NewBucketAsync();
        await gateway.PutAsync(bucket, "key", "old");
        await gateway.SetVersioningAsync(bucket, VersionStatus.Enabled);
        await gateway.PutAsync(bucket, "key", "new");

        var old = await gateway.Raw.SendAsync("GET", $"/{bucket}/key?versionId=null");

        (old.Text, old.Header("x-amz-version-id")).ShouldBe(("old", "null"));
    }

    [Fact]
    public async Task Put_Suspended_ReplacesTheNullVersionOnly()
    {
        var bucket = await gateway.NewVersionedBucketAsync();
        var kept = await gateway.PutAsync(bucket, "key", "kept");
        await gateway.SetVersioningAsync(bucket, VersionStatus.Suspended);
        (await gateway.PutAsync(bucket, "key", "first")).VersionId.ShouldBeNull();
        await gateway.PutAsync(bucket, "key", "second");

        (await gateway.Raw.SendAsync("GET", $"/{bucket}/key?versionId=null")).Text.ShouldBe("second");
        (await gateway.Raw.SendAsync("GET", $"/{bucket}/key?versionId={kept.VersionId}")).Text.ShouldBe("kept");
        (await gateway.Client.ListVersionsAsync(bucket)).Versions.Select(version => version.VersionId).ShouldBe(["null", kept.VersionId]);
    }

    [Fact]
    public async Task Delete_Suspended_PutsANullMarkerInPlaceOfTheNullVersion()
    {
        var bucket = await gateway.NewVersionedBucketAsync();
        var kept = await gateway.PutAsync(bucket, "key", "kept");
        await gateway.SetVersioningAsync(bucket, VersionStatus.Suspended);
        await gateway.PutAsync(bucket, "key", "null version");

        var deleted = await gateway.Client.DeleteObjectAsync(bucket, "key");

        (deleted.DeleteMarker, deleted.VersionId).ShouldBe(("true", "null"));
        var versions = await gateway.Client.ListVersionsAsync(bucket);
        versions.Versions.Select(version => (version.VersionId, version.IsDeleteMarker is true)).ShouldBe([("null", true), (kept.VersionId, false)]);
    }

    [Fact]
    public async Task DeleteObjects_WithVersions_TellsMarkersApart()
    {
        var bucket = await gateway.NewVersionedBucketAsync();
        var put = await gateway.PutAsync(bucket, "a", "x");
        var marker = await gateway.Client.DeleteObjectAsync(bucket, "b");

        var answer = await gateway.Client.DeleteObjectsAsync(new()
        {
            BucketName = bucket,
            Objects = [new() { Key = "a", VersionId = put.VersionId }, new() { Key = "b", VersionId = marker.VersionId }, new() { Key = "c" }],
        });

        answer.DeletedObjects.Count.ShouldBe(3);
        var (version, removed, made) = (answer.DeletedObjects[0], answer.DeletedObjects[1], answer.DeletedObjects[2]);
        (version.VersionId, version.DeleteMarker is true).ShouldBe((put.VersionId, false));
        (removed.VersionId, removed.DeleteMarker, removed.DeleteMarkerVersionId).ShouldBe((marker.VersionId, true, marker.VersionId));
        (made.VersionId, made.DeleteMarker).ShouldBe((null, true));
        made.DeleteMarkerVersionId.ShouldNotBeNullOrEmpty();
    }

    [Fact]
    public async Task ListVersions_InPages_ShowsEachOnceInOrder()
    {
        var bucket = await gateway.NewVersionedBucketAsync();
        foreach (var key in new[] { "a", "b", "dir/c", "dir/d" })
        {
            for (var i = 0; i < 3; i++) await gateway.PutAsync(bucket, key, "x");
            await gateway.Client.DeleteObjectAsync(bucket, key);
        }

        var whole = (await gateway.Client.ListVersionsAsync(bucket)).Versions.Select(version => (version.Key, version.VersionId)).ToList();
        whole.Count.ShouldBe(16);
        foreach (var size in new[] { 1, 2, 3, 5 })
        {
            var request = new ListVersionsRequest { BucketName = bucket, MaxKeys = size };
            var found = new List<(string, string)>();
            ListVersionsResponse page;
            do
            {
                page = await gateway.Client.ListVersionsAsync(request);
                found.AddRange(page.Versions.Select(version => (version.Key, version.VersionId)));
                (request.KeyMarker, request.VersionIdMarker) = (page.NextKeyMarker, page.NextVersionIdMarker);
            }
            while (page.IsTruncated == true);

            found.ShouldBe(whole);
        }
    }

    [Fact]
    public async Task ListVersions_Delimiter_RollsUp()
    {
        var bucket = await gateway.NewVersionedBucketAsync();
        foreach (var key in new[] { "a", "dir/b", "dir/c" }) await gateway.PutAsync(bucket, key, "x");

        var page = await gateway.Client.ListVersionsAsync(new ListVersionsRequest { BucketName = bucket, Delimiter = "/" });

        page.Versions.Select(version => version.Key).ShouldBe(["a"]);
        page.CommonPrefixes.ShouldBe(["dir/"]);
    }

    [Theory]
    [InlineData("version-id-marker=00000000000000010000000000000001")]
    [InlineData("key-marker=a&version-id-marker=nonsense")]
    [InlineData("max-keys=-1")]
    [InlineData("max-keys=x")]
    [InlineData("encoding-type=base64")]
    public async Task ListVersions_BadParameter_IsInvalidArgument(string query)
    {
        var answer = await gateway.Raw.SendAsync("GET", $"/{await gateway.NewBucketAsync()}?versions&{query}");

        (answer.Status, answer.Code).ShouldBe((400, "InvalidArgument"));
    }

    [Fact]
    public async Task DeleteBucket_WithOnlyAMarkerLeft_IsBucketNotEmpty()
    {
        var bucket = await gateway.NewVersionedBucketAsync();
        await gateway.Client.DeleteObjectAsync(bucket, "key");

        (await gateway.Raw.SendAsync("DELETE", "/" + bucket)).Code.ShouldBe("BucketNotEmpty");
    }
}
