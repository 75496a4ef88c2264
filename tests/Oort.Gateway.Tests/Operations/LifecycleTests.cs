using Amazon.S3;
using Amazon.S3.Model;
using Oort.Objects.Tiering;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Operations;

public sealed class LifecycleTests(TestGateway gateway)
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
            (Rule.Replace("</Rule>", "<Expiration><Days>1</Days></Expiration></Rule>", StringComparison.Ordinal), 501, "NotImplemented"),
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
    public async Task Put_NoSuchBucket_IsThat()
    {
        (await PutAsync("no-such-bucket-of-mine", Rule)).Code.ShouldBe("NoSuchBucket");
        (await gateway.Raw.SendAsync("DELETE", "/no-such-bucket-of-mine?lifecycle")).Code.ShouldBe("NoSuchBucket");
    }

    private Task<RawAnswer> PutAsync(string bucket, string rules, params (string, string)[] headers) =>
        gateway.Raw.SendAsync("PUT", $"/{bucket}?lifecycle", $"<LifecycleConfiguration>{rules}</LifecycleConfiguration>", headers);
}
