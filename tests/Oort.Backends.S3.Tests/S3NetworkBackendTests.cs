using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Microsoft.AspNetCore.Http;
using Oort.Backends.S3.Tests.Peers;
using Oort.Backends.Suite;
using Oort.Gateway.Tests.Operations;
using Oort.S3.Client;
using Oort.S3.Client.Tests.Services;
using Shouldly;

namespace Oort.Backends.S3.Tests;

/// <summary>What is S3's alone: keys, parts, archives, versions, buckets that are not there.</summary>
public sealed class S3NetworkBackendTests(ServiceFixture service)
{
    private const int LongLength = 120_001;
    private static readonly CancellationToken none = CancellationToken.None;

    [Fact]
    public async Task Item_OnTheCloud_IsItsBytesUnderItsKey()
    {
        await using var harness = await S3Harness.StartAsync(service, options => options with { StorageClass = "STANDARD_IA" });
        var driver = new ItemDriver(harness, TestBytes.Make(1_000, 1), 1);
        await driver.RunAsync(ItemState.Sealed);
        var key = "shards/of-a-test/00000000000000000000000000000001";
        (await harness.KeysAsync()).ShouldBe([key]);
        var info = await harness.Direct.HeadObjectAsync(harness.Bucket, key, null, null, none);
        (info.Size, info.StorageClass, info.Headers["content-type"], info.UserMetadata.Count, info.TagCount).ShouldBe((1_000, "STANDARD_IA", "application/octet-stream", 0, 0));
        driver.Item.Receipt!.Address.ShouldBe($"s3://{harness.Bucket}/{key}");
        (await harness.Backend.GetPricesAsync(none)).DurationMin.ShouldBe(TimeSpan.FromDays(30));
    }

    [Theory]
    [InlineData(S3ReadBack.Full, 1_000)]
    [InlineData(S3ReadBack.Full, LongLength)]
    [InlineData(S3ReadBack.Sample, 19_000)]
    public async Task Checks_AreTheRequestsThatAreMade(S3ReadBack readBack, int length)
    {
        await using var harness = await S3Harness.StartAsync(service, options => options with { ReadBack = readBack, SampledBlockCount = 1 });
        var checks = harness.Backend.Traits.Checks;
        var driver = new ItemDriver(harness, TestBytes.Make(length, 1), 1);
        await driver.RunAsync(ItemState.Sealed);
        // Parts are listed by GET too, and that is counted among the puts, which cost as much.
        var isParted = length > checks.PutLengthMax;
        var requests = harness.Proxy.Requests;
        requests["HEAD"].ShouldBe((int)checks.SealLooks);
        if (!isParted) (requests["GET"], requests["PUT"]).ShouldBe(((int)checks.SealReads, (int)checks.PutsOf(length)));
        else (requests["PUT"] + requests["POST"]).ShouldBeLessThan((int)checks.PutsOf(length));

        await driver.StepAsync();
        requests["HEAD"].ShouldBe((int)(checks.SealLooks + checks.Looks));
        (driver.Item.NextStep - harness.Time.GetUtcNow()).ShouldBe(checks.LookInterval);
    }

    [Fact]
    public async Task Parts_WhenEveryStepIsTakenTwice_AreSentOnce()
    {
        await using var harness = await S3Harness.StartAsync(service);
        var driver = new ItemDriver(harness, TestBytes.Make(LongLength, 1), 1);
        await driver.RunAsync(ItemState.Sealed, isKilled: true);
        // Seven parts of 20,000 bytes, four a step: the second time a step is taken, those of the next are sent.
        harness.Proxy.PartCount.ShouldBe(7);
        driver.Seen.ShouldBe([ItemState.Planned, ItemState.Uploading, ItemState.Accepted, ItemState.Confirmed, ItemState.Sealed]);
    }

