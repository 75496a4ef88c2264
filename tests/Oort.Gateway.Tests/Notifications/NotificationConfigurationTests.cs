using Amazon.S3;
using Amazon.S3.Model;
using Oort.Gateway.Tests.Operations;
using Shouldly;
using Xunit;
using static Oort.Gateway.Tests.Notifications.NotificationWorld;

namespace Oort.Gateway.Tests.Notifications;

public sealed class NotificationConfigurationTests
{
    [Fact]
    public async Task Configuration_PutGetAndEmptied_IsKept()
    {
        await using var world = await StartAsync(sends: false);
        await world.Client.PutBucketAsync("bucket");
        var filter = Filter(("prefix", "in/"), ("suffix", ".jpg"));
        (await world.ConfigureAsync("bucket", Rule("s3:ObjectCreated:*", filter, "a")
            + $"<TopicConfiguration><Topic>{Arn}</Topic><Event>s3:ObjectRemoved:*</Event></TopicConfiguration>"
            + $"<CloudFunctionConfiguration><Id>c</Id><CloudFunction>{Arn}</CloudFunction><Event>s3:ObjectTagging:Put</Event></CloudFunctionConfiguration>")).Status.ShouldBe(200);

        var got = await world.Client.GetBucketNotificationAsync("bucket");
        var queue = got.QueueConfigurations.ShouldHaveSingleItem();
        (queue.Id, queue.Queue, queue.Events.Single().Value).ShouldBe(("a", Arn, "s3:ObjectCreated:*"));
        queue.Filter.S3KeyFilter.FilterRules.Select(rule => (rule.Name, rule.Value)).ShouldBe([("Prefix", "in/"), ("Suffix", ".jpg")]);
        got.TopicConfigurations.ShouldHaveSingleItem().Id.Length.ShouldBe(48, "One is made for an entry without.");
        got.LambdaFunctionConfigurations.ShouldHaveSingleItem().FunctionArn.ShouldBe(Arn);

        (await world.ConfigureAsync("bucket", "")).Status.ShouldBe(200);
        (await world.Raw.SendAsync("GET", "/bucket?notification")).Text.ShouldEndWith("></NotificationConfiguration>");
        (await world.Metadata.FindBucketAsync("bucket", TestContext.Current.CancellationToken))!.Settings.ShouldNotContainKey("notification");
    }

