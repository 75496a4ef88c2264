using Oort.Shared;

namespace Oort.Metadata.Tests.Model;

/// <summary>Runs the same commands on the model and on an engine, in a bucket of its own, and compares every answer.</summary>
internal sealed class ModelRun(IMetadataStore store, BucketId bucket, Func<string, long, string, WriteConditions, PutVersion> put, Func<UploadRow, int, string, long, PutPart> putPart)
{
    /// <summary>Every lock of a run has ended long before now, or will long after.</summary>
    private static readonly DateTimeOffset now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly S3Model model = new() { Now = now };
    private readonly List<(S3Model.Upload Model, UploadRow Row)> uploads = [];
    private int etags;

    public async Task StepAsync(ModelCommand command)
    {
        var key = ModelCommand.Keys[command.Key];
        switch (command.Kind)
        {
            case ModelKind.Put: await PutAsync(key, command); break;
            case ModelKind.Delete: await DeleteAsync(key, command); break;
            case ModelKind.DeleteVersion: await DeleteVersionAsync(key, command); break;
            case ModelKind.SetVersioning: await SetVersioningAsync(command); break;
            case ModelKind.CreateUpload: await CreateUploadAsync(key); break;
            case ModelKind.PutPart: await PutPartAsync(command); break;
            case ModelKind.Complete: await CompleteAsync(command); break;
            case ModelKind.Abort: await AbortAsync(command); break;
            case ModelKind.ListObjects: await ListObjectsAsync(command); break;
            case ModelKind.ListVersions: await ListVersionsAsync(command); break;
            case ModelKind.ListUploads: await ListUploadsAsync(command); break;
            case ModelKind.Find: await FindAsync(key, command); break;
            case ModelKind.SetQuota: await SetQuotaAsync(command); break;
            case ModelKind.StartLocks: (await store.UpdateBucketAsync(bucket, BucketLock.Plain.On, default)).ShouldBe(model.StartLocks()); break;
            case ModelKind.Retain: await RetainAsync(key, command); break;
            case ModelKind.Hold: await HoldAsync(key, command); break;
        }
        (await store.GetUsageAsync(bucket, default)).ShouldBe(model.Used);
    }

    private async Task PutAsync(string key, ModelCommand command)
    {
        var conditions = Conditions(key, command.B);
        var etag = "e" + (++etags % 5);
        var result = await store.PutVersionAsync(put(key, command.A % 1000, etag, conditions), default);
        var (outcome, made) = model.Put(key, command.A % 1000, etag, conditions);
        result.Outcome.ShouldBe(outcome);
        if (made is null) return;
        made.Id = result.Version!.Id.ToString();
        result.Version.IsNull.ShouldBe(made.IsNull);
        result.Versioning.ShouldBe(model.Versioning);
    }

    private async Task DeleteAsync(string key, ModelCommand command)
    {
        var conditions = command.A % 3 == 0 ? Conditions(key, command.B) : WriteConditions.None;
        var result = await store.DeleteVersionAsync(new(bucket, key, "o", null, conditions), default);
        var (outcome, marker) = model.Delete(key, conditions);
        result.Outcome.ShouldBe(outcome);
        result.IsDeleteMarker.ShouldBe(marker is not null);
        if (marker is null) return;
        if (marker.IsNull) result.VersionId.ShouldBe("null");
        // A null marker's internal id is learnt from a listing of versions when it is needed.
        else marker.Id = result.VersionId!;
    }

    private async Task DeleteVersionAsync(string key, ModelCommand command)
    {
        var id = AnyId(key, command);
        var bypasses = command.B % 3 == 0;
        var conditions = command.B % 5 == 0 ? new WriteConditions(IfMatch: "e" + command.B % 3) : WriteConditions.None;
        var result = await store.DeleteVersionAsync(new(bucket, key, "o", id, conditions, BypassesGovernance: bypasses), default);
        var (outcome, wasMarker) = model.DeleteVersion(key, id, conditions, bypasses);
        (result.Outcome, result.IsDeleteMarker).ShouldBe((outcome, wasMarker));
    }

