using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Xml.Linq;
using Oort.Gateway.Tests.Nodes;
using Oort.Metadata;
using Oort.Objects.Tiering;
using Oort.S3;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Operations;

/// <summary>Objects of GLACIER and DEEP_ARCHIVE as clients meet them, on a gateway whose clock can be turned; the test takes the place of who restores.</summary>
public sealed class ArchiveTests(TestGateway gateway) : IAsyncLifetime
{
    private const string ThreeDays = "<RestoreRequest><Days>3</Days></RestoreRequest>";

    private readonly ShiftedTime time = new();
    private readonly RecordingTiering tiering = new();
    private GatewayHost host = null!;

    private RawClient Raw => host.Raw;

    public async ValueTask InitializeAsync() => host = await GatewayHost.StartAsync(gateway.Layer, new() { PartSizeMin = TestGateway.PartSizeMin }, time, tiering);

    public ValueTask DisposeAsync() => host.DisposeAsync();

    [Theory]
    [InlineData("GLACIER", "")]
    [InlineData("DEEP_ARCHIVE", "")]
    [InlineData("GLACIER", "Range")]
    [InlineData("GLACIER", "partNumber")]
    [InlineData("GLACIER", "empty")]
    public async Task Get_Archived_IsInvalidObjectState(string storageClass, string form)
    {
        var bucket = await PutAsync(storageClass, form == "empty" ? "" : "body");
        var answer = form == "Range" ? await Raw.SendAsync("GET", $"/{bucket}/key", [], ("Range", "bytes=0-1")) : await Raw.SendAsync("GET", $"/{bucket}/key" + (form == "partNumber" ? "?partNumber=1" : ""));

        (answer.Status, answer.Code, answer.Element("StorageClass")).ShouldBe((403, "InvalidObjectState", storageClass));
        var head = await Raw.SendAsync("HEAD", $"/{bucket}/key");
        (head.Status, head.Header("x-amz-storage-class"), head.Header("Content-Length")).ShouldBe((200, storageClass, form == "empty" ? "0" : "4"));
        head.Headers.ShouldNotContainKey("x-amz-restore");
    }

    [Theory]
    [InlineData("STANDARD")]
    [InlineData("STANDARD_IA")]
    [InlineData("GLACIER_IR")]
    public async Task Get_OtherClass_IsReadAtOnce(string storageClass) =>
        (await Raw.SendAsync("GET", $"/{await PutAsync(storageClass, "body")}/key")).Text.ShouldBe("body");

    [Fact]
    public async Task Get_ArchivedThatTheClientHas_IsNotModified()
    {
        var bucket = await PutAsync("GLACIER", "body");
        var tag = (await Raw.SendAsync("HEAD", $"/{bucket}/key")).Header("ETag");
        (await Raw.SendAsync("GET", $"/{bucket}/key", [], ("If-None-Match", tag))).Status.ShouldBe(304);
    }

    [Fact]
    public async Task Multipart_OfAnArchive_IsArchivedWhenItIsComplete()
    {
        var bucket = await gateway.NewBucketAsync();
        var upload = (await Raw.SendAsync("POST", $"/{bucket}/key?uploads", [], ("x-amz-storage-class", "DEEP_ARCHIVE"))).Element("UploadId");
        var part = await Raw.SendAsync("PUT", $"/{bucket}/key?partNumber=1&uploadId={upload}", "part");
        await Raw.SendAsync("POST", $"/{bucket}/key?uploadId={upload}", $"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{part.Header("ETag")}</ETag></Part></CompleteMultipartUpload>");

        (await Raw.SendAsync("GET", $"/{bucket}/key?partNumber=1")).Code.ShouldBe("InvalidObjectState");
    }

    [Fact]
    public async Task Copy_FromAnArchive_NeedsARestore()
    {
        var bucket = await PutAsync("GLACIER", "body");
        var source = ("x-amz-copy-source", $"{bucket}/key");
        var upload = (await Raw.SendAsync("POST", $"/{bucket}/parts?uploads", [])).Element("UploadId");
        var partTarget = $"/{bucket}/parts?partNumber=1&uploadId={upload}";

        foreach (var target in new[] { $"/{bucket}/copy", partTarget })
        {
            var refused = await Raw.SendAsync("PUT", target, [], source);
            (refused.Status, refused.Code).ShouldBe((403, "ObjectNotInActiveTierError"));
        }

        await RestoreAsync(bucket, 3);
        (await Raw.SendAsync("PUT", partTarget, [], source)).Status.ShouldBe(200);
        (await Raw.SendAsync("PUT", $"/{bucket}/copy", [], source)).Status.ShouldBe(200);
        (await Raw.SendAsync("GET", $"/{bucket}/copy")).Text.ShouldBe("body");
    }

