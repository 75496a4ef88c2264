using System.Globalization;
using Amazon.S3;
using Amazon.S3.Model;
using Oort.Gateway.Tests.Operations;
using Oort.Metadata;
using Oort.S3;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Locks;

/// <summary>Object lock by S3's operations and headers.</summary>
public sealed class ObjectLockTests(TestGateway gateway)
{
    private const string Bypass = "x-amz-bypass-governance-retention";

    private static readonly DateTime far = new(2140, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    private RawClient Raw => gateway.Raw;

    private async Task<string> NewLockingBucketAsync(string rule = "")
    {
        var bucket = gateway.NewBucketName();
        await gateway.Client.PutBucketAsync(new PutBucketRequest { BucketName = bucket, ObjectLockEnabledForBucket = true });
        if (rule.Length > 0) (await PutConfigurationAsync(bucket, rule)).Status.ShouldBe(200);
        return bucket;
    }

    private Task<RawAnswer> PutConfigurationAsync(string bucket, string rule, string enabled = "Enabled") =>
        Raw.SendAsync("PUT", $"/{bucket}?object-lock", $"<ObjectLockConfiguration><ObjectLockEnabled>{enabled}</ObjectLockEnabled>{rule}</ObjectLockConfiguration>");

    private static string Rule(string mode, string period) => $"<Rule><DefaultRetention><Mode>{mode}</Mode>{period}</DefaultRetention></Rule>";

    private Task<RawAnswer> RetainAsync(string bucket, string key, string mode, DateTime until, params (string, string)[] headers) =>
        Raw.SendAsync("PUT", $"/{bucket}/{key}?retention", $"<Retention><Mode>{mode}</Mode><RetainUntilDate>{ObjectLockReader.FormatDate(until)}</RetainUntilDate></Retention>", headers);

    private async Task<string> PutAsync(string bucket, string key, params (string, string)[] headers)
    {
        var answer = await Raw.SendAsync("PUT", $"/{bucket}/{key}", "text", headers);
        answer.Status.ShouldBe(200, answer.Text);
        return answer.Header("x-amz-version-id");
    }

    [Fact]
    public async Task Configuration_PutAndGet_IsKeptAndImpliesVersioning()
    {
        var bucket = await NewLockingBucketAsync();
        (await gateway.Client.GetBucketVersioningAsync(bucket)).VersioningConfig.Status.ShouldBe(VersionStatus.Enabled);
        var plain = (await gateway.Client.GetObjectLockConfigurationAsync(new() { BucketName = bucket })).ObjectLockConfiguration;
        (plain.ObjectLockEnabled, plain.Rule).ShouldBe((ObjectLockEnabled.Enabled, null));

        (await PutConfigurationAsync(bucket, Rule("GOVERNANCE", "<Days>7</Days>"))).Status.ShouldBe(200);
        var days = (await gateway.Client.GetObjectLockConfigurationAsync(new() { BucketName = bucket })).ObjectLockConfiguration.Rule.DefaultRetention;
        (days.Mode, days.Days, days.Years).ShouldBe((ObjectLockRetentionMode.Governance, 7, null));
        (await PutConfigurationAsync(bucket, Rule("COMPLIANCE", "<Years>2</Years>"))).Status.ShouldBe(200);
        var years = (await gateway.Client.GetObjectLockConfigurationAsync(new() { BucketName = bucket })).ObjectLockConfiguration.Rule.DefaultRetention;
        (years.Mode, years.Days, years.Years).ShouldBe((ObjectLockRetentionMode.Compliance, null, 2));
        (await PutConfigurationAsync(bucket, "")).Status.ShouldBe(200);
        (await Raw.SendAsync("GET", $"/{bucket}?object-lock")).Text.ShouldNotContain("Rule");

        var refused = await Raw.SendAsync("PUT", $"/{bucket}?versioning", "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>");
        (refused.Status, refused.Code).ShouldBe((409, "InvalidBucketState"));
    }

    [Fact]
    public async Task Configuration_OfAnExistingBucket_NeedsVersioning()
    {
        var bucket = await gateway.NewBucketAsync();
        (await Raw.SendAsync("GET", $"/{bucket}?object-lock")).Code.ShouldBe("ObjectLockConfigurationNotFoundError");
        (await PutConfigurationAsync(bucket, "")).Code.ShouldBe("InvalidBucketState");
        await gateway.SetVersioningAsync(bucket, VersionStatus.Suspended);
        (await PutConfigurationAsync(bucket, "")).Code.ShouldBe("InvalidBucketState");
        await gateway.SetVersioningAsync(bucket, VersionStatus.Enabled);
        (await PutConfigurationAsync(bucket, Rule("GOVERNANCE", "<Days>1</Days>"))).Status.ShouldBe(200);
        (await PutConfigurationAsync("no-such-bucket", "")).Code.ShouldBe("NoSuchBucket");
    }

    [Theory]
    [InlineData("Disabled", "GOVERNANCE", "<Days>1</Days>", "MalformedXML")]
    [InlineData("Enabled", "governance", "<Days>1</Days>", "MalformedXML")]
    [InlineData("Enabled", "abc", "<Years>1</Years>", "MalformedXML")]
    [InlineData("Enabled", "GOVERNANCE", "", "MalformedXML")]
    [InlineData("Enabled", "GOVERNANCE", "<Days>1</Days><Years>1</Years>", "MalformedXML")]
    [InlineData("Enabled", "GOVERNANCE", "<Days>1</Days><Days>1</Days>", "MalformedXML")]
    [InlineData("Enabled", "GOVERNANCE", "<Days>x</Days>", "MalformedXML")]
    [InlineData("Enabled", "GOVERNANCE", "<Weeks>1</Weeks>", "MalformedXML")]
    [InlineData("Enabled", "GOVERNANCE", "<Days>0</Days>", "InvalidRetentionPeriod")]
    [InlineData("Enabled", "GOVERNANCE", "<Years>-1</Years>", "InvalidRetentionPeriod")]
    [InlineData("Enabled", "GOVERNANCE", "<Days>36501</Days>", "InvalidRetentionPeriod")]
    [InlineData("Enabled", "GOVERNANCE", "<Years>101</Years>", "InvalidRetentionPeriod")]
    public async Task Configuration_Bad_IsRefused(string enabled, string mode, string period, string code)
    {
        var bucket = await NewLockingBucketAsync();
        var answer = await PutConfigurationAsync(bucket, Rule(mode, period), enabled);
        (answer.Status, answer.Code).ShouldBe((400, code));
    }

    [Theory]
    [InlineData("x-amz-object-lock-mode", "GOVERNANCE")]
    [InlineData("x-amz-object-lock-legal-hold", "ON")]
    public async Task Writes_ThatLockInABucketThatDoesNot_AreInvalidRequests(string header, string value)
    {
        var bucket = await gateway.NewVersionedBucketAsync();
        (await Raw.SendAsync("PUT", $"/{bucket}/key", "x", (header, value))).Code.ShouldBe("InvalidRequest");
        await PutAsync(bucket, "key");
        (await Raw.SendAsync("PUT", $"/{bucket}/copy", [], ("x-amz-copy-source", $"{bucket}/key"), (header, value))).Code.ShouldBe("InvalidRequest");
        (await Raw.SendAsync("POST", $"/{bucket}/key?uploads", [], (header, value))).Code.ShouldBe("InvalidRequest");
        (await RetainAsync(bucket, "key", "GOVERNANCE", far)).Code.ShouldBe("InvalidRequest");
        foreach (var resource in (string[])["retention", "legal-hold"]) (await Raw.SendAsync("GET", $"/{bucket}/key?{resource}")).Code.ShouldBe("InvalidRequest");
        (await Raw.SendAsync("PUT", $"/{bucket}/key?legal-hold", "<LegalHold><Status>ON</Status></LegalHold>")).Code.ShouldBe("InvalidRequest");
    }

    [Fact]
    public async Task Headers_OfPutCopyAndUpload_LockAndAreShown()
    {
        var bucket = await NewLockingBucketAsync();
        (string, string)[] locking = [("x-amz-object-lock-mode", "COMPLIANCE"), ("x-amz-object-lock-retain-until-date", "2140-01-01T00:00:00Z"), ("x-amz-object-lock-legal-hold", "ON")];
        await PutAsync(bucket, "put", locking);
        (await Raw.SendAsync("PUT", $"/{bucket}/copy", [], [("x-amz-copy-source", $"{bucket}/put"), .. locking])).Status.ShouldBe(200);
        var upload = (await Raw.SendAsync("POST", $"/{bucket}/parts?uploads", [], locking)).Element("UploadId");
        var etag = (await Raw.SendAsync("PUT", $"/{bucket}/parts?partNumber=1&uploadId={upload}", "part")).Header("ETag");
        (await Raw.SendAsync("POST", $"/{bucket}/parts?uploadId={upload}", $"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{etag}</ETag></Part></CompleteMultipartUpload>")).Status.ShouldBe(200);
        foreach (var key in (string[])["put", "copy", "parts"])
        {
            foreach (var method in (string[])["HEAD", "GET"])
            {
                var answer = await Raw.SendAsync(method, $"/{bucket}/{key}");
                (answer.Header("x-amz-object-lock-mode"), answer.Header("x-amz-object-lock-retain-until-date"), answer.Header("x-amz-object-lock-legal-hold")).ShouldBe(("COMPLIANCE", "2140-01-01T00:00:00.000Z", "ON"), key);
            }

            (await Raw.SendAsync("DELETE", $"/{bucket}/{key}?versionId={(await Raw.SendAsync("HEAD", $"/{bucket}/{key}")).Header("x-amz-version-id")}", Array.Empty<byte>(), (Bypass, "true"))).Code.ShouldBe("AccessDenied");
        }

        // A copy does not take the source's lock with it.
        (await Raw.SendAsync("PUT", $"/{bucket}/free", [], ("x-amz-copy-source", $"{bucket}/put"))).Status.ShouldBe(200);
        (await Raw.SendAsync("HEAD", $"/{bucket}/free")).Header("x-amz-object-lock-mode").ShouldBe("");
    }

    [Theory]
    [InlineData("GOVERNANCE", null, null)]
    [InlineData(null, "2140-01-01T00:00:00Z", null)]
    [InlineData("governance", "2140-01-01T00:00:00Z", null)]
    [InlineData("GOVERNANCE", "2001-01-01T00:00:00Z", null)]
    [InlineData("GOVERNANCE", "tomorrow", null)]
    [InlineData(null, null, "on")]
    public async Task Headers_Bad_AreRefused(string? mode, string? until, string? hold)
    {
        var bucket = await NewLockingBucketAsync();
        var headers = ((string Name, string? Value)[])[("x-amz-object-lock-mode", mode), ("x-amz-object-lock-retain-until-date", until), ("x-amz-object-lock-legal-hold", hold)];
        var answer = await Raw.SendAsync("PUT", $"/{bucket}/key", "x", [.. headers.Where(header => header.Value is not null).Select(header => (header.Name, header.Value!))]);
        (answer.Status, answer.Code).ShouldBe((400, "InvalidArgument"));
        (await Raw.SendAsync("HEAD", $"/{bucket}/key")).Status.ShouldBe(404);
    }

    [Fact]
    public async Task Default_OfTheBucket_IsAppliedAtTheWriteAndNotLater()
    {
        var bucket = await NewLockingBucketAsync();
        await PutAsync(bucket, "before");
        (await PutConfigurationAsync(bucket, Rule("GOVERNANCE", "<Days>3</Days>"))).Status.ShouldBe(200);
        (await Raw.SendAsync("GET", $"/{bucket}/before?retention")).Code.ShouldBe("NoSuchObjectLockConfiguration");

        var version = await PutAsync(bucket, "after");
        var head = await Raw.SendAsync("HEAD", $"/{bucket}/after");
        head.Header("x-amz-object-lock-mode").ShouldBe("GOVERNANCE");
        var written = DateTimeOffset.Parse(head.Header("Last-Modified"), CultureInfo.InvariantCulture);
        (ObjectLockReader.ParseDate(head.Header("x-amz-object-lock-retain-until-date"))!.Value - written).ShouldBeInRange(TimeSpan.FromDays(3), TimeSpan.FromDays(3) + TimeSpan.FromSeconds(1));
        (await Raw.SendAsync("DELETE", $"/{bucket}/after?versionId={version}")).Code.ShouldBe("AccessDenied");
        (await Raw.SendAsync("DELETE", $"/{bucket}/after?versionId={version}", Array.Empty<byte>(), (Bypass, "true"))).Status.ShouldBe(204);

        (await RetainAsync(bucket, "before", "COMPLIANCE", far)).Status.ShouldBe(200);
        (await Raw.SendAsync("GET", $"/{bucket}/before?retention")).Element("RetainUntilDate").ShouldBe("2140-01-01T00:00:00.000Z");
    }

    [Fact]
    public async Task Retention_InGovernance_IsExtendedFreelyAndShortenedByBypass()
    {
        var bucket = await NewLockingBucketAsync();
        var version = await PutAsync(bucket, "key");
        (await Raw.SendAsync("GET", $"/{bucket}/key?retention")).Code.ShouldBe("NoSuchObjectLockConfiguration");
        (await RetainAsync(bucket, "key", "GOVERNANCE", far)).Status.ShouldBe(200);
        (await RetainAsync(bucket, "key", "GOVERNANCE", far.AddDays(2))).Status.ShouldBe(200);
        (await RetainAsync(bucket, "key", "GOVERNANCE", far)).Code.ShouldBe("AccessDenied");
        (await RetainAsync(bucket, "key", "COMPLIANCE", far.AddDays(2))).Code.ShouldBe("AccessDenied");
        (await Raw.SendAsync("PUT", $"/{bucket}/key?retention", "<Retention/>")).Code.ShouldBe("AccessDenied");
        (await RetainAsync(bucket, "key", "GOVERNANCE", far, (Bypass, "true"))).Status.ShouldBe(200);
        (await Raw.SendAsync("PUT", $"/{bucket}/key?retention", "<Retention/>", (Bypass, "true"))).Status.ShouldBe(200);
        (await Raw.SendAsync("GET", $"/{bucket}/key?retention&versionId={version}")).Code.ShouldBe("NoSuchObjectLockConfiguration");

        (await RetainAsync(bucket, "key", "GOVERNANCE", far)).Status.ShouldBe(200);
        (await RetainAsync(bucket, "key", "COMPLIANCE", far, (Bypass, "true"))).Status.ShouldBe(200);
        (await RetainAsync(bucket, "key", "GOVERNANCE", far, (Bypass, "true"))).Code.ShouldBe("AccessDenied");
        (await RetainAsync(bucket, "key", "COMPLIANCE", far.AddDays(-1), (Bypass, "true"))).Code.ShouldBe("AccessDenied");
        (await RetainAsync(bucket, "key", "COMPLIANCE", far.AddDays(1))).Status.ShouldBe(200);
        (await Raw.SendAsync("DELETE", $"/{bucket}/key?versionId={version}", Array.Empty<byte>(), (Bypass, "true"))).Code.ShouldBe("AccessDenied");
        (await Raw.SendAsync("DELETE", $"/{bucket}")).Code.ShouldBe("BucketNotEmpty");
    }

    [Theory]
    [InlineData("<Retention><Mode>governance</Mode><RetainUntilDate>2140-01-01T00:00:00Z</RetainUntilDate></Retention>", "MalformedXML")]
    [InlineData("<Retention><Mode>GOVERNANCE</Mode></Retention>", "MalformedXML")]
    [InlineData("<Retention><RetainUntilDate>2140-01-01T00:00:00Z</RetainUntilDate></Retention>", "MalformedXML")]
    [InlineData("<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>soon</RetainUntilDate></Retention>", "MalformedXML")]
    [InlineData("<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>2001-01-01T00:00:00Z</RetainUntilDate></Retention>", "InvalidArgument")]
    public async Task Retention_Bad_IsRefused(string body, string code)
    {
        var bucket = await NewLockingBucketAsync();
        await PutAsync(bucket, "key");
        var answer = await Raw.SendAsync("PUT", $"/{bucket}/key?retention", body);
        (answer.Status, answer.Code).ShouldBe((400, code));
    }

    [Fact]
    public async Task LegalHold_OnAndOff_HoldsAndLetsGo()
    {
        var bucket = await NewLockingBucketAsync();
        var version = await PutAsync(bucket, "key");
        (await Raw.SendAsync("GET", $"/{bucket}/key?legal-hold")).Code.ShouldBe("NoSuchObjectLockConfiguration");
        (await Raw.SendAsync("PUT", $"/{bucket}/key?legal-hold", "<LegalHold><Status>on</Status></LegalHold>")).Code.ShouldBe("MalformedXML");
        (await Raw.SendAsync("PUT", $"/{bucket}/key?legal-hold", "<LegalHold><Status>ON</Status></LegalHold>")).Status.ShouldBe(200);
        (await Raw.SendAsync("GET", $"/{bucket}/key?legal-hold")).Element("Status").ShouldBe("ON");
        (await Raw.SendAsync("DELETE", $"/{bucket}/key?versionId={version}", Array.Empty<byte>(), (Bypass, "true"))).Code.ShouldBe("AccessDenied");
        (await Raw.SendAsync("PUT", $"/{bucket}/key?legal-hold&versionId={version}", "<LegalHold><Status>OFF</Status></LegalHold>")).Status.ShouldBe(200);
        (await Raw.SendAsync("GET", $"/{bucket}/key?legal-hold")).Element("Status").ShouldBe("OFF");
        (await Raw.SendAsync("DELETE", $"/{bucket}/key?versionId={version}")).Status.ShouldBe(204);
    }

    [Fact]
    public async Task Deletes_OfLockedVersions_AreRefusedEachAndMarkersAreNot()
    {
        var bucket = await NewLockingBucketAsync();
        var kept = await PutAsync(bucket, "kept", ("x-amz-object-lock-mode", "GOVERNANCE"), ("x-amz-object-lock-retain-until-date", "2140-01-01T00:00:00Z"));
        var free = await PutAsync(bucket, "free");
        var answer = await Should.ThrowAsync<DeleteObjectsException>(() => gateway.Client.DeleteObjectsAsync(new() { BucketName = bucket, Objects = [new() { Key = "kept", VersionId = kept }, new() { Key = "free", VersionId = free }] }));
        answer.Response.DeletedObjects.Select(deleted => deleted.Key).ShouldBe(["free"]);
        answer.Response.DeleteErrors.Select(error => (error.Key, error.VersionId, error.Code)).ShouldBe([("kept", kept, "AccessDenied")]);

        var marker = await Raw.SendAsync("DELETE", $"/{bucket}/kept");
        (marker.Status, marker.Header("x-amz-delete-marker")).ShouldBe((204, "true"));
        (await Raw.SendAsync("DELETE", $"/{bucket}/kept?versionId={kept}")).Code.ShouldBe("AccessDenied");
        (await Raw.SendAsync("DELETE", $"/{bucket}/kept?versionId={marker.Header("x-amz-version-id")}")).Status.ShouldBe(204);
        (await Raw.SendAsync("PUT", $"/{bucket}/kept?tagging", "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>")).Status.ShouldBe(200);
        (await Raw.SendAsync("GET", $"/{bucket}/kept?retention")).Element("Mode").ShouldBe("GOVERNANCE");

        await gateway.Client.DeleteObjectsAsync(new() { BucketName = bucket, BypassGovernanceRetention = true, Objects = [new() { Key = "kept", VersionId = kept }] });
        (await Raw.SendAsync("GET", $"/{bucket}?versions")).Text.ShouldNotContain("<Version>");
    }

    [Fact]
    public async Task CreateBucket_OfOneThatIsThereAndDoesNotLock_IsRefused()
    {
        var bucket = await gateway.NewBucketAsync();
        (await Raw.SendAsync("PUT", $"/{bucket}", [], ("x-amz-bucket-object-lock-enabled", "true"))).Code.ShouldBe("BucketAlreadyOwnedByYou");
        (await Raw.SendAsync("PUT", $"/{bucket}-other", [], ("x-amz-bucket-object-lock-enabled", "maybe"))).Code.ShouldBe("InvalidArgument");
        (await Raw.SendAsync("PUT", $"/{bucket}-plain", [], ("x-amz-bucket-object-lock-enabled", "false"))).Status.ShouldBe(200);
        (await Raw.SendAsync("GET", $"/{bucket}-plain?object-lock")).Code.ShouldBe("ObjectLockConfigurationNotFoundError");
    }

    [Fact]
    public async Task Delete_WhileTheClockIsPaused_WaitsForTheOperator()
    {
        await using var storage = await TestStorage.OpenAsync();
        await using var host = await Operations.GatewayHost.StartAsync(storage.Layer, new());
        (await host.Raw.SendAsync("PUT", "/locking", [], ("x-amz-bucket-object-lock-enabled", "true"))).Status.ShouldBe(200);
        var put = await host.Raw.SendAsync("PUT", "/locking/key", "text", ("x-amz-object-lock-mode", "COMPLIANCE"), ("x-amz-object-lock-retain-until-date", ObjectLockReader.FormatDate(TimeProvider.System.GetUtcNow().AddDays(2))));
        var target = $"/locking/key?versionId={put.Header("x-amz-version-id")}";
        await storage.Layer.Metadata.PutSettingAsync(LockClock.SettingName, LockClock.Encode(TimeProvider.System.GetUtcNow().AddDays(-3)), CancellationToken.None);
        (await host.Raw.SendAsync("DELETE", target)).Code.ShouldBe("AccessDenied");
        await storage.Layer.Metadata.PutSettingAsync(LockClock.SettingName, LockClock.Encode(TimeProvider.System.GetUtcNow().AddDays(3)), CancellationToken.None);
        (await host.Raw.SendAsync("DELETE", target)).Status.ShouldBe(204);
    }
}
