using System.Globalization;
using System.Text.RegularExpressions;
using Amazon.S3;
using Amazon.S3.Model;
using Oort.Objects.Tiering;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Operations;

public sealed partial class LifecycleTests(TestGateway gateway)
{
    private const string SmallObjectsHeader = "x-amz-transition-default-minimum-object-size";
    private const string Rule = "<Rule><ID>r</ID><Filter><Prefix>logs/</Prefix></Filter><Status>Enabled</Status><Transition><Days>1</Days><StorageClass>GLACIER</StorageClass></Transition></Rule>";

    [Fact]
    public async Task Lifecycle_PutGetDelete_IsKept()
    {
        var bucket = await gateway.NewBucketAsync();
        await gateway.Client.PutLifecycleConfigurationAsync(new()
        {
            BucketName = bucket,
            Configuration = new()
            {
                Rules =
                [
                    new()
                    {
                        Id = "reports",
                        Status = LifecycleRuleStatus.Enabled,
                        Filter = new() { LifecycleFilterPredicate = new LifecycleAndOperator { Operands = [new LifecyclePrefixPredicate { Prefix = "reports/ä/" }, new LifecycleTagPredicate { Tag = new() { Key = "k", Value = "v" } }, new LifecycleObjectSizeGreaterThanPredicate { ObjectSizeGreaterThan = 1024 }] } },
                        Transitions = [new() { Days = 30, StorageClass = S3StorageClass.StandardInfrequentAccess }, new() { Days = 90, StorageClass = S3StorageClass.DeepArchive }],
                        NoncurrentVersionTransitions = [new() { NoncurrentDays = 7, NewerNoncurrentVersions = 3, StorageClass = S3StorageClass.Glacier }],
                    },
                ],
            },
        });

        var rule = (await gateway.Client.GetLifecycleConfigurationAsync(bucket)).Configuration.Rules.ShouldHaveSingleItem();
        (rule.Id, rule.Status.Value, rule.Transitions.Count).ShouldBe(("reports", "Enabled", 2));
        (rule.Transitions[1].Days, rule.Transitions[1].StorageClass.Value).ShouldBe((90, "DEEP_ARCHIVE"));
        (rule.NoncurrentVersionTransitions[0].NoncurrentDays, rule.NoncurrentVersionTransitions[0].NewerNoncurrentVersions).ShouldBe((7, 3));
        var text = (await gateway.Raw.SendAsync("GET", $"/{bucket}?lifecycle")).Text;
        text.ShouldContain("<And><Prefix>reports/ä/</Prefix><Tag><Key>k</Key><Value>v</Value></Tag><ObjectSizeGreaterThan>1024</ObjectSizeGreaterThan></And>");

        await gateway.Client.DeleteLifecycleConfigurationAsync(bucket);
        (await gateway.Raw.SendAsync("GET", $"/{bucket}?lifecycle")).Code.ShouldBe("NoSuchLifecycleConfiguration");
        (await gateway.Raw.SendAsync("DELETE", $"/{bucket}?lifecycle")).Status.ShouldBe(204);
    }

    [Fact]
    public async Task Put_Rule_IsStoredForTheSweep()
    {
        var bucket = await gateway.NewBucketAsync();
        (await PutAsync(bucket, Rule)).Status.ShouldBe(200);

        var row = (await gateway.Layer.Metadata.FindBucketAsync(bucket, TestContext.Current.CancellationToken))!;
        var stored = LifecycleDocument.Of(row)!;
        stored.SmallObjects.ShouldBe(SmallObjects.Stay);
        var rule = stored.Rules.ShouldHaveSingleItem();
        (rule.Id, rule.IsEnabled, rule.Filter.Form, rule.Filter.Prefix).ShouldBe(("r", true, FilterForm.Single, "logs/"));
        rule.Transitions.ShouldBe([new("GLACIER", 1)]);
    }

    [Fact]
    public async Task Put_Again_ReplacesAllOfIt()
    {
        var bucket = await gateway.NewBucketAsync();
        await PutAsync(bucket, Rule);
        await PutAsync(bucket, Rule.Replace("logs/", "other/", StringComparison.Ordinal).Replace(">r<", ">s<", StringComparison.Ordinal));

        var text = (await gateway.Raw.SendAsync("GET", $"/{bucket}?lifecycle")).Text;
        text.ShouldContain("<ID>s</ID>");
        text.ShouldNotContain("logs/");
    }