    [Fact]
    public async Task Copy_OntoItself_ChangesTheClassBothWays()
    {
        var bucket = await PutAsync("STANDARD", "body");
        var source = ("x-amz-copy-source", $"{bucket}/key");
        (await Raw.SendAsync("PUT", $"/{bucket}/key", [], source, ("x-amz-storage-class", "GLACIER"))).Status.ShouldBe(200);
        (await Raw.SendAsync("GET", $"/{bucket}/key")).Code.ShouldBe("InvalidObjectState");

        await RestoreAsync(bucket, 3);
        (await Raw.SendAsync("PUT", $"/{bucket}/key", [], source, ("x-amz-storage-class", "STANDARD"))).Status.ShouldBe(200);
        var got = await Raw.SendAsync("GET", $"/{bucket}/key");
        (got.Status, got.Text).ShouldBe((200, "body"));
        got.Headers.ShouldNotContainKey("x-amz-restore");

        // The restore was that of the version before.
        (await Raw.SendAsync("PUT", $"/{bucket}/key", [], source, ("x-amz-storage-class", "GLACIER"))).Status.ShouldBe(200);
        (await Raw.SendAsync("GET", $"/{bucket}/key")).Code.ShouldBe("InvalidObjectState");
    }

    [Fact]
    public async Task Restore_FromRequestToExpiry_IsSeenByClients()
    {
        var bucket = await PutAsync("GLACIER", "body");
        (await Raw.SendAsync("POST", $"/{bucket}/key?restore", ThreeDays)).Status.ShouldBe(202);
        (await HeaderAsync(bucket)).ShouldBe("ongoing-request=\"true\"");
        (await Raw.SendAsync("GET", $"/{bucket}/key")).Code.ShouldBe("InvalidObjectState");

        var expires = await RestoreAsync(bucket, 3);
        (await HeaderAsync(bucket)).ShouldBe($"ongoing-request=\"false\", expiry-date=\"{HttpDate.Format(expires)}\"");
        var got = await Raw.SendAsync("GET", $"/{bucket}/key");
        (got.Status, got.Text, got.Header("x-amz-restore")).ShouldBe((200, "body", await HeaderAsync(bucket)));

        // While it holds, a request moves its end, and needs nobody to restore anything.
        (await Raw.SendAsync("POST", $"/{bucket}/key?restore", "<RestoreRequest><Days>10</Days></RestoreRequest>")).Status.ShouldBe(200);
        var extended = LifecycleDays.After(time.GetUtcNow(), 10, TimeSpan.FromDays(1));
        (await HeaderAsync(bucket)).ShouldContain(HttpDate.Format(extended));
        tiering.Requests.Count.ShouldBe(1);

        time.Advance(extended - time.GetUtcNow());
        (await Raw.SendAsync("GET", $"/{bucket}/key")).Code.ShouldBe("InvalidObjectState");
        (await HeaderAsync(bucket)).ShouldBe("");
        (await Raw.SendAsync("POST", $"/{bucket}/key?restore", ThreeDays)).Status.ShouldBe(202);
        (await HeaderAsync(bucket)).ShouldBe("ongoing-request=\"true\"");
        tiering.Requests.Count.ShouldBe(2);
    }

    [Theory]
    [InlineData("Bulk", "Bulk", 409)]
    [InlineData("Bulk", "Standard", 202)]
    [InlineData("Bulk", "Expedited", 202)]
    [InlineData("Standard", "Bulk", 409)]
    [InlineData("Standard", "", 409)]
    [InlineData("", "Expedited", 202)]
    [InlineData("Expedited", "Standard", 409)]
    public async Task Restore_Ongoing_OnlyBecomesFaster(string first, string second, int status)
    {
        var bucket = await PutAsync("GLACIER", "body");
        (await Raw.SendAsync("POST", $"/{bucket}/key?restore", Request(3, first))).Status.ShouldBe(202);

        var answer = await Raw.SendAsync("POST", $"/{bucket}/key?restore", Request(9, second));

        (answer.Status, answer.Code).ShouldBe((status, status == 409 ? "RestoreAlreadyInProgress" : ""));
        var state = RestoreState.Of((await FindAsync(bucket))!)!;
        state.Tier.ToString().ShouldBe(status == 202 ? second : first.Length == 0 ? "Standard" : first);
        (state.Phase, state.Days, state.Expires).ShouldBe((RestorePhase.Requested, 3, null));
        tiering.Requests.Select(RestoreState.Of).Last()!.ShouldBe(state);
        tiering.Requests.Count.ShouldBe(status == 202 ? 2 : 1);
    }

