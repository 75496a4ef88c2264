using System.Globalization;
using Amazon.S3.Model;
using Oort.Objects.Events;
using Oort.Objects.Tiering;
using Shouldly;
using Xunit;
using static Oort.Gateway.Tests.Notifications.NotificationWorld;

namespace Oort.Gateway.Tests.Notifications;

public sealed class EventTests
{
    private const string All = "s3:ObjectCreated:* s3:ObjectRemoved:* s3:ObjectTagging:* s3:ObjectAcl:Put s3:ObjectRestore:*";

    [Fact]
    public async Task Put_Event_SaysWhatAndWhoAndWhere()
    {
        await using var world = await StartAsync();
        await world.NewBucketAsync("bucket", Rule("s3:ObjectCreated:Put", id: "mine"), isVersioned: true);
        var put = await world.Client.PutObjectAsync(new() { BucketName = "bucket", Key = "a b/ü+.txt", ContentBody = "12345" });

        var post = await world.NextAsync();
        var record = post.Record;
        record.GetProperty("eventVersion").GetString().ShouldBe("2.1");
        record.GetProperty("eventSource").GetString().ShouldBe("aws:s3");
        record.GetProperty("awsRegion").GetString().ShouldBe("us-east-1");
        post.Event.ShouldBe("ObjectCreated:Put");
        DateTimeOffset.Parse(record.GetProperty("eventTime").GetString()!, CultureInfo.InvariantCulture).ShouldBe(TimeProvider.System.GetUtcNow(), TimeSpan.FromMinutes(10));
        record.GetProperty("userIdentity").GetProperty("principalId").GetString().ShouldStartWith("arn:aws:iam::");
        record.GetProperty("requestParameters").GetProperty("sourceIPAddress").GetString().ShouldBe("127.0.0.1");
        record.GetProperty("responseElements").GetProperty("x-amz-request-id").GetString().ShouldBe(put.ResponseMetadata.RequestId);
        var s3 = record.GetProperty("s3");
        s3.GetProperty("configurationId").GetString().ShouldBe("mine");
        s3.GetProperty("bucket").GetProperty("arn").GetString().ShouldBe("arn:aws:s3:::bucket");
        s3.GetProperty("bucket").GetProperty("ownerIdentity").GetProperty("principalId").GetString().ShouldBe("0123456789abcdef");
        post.Key.ShouldBe("a+b/%C3%BC%2B.txt");
        (post.Object.GetProperty("size").GetInt64(), post.Object.GetProperty("eTag").GetString(), post.Object.GetProperty("versionId").GetString()).ShouldBe((5, put.ETag.Trim('"'), put.VersionId));
        post.Object.GetProperty("sequencer").GetString().ShouldBe(put.VersionId[..16].ToUpperInvariant());
    }

    [Fact]
    public async Task EveryChange_HasItsEvent()
    {
        await using var world = await StartAsync();
        var client = world.Client;
        await world.NewBucketAsync("bucket", Rule(All), isVersioned: true);

        await client.PutObjectAsync(new() { BucketName = "bucket", Key = "a", ContentBody = "x" });
        await client.CopyObjectAsync("bucket", "a", "bucket", "b");
        var upload = await client.InitiateMultipartUploadAsync("bucket", "c");
        var part = await client.UploadPartAsync(new() { BucketName = "bucket", Key = "c", UploadId = upload.UploadId, PartNumber = 1, InputStream = new MemoryStream([1]) });
        await client.CompleteMultipartUploadAsync(new() { BucketName = "bucket", Key = "c", UploadId = upload.UploadId, PartETags = [new(1, part.ETag)] });
        await client.PutObjectTaggingAsync(new() { BucketName = "bucket", Key = "a", Tagging = new() { TagSet = [new() { Key = "k", Value = "v" }] } });
        await client.DeleteObjectTaggingAsync(new() { BucketName = "bucket", Key = "a" });
        var marker = await client.DeleteObjectAsync("bucket", "a");
        await client.DeleteObjectsAsync(new() { BucketName = "bucket", Objects = [new() { Key = "a", VersionId = marker.VersionId }] });
        await world.Client.PutBucketOwnershipControlsAsync(new() { BucketName = "bucket", OwnershipControls = new() { Rules = [new() { ObjectOwnership = "ObjectWriter" }] } });
        (await world.Raw.SendAsync("PUT", "/bucket/a?acl", "", ("x-amz-acl", "private"))).Status.ShouldBe(200);

        var seen = new List<(string Key, string Event)>();
        for (var i = 0; i < 8; i++)
        {
            var post = await world.NextAsync();
            seen.Add((post.Key, post.Event));
            if (post.Event.StartsWith("ObjectRemoved", StringComparison.Ordinal))
            {
                post.Object.GetProperty("versionId").GetString().ShouldBe(marker.VersionId);
                post.Object.TryGetProperty("size", out _).ShouldBeFalse();
            }
        }

        // Keys are sent beside each other; of one key in order.
        seen.Where(one => one.Key == "a").Select(one => one.Event).ShouldBe(["ObjectCreated:Put", "ObjectTagging:Put", "ObjectTagging:Delete", "ObjectRemoved:DeleteMarkerCreated", "ObjectRemoved:Delete", "ObjectAcl:Put"]);
        seen.ShouldContain(("b", "ObjectCreated:Copy"));
        seen.ShouldContain(("c", "ObjectCreated:CompleteMultipartUpload"));
    }