    [Fact]
    public async Task Put_RulesWithoutId_GetOneEach()
    {
        var bucket = await gateway.NewBucketAsync();
        var nameless = Rule.Replace("<ID>r</ID>", "", StringComparison.Ordinal);
        (await PutAsync(bucket, nameless + nameless.Replace("logs/", "b/", StringComparison.Ordinal))).Status.ShouldBe(200);

        var rules = (await gateway.Client.GetLifecycleConfigurationAsync(bucket)).Configuration.Rules;
        rules.ShouldAllBe(rule => rule.Id.Length == 48);
        rules.Select(rule => rule.Id).ShouldBeUnique();
    }

    [Theory]
    [InlineData(null, "all_storage_classes_128K")]
    [InlineData("all_storage_classes_128K", "all_storage_classes_128K")]
    [InlineData("varies_by_storage_class", "varies_by_storage_class")]
    public async Task Put_SmallObjects_AreGivenBack(string? header, string expected)
    {
        var bucket = await gateway.NewBucketAsync();
        var put = header is null ? await PutAsync(bucket, Rule) : await PutAsync(bucket, Rule, (SmallObjectsHeader, header));

        (put.Status, put.Header(SmallObjectsHeader)).ShouldBe((200, expected));
        (await gateway.Raw.SendAsync("GET", $"/{bucket}?lifecycle")).Header(SmallObjectsHeader).ShouldBe(expected);
    }

    [Fact]
    public async Task Put_Bad_ChangesNothing()
    {
        var bucket = await gateway.NewBucketAsync();
        await PutAsync(bucket, Rule);
        foreach (var (rules, status, code) in new[]
        {
            ("", 400, "MalformedXML"),
            (Rule.Replace("GLACIER", "STANDARD_IA", StringComparison.Ordinal), 400, "InvalidArgument"),
            (Rule + Rule, 400, "InvalidArgument"),
            (Rule.Replace("</Rule>", "<Expiration><Days>1</Days></Expiration></Rule>", StringComparison.Ordinal), 400, "InvalidArgument"),
        })
        {
            var refused = await PutAsync(bucket, rules);
            (refused.Status, refused.Code).ShouldBe((status, code));
        }

        (await PutAsync(bucket, Rule, (SmallObjectsHeader, "64K"))).Code.ShouldBe("InvalidArgument");
        (await PutAsync(bucket, Rule, ("Content-MD5", "AAAAAAAAAAAAAAAAAAAAAA=="))).Code.ShouldBe("BadDigest");
        (await gateway.Raw.SendAsync("GET", $"/{bucket}?lifecycle")).Text.ShouldContain("<Prefix>logs/</Prefix>");
    }

    [Fact]
    public async Task Put_Expirations_AreGivenBackAsTheyWerePut()
    {
        var bucket = await gateway.NewBucketAsync();
        await gateway.Client.PutLifecycleConfigurationAsync(new()
        {
            BucketName = bucket,
            Configuration = new()
            {
                Rules =
                [
                    new()
                    {
                        Id = "days",
                        Status = LifecycleRuleStatus.Enabled,
                        Filter = new() { LifecycleFilterPredicate = new LifecyclePrefixPredicate { Prefix = "a/" } },
                        Expiration = new() { Days = 365 },
                        NoncurrentVersionExpiration = new() { NoncurrentDays = 30, NewerNoncurrentVersions = 2 },
                        AbortIncompleteMultipartUpload = new() { DaysAfterInitiation = 7 },
                    },
                    new() { Id = "markers", Status = LifecycleRuleStatus.Disabled, Filter = new() { LifecycleFilterPredicate = new LifecyclePrefixPredicate { Prefix = "b/" } }, Expiration = new() { ExpiredObjectDeleteMarker = true } },
                ],
            },
        });

        var rules = (await gateway.Client.GetLifecycleConfigurationAsync(bucket)).Configuration.Rules;
        (rules[0].Expiration.Days, rules[0].NoncurrentVersionExpiration.NoncurrentDays, rules[0].NoncurrentVersionExpiration.NewerNoncurrentVersions, rules[0].AbortIncompleteMultipartUpload.DaysAfterInitiation).ShouldBe((365, 30, 2, 7));
        (rules[1].Expiration.ExpiredObjectDeleteMarker, rules[1].Status.Value).ShouldBe((true, "Disabled"));
    }

