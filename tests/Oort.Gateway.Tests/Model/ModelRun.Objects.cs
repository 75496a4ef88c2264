using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Oort.Checksums;
using Oort.Gateway.Tests.Operations;
using Oort.Metadata;
using Oort.Shared;
using Shouldly;

namespace Oort.Gateway.Tests.Model;

/// <summary>Objects and their versions: put, read, delete, copy.</summary>
internal sealed partial class ModelRun
{
    private async Task PutAsync(string bucket, string key, Step step)
    {
        var content = NewContent(step);
        var note = Text(step.B % 100);
        var conditions = WriteConditionsOf(buckets.GetValueOrDefault(bucket), key, step.B);
        var answer = await SendAsync("PUT", Target(bucket, key), content, [.. Headers(conditions), ("x-amz-meta-note", note)]);
        if (Find(bucket, answer) is not { } model) return;
        var (outcome, made) = model.Put(key, content.Length, Md5(content), conditions);
        Expected.Of(outcome).Check(answer);
        if (made is null) return;
        (made.Parts, made.Note) = ([(0, content)], note);
        answer.Header("ETag").ShouldBe($"\"{made.ETag}\"");
        Learn(answer, model, made);
    }

    /// <summary>GET or HEAD: of the newest or a named version, all, a range or a part, with and without conditions.</summary>
    private async Task ReadAsync(string method, string bucket, string key, Step step)
    {
        var versionId = step.A % 3 == 0 ? AnyVersionId(bucket, key, step.B) : null;
        var wanted = WantedBytes.Random(step.A);
        var conditions = ReadConditions.Random(buckets.GetValueOrDefault(bucket)?.Newest(key)?.ETag ?? "", step.B / 7);
        var target = Target(bucket, key, versionId is null ? "" : $"versionId={versionId}", wanted.Query);
        var answer = await SendAsync(method, target, null, [.. wanted.Headers, .. conditions.Headers(""), ("x-amz-checksum-mode", "ENABLED")]);
        if (Find(bucket, answer) is not { } model) return;

        if (versionId == "wrong")
        {
            Expected.InvalidArgument.Check(answer);
            return;
        }

        var version = versionId is null ? model.Newest(key) : model.Find(key, versionId);
        if (version is null or { IsMarker: true })
        {
            CheckMissing(answer, model, version, isNamed: versionId is not null);
            return;
        }

        if (conditions.Decide(version.ETag) is var status && status != 200)
        {
            new Expected(status, "PreconditionFailed").Check(answer);
            if (status == 304) (answer.Header("ETag"), answer.Body.Length).ShouldBe(($"\"{version.ETag}\"", 0));
            return;
        }

        var (expected, offset, length) = wanted.Resolve(version);
        expected.Check(answer);
        if (expected.IsError) return;
        CheckContent(method, answer, model, version, offset, length);
        var partCount = version.Parts.Count(part => part.Number > 0 && part.Content.Length > 0);
        answer.Header("x-amz-mp-parts-count").ShouldBe(wanted.Part > 0 && partCount > 0 ? Text(partCount) : "");
    }

    private static void CheckMissing(RawAnswer answer, S3Model model, S3Model.Version? marker, bool isNamed)
    {
        var expected = marker is null ? isNamed ? Expected.NoSuchVersion : Expected.NoSuchKey : isNamed ? new(405, "MethodNotAllowed") : Expected.NoSuchKey;
        expected.Check(answer);
        answer.Header("x-amz-delete-marker").ShouldBe(marker is not null ? "true" : isNamed ? "" : "false");
        answer.Header("x-amz-version-id").ShouldBe(marker?.IdText ?? "");
        if (marker is not null) model.Versioning.ShouldNotBe(VersioningState.Unversioned);
    }

    private static void CheckContent(string method, RawAnswer answer, S3Model model, S3Model.Version version, long offset, long length)
    {
        var content = Content(version).AsSpan((int)offset, (int)length);
        answer.Header("Content-Length").ShouldBe(length.ToString(CultureInfo.InvariantCulture));
        if (method == "GET") answer.Body.AsSpan().SequenceEqual(content).ShouldBeTrue("other bytes");
        answer.Header("ETag").ShouldBe($"\"{version.ETag}\"");
        answer.Header("x-amz-meta-note").ShouldBe(version.Note);
        answer.Header("x-amz-version-id").ShouldBe(model.Versioning == VersioningState.Unversioned ? "" : version.IdText);
        answer.Header("Content-Range").ShouldBe(answer.Status == 206 ? $"bytes {offset}-{offset + length - 1}/{version.Size}" : "");

        // A checksum with anything that is not what it is of would make clients refuse good bytes.
        var checksum = answer.Header("x-amz-checksum-crc64nvme");
        if (checksum.Length > 0) checksum.ShouldBe(Crc(content));
        else length.ShouldBeLessThan(version.Size, "a whole object must come with its checksum");
    }

