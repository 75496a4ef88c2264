using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Oort.Metadata;
using Oort.Shared;
using Shouldly;

namespace Oort.Gateway.Tests.Model;

/// <summary>Multipart uploads.</summary>
internal sealed partial class ModelRun
{
    private async Task CreateUploadAsync(string bucket, string key, Step step)
    {
        var note = Text(step.B % 100);
        var answer = await SendAsync("POST", Target(bucket, key, "uploads"), null, ("x-amz-meta-note", note));
        if (Find(bucket, answer) is not { } model) return;
        new Expected(200).Check(answer);
        var id = answer.Element("UploadId");
        UploadId.TryParse(id, out var parsed).ShouldBeTrue();
        var upload = new S3Model.Upload { Key = key, Id = parsed, Note = note };
        model.Uploads.Add(upload);
        uploads.Add((bucket, upload, id));
    }

    private async Task PutPartAsync(Step step)
    {
        if (AnyUpload(step) is not var (bucket, upload, id)) return;
        var number = 1 + (step.B % 4);

        // Mostly large enough, now and then too small for any but the last.
        var content = step.A % 8 == 0 ? step.A % 16 == 0 ? [] : [1, 2, 3] : NewContent(step with { B = 4 + (step.B % 3), A = step.A % 40 == 1 ? 9 : step.A });
        contents[Md5(content)] = content;
        var answer = await SendAsync("PUT", Target(bucket, upload.Key, $"partNumber={number}", $"uploadId={id}"), content);
        if (FindUpload(answer, bucket, upload) is null) return;
        new Expected(200).Check(answer);
        answer.Header("ETag").ShouldBe($"\"{Md5(content)}\"");
        upload.Parts[number] = (Md5(content), content.Length);
    }

    private async Task CopyPartAsync(string sourceBucket, string sourceKey, Step step)
    {
        if (AnyUpload(step) is not var (bucket, upload, id)) return;
        var number = 1 + (step.B % 4);
        var versionId = step.A % 3 == 0 ? AnyVersionId(sourceBucket, sourceKey, step.B) : null;
        var conditions = ReadConditions.Random(buckets.GetValueOrDefault(sourceBucket)?.Newest(sourceKey)?.ETag ?? "", step.B / 11);
        var (first, last) = (step.B % 5 == 0 ? 0 : step.B % 3000, (step.B % 3000) + 1000 + (step.A % 4000));
        var isRange = step.A % 2 == 0;
        List<(string, string)> headers = [("x-amz-copy-source", CopySource(sourceBucket, sourceKey, versionId)), .. conditions.Headers("x-amz-copy-source-")];
        if (isRange) headers.Add(("x-amz-copy-source-range", string.Create(CultureInfo.InvariantCulture, $"bytes={first}-{last}")));
        var answer = await SendAsync("PUT", Target(bucket, upload.Key, $"partNumber={number}", $"uploadId={id}"), null, [.. headers]);
        if (FindUpload(answer, bucket, upload) is null) return;
        if (FindSource(answer, sourceBucket, sourceKey, versionId, conditions) is not { } source) return;

        var content = Content(source);
        if (isRange && last >= content.Length)
        {
            Expected.InvalidRange.Check(answer);
            return;
        }

        if (isRange) content = content[first..(last + 1)];
        new Expected(200).Check(answer);
        answer.Element("ETag").Trim('"').ShouldBe(Md5(content));
        contents[Md5(content)] = content;
        upload.Parts[number] = (Md5(content), content.Length);
    }