    [Theory]
    [InlineData("<Expiration><Days>0</Days></Expiration>", "InvalidArgument")]
    [InlineData("<Expiration><Date>2027-01-31T12:00:00Z</Date></Expiration>", "InvalidArgument")]
    [InlineData("<Expiration><Date>20270131</Date></Expiration>", "MalformedXML")]
    [InlineData("<NoncurrentVersionExpiration><NoncurrentDays>0</NoncurrentDays></NoncurrentVersionExpiration>", "InvalidArgument")]
    [InlineData("<AbortIncompleteMultipartUpload><DaysAfterInitiation>0</DaysAfterInitiation></AbortIncompleteMultipartUpload>", "InvalidArgument")]
    public async Task Put_ExpirationThatCannotBe_IsRefused(string action, string code) =>
        (await PutAsync(await gateway.NewBucketAsync(), $"<Rule><ID>r</ID><Filter/><Status>Enabled</Status>{action}</Rule>")).Code.ShouldBe(code);

    [Fact]
    public async Task Objects_ThatARuleWillEnd_SaySoInEveryAnswer()
    {
        var bucket = await gateway.NewBucketAsync();
        await PutAsync(bucket, Ends("later", "days/", 9) + Ends("a rule/ä", "days/", 2) + Ends("off", "days/", 1).Replace("Enabled", "Disabled", StringComparison.Ordinal));
        await gateway.Raw.SendAsync("PUT", $"/{bucket}/other", "x");

        foreach (var answer in new[]
        {
            await gateway.Raw.SendAsync("PUT", $"/{bucket}/days/1", "content"),
            await gateway.Raw.SendAsync("HEAD", $"/{bucket}/days/1"),
            await gateway.Raw.SendAsync("GET", $"/{bucket}/days/1"),
            await gateway.Raw.SendAsync("PUT", $"/{bucket}/days/2", "", ("x-amz-copy-source", $"/{bucket}/other")),
        })
        {
            answer.Status.ShouldBe(200);
            Expected(answer.Header("x-amz-expiration"), 2, "a%20rule%2F%C3%A4");
        }

        (await gateway.Raw.SendAsync("HEAD", $"/{bucket}/other")).Header("x-amz-expiration").ShouldBe("");
    }

    [Fact]
    public async Task Objects_ByTag_SaySoAsLongAsTheyHaveIt()
    {
        var bucket = await gateway.NewBucketAsync();
        await PutAsync(bucket, "<Rule><ID>tagged</ID><Filter><Tag><Key>temp</Key><Value>1</Value></Tag></Filter><Status>Enabled</Status><Expiration><Days>3</Days></Expiration></Rule>");
        (await gateway.Raw.SendAsync("PUT", $"/{bucket}/k", "content")).Header("x-amz-expiration").ShouldBe("");
        await gateway.Raw.SendAsync("PUT", $"/{bucket}/k?tagging", "<Tagging><TagSet><Tag><Key>temp</Key><Value>1</Value></Tag></TagSet></Tagging>");
        Expected((await gateway.Raw.SendAsync("HEAD", $"/{bucket}/k")).Header("x-amz-expiration"), 3, "tagged");
        await gateway.Raw.SendAsync("DELETE", $"/{bucket}/k?tagging");
        (await gateway.Raw.SendAsync("HEAD", $"/{bucket}/k")).Header("x-amz-expiration").ShouldBe("");
    }

    [Fact]
    public async Task Objects_NoncurrentVersions_SayNothing()
    {
        var bucket = await gateway.NewBucketAsync();
        await gateway.Client.PutBucketVersioningAsync(new() { BucketName = bucket, VersioningConfig = new() { Status = VersionStatus.Enabled } });
        await PutAsync(bucket, Ends("r", "", 2));
        var first = (await gateway.Raw.SendAsync("PUT", $"/{bucket}/k", "1")).Header("x-amz-version-id");
        var second = (await gateway.Raw.SendAsync("PUT", $"/{bucket}/k", "2")).Header("x-amz-version-id");
        (await gateway.Raw.SendAsync("HEAD", $"/{bucket}/k?versionId={first}")).Header("x-amz-expiration").ShouldBe("");
        (await gateway.Raw.SendAsync("HEAD", $"/{bucket}/k?versionId={second}")).Header("x-amz-expiration").ShouldNotBe("");
    }