    private static string Crc(ReadOnlySpan<byte> content)
    {
        using var crc = new RunningChecksum(ChecksumAlgorithm.Crc64Nvme);
        crc.Append(content);
        return Convert.ToBase64String(crc.Finish());
    }

    private async Task DeleteAsync(string bucket, string key, Step step)
    {
        var conditions = step.A % 3 == 0 ? WriteConditionsOf(buckets.GetValueOrDefault(bucket), key, step.B) with { IfNoneMatch = null } : WriteConditions.None;
        var answer = await SendAsync("DELETE", Target(bucket, key), null, [.. Headers(conditions)]);
        if (Find(bucket, answer) is not { } model) return;
        var (outcome, marker) = model.Delete(key, conditions);

        // What is not there is deleted already, whatever the condition (docs/s3-compatibility.md).
        Expected.Of(outcome == CommitOutcome.NoSuchKey ? CommitOutcome.Done : outcome, done: 204).Check(answer);
        answer.Header("x-amz-delete-marker").ShouldBe(marker is null ? "" : "true");
        if (marker is not null) Learn(answer, model, marker);
        else answer.Header("x-amz-version-id").ShouldBe("");
    }

    private async Task DeleteVersionAsync(string bucket, string key, Step step)
    {
        var id = AnyVersionId(bucket, key, step.A);
        var bypasses = step.B % 3 == 0;
        (string, string)[] headers = bypasses ? [("x-amz-bypass-governance-retention", "true")] : [];
        var answer = await SendAsync("DELETE", Target(bucket, key, $"versionId={id}"), null, headers);
        if (id == "wrong")
        {
            Expected.InvalidArgument.Check(answer);
            return;
        }

        if (Find(bucket, answer) is not { } model) return;
        var (outcome, wasMarker) = model.DeleteVersion(key, id, WriteConditions.None, bypasses);
        if (outcome == CommitOutcome.Locked)
        {
            locked.Check(answer);
            return;
        }

        // Also of a version that is not there: deletes can be repeated.
        new Expected(204).Check(answer);
        answer.Header("x-amz-version-id").ShouldBe(id);
        answer.Header("x-amz-delete-marker").ShouldBe(wasMarker ? "true" : "");
    }

    /// <summary>DeleteObjects: some keys, some versions, some of both, in one request.</summary>
    private async Task DeleteManyAsync(string bucket, Step step)
    {
        var random = new Random(step.A);
        var entries = Enumerable.Range(0, 1 + (step.B % 5)).Select(_ =>
        {
            // U+0001 and U+FFFF cannot stand in an XML document.
            var key = Step.Keys.Where(key => !key.Any(char.IsControl) && !key.Contains('\uffff', StringComparison.Ordinal)).ElementAt(random.Next(6));
            return (Key: key, Id: random.Next(2) == 0 ? AnyVersionId(bucket, key, random.Next(1000)) : null);
        }).ToList();
        var isQuiet = step.B % 4 == 0;
        if (isQuiet) entries = [.. entries.DistinctBy(entry => entry.Key)]; // So that each marker made is its key's newest when its id is asked for.
        var body = new StringBuilder("<Delete>").Append(isQuiet ? "<Quiet>true</Quiet>" : "");
        foreach (var (key, id) in entries)
        {
            body.Append(CultureInfo.InvariantCulture, $"<Object><Key>{System.Security.SecurityElement.Escape(key)}</Key>");
            if (id is not null) body.Append(CultureInfo.InvariantCulture, $"<VersionId>{id}</VersionId>");
            body.Append("</Object>");
        }

        var bytes = Encoding.UTF8.GetBytes(body.Append("</Delete>").ToString());
        var answer = await SendAsync("POST", $"/{bucket}?delete", bytes, ("Content-MD5", Convert.ToBase64String(MD5.HashData(bytes))));
        if (Find(bucket, answer) is not { } model) return;
        new Expected(200).Check(answer);

        var listing = new Listing(answer);
        var answered = listing.Elements("Deleted", "Error").GetEnumerator();
        foreach (var (key, id) in entries)
        {
            var (error, markerId) = Delete(model, key, id, out var marker);
            var isError = error is not null;
            if (isQuiet && !isError)
            {
                // A quiet answer does not tell the marker's id, so a HEAD does.
                if (marker is { IsNull: false }) marker.Id = await NewestIdAsync(bucket, key);
                continue;
            }

            answered.MoveNext().ShouldBeTrue();
            var element = answered.Current;
            element.Name.LocalName.ShouldBe(isError ? "Error" : "Deleted");
            (Listing.Text(element, "Key"), Listing.Text(element, "VersionId")).ShouldBe((key, id));
            if (isError) Listing.Text(element, "Code").ShouldBe(error);
            var given = Listing.Text(element, "DeleteMarkerVersionId");
            if (marker is { IsNull: false }) marker.Id = given!;
            given.ShouldBe(marker?.IdText ?? markerId);
            Listing.Text(element, "DeleteMarker").ShouldBe(given is null ? null : "true");
        }

        answered.MoveNext().ShouldBeFalse();
    }