    /// <summary>Completes with some of the parts; now and then in the wrong order, with another's ETag, or with one that was never sent.</summary>
    private async Task CompleteAsync(Step step)
    {
        if (AnyUpload(step) is not var (bucket, upload, id)) return;
        var chosen = upload.Parts.Where((_, i) => step.B % 3 == 0 || ((step.B >> i) & 1) == 0).Select(part => (Number: part.Key, part.Value.ETag, part.Value.Size)).ToList();
        var trick = step.B % 23;
        if (trick == 0) chosen.Reverse();
        if (trick == 1) chosen.Add((9, Md5([]), 0));
        if (trick == 2 && chosen.Count > 0) chosen[0] = chosen[0] with { ETag = Md5([7, 7, 7]) };
        if (chosen.Count == 0) chosen.Add((1, Md5([1]), 1));
        var body = new StringBuilder("<CompleteMultipartUpload>");
        foreach (var (number, etag, _) in chosen) body.Append(CultureInfo.InvariantCulture, $"<Part><PartNumber>{number}</PartNumber><ETag>\"{etag}\"</ETag></Part>");
        body.Append("</CompleteMultipartUpload>");

        var model = buckets.GetValueOrDefault(bucket);
        var conditions = WriteConditionsOf(model, upload.Key, step.B / 3);
        var answer = await SendAsync("POST", Target(bucket, upload.Key, $"uploadId={id}"), Encoding.UTF8.GetBytes(body.ToString()), [.. Headers(conditions)]);
        if (Find(bucket, answer) is null) return;
        if (trick == 0 && chosen.Count > 1)
        {
            new Expected(400, "InvalidPartOrder").Check(answer);
            return;
        }

        var completed = CompletedETag(chosen.Select(part => part.ETag));
        if (!model!.Uploads.Contains(upload))
        {
            CheckRepeated(answer, model, upload, completed);
            return;
        }

        if (CheckParts(upload, chosen) is { } wrong)
        {
            wrong.Check(answer);
            return;
        }

        var (outcome, made) = model.Complete(upload, upload.Key, [.. chosen], completed, conditions);
        Expected.Of(outcome).Check(answer);
        if (made is null) return;
        (made.Parts, made.Note) = ([.. chosen.Select(part => (part.Number, contents[part.ETag]))], upload.Note);
        answer.Element("ETag").Trim('"').ShouldBe(completed);
        Learn(answer, model, made);
    }

    /// <summary>A complete that was done already is answered again as long as what it made is the newest; otherwise the upload is gone.</summary>
    private static void CheckRepeated(Operations.RawAnswer answer, S3Model model, S3Model.Upload upload, string completed)
    {
        if (answer.Status == 404)
        {
            Expected.NoSuchUpload.Check(answer);
            return;
        }

        new Expected(200).Check(answer);
        model.Current(upload.Key)!.ETag.ShouldBe(completed);
        answer.Element("ETag").Trim('"').ShouldBe(completed);
    }

    private static Expected? CheckParts(S3Model.Upload upload, List<(int Number, string ETag, long Size)> chosen)
    {
        if (chosen.Any(part => !upload.Parts.TryGetValue(part.Number, out var there) || there.ETag != part.ETag)) return new(400, "InvalidPart");
        return chosen.SkipLast(1).Any(part => part.Size < RestartableGateway.PartSizeMin) ? new(400, "EntityTooSmall") : null;
    }

    private async Task AbortAsync(Step step)
    {
        if (AnyUpload(step) is not var (bucket, upload, id)) return;
        var answer = await SendAsync("DELETE", Target(bucket, upload.Key, $"uploadId={id}"));
        if (FindUpload(answer, bucket, upload) is not { } model) return;
        new Expected(204).Check(answer);
        model.Uploads.Remove(upload);
    }

    private async Task ListPartsAsync(Step step)
    {
        if (AnyUpload(step) is not var (bucket, upload, id)) return;
        var (after, limit) = (step.A % 4, 1 + (step.B % 3));
        var answer = await SendAsync("GET", Target(bucket, upload.Key, $"max-parts={limit}", $"part-number-marker={after}", $"uploadId={id}"));
        if (FindUpload(answer, bucket, upload) is null) return;
        new Expected(200).Check(answer);
        var listing = new Listing(answer);
        var expected = upload.Parts.Where(part => part.Key > after).ToList();
        listing.Elements("Part").Select(part => (Listing.Text(part, "PartNumber"), Listing.ETag(part), Listing.Text(part, "Size")))
            .ShouldBe(expected.Take(limit).Select(part => ((string?)Text(part.Key), part.Value.ETag, (string?)part.Value.Size.ToString(CultureInfo.InvariantCulture))));
        listing.IsTruncated.ShouldBe(expected.Count > limit);
        if (listing.IsTruncated) listing.Number("NextPartNumberMarker").ShouldBe(expected[limit - 1].Key);
    }

    private static string CompletedETag(IEnumerable<string> etags)
    {
        var parts = etags.Select(Convert.FromHexString).ToList();
        return $"{Convert.ToHexStringLower(MD5.HashData([.. parts.SelectMany(part => part)]))}-{parts.Count}";
    }

    /// <summary>Mostly one of the newest three, so that parts come together.</summary>
    private (string Bucket, S3Model.Upload Model, string Id)? AnyUpload(Step step)
    {
        if (uploads.Count == 0) return null;
        return step.A % 5 == 0 ? uploads[step.Key % uploads.Count] : uploads[^(1 + (step.A % Math.Min(3, uploads.Count)))];
    }

    private S3Model? FindUpload(Operations.RawAnswer answer, string bucket, S3Model.Upload upload)
    {
        if (Find(bucket, answer) is not { } model) return null;
        if (model.Uploads.Contains(upload)) return model;
        Expected.NoSuchUpload.Check(answer);
        return null;
    }
}