    [Fact]
    public async Task Parts_AfterAKillInTheMiddle_GoOnWhereTheyWere()
    {
        await using var harness = await S3Harness.StartAsync(service);
        var driver = new ItemDriver(harness, TestBytes.Make(LongLength, 1), 1);
        await driver.RunAsync(ItemState.Uploading);
        // Reads of 20,000 bytes, one a part.
        driver.Source.ReadsLeft = 2;
        (await driver.StepOrFailAsync())!.Kind.ShouldBe(BackendErrorKind.Transient);
        harness.Proxy.PartCount.ShouldBe(2);
        driver.Source.ReadsLeft = null;
        await harness.RestartAsync();
        await driver.RunAsync(ItemState.Sealed);
        harness.Proxy.PartCount.ShouldBe(7);
    }

    [Fact]
    public async Task Upload_ThatSomebodyEnded_IsBegunAnew()
    {
        await using var harness = await S3Harness.StartAsync(service);
        var driver = new ItemDriver(harness, TestBytes.Make(LongLength, 1), 1);
        await driver.RunAsync(ItemState.Uploading);
        await driver.StepAsync();
        var upload = (await harness.Direct.ListUploadsAsync(harness.Bucket, "", none)).ShouldHaveSingleItem();
        await harness.Direct.AbortUploadAsync(harness.Bucket, upload.Key, upload.UploadId, none);
        await driver.StepAsync();
        driver.Item.State.ShouldBe(ItemState.Planned);
        await driver.RunAsync(ItemState.Sealed);
        (await driver.ReadAsync()).ShouldHold(driver.Content);
        (await harness.CountItemsAsync()).ShouldBe(1);
    }