    private async Task SetVersioningAsync(ModelCommand command)
    {
        var state = command.A % 2 == 0 ? VersioningState.Enabled : VersioningState.Suspended;
        (await store.UpdateBucketAsync(bucket, row => row with { Versioning = state }, default)).ShouldBe(model.SetVersioning(state));
    }

    private async Task RetainAsync(string key, ModelCommand command)
    {
        if (!model.Locks) return;
        var (id, mode, bypasses) = (AnyId(key, command), (RetentionMode)(command.B % 3), command.B % 5 == 0);
        var term = mode == RetentionMode.None ? LockTerm.None : new LockTerm(mode, command.B % 4 == 0 ? now.AddYears(-1) : now.AddYears(100 + (command.B % 3)));
        (await store.LockVersionAsync(new(bucket, key, id, term, null, bypasses), default)).ShouldBe(model.Retain(key, id, term, bypasses));
    }

    private async Task HoldAsync(string key, ModelCommand command)
    {
        if (!model.Locks) return;
        var (id, hold) = (AnyId(key, command), command.B % 3 == 0 ? LegalHold.On : LegalHold.Off);
        (await store.LockVersionAsync(new(bucket, key, id, null, hold), default)).ShouldBe(model.Hold(key, id, hold));
    }

    private string AnyId(string key, ModelCommand command)
    {
        var ids = model.Versions.Where(version => version.Key == key && !version.IsNull).Select(version => version.Id).Append("null").Append("0123456789abcdef0123456789abcdef").ToArray();
        return ids[command.A % ids.Length];
    }

    private async Task SetQuotaAsync(ModelCommand command)
    {
        model.Quota = command.A % 3 == 0 ? null : new(command.A % 2 == 0 ? command.A % 4000 : null, command.B % 8);
        (await store.UpdateBucketAsync(
            bucket, row => row with { Settings = model.Quota is { } quota ? row.Settings.SetItem(Quota.BucketSetting, [.. quota.ToRecord()]) : row.Settings.Remove(Quota.BucketSetting) }, default)).ShouldBe(CommitOutcome.Done);
    }

    private async Task CreateUploadAsync(string key)
    {
        var row = new UploadRow { Bucket = bucket, Key = key, Id = UploadId.Create(DateTimeOffset.UnixEpoch.AddDays(1)), Initiated = DateTimeOffset.UnixEpoch.AddDays(1), OwnerId = "o" };
        (await store.CreateUploadAsync(row, default)).ShouldBe(CommitOutcome.Done);
        var upload = new S3Model.Upload { Key = key, Id = row.Id };
        model.Uploads.Add(upload);
        uploads.Add((upload, row));
    }

    private async Task PutPartAsync(ModelCommand command)
    {
        if (uploads.Count == 0) return;
        var (upload, row) = uploads[command.A % uploads.Count];
        var (number, etag, size) = (1 + command.B % 4, "p" + command.B % 7, (long)(command.B % 100));
        var (outcome, part) = await store.PutPartAsync(putPart(row, number, etag, size), default);
        var after = model.Used with { Bytes = model.Used.Bytes + size - upload.Parts.GetValueOrDefault(number).Size };
        outcome.ShouldBe(!model.Uploads.Contains(upload) ? CommitOutcome.NoSuchUpload : model.HasRoom(after) ? CommitOutcome.Done : CommitOutcome.QuotaExceeded);
        if (part is not null) upload.Parts[number] = (etag, size);
    }