    [Fact]
    public async Task Unversioned_DeleteOfWhatIsThereAndWhatIsNot_IsToldOnce()
    {
        await using var world = await StartAsync(sends: false);
        await world.NewBucketAsync("bucket", Rule("s3:ObjectRemoved:Delete"));
        await world.Client.PutObjectAsync(new() { BucketName = "bucket", Key = "a", ContentBody = "x" });
        await world.Client.DeleteObjectAsync("bucket", "none");
        await world.Client.DeleteObjectAsync("bucket", "a");
        await world.Client.DeleteObjectAsync("bucket", "a");

        (await world.QueuedAsync()).Length.ShouldBe(1);
        world.Service.Dispatcher.Start();
        var post = await world.NextAsync();
        (post.Event, post.Key).ShouldBe(("ObjectRemoved:Delete", "a"));
        post.Object.TryGetProperty("versionId", out _).ShouldBeFalse();
    }

    [Fact]
    public async Task Filter_KeysThatDoNotFit_AreNotTold()
    {
        await using var world = await StartAsync(sends: false);
        await world.NewBucketAsync("bucket", Rule("s3:ObjectCreated:Copy s3:ObjectCreated:Put", Filter(("prefix", "in/"), ("suffix", ".jpg"))));
        foreach (var key in new[] { "in/a.jpg", "in/a.png", "out/a.jpg", "IN/a.jpg", "in/.jpg" }) await world.Client.PutObjectAsync(new() { BucketName = "bucket", Key = key, ContentBody = "x" });
        await world.Client.DeleteObjectAsync("bucket", "in/a.jpg");

        (await world.QueuedAsync()).Length.ShouldBe(2);
        world.Service.Dispatcher.Start();
        new[] { (await world.NextAsync()).Key, (await world.NextAsync()).Key }.ShouldBe(["in/a.jpg", "in/.jpg"], ignoreOrder: true);
    }

    [Fact]
    public async Task RefusedWrite_IsNotTold()
    {
        await using var world = await StartAsync(sends: false);
        await world.NewBucketAsync("bucket", Rule("s3:ObjectCreated:*"));
        (await world.Raw.SendAsync("PUT", "/bucket/a", "x", ("If-Match", "\"none\""))).Status.ShouldBe(404);
        (await world.Raw.SendAsync("PUT", "/bucket/a", "x", ("Content-MD5", "AAAAAAAAAAAAAAAAAAAAAA=="))).Status.ShouldBe(400);
        (await world.QueuedAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task Restore_Request_IsTold()
    {
        await using var world = await StartAsync(sends: false);
        await world.NewBucketAsync("bucket", Rule("s3:ObjectRestore:*"));
        await world.Client.PutObjectAsync(new() { BucketName = "bucket", Key = "a", ContentBody = "x", StorageClass = "GLACIER" });
        (await world.Raw.SendAsync("POST", "/bucket/a?restore", "<RestoreRequest><Days>1</Days></RestoreRequest>")).Status.ShouldBe(202);
        (await world.Raw.SendAsync("POST", "/bucket/a?restore", "<RestoreRequest><Days>1</Days></RestoreRequest>")).Status.ShouldBe(409);

        (await world.QueuedAsync()).Length.ShouldBe(1);
        world.Service.Dispatcher.Start();
        (await world.NextAsync()).Event.ShouldBe("ObjectRestore:Post");
    }

    [Fact]
    public async Task Service_RestoreAndTransition_SayTheServiceDidIt()
    {
        // What moves and restores versions has no request: it asks the queue for what to tell.
        await using var world = await StartAsync(sends: false);
        await world.NewBucketAsync("bucket", Rule("s3:ObjectRestore:Completed s3:LifecycleExpiration:*"));
        await world.Client.PutObjectAsync(new() { BucketName = "bucket", Key = "a", ContentBody = "x", StorageClass = "GLACIER" });
        var bucket = (await world.Metadata.FindBucketAsync("bucket", TestContext.Current.CancellationToken))!;
        var expires = new DateTimeOffset(2030, 1, 2, 0, 0, 0, TimeSpan.Zero);
        await world.Metadata.UpdateVersionAsync(bucket.Id, "a", null, row => row with
        {
            Attributes = RestoreState.Set(row.Attributes, new(RestorePhase.Restored, RestoreTier.Standard, 1, expires.AddDays(-1), expires)),
            Announcement = world.Service.Queue.Of(ChangeCause.RestoreCompleted, ChangeOrigin.Service),
        }, TestContext.Current.CancellationToken);
        await world.Metadata.DeleteVersionAsync(new(bucket.Id, "a", bucket.OwnerId, null, new() { Announcement = world.Service.Queue.Of(ChangeCause.LifecycleExpiration, ChangeOrigin.Service) }), TestContext.Current.CancellationToken);
        world.Service.Dispatcher.Start();

        var completed = await world.NextAsync();
        completed.Event.ShouldBe("ObjectRestore:Completed");
        completed.Record.GetProperty("userIdentity").GetProperty("principalId").GetString().ShouldBe("s3.amazonaws.com");
        var restored = completed.Record.GetProperty("glacierEventData").GetProperty("restoreEventData");
        (restored.GetProperty("lifecycleRestorationExpiryTime").GetString(), restored.GetProperty("lifecycleRestoreStorageClass").GetString()).ShouldBe(("2030-01-02T00:00:00.000Z", "GLACIER"));
        var expired = await world.NextAsync();
        (expired.Event, expired.Record.GetProperty("eventVersion").GetString()).ShouldBe(("LifecycleExpiration:Delete", "2.3"));
    }
}