    [Theory]
    [InlineData("STANDARD", ThreeDays, 403, "InvalidObjectState")]
    [InlineData("GLACIER_IR", ThreeDays, 403, "InvalidObjectState")]
    [InlineData("DEEP_ARCHIVE", "<RestoreRequest><Days>1</Days><GlacierJobParameters><Tier>Expedited</Tier></GlacierJobParameters></RestoreRequest>", 400, "InvalidArgument")]
    [InlineData("GLACIER", "<RestoreRequest><Days>0</Days></RestoreRequest>", 400, "InvalidArgument")]
    [InlineData("GLACIER", "<RestoreRequest/>", 400, "MalformedXML")]
    [InlineData("GLACIER", "", 400, "MissingRequestBodyError")]
    [InlineData("GLACIER", "<RestoreRequest><Type>SELECT</Type><OutputLocation/></RestoreRequest>", 501, "NotImplemented")]
    public async Task Restore_Impossible_IsRefusedAndChangesNothing(string storageClass, string body, int status, string code)
    {
        var bucket = await PutAsync(storageClass, "body");
        var answer = await Raw.SendAsync("POST", $"/{bucket}/key?restore", body);

        (answer.Status, answer.Code).ShouldBe((status, code));
        RestoreState.Of((await FindAsync(bucket))!).ShouldBeNull();
        tiering.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task Restore_MissingVersionOrMarker_IsThat()
    {
        var bucket = await gateway.NewVersionedBucketAsync();
        (await Raw.SendAsync("POST", $"/{bucket}/key?restore", ThreeDays)).Code.ShouldBe("NoSuchKey");
        var first = await Raw.SendAsync("PUT", $"/{bucket}/key", "one", ("x-amz-storage-class", "GLACIER"));
        var marker = (await Raw.SendAsync("DELETE", $"/{bucket}/key")).Header("x-amz-version-id");

        (await Raw.SendAsync("POST", $"/{bucket}/key?restore", ThreeDays)).Code.ShouldBe("NoSuchKey");
        (await Raw.SendAsync("POST", $"/{bucket}/key?restore&versionId={marker}", ThreeDays)).Code.ShouldBe("MethodNotAllowed");
        (await Raw.SendAsync("POST", $"/{bucket}/key?restore&versionId=x", ThreeDays)).Code.ShouldBe("InvalidArgument");
        (await Raw.SendAsync("POST", $"/{bucket}/key?restore&versionId={first.Header("x-amz-version-id")}", ThreeDays)).Status.ShouldBe(202);
        tiering.Requests.ShouldHaveSingleItem().IdText.ShouldBe(first.Header("x-amz-version-id"));
    }

    [Fact]
    public async Task Archived_TagsAttributesAndDelete_AreAsEver()
    {
        var bucket = await PutAsync("DEEP_ARCHIVE", "body");
        (await Raw.SendAsync("PUT", $"/{bucket}/key?tagging", "<Tagging><TagSet><Tag><Key>a</Key><Value>1</Value></Tag></TagSet></Tagging>")).Status.ShouldBe(200);
        (await Raw.SendAsync("GET", $"/{bucket}/key?tagging")).Text.ShouldContain("<Key>a</Key>");
        (await Raw.SendAsync("GET", $"/{bucket}/key?attributes", [], ("x-amz-object-attributes", "StorageClass"))).Element("StorageClass").ShouldBe("DEEP_ARCHIVE");
        await RestoreAsync(bucket, 1);
        (await Raw.SendAsync("PUT", $"/{bucket}/key?tagging", "<Tagging><TagSet/></Tagging>")).Status.ShouldBe(200);
        (await Raw.SendAsync("GET", $"/{bucket}/key")).Text.ShouldBe("body");
        (await Raw.SendAsync("DELETE", $"/{bucket}/key")).Status.ShouldBe(204);
        (await Raw.SendAsync("HEAD", $"/{bucket}/key")).Status.ShouldBe(404);
    }

    [Theory]
    [InlineData("?list-type=2", "Contents")]
    [InlineData("", "Contents")]
    [InlineData("?versions", "Version")]
    public async Task List_RestoreStatus_OnlyForThoseWhoAskAndWhereThereIsOne(string query, string element)
    {
        var bucket = await gateway.NewBucketAsync();
        foreach (var (key, storageClass) in new[] { ("a-archived", "GLACIER"), ("b-asked", "GLACIER"), ("c-restored", "DEEP_ARCHIVE"), ("d-standard", "STANDARD") })
            await Raw.SendAsync("PUT", $"/{bucket}/{key}", "x", ("x-amz-storage-class", storageClass));
        await Raw.SendAsync("POST", $"/{bucket}/b-asked?restore", ThreeDays);
        var expires = await RestoreAsync(bucket, 3, "c-restored");

        (await Raw.SendAsync("GET", $"/{bucket}{query}")).Text.ShouldNotContain("RestoreStatus");
        (await ListAsync()).ShouldBe(["a-archived", "b-asked true ", $"c-restored false {expires:yyyy-MM-dd'T'HH:mm:ss.fff'Z'}", "d-standard"]);
        time.Advance(expires - time.GetUtcNow());
        (await ListAsync())[2].ShouldBe("c-restored");
        (await Raw.SendAsync("GET", $"/{bucket}{query}", [], ("x-amz-optional-object-attributes", "Colour"))).Code.ShouldBe("InvalidArgument");

        async Task<List<string>> ListAsync()
        {
            var page = await Raw.SendAsync("GET", $"/{bucket}{query}", [], ("x-amz-optional-object-attributes", "RestoreStatus"));
            return [.. XDocument.Parse(page.Text).Descendants().Where(one => one.Name.LocalName == element).Select(one => Text(one, "Key") + (Find(one, "RestoreStatus") is { } status ? $" {Text(status, "IsRestoreInProgress")} {Text(status, "RestoreExpiryDate")}" : ""))];
        }

        static XElement? Find(XElement parent, string name) => parent.Elements().FirstOrDefault(child => child.Name.LocalName == name);
        static string Text(XElement parent, string name) => Find(parent, name)?.Value ?? "";
    }

    private static string Request(int days, string tier) => $"<RestoreRequest><Days>{days}</Days>{(tier.Length == 0 ? "" : $"<GlacierJobParameters><Tier>{tier}</Tier></GlacierJobParameters>")}</RestoreRequest>";

    private async Task<string> PutAsync(string storageClass, string body)
    {
        var bucket = await gateway.NewBucketAsync();
        (await Raw.SendAsync("PUT", $"/{bucket}/key", body, ("x-amz-storage-class", storageClass))).Status.ShouldBe(200);
        return bucket;
    }

    private async Task<string> HeaderAsync(string bucket) => (await Raw.SendAsync("HEAD", $"/{bucket}/key")).Header("x-amz-restore");

    private async Task<VersionRow?> FindAsync(string bucket, string key = "key")
    {
        var row = (await gateway.Layer.Metadata.FindBucketAsync(bucket, TestContext.Current.CancellationToken))!;
        return await gateway.Layer.Metadata.FindVersionAsync(row.Id, key, null, TestContext.Current.CancellationToken);
    }

    /// <summary>Does what those do who restore, at once.</summary>
    private async Task<DateTimeOffset> RestoreAsync(string bucket, int days, string key = "key")
    {
        var now = time.GetUtcNow();
        var expires = LifecycleDays.After(now, days, TimeSpan.FromDays(1));
        var version = (await FindAsync(bucket, key))!;
        var state = new RestoreState(RestorePhase.Restored, RestoreTier.Standard, days, now, expires);
        var outcome = await gateway.Layer.Metadata.UpdateVersionAsync(version.Bucket, key, null, row => row with { Attributes = RestoreState.Set(row.Attributes, state) }, TestContext.Current.CancellationToken);
        outcome.ShouldBe(CommitOutcome.Done);
        return expires;
    }

    private sealed class RecordingTiering : IdleTiering
    {
        private readonly ConcurrentDictionary<BucketId, bool> prepared = [];

        public ConcurrentQueue<VersionRow> Requests { get; } = new();

        public override ValueTask PrepareRestoreAsync(BucketRow bucket, CancellationToken cancellationToken)
        {
            prepared[bucket.Id] = true;
            return ValueTask.CompletedTask;
        }

        public override void RestoreRequested(VersionRow version)
        {
            prepared.ShouldContainKey(version.Bucket);
            Requests.Enqueue(version);
        }
    }
}