    [Fact]
    public async Task Uploads_ThatARuleWillEnd_SaySo()
    {
        var bucket = await gateway.NewBucketAsync();
        await PutAsync(bucket, "<Rule><ID>uploads</ID><Filter><Prefix>up/</Prefix></Filter><Status>Enabled</Status><AbortIncompleteMultipartUpload><DaysAfterInitiation>4</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule>" + Ends("objects", "", 2));
        var begun = await gateway.Client.InitiateMultipartUploadAsync(bucket, "up/1");
        var parts = await gateway.Raw.SendAsync("GET", $"/{bucket}/up/1?uploadId={begun.UploadId}");
        foreach (var answer in new[] { await gateway.Raw.SendAsync("POST", $"/{bucket}/up/2?uploads"), parts })
        {
            answer.Header("x-amz-abort-rule-id").ShouldBe("uploads");
            Expected($"expiry-date=\"{answer.Header("x-amz-abort-date")}\", rule-id=\"uploads\"", 4, "uploads");
        }

        (await gateway.Raw.SendAsync("POST", $"/{bucket}/other?uploads")).Header("x-amz-abort-date").ShouldBe("");
        var part = await gateway.Client.UploadPartAsync(new() { BucketName = bucket, Key = "up/1", UploadId = begun.UploadId, PartNumber = 1, InputStream = new MemoryStream([1, 2, 3]) });
        var body = $"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{part.ETag}</ETag></Part></CompleteMultipartUpload>";
        Expected((await gateway.Raw.SendAsync("POST", $"/{bucket}/up/1?uploadId={begun.UploadId}", body)).Header("x-amz-expiration"), 2, "objects");
    }

    [Fact]
    public async Task Classes_OfOnesOwn_AreWrittenAndMovedTo()
    {
        var bucket = await gateway.NewBucketAsync();
        (await gateway.Raw.SendAsync("PUT", $"/{bucket}/k", "content", ("x-amz-storage-class", "OWN_1"))).Status.ShouldBe(200);
        (await gateway.Raw.SendAsync("HEAD", $"/{bucket}/k")).Header("x-amz-storage-class").ShouldBe("OWN_1");
        (await gateway.Raw.SendAsync("PUT", $"/{bucket}/k", "content", ("x-amz-storage-class", "OWN_0"))).Code.ShouldBe("InvalidStorageClass");
        (await PutAsync(bucket, "<Rule><ID>r</ID><Filter/><Status>Enabled</Status><Transition><Days>1</Days><StorageClass>OWN_1</StorageClass></Transition><Transition><Days>2</Days><StorageClass>OWN_2</StorageClass></Transition></Rule>")).Status.ShouldBe(200);
        (await PutAsync(bucket, "<Rule><ID>r</ID><Filter/><Status>Enabled</Status><Transition><Days>1</Days><StorageClass>OWN_10</StorageClass></Transition></Rule>")).Code.ShouldBe("MalformedXML");
    }

    [Fact]
    public async Task Put_NoSuchBucket_IsThat()
    {
        (await PutAsync("no-such-bucket-of-mine", Rule)).Code.ShouldBe("NoSuchBucket");
        (await gateway.Raw.SendAsync("DELETE", "/no-such-bucket-of-mine?lifecycle")).Code.ShouldBe("NoSuchBucket");
    }

    /// <summary>The end is the midnight that follows so many days from now.</summary>
    private static void Expected(string? header, int days, string rule)
    {
        var found = Header().Match(header.ShouldNotBeNull());
        found.Success.ShouldBeTrue(header);
        found.Groups[2].Value.ShouldBe(rule);
        var end = DateTimeOffset.ParseExact(found.Groups[1].Value, "r", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
        end.TimeOfDay.ShouldBe(TimeSpan.Zero);
        var passed = end - TimeProvider.System.GetUtcNow();
        (passed > TimeSpan.FromDays(days) - TimeSpan.FromMinutes(1) && passed <= TimeSpan.FromDays(days + 1)).ShouldBeTrue(header);
    }

    private static string Ends(string id, string prefix, int days) =>
        string.Create(CultureInfo.InvariantCulture, $"<Rule><ID>{id}</ID><Filter><Prefix>{prefix}</Prefix></Filter><Status>Enabled</Status><Expiration><Days>{days}</Days></Expiration></Rule>");

    [GeneratedRegex("^expiry-date=\"([^\"]*)\", rule-id=\"([^\"]*)\"$")]
    private static partial Regex Header();

    private Task<RawAnswer> PutAsync(string bucket, string rules, params (string, string)[] headers) =>
        gateway.Raw.SendAsync("PUT", $"/{bucket}?lifecycle", $"<LifecycleConfiguration>{rules}</LifecycleConfiguration>", headers);
}