    private async Task CompleteAsync(ModelCommand command)
    {
        if (uploads.Count == 0) return;
        var (upload, row) = uploads[command.A % uploads.Count];
        // Some of the parts; now and then one that has another ETag.
        var chosen = upload.Parts.Where((_, i) => (command.B >> i) % 2 == 0).Select(part => (part.Key, ETag: command.B % 11 == 0 ? "stale" : part.Value.ETag, part.Value.Size)).ToArray();
        var conditions = Conditions(row.Key, command.B);
        var parts = chosen.Select(part => new PartRow { Upload = row.Id, PartNumber = part.Key, LastModified = default, Size = part.Size, ETag = part.ETag });
        var result = await store.CompleteUploadAsync(new(bucket, row.Key, row.Id, [.. parts], "multi", ObjectAttributes.Empty, conditions), default);
        var (outcome, made) = model.Complete(upload, row.Key, chosen, "multi", conditions);
        result.Outcome.ShouldBe(outcome);
        if (made is null) return;
        made.Id = result.Version!.Id.ToString();
        result.Version.Size.ShouldBe(made.Size);
        result.Version.Extents.Select(extent => extent.PartNumber).ShouldBe(chosen.Select(part => part.Key));
    }

    private async Task AbortAsync(ModelCommand command)
    {
        if (uploads.Count == 0) return;
        var (upload, row) = uploads[command.A % uploads.Count];
        var expected = model.Uploads.Remove(upload) ? CommitOutcome.Done : CommitOutcome.NoSuchUpload;
        (await store.AbortUploadAsync(bucket, row.Key, row.Id, default)).ShouldBe(expected);
    }

    private async Task ListObjectsAsync(ModelCommand command)
    {
        var (prefix, delimiter, after, limit) = Query(command);
        var page = await store.ListObjectsAsync(new(bucket, prefix, delimiter, after, limit), default);
        var live = model.Versions.Select(version => version.Key).Distinct().Where(key => model.Current(key) is not null).ToList();
        var (items, truncated) = S3Model.List(live, prefix, delimiter, after, limit);
        Merge(page.Objects.Select(entry => entry.Key), page.CommonPrefixes).ShouldBe(items);
        page.IsTruncated.ShouldBe(truncated);
        page.Last.ShouldBe(items.LastOrDefault(""));
        foreach (var entry in page.Objects) (entry.Size, entry.ETag).ShouldBe((model.Current(entry.Key)!.Size, model.Current(entry.Key)!.ETag));
    }

    private async Task ListVersionsAsync(ModelCommand command)
    {
        var (prefix, delimiter, _, limit) = Query(command);
        limit = Math.Max(limit, 1);
        // Page by page to the end: each version and prefix once, in order.
        var expected = model.Versions.Where(version => version.Key.StartsWith(prefix, StringComparison.Ordinal))
            .OrderBy(version => version.Key, Comparer<string>.Create(S3Model.Compare)).ThenByDescending(version => version.Serial)
            .Select(version => S3Model.Roll(version.Key, prefix, delimiter) is var item && IsRolled(version.Key, prefix, delimiter)
                ? item
                : Describe(version.Key, version.IsNull ? "null" : version.Id, version.IsMarker, model.Newest(version.Key) == version, version.Size))
            .Distinct().ToList();
        var seen = new List<string>();
        var (afterKey, afterId) = ("", (string?)null);
        while (true)
        {
            var page = await store.ListVersionsAsync(new(bucket, prefix, delimiter, afterKey, afterId, limit), default);
            var rows = page.Versions.Select(row => (row.Key, Text: Describe(row.Key, row.IdText, row.IsDeleteMarker, row.IsLatest, row.Size)));
            seen.AddRange(rows.Concat(page.CommonPrefixes.Select(common => (Key: common, Text: common))).OrderBy(item => item.Key, Comparer<string>.Create(S3Model.Compare)).Select(item => item.Text));
            (page.Versions.Length + page.CommonPrefixes.Length).ShouldBeLessThanOrEqualTo(limit);
            if (!page.IsTruncated) break;
            (page.Versions.Length + page.CommonPrefixes.Length).ShouldBe(limit);
            (afterKey, afterId) = (page.LastKey, page.LastVersionId);
        }
        seen.ShouldBe(expected);
    }

