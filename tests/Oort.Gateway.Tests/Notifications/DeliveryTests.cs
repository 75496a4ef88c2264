using System.Security.Cryptography;
using System.Text;
using Oort.Gateway.Notifications;
using Oort.Objects.Events;
using Shouldly;
using Xunit;
using static Oort.Gateway.Tests.Notifications.NotificationWorld;

namespace Oort.Gateway.Tests.Notifications;

public sealed class DeliveryTests
{
    [Fact]
    public async Task Event_Signature_IsTheHmacOfTimestampAndBody()
    {
        await using var world = await StartAsync();
        await world.NewBucketAsync("bucket", Rule("s3:ObjectCreated:*"));
        await PutAsync(world, "a");

        var post = await world.NextAsync();
        post.Headers["Content-Type"].ShouldBe("application/json");
        var signed = Encoding.ASCII.GetBytes(post.Headers["X-Oort-Timestamp"] + ".").Concat(post.Body).ToArray();
        post.Headers["X-Oort-Signature"].ShouldBe("v1=" + Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(world.Secret), signed)));
        DateTimeOffset.FromUnixTimeSeconds(long.Parse(post.Headers["X-Oort-Timestamp"], System.Globalization.CultureInfo.InvariantCulture)).ShouldBe(TimeProvider.System.GetUtcNow(), TimeSpan.FromMinutes(10));
        post.Headers["X-Oort-Event-Id"].ShouldStartWith(post.Object.GetProperty("sequencer").GetString()!.ToLowerInvariant());
    }

    [Fact]
    public void Sign_KnownAnswer_IsThat() =>
        // printf '1700000000.{}' | openssl dgst -sha256 -hmac 'a secret for tests'
        WebhookSender.Sign("a secret for tests", "1700000000", "{}"u8).ShouldBe("3baf400608214167ec8365bb16aaee42b13ed653e83c85aae9d81a89ed77d9b4");

    [Fact]
    public async Task Delivery_WebhookFails_TriesAgainAndKeepsTheOrderOfAKey()
    {
        await using var world = await StartAsync();
        await world.NewBucketAsync("bucket", Rule("s3:ObjectCreated:*"));
        var failures = 0;
        world.Answer = post => post.Key == "bad" && Interlocked.Increment(ref failures) <= 3 ? (failures == 2 ? 302 : 503) : 200;
        foreach (var body in new[] { "1", "22", "333" })
        {
            await PutAsync(world, "bad", body);
            await PutAsync(world, "good", body);
        }

        var sizes = new Dictionary<string, List<long>> { ["bad"] = [], ["good"] = [] };
        for (var i = 0; i < 9; i++)
        {
            var post = await world.NextAsync();
            sizes[post.Key].Add(post.Object.GetProperty("size").GetInt64());
        }

        sizes["good"].ShouldBe([1, 2, 3]);
        sizes["bad"].ShouldBe([1, 1, 1, 1, 2, 3], "Nothing overtakes an event of its key.");
        await UntilAsync(async () => (await world.QueuedAsync()).Length == 0);
    }

    [Fact]
    public async Task Delivery_SenderEndsBeforeTheWebhookTakes_IsDoneByTheNext()
    {
        await using var world = await StartAsync();
        world.Answer = _ => 500;
        await world.NewBucketAsync("bucket", Rule("s3:ObjectCreated:*"));
        await PutAsync(world, "a");
        await world.NextAsync();

        var taken = 0;
        await world.RestartSenderAsync(async () =>
        {
            (await world.QueuedAsync()).Length.ShouldBe(1);
            world.Answer = _ => Interlocked.Increment(ref taken) > 0 ? 204 : 0;
        });
        await UntilAsync(async () => (await world.QueuedAsync()).Length == 0);
        taken.ShouldBe(1);
    }

    [Fact]
    public async Task Delivery_TooManyAttempts_AreADeadLetterThatCanBeSentAgainOrDropped()
    {
        await using var world = await StartAsync(Fast with { AttemptCountMax = 2 });
        world.Answer = _ => 500;
        await world.NewBucketAsync("bucket", Rule("s3:ObjectCreated:*"));
        foreach (var key in new[] { "a", "b", "c" }) await PutAsync(world, key);
        await UntilAsync(async () => (await world.QueuedAsync(DeadLetters.Prefix)).Length == 3);

        (await world.QueuedAsync()).ShouldBeEmpty();
        var admin = new NotificationAdmin(world.Service);
        var dead = (await admin.DeadAsync("hook", "", default)).Events;
        dead.Select(one => one.Event.GetProperty("Records")[0].GetProperty("s3").GetProperty("object").GetProperty("key").GetString()).ShouldBe(["a", "b", "c"]);
        (dead[0].Attempts, dead[0].Reason).ShouldBe((2, "It answered 500."));
        var listed = (await admin.ListAsync(default)).Webhooks.ShouldHaveSingleItem();
        (listed.Arn, listed.Dead, listed.Secret, listed.LastFailure).ShouldBe((Arn, 3, null, "It answered 500."));

        (await admin.ChangeDeadAsync("hook", "drop", new(dead[0].Id), default)).Count.ShouldBe(1);
        (await admin.ChangeDeadAsync("hook", "drop", new(dead[0].Id), default)).Count.ShouldBe(0);
        while (world.TakeWaiting() is not null)
        {
            // What was posted in vain.
        }

        world.Answer = _ => 200;
        (await admin.ChangeDeadAsync("hook", "retry", new(), default)).Count.ShouldBe(2);
        new[] { (await world.NextAsync()).Key, (await world.NextAsync()).Key }.ShouldBe(["b", "c"], ignoreOrder: true);
        await UntilAsync(async () => (await world.QueuedAsync()).Length == 0 && (await world.QueuedAsync(DeadLetters.Prefix)).Length == 0);
    }

    [Fact]
    public async Task Delivery_TooOld_IsADeadLetterAtTheFirstFailure()
    {
        await using var world = await StartAsync(Fast with { AgeMax = TimeSpan.Zero });
        world.Answer = _ => 500;
        await world.NewBucketAsync("bucket", Rule("s3:ObjectCreated:*"));
        await PutAsync(world, "a");
        await UntilAsync(async () => (await world.QueuedAsync(DeadLetters.Prefix)).Length == 1);
        (await world.Service.Letters.ListAsync("hook", "", 10, default))[0].Attempts.ShouldBe(1);
    }

    [Fact]
    public async Task DeadLetters_BeyondTheirLimit_TheOldestGoes()
    {
        await using var world = await StartAsync(Fast with { AttemptCountMax = 1, DeadMax = 2, ParallelMax = 1 });
        world.Answer = _ => 500;
        await world.NewBucketAsync("bucket", Rule("s3:ObjectCreated:*"));
        foreach (var key in new[] { "a", "b", "c" })
        {
            await PutAsync(world, key);
            await UntilAsync(async () => (await world.Service.Letters.ListAsync("hook", "", 10, default)).Any(letter => letter.Event.ToString().Contains($"\"key\":\"{key}\"", StringComparison.Ordinal)));
        }

        (await world.QueuedAsync(DeadLetters.Prefix)).Length.ShouldBe(2);
    }

    [Fact]
    public async Task Delivery_TargetTakenAway_IsGivenUp()
    {
        await using var world = await StartAsync(sends: false);
        await world.NewBucketAsync("bucket", Rule("s3:ObjectCreated:*"));
        await PutAsync(world, "a");
        await world.Service.Targets.RemoveAsync("hook", default);
        world.Service.Dispatcher.Start();
        await UntilAsync(async () => (await world.QueuedAsync(DeadLetters.Prefix)).Length == 1);
        (await world.Service.Letters.ListAsync("hook", "", 10, default))[0].Reason.ShouldBe("There is no such target any more.");
    }

    [Fact]
    public async Task Delivery_AddressOfThisMachine_IsRefusedUnlessAllowed()
    {
        await using var world = await StartAsync(Fast with { AllowsLocal = false, AttemptCountMax = 1 });
        await world.NewBucketAsync("bucket", Rule("s3:ObjectCreated:*"));
        await PutAsync(world, "a");
        await UntilAsync(async () => (await world.QueuedAsync(DeadLetters.Prefix)).Length == 1);
        (await world.Service.Letters.ListAsync("hook", "", 10, default))[0].Reason.ShouldContain("no address of the Internet");
        world.TakeWaiting().ShouldBeNull();
    }

    [Fact]
    public async Task Queue_Full_TakesTheWriteAndCountsWhatItDoesNotTell()
    {
        await using var world = await StartAsync(sends: false);
        await world.NewBucketAsync("bucket", Rule("s3:ObjectCreated:*"));
        world.Service.Queue.SetCount("hook", EventQueue.DefaultCountMax - 1);
        await PutAsync(world, "a");
        await PutAsync(world, "b");

        (await world.QueuedAsync()).Length.ShouldBe(1);
        world.Service.Queue.Dropped["hook"].ShouldBe(1);
        (await world.Client.GetObjectMetadataAsync("bucket", "b")).ContentLength.ShouldBe(1);

        // Who sends counts anew, and there is room again.
        world.Service.Dispatcher.Start();
        (await world.NextAsync()).Key.ShouldBe("a");
        await UntilAsync(() => Task.FromResult(world.Service.Queue.CountOf("hook") == 0));
        await PutAsync(world, "c");
        (await world.NextAsync()).Key.ShouldBe("c");
    }

    [Fact]
    public async Task Delivery_MoreThanOneLook_AllCome()
    {
        await using var world = await StartAsync(Fast with { WindowMax = 4 }, sends: false);
        await world.NewBucketAsync("bucket", Rule("s3:ObjectCreated:*"));
        for (var i = 0; i < 30; i++) await PutAsync(world, $"key{i % 3}", new('x', i + 1));
        world.Service.Dispatcher.Start();

        var sizes = new List<(string Key, long Size)>();
        for (var i = 0; i < 30; i++)
        {
            var post = await world.NextAsync();
            sizes.Add((post.Key, post.Object.GetProperty("size").GetInt64()));
        }

        foreach (var key in sizes.GroupBy(one => one.Key)) key.Select(one => one.Size).ShouldBeInOrder();
        sizes.Distinct().Count().ShouldBe(30);
        await UntilAsync(async () => (await world.QueuedAsync()).Length == 0);
    }

    [Theory]
    [InlineData("", "https://example.com/")]
    [InlineData("a/b", "https://example.com/")]
    [InlineData("ok", "ftp://example.com/")]
    [InlineData("ok", "https://user@example.com/")]
    [InlineData("ok", "example.com")]
    [InlineData("ok", "https://example.com/", "too short")]
    [InlineData("ok", "https://example.com/", "with a space in the middle")]
    public async Task Target_Bad_IsRefused(string name, string url, string? secret = null)
    {
        await using var world = await StartAsync(sends: false);
        await Should.ThrowAsync<ArgumentException>(async () => await world.Service.Targets.AddAsync(name, url, secret, default));
        (await world.Service.Targets.ListAsync(default)).Length.ShouldBe(1);
    }

    [Fact]
    public async Task Target_Stored_HasItsSecretSealed()
    {
        await using var world = await StartAsync(sends: false);
        await world.Service.Targets.AddAsync("other", "https://example.com/x?y", "a-secret-that-is-long", default);
        var stored = (await world.Metadata.GetSettingAsync("webhook/other", default))!;
        Encoding.UTF8.GetString(stored).ShouldNotContain("a-secret-that-is-long");
        (await world.Service.Targets.FindAsync("other", default))!.Secret.ShouldBe("a-secret-that-is-long");
        (await world.Service.Targets.FindAsync("other", default))!.ToString().ShouldNotContain("secret");

        // Moved to another name it is not opened.
        await world.Metadata.PutSettingAsync("webhook/third", stored, default);
        await Should.ThrowAsync<Oort.Metadata.MetadataUnavailableException>(async () => await world.Service.Targets.FindAsync("third", default));
    }

    private static Task<Amazon.S3.Model.PutObjectResponse> PutAsync(NotificationWorld world, string key, string body = "x") => world.Client.PutObjectAsync(new() { BucketName = "bucket", Key = key, ContentBody = body });
}