    /// <summary>One entry: its error, the marker that it removed, and the marker that it made.</summary>
    private static (string? Error, string? Removed) Delete(S3Model model, string key, string? id, out S3Model.Version? made)
    {
        made = null;
        if (id == "wrong") return ("NoSuchVersion", null);
        if (id is not null)
        {
            var (outcome, wasMarker) = model.DeleteVersion(key, id, WriteConditions.None);
            return (outcome == CommitOutcome.Locked ? "AccessDenied" : null, wasMarker ? id : null);
        }

        made = model.Delete(key, WriteConditions.None).Marker;
        return (null, null);
    }

    private async Task<string> NewestIdAsync(string bucket, string key)
    {
        var answer = await SendAsync("HEAD", Target(bucket, key));
        return answer.Header("x-amz-version-id");
    }

    private async Task CopyAsync(string bucket, string key, Step step)
    {
        var sourceBucket = $"bucket-{step.A % 2}";
        var sourceKey = Known(sourceBucket, Step.Keys[step.B % 3], step);
        var versionId = step.A % 3 == 0 ? AnyVersionId(sourceBucket, sourceKey, step.B) : null;
        var replaces = step.B % 2 == 0;
        var note = Text(step.B % 100);
        var sourceConditions = ReadConditions.Random(buckets.GetValueOrDefault(sourceBucket)?.Newest(sourceKey)?.ETag ?? "", step.B / 11);
        var conditions = WriteConditionsOf(buckets.GetValueOrDefault(bucket), key, step.A / 7);
        List<(string, string)> headers = [("x-amz-copy-source", CopySource(sourceBucket, sourceKey, versionId)), .. sourceConditions.Headers("x-amz-copy-source-"), .. Headers(conditions)];
        if (replaces) headers.AddRange([("x-amz-metadata-directive", "REPLACE"), ("x-amz-meta-note", note)]);
        var answer = await SendAsync("PUT", Target(bucket, key), null, [.. headers]);
        if (Find(bucket, answer) is not { } model) return;
        if (FindSource(answer, sourceBucket, sourceKey, versionId, sourceConditions) is not { } source) return;

        var isItself = (sourceBucket, sourceKey) == (bucket, key) && (versionId is null || model.Versioning == VersioningState.Unversioned);
        if (isItself && !replaces)
        {
            Expected.InvalidRequest.Check(answer);
            return;
        }

        var (outcome, made) = model.Put(key, source.Size, source.ETag, conditions);
        Expected.Of(outcome).Check(answer);
        if (made is null) return;
        (made.Parts, made.Note) = (source.Parts, replaces ? note : source.Note);
        answer.Element("ETag").Trim('"').ShouldBe(made.ETag);
        answer.Header("x-amz-copy-source-version-id").ShouldBe(buckets[sourceBucket].Versioning == VersioningState.Unversioned ? "" : source.IdText);
        Learn(answer, model, made);
    }

    private static string CopySource(string bucket, string key, string? versionId) =>
        $"/{bucket}/{Uri.EscapeDataString(key)}{(versionId is null ? "" : $"?versionId={versionId}")}";

    /// <summary>The version that a copy reads; null when there is none to read, and then the answer must say why.</summary>
    private S3Model.Version? FindSource(RawAnswer answer, string bucket, string key, string? versionId, ReadConditions conditions)
    {
        if (versionId == "wrong")
        {
            Expected.InvalidArgument.Check(answer);
            return null;
        }

        if (Find(bucket, answer) is not { } model) return null;
        var source = versionId is null ? model.Newest(key) : model.Find(key, versionId);
        if (source is null or { IsMarker: true })
        {
            var missing = versionId is null ? Expected.NoSuchKey : source is null ? Expected.NoSuchVersion : Expected.InvalidRequest;
            missing.Check(answer);
            return null;
        }

        if (conditions.Decide(source.ETag) == 200) return source;
        Expected.PreconditionFailed.Check(answer);
        return null;
    }
}