    private async Task ListUploadsAsync(ModelCommand command)
    {
        var (prefix, delimiter, after, limit) = Query(command);
        var page = await store.ListUploadsAsync(new(bucket, prefix, "", after, null, Math.Max(limit, 1)), default);
        var expected = model.Uploads.Where(upload => upload.Key.StartsWith(prefix, StringComparison.Ordinal) && S3Model.Compare(upload.Key, after) > 0)
            .OrderBy(upload => upload.Key, Comparer<string>.Create(S3Model.Compare)).ThenBy(upload => upload.Id.Value).ToList();
        page.Uploads.Select(row => row.Id).ShouldBe(expected.Take(Math.Max(limit, 1)).Select(upload => upload.Id));
        page.IsTruncated.ShouldBe(expected.Count > Math.Max(limit, 1));
        var rolled = await store.ListUploadsAsync(new(bucket, prefix, delimiter, after, null, 1000), default);
        var (items, _) = S3Model.List(model.Uploads.Select(upload => upload.Key).Distinct(), prefix, delimiter, after, 1000);
        Merge(rolled.Uploads.Select(row => row.Key).Distinct(), rolled.CommonPrefixes).ShouldBe(items);
    }

    private async Task FindAsync(string key, ModelCommand command)
    {
        var found = await store.FindVersionAsync(bucket, key, null, default);
        Compare(found, model.Newest(key));
        var ids = model.Versions.Where(version => version.Key == key && !version.IsNull).Select(version => version.Id).Append("null").ToArray();
        var id = ids[command.A % ids.Length];
        Compare(await store.FindVersionAsync(bucket, key, id, default), model.Find(key, id));
        var opened = await store.OpenVersionAsync(bucket, key, null, default);
        Compare(opened?.Version, model.Newest(key));
        if (opened is { Data.IsDefault: false }) opened.Data.Select(location => location.Data.Id).ShouldBe(opened.Version.Extents.Select(extent => extent.Data).Distinct());
        Compare((await store.OpenVersionAsync(bucket, key, id, default))?.Version, model.Find(key, id));
    }

    private void Compare(VersionRow? found, S3Model.Version? expected)
    {
        if (expected is null)
        {
            found.ShouldBeNull();
            return;
        }
        found.ShouldNotBeNull();
        (found.IsNull, found.IsDeleteMarker, found.Size, found.ETag, found.IsLatest).ShouldBe(
            (expected.IsNull, expected.IsMarker, expected.Size, expected.ETag, model.Newest(found.Key) == expected));
        ObjectLock.Of(found.Attributes).ShouldBe(expected.Lock);
        if (!expected.IsNull) found.IdText.ShouldBe(expected.Id);
    }

    private static (string Prefix, string Delimiter, string After, int Limit) Query(ModelCommand command)
    {
        var prefix = ModelCommand.Prefixes[command.A % ModelCommand.Prefixes.Length];
        var delimiter = ModelCommand.Delimiters[command.B % ModelCommand.Delimiters.Length];
        var afters = ModelCommand.Keys.Concat(ModelCommand.Prefixes).Append("").ToArray();
        return (prefix, delimiter, command.A % 3 == 0 ? "" : afters[command.B % afters.Length], command.A % 7 == 0 ? 1000 : command.A % 6);
    }

    /// <summary>Mostly none; otherwise ETags that are there now and then.</summary>
    private WriteConditions Conditions(string key, int random) => (random % 8) switch
    {
        0 => new(IfNoneMatch: "*"),
        1 => new(IfMatch: model.Current(key)?.ETag ?? "none"),
        2 => new(IfMatch: "e" + random % 5),
        3 => new(IfNoneMatch: "e" + random % 5),
        _ => WriteConditions.None,
    };

    private static bool IsRolled(string key, string prefix, string delimiter) => delimiter.Length > 0 && key.IndexOf(delimiter, prefix.Length, StringComparison.Ordinal) >= 0;

    private static string Describe(string key, string id, bool isMarker, bool isLatest, long size) => $"{key} {id} {isMarker} {isLatest} {size}";

    private static List<string> Merge(IEnumerable<string> keys, IEnumerable<string> prefixes) => [.. keys.Concat(prefixes).Order(Comparer<string>.Create(S3Model.Compare))];
}