    [Fact]
    public async Task Put_Bad_IsRefusedAndChangesNothing()
    {
        await using var world = await StartAsync(sends: false);
        await world.NewBucketAsync("bucket", Rule("s3:ObjectAcl:Put"));
        var jpg = Filter(("prefix", "a"), ("suffix", ".jpg"));
        foreach (var (rules, status, code) in new[]
        {
            (Rule("s3:ObjectCreated:*", arn: "arn:oort:sqs::other:webhook"), 400, "InvalidArgument"),
            (Rule("s3:ObjectCreated:*", arn: "arn:aws:sqs:us-east-1:123456789012:queue"), 400, "InvalidArgument"),
            (Rule("s3:ObjectCreated:*", arn: "arn:oort:sqs:::webhook"), 400, "InvalidArgument"),
            (Rule("s3:ObjectCreated:*", arn: "arn:oort:sqs::a/b:webhook"), 400, "InvalidArgument"),
            (Rule("s3:ObjectCreated:Get"), 400, "InvalidArgument"),
            (Rule("ObjectCreated:*"), 400, "InvalidArgument"),
            (Rule("s3:ObjectCreated:* s3:ObjectCreated:Put"), 400, "InvalidArgument"),
            (Rule("s3:ObjectCreated:Put s3:ObjectCreated:Put"), 400, "InvalidArgument"),
            (Rule("s3:ObjectCreated:*", Filter(("infix", "a"))), 400, "InvalidArgument"),
            (Rule("s3:ObjectCreated:*", Filter(("prefix", "a"), ("Prefix", "b"))), 400, "InvalidArgument"),
            (Rule("s3:ObjectCreated:*", Filter(("prefix", new('a', 1025)))), 400, "InvalidArgument"),
            (Rule("s3:ObjectCreated:*") + Rule("s3:ObjectRemoved:*"), 400, "InvalidArgument"),
            (Rule("s3:ObjectCreated:*", jpg, "a") + Rule("s3:ObjectCreated:Put", Filter(("prefix", "ab")), "b"), 400, "InvalidArgument"),
            (Rule("s3:ObjectCreated:Put", id: "a") + Rule("s3:ObjectCreated:*", Filter(("suffix", "x")), "b"), 400, "InvalidArgument"),
            (Rule("s3:ObjectCreated:*", id: new('i', 256)), 400, "InvalidArgument"),
            ("<QueueConfiguration><Queue>" + Arn + "</Queue></QueueConfiguration>", 400, "MalformedXML"),
            ("<QueueConfiguration><Event>s3:ObjectCreated:*</Event></QueueConfiguration>", 400, "MalformedXML"),
            ("<QueueConfiguration><Topic>" + Arn + "</Topic><Event>s3:ObjectCreated:*</Event></QueueConfiguration>", 400, "MalformedXML"),
            ("<OtherConfiguration/>", 400, "MalformedXML"),
            ("<EventBridgeConfiguration/>", 501, "NotImplemented"),
        })
        {
            var refused = await world.ConfigureAsync("bucket", rules);
            (refused.Status, refused.Code).ShouldBe((status, code), rules);
        }

        (await world.ConfigureAsync("bucket", Rule("s3:ObjectCreated:*"), ("x-amz-skip-destination-validation", "perhaps"))).Code.ShouldBe("InvalidArgument");
        (await world.ConfigureAsync("missing", Rule("s3:ObjectCreated:*"))).Code.ShouldBe("NoSuchBucket");
        (await world.Raw.SendAsync("GET", "/bucket?notification")).Text.ShouldContain("<Event>s3:ObjectAcl:Put</Event>");
    }

    [Fact]
    public async Task Put_RulesThatCannotMeet_AreTaken()
    {
        await using var world = await StartAsync(sends: false);
        await world.Client.PutBucketAsync("bucket");
        var answer = await world.ConfigureAsync(
            "bucket",
            Rule("s3:ObjectCreated:*", Filter(("prefix", "a/")), "1") + Rule("s3:ObjectCreated:*", Filter(("prefix", "b/")), "2")
            + Rule("s3:ObjectRemoved:*", Filter(("suffix", ".jpg")), "3") + Rule("s3:ObjectRemoved:*", Filter(("suffix", ".png")), "4"));
        (answer.Status, answer.Text).ShouldBe((200, ""));
    }

    [Fact]
    public async Task Put_SendsATestEventUnlessToldNotTo()
    {
        await using var world = await StartAsync();
        await world.NewBucketAsync("silent", Rule("s3:ObjectCreated:*"));
        await world.Client.PutBucketAsync("bucket");
        (await world.ConfigureAsync("bucket", Rule("s3:ObjectCreated:*", Filter(("prefix", "a")), "1") + Rule("s3:ObjectRemoved:*", id: "2"))).Status.ShouldBe(200);

        var test = (await world.NextAsync()).Json;
        (test.GetProperty("Service").GetString(), test.GetProperty("Event").GetString(), test.GetProperty("Bucket").GetString()).ShouldBe(("Amazon S3", "s3:TestEvent", "bucket"));
        await world.Client.PutObjectAsync(new() { BucketName = "bucket", Key = "a", ContentBody = "x" });
        (await world.NextAsync()).Event.ShouldBe("ObjectCreated:Put", "One target is tried once.");
    }

    [Fact]
    public async Task Put_NoWebhooksAtAll_IsRefused()
    {
        await using var storage = await TestStorage.OpenAsync();
        await using var host = await Operations.GatewayHost.StartAsync(storage.Layer, new());
        await host.Client.PutBucketAsync("bucket");
        (await host.Raw.SendAsync("PUT", "/bucket?notification", $"<NotificationConfiguration>{Rule("s3:ObjectCreated:*")}</NotificationConfiguration>")).Code.ShouldBe("InvalidArgument");
    }
}