    [Fact]
    public async Task Upload_BegunByAStepThatWasForgotten_IsEndedBeforeTheNext()
    {
        await using var harness = await S3Harness.StartAsync(service);
        var driver = new ItemDriver(harness, TestBytes.Make(LongLength, 1), 1);
        await driver.TryAsync();
        await harness.RestartAsync();
        await driver.RunAsync(ItemState.Uploading);
        (await harness.Direct.ListUploadsAsync(harness.Bucket, "", none)).ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Upload_WhoseBeginWasRepeatedByTheClient_LeavesNoneWhenItIsComplete()
    {
        await using var harness = await S3Harness.StartAsync(service);
        harness.Proxy.LosesBegin = true;
        var driver = new ItemDriver(harness, TestBytes.Make(LongLength, 1), 1);
        await driver.RunAsync(ItemState.Uploading);
        (await harness.Direct.ListUploadsAsync(harness.Bucket, "", none)).Count.ShouldBe(2);
        await driver.RunAsync(ItemState.Accepted);
        (await harness.Direct.ListUploadsAsync(harness.Bucket, "", none)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Upload_WhereUploadsCannotBeListed_StillWorks()
    {
        await using var harness = await S3Harness.StartAsync(service);
        harness.Proxy.ListsUploads = false;
        await harness.Backend.TestAsync(none);
        var driver = new ItemDriver(harness, TestBytes.Make(LongLength, 1), 1);
        await driver.RunAsync(ItemState.Sealed);
        (await driver.ReadAsync()).ShouldHold(driver.Content);
    }

    public static TheoryData<string, Action<HttpResponse>> WrongClaims => new()
    {
        { "has 1001 bytes", head => head.ContentLength++ },
        { "has another Crc64Nvme", head => head.Headers["x-amz-checksum-crc64nvme"] = Convert.ToBase64String(new byte[8]) },
        {
            "has another Sha256", head =>
            {
                head.Headers.Remove("x-amz-checksum-crc64nvme");
                head.Headers["x-amz-checksum-sha256"] = Convert.ToBase64String(new byte[32]);
            }
        },
        { "has another MD5", head => head.Headers.ETag = $"\"{new string('0', 32)}\"" },
    };

    [Theory]
    [MemberData(nameof(WrongClaims), DisableDiscoveryEnumeration = true)]
    public async Task Claim_ThatIsNotTheItems_IsNoticedByItself(string what, Action<HttpResponse> change)
    {
        await using var harness = await S3Harness.StartAsync(service);
        var (accepted, @sealed) = (new ItemDriver(harness, TestBytes.Make(1_000, 1), 1), new ItemDriver(harness, TestBytes.Make(1_000, 2), 2));
        await accepted.RunAsync(ItemState.Accepted);
        await @sealed.RunAsync(ItemState.Sealed);
        harness.Proxy.ChangesHead = change;
        foreach (var driver in (ItemDriver[])[accepted, @sealed])
        {
            var evidence = await driver.VerifyAsync(VerifyDepth.Exists);
            evidence.IsThere.ShouldBeFalse();
            evidence.Text.ShouldContain(what);
            (await driver.StepOrFailAsync()).ShouldNotBeNull().Message.ShouldContain(what);
            driver.Item.State.ShouldBe(ItemState.FailedFinal);
        }
    }

    [Theory]
    [InlineData(1_000)]
    [InlineData(999)]
    public async Task Key_ThatHoldsSomethingElse_IsNeitherTakenNorOverwritten(int length)
    {
        await using var harness = await S3Harness.StartAsync(service);
        var driver = new ItemDriver(harness, TestBytes.Make(1_000, 1), 1);
        var other = TestBytes.Make(length, 2);
        await harness.Direct.PutObjectAsync(harness.Bucket, S3Harness.KeyOf(driver.Item), new(length, _ => ValueTask.FromResult<Stream>(new MemoryStream(other))), S3PutOptions.None, none);
        (await driver.StepOrFailAsync())!.Kind.ShouldBe(BackendErrorKind.Corrupt);
        driver.Item.State.ShouldBe(ItemState.FailedFinal);
        (await harness.Direct.HeadObjectAsync(harness.Bucket, S3Harness.KeyOf(driver.Item), null, null, none)).Size.ShouldBe(length);
        harness.PaymentCount.ShouldBe(0);
    }

    [Fact]
    public async Task Archive_IsAskedOnceAndWaitedFor_BeforeTheItemIsSealed()
    {
        await using var harness = await S3Harness.StartAsync(service, options => options with { StorageClass = "GLACIER" });
        harness.Proxy.ArchiveDelay = TimeSpan.FromHours(5);
        harness.Backend.Traits.Latency.ShouldBe(Latency.Archive);
        var driver = new ItemDriver(harness, TestBytes.Make(1_000, 1), 1);
        await driver.RunAsync(ItemState.Confirmed);
        harness.Proxy.RestoreCount.ShouldBe(0);
        var begun = harness.Time.GetUtcNow();
        await driver.RunAsync(ItemState.Sealed);
        (harness.Time.GetUtcNow() - begun).ShouldBeInRange(TimeSpan.FromHours(5), TimeSpan.FromHours(5.5));
        harness.Proxy.RestoreRequestCount.ShouldBe(1);
        harness.Proxy.RestoreDocument.ShouldContain("<Days>3</Days><GlacierJobParameters><Tier>Bulk</Tier></GlacierJobParameters>");
    }

    [Fact]
    public async Task Archive_WhenItIsRead_AnswersArchivedUntilItIsBack()
    {
        await using var harness = await S3Harness.StartAsync(service, options => options with { StorageClass = "GLACIER" });
        var driver = new ItemDriver(harness, TestBytes.Make(1_000, 1), 1);
        await driver.RunAsync(ItemState.Sealed);
        harness.Proxy.ArchiveDelay = TimeSpan.FromHours(5);
        foreach (var depth in Enum.GetValues<VerifyDepth>()) (await driver.VerifyAsync(depth)).ShouldSatisfyAllConditions(e => e.IsThere.ShouldBeTrue(), e => e.Kinds.ShouldBe(ProofKinds.Claim), e => e.Checked.ShouldBe(0));
        harness.Proxy.RestoreRequestCount.ShouldBe(0, "a look does not bring it back");
        for (var i = 0; i < 2; i++) (await Should.ThrowAsync<BackendException>(() => driver.ReadAsync(10, 10))).Kind.ShouldBe(BackendErrorKind.Archived);
        harness.Proxy.RestoreRequestCount.ShouldBe(1);
        await harness.AdvanceAsync(TimeSpan.FromHours(5));
        (await driver.ReadAsync()).ShouldHold(driver.Content);
        (await driver.VerifyAsync(VerifyDepth.Full)).Checked.ShouldBe(1_000);
        await driver.StepAsync();
        driver.Item.State.ShouldBe(ItemState.Sealed);
    }

    [Fact]
    public async Task Bucket_ThatIsNotThere_IsNoLossOfItems()
    {
        var bucket = "";
        await using var harness = await S3Harness.StartAsync(service, options => bucket.Length > 0 ? options with { Bucket = bucket } : options);
        var (driver, fresh) = (new ItemDriver(harness, TestBytes.Make(1_000, 1), 1), new ItemDriver(harness, TestBytes.Make(1_000, 2), 2));
        await driver.RunAsync(ItemState.Sealed);
        bucket = "no-such-bucket";
        await harness.RestartAsync();
        var failure = await Should.ThrowAsync<BackendException>(() => harness.Backend.TestAsync(none).AsTask());
        failure.Kind.ShouldBe(BackendErrorKind.Unauthorized);
        failure.Message.ShouldContain("no-such-bucket");
        foreach (var depth in Enum.GetValues<VerifyDepth>()) (await Should.ThrowAsync<BackendException>(() => driver.VerifyAsync(depth))).Kind.ShouldBe(BackendErrorKind.Unauthorized);
        (await Should.ThrowAsync<BackendException>(() => driver.ReadAsync())).Kind.ShouldBe(BackendErrorKind.Unauthorized);
        (await driver.StepOrFailAsync())!.Kind.ShouldBe(BackendErrorKind.Unauthorized);
        driver.Item.IsCopy.ShouldBeTrue();
        (await fresh.StepOrFailAsync())!.Kind.ShouldBe(BackendErrorKind.Unauthorized);
        fresh.Item.State.ShouldBe(ItemState.FailedTemporary);
        bucket = "";
        await harness.RestartAsync();
        await fresh.RunAsync(ItemState.Sealed);
    }

    [Theory]
    [InlineData(1_000)]
    [InlineData(LongLength)]
    public async Task Bucket_WithVersions_KeepsNoneOfADeletedItem(int length)
    {
        await using var harness = await S3Harness.StartAsync(service);
        using var sdk = new AmazonS3Client(new BasicAWSCredentials(GatewayHost.AccessKey, GatewayHost.SecretKey), new AmazonS3Config { ServiceURL = service.Endpoint.ToString(), ForcePathStyle = true, AuthenticationRegion = "us-east-1" });
        await sdk.PutBucketVersioningAsync(new PutBucketVersioningRequest { BucketName = harness.Bucket, VersioningConfig = new() { Status = VersionStatus.Enabled } });
        var driver = new ItemDriver(harness, TestBytes.Make(length, 1), 1);
        await driver.RunAsync(ItemState.Sealed);
        // Somebody hides it; its version is still there, and known.
        await harness.Direct.DeleteObjectAsync(harness.Bucket, S3Harness.KeyOf(driver.Item), null, none);
        (await driver.ReadAsync()).ShouldHold(driver.Content);
        (await driver.VerifyAsync(VerifyDepth.Full)).IsThere.ShouldBeTrue();
        (await driver.DeleteAsync()).Outcome.ShouldBe(DeleteOutcome.Deleted);
        var versions = new List<S3VersionItem>();
        await foreach (var version in harness.Direct.ListObjectVersionsAsync(harness.Bucket, "", none)) versions.Add(version);
        versions.ShouldAllBe(version => version.IsDeleteMarker);

        var unknown = new ItemDriver(harness, TestBytes.Make(1_000, 2), 2);
        await unknown.TryAsync();
        await unknown.DeleteAsync();
        await foreach (var version in harness.Direct.ListObjectVersionsAsync(harness.Bucket, S3Harness.KeyOf(unknown.Item), none)) Assert.Fail($"{version} is left");
    }

    [Fact]
    public async Task Sample_OfALongItem_ReadsABlockAlone()
    {
        await using var harness = await S3Harness.StartAsync(service);
        var driver = new ItemDriver(harness, TestBytes.Make(LongLength, 1), 1);
        await driver.RunAsync(ItemState.Sealed);
        (await driver.VerifyAsync(VerifyDepth.Sample)).Checked.ShouldBeOneOf(65_536, LongLength - 65_536);
    }

    [Fact]
    public async Task Test_OfACloudThatLies_SaysSoAndLeavesNothing()
    {
        await using var harness = await S3Harness.StartAsync(service);
        foreach (var fault in (PeerFault[])[PeerFault.WrongBytes, PeerFault.ShortBytes, PeerFault.LongBytes])
        {
            harness.Fault = fault;
            (await Should.ThrowAsync<BackendException>(() => harness.Backend.TestAsync(none).AsTask())).Kind.ShouldBe(BackendErrorKind.Corrupt);
            (await harness.CountItemsAsync()).ShouldBe(0);
        }
    }

    public static TheoryData<string, Func<S3NetworkOptions, S3NetworkOptions>> WrongOptions => new()
    {
        { "prefix", options => options with { Prefix = "" } },
        { "prefix", options => options with { Prefix = "/a" } },
        { "prefix", options => options with { Prefix = "a/" } },
        { "prefix", options => options with { Prefix = "a b" } },
        { "prefix", options => options with { Prefix = new('a', 129) } },
        { "storage class", options => options with { StorageClass = "" } },
        { "storage class", options => options with { StorageClass = "A\r\nB" } },
        { "PartSize", options => options with { PartSize = 0 } },
        { "PartsAbove", options => options with { PartsAbove = (5L << 30) + 1 } },
        { "PartsPerStep", options => options with { PartsPerStep = 0 } },
        { "SampledBlockCount", options => options with { SampledBlockCount = 65 } },
        { "BundleBelow", options => options with { BundleBelow = -1 } },
        { "BundleBelow", options => options with { BundleBelow = (1L << 30) + 1 } },
        { "LookDays", options => options with { LookDays = 0 } },
        { "LookDays", options => options with { LookDays = 366 } },
        { "RestoreDays", options => options with { RestoreDays = 0 } },
        { "restore tier", options => options with { RestoreTier = "Fast" } },
        { "Bucket", options => options with { Bucket = "" } },
        { "Intervals", options => options with { RestoreInterval = TimeSpan.Zero } },
        { "Intervals", options => options with { RestoreInterval = -TimeSpan.FromSeconds(1) } },
        { "AttemptCountMax", options => options with { Client = options.Client with { AttemptCountMax = 0 } } },
    };

    [Theory]
    [MemberData(nameof(WrongOptions), DisableDiscoveryEnumeration = true)]
    public async Task Options_ThatAreNone_AreRefusedByName(string name, Func<S3NetworkOptions, S3NetworkOptions> change)
    {
        var right = new S3NetworkOptions { Client = new() { Endpoint = new("http://127.0.0.1:1") }, Keys = new("AKID", "the secret"), Bucket = "bucket", Prefix = "a.b_c-d/E9" };
        await using (Make(right)) right.ToString().ShouldNotContain("the secret");
        Should.Throw<ArgumentException>(() => Make(change(right))).Message.ShouldContain(name);

        static S3NetworkBackend Make(S3NetworkOptions options) => new(options, TimeProvider.System, TimeProvider.System, new Random(1));
    }
}
