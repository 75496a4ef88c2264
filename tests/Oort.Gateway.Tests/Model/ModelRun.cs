using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Oort.Gateway.Tests.Operations;
using Oort.Metadata;
using Oort.Shared;
using Shouldly;

namespace Oort.Gateway.Tests.Model;

/// <summary>Runs steps on the model and on a gateway, and compares every answer.</summary>
internal sealed partial class ModelRun(RestartableGateway gateway)
{
    private const string UnknownVersion = "0123456789abcdef0123456789abcdef";

    /// <summary>By name; a bucket that is deleted and made again is a new one.</summary>
    private readonly SortedDictionary<string, S3Model> buckets = new(StringComparer.Ordinal);

    /// <summary>All that ever were, also those that are done or aborted.</summary>
    private readonly List<(string Bucket, S3Model.Upload Model, string Id)> uploads = [];

    /// <summary>What each MD5 is of.</summary>
    private readonly Dictionary<string, byte[]> contents = [];

    private readonly HashSet<string> versionIds = [];
    private StepKind current;

    /// <summary>How often which request was answered how, so that a run that tests little shows.</summary>
    public SortedDictionary<string, int> Answers { get; } = new(StringComparer.Ordinal);

    public async Task StepAsync(Step step)
    {
        var (bucket, key) = ($"bucket-{step.Bucket}", Step.Keys[step.Key]);
        current = step.Kind;
        switch (step.Kind)
        {
            case StepKind.CreateBucket: await CreateBucketAsync(bucket); break;
            case StepKind.DeleteBucket: await DeleteBucketAsync(bucket); break;
            case StepKind.ListBuckets: await ListBucketsAsync(); break;
            case StepKind.SetVersioning: await SetVersioningAsync(bucket, step); break;
            case StepKind.Put: await PutAsync(bucket, key, step); break;
            case StepKind.Get: await ReadAsync("GET", bucket, Known(bucket, key, step), step); break;
            case StepKind.Head: await ReadAsync("HEAD", bucket, Known(bucket, key, step), step); break;
            case StepKind.Delete: await DeleteAsync(bucket, key, step); break;
            case StepKind.DeleteVersion: await DeleteVersionAsync(bucket, Known(bucket, key, step), step); break;
            case StepKind.DeleteMany: await DeleteManyAsync(bucket, step); break;
            case StepKind.Copy: await CopyAsync(bucket, key, step); break;
            case StepKind.CreateUpload: await CreateUploadAsync(bucket, key, step); break;
            case StepKind.PutPart: await PutPartAsync(step); break;
            case StepKind.CopyPart: await CopyPartAsync(bucket, Known(bucket, key, step), step); break;
            case StepKind.Complete: await CompleteAsync(step); break;
            case StepKind.Abort: await AbortAsync(step); break;
            case StepKind.ListV1: await ListV1Async(bucket, step); break;
            case StepKind.ListV2: await ListV2Async(bucket, step); break;
            case StepKind.ListVersions: await ListVersionsAsync(bucket, step); break;
            case StepKind.ListUploads: await ListUploadsAsync(bucket, step); break;
            case StepKind.ListParts: await ListPartsAsync(step); break;
            case StepKind.StartLocks: await StartLocksAsync(bucket); break;
            case StepKind.Retain: await RetainAsync(bucket, Known(bucket, key, step), step); break;
            case StepKind.Hold: await HoldAsync(bucket, Known(bucket, key, step), step); break;
            case StepKind.Collect: await gateway.System.CollectAsync(CancellationToken.None); break;
            case StepKind.Restart: await (step.A % 2 == 0 ? gateway.RestartAsync() : gateway.KillAsync()); break;
        }
    }

    /// <summary>Reads every version of every key, so that nothing was changed that no step asked about.</summary>
    public async Task CheckAllAsync()
    {
        foreach (var (bucket, model) in buckets)
        {
            foreach (var version in model.Versions.Where(version => !version.IsMarker))
            {
                await CheckLockAsync(bucket, version);
                var answer = await SendAsync("GET", Target(bucket, version.Key, $"versionId={version.IdText}"));
                answer.Status.ShouldBe(200, $"{bucket}/{version.Key} {version.IdText}: {answer.Text}");
                answer.Body.AsSpan().SequenceEqual(Content(version)).ShouldBeTrue($"{bucket}/{version.Key} {version.IdText} has other bytes");
            }

            await ListVersionsAsync(bucket, new(StepKind.ListVersions, 0, 0, 0, 0));
        }
    }

    private async Task CreateBucketAsync(string bucket)
    {
        // In us-east-1, making one's own bucket again is no error.
        new Expected(200).Check(await SendAsync("PUT", $"/{bucket}"));
        buckets.TryAdd(bucket, new());
    }

    private async Task DeleteBucketAsync(string bucket)
    {
        var answer = await SendAsync("DELETE", $"/{bucket}");
        if (Find(bucket, answer) is not { } model) return;
        Expected.Of(model.Versions.Count > 0 ? CommitOutcome.BucketNotEmpty : CommitOutcome.Done, done: 204).Check(answer);
        if (model.Versions.Count == 0) buckets.Remove(bucket);
    }

    private async Task ListBucketsAsync()
    {
        var answer = await SendAsync("GET", "/");
        new Expected(200).Check(answer);
        System.Xml.Linq.XDocument.Parse(answer.Text).Descendants().Where(element => element.Name.LocalName == "Bucket")
            .Select(element => Listing.Text(element, "Name")).ShouldBe(buckets.Keys);
    }

    private async Task SetVersioningAsync(string bucket, Step step)
    {
        var state = step.A % 2 == 0 ? VersioningState.Enabled : VersioningState.Suspended;
        var answer = await SendAsync("PUT", $"/{bucket}?versioning", Encoding.UTF8.GetBytes($"<VersioningConfiguration><Status>{state}</Status></VersioningConfiguration>"));
        if (Find(bucket, answer) is not { } model) return;
        (model.SetVersioning(state) == CommitOutcome.Done ? new Expected(200) : wrongState).Check(answer);
        (await SendAsync("GET", $"/{bucket}?versioning")).Element("Status").ShouldBe(model.Versioning.ToString());
    }

    private async Task<RawAnswer> SendAsync(string method, string target, byte[]? body = null, params (string Name, string Value)[] headers)
    {
        var answer = await gateway.Client.SendAsync(method, target, body ?? (method is "PUT" or "POST" ? [] : null), headers);
        var name = $"{current} {answer.Status}";
        Answers[name] = Answers.GetValueOrDefault(name) + 1;
        return answer;
    }

    /// <summary>The bucket's model; null when there is none, and then the answer must say so.</summary>
    private S3Model? Find(string bucket, RawAnswer answer)
    {
        if (buckets.TryGetValue(bucket, out var model)) return model;
        Expected.NoSuchBucket.Check(answer);
        return null;
    }

    private static string Target(string bucket, string key, params string[] query)
    {
        var given = query.Where(part => part.Length > 0).ToArray();
        return $"/{bucket}/{Uri.EscapeDataString(key).Replace("%2F", "/", StringComparison.Ordinal)}{(given.Length > 0 ? "?" + string.Join('&', given) : "")}";
    }

    private static byte[] Content(S3Model.Version version) => [.. version.Parts.SelectMany(part => part.Content)];

    /// <summary>Bytes of a size that is telling: none, few, about a chunk, and more than a segment.</summary>
    private byte[] NewContent(Step step)
    {
        int[] sizes = [0, 1, 10, 999, 1000, 5000, 7999, 8001, 65519, 65520, 65521, 140_000, 300_000];

        // The large ones are rare, as they take long.
        var size = step.A % 9 == 0 ? sizes[step.B % sizes.Length] : sizes[step.B % 7];
        var content = new byte[size];
        new Random(step.A ^ step.B).NextBytes(content);
        contents[Md5(content)] = content;
        return content;
    }

    private static string Md5(byte[] content) => Convert.ToHexStringLower(MD5.HashData(content));

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>Notes the id of a version that was made: new where versioning is enabled; "null" for markers where it is suspended; otherwise none.</summary>
    private void Learn(RawAnswer answer, S3Model model, S3Model.Version made)
    {
        var id = answer.Header("x-amz-version-id");
        switch (model.Versioning)
        {
            case VersioningState.Unversioned:
                id.ShouldBe("");
                break;
            case VersioningState.Suspended:
                id.ShouldBe(made.IsMarker ? "null" : "");
                break;
            default:
                versionIds.Add(id).ShouldBeTrue($"version id {id} was given twice");
                made.Id = id;
                break;
        }
    }

    /// <summary>Mostly none; otherwise ETags that are there now and then.</summary>
    private static WriteConditions WriteConditionsOf(S3Model? model, string key, int random) => (random % 20) switch
    {
        0 => new(IfNoneMatch: "*"),
        1 => new(IfMatch: model?.Current(key)?.ETag ?? Md5([])),
        2 => new(IfMatch: Md5([])),
        3 => new(IfMatch: "*"),
        _ => WriteConditions.None,
    };

    private static IEnumerable<(string Name, string Value)> Headers(WriteConditions conditions)
    {
        if (conditions.IfMatch is { } match) yield return ("If-Match", match == "*" ? match : $"\"{match}\"");
        if (conditions.IfNoneMatch is { } noneMatch) yield return ("If-None-Match", noneMatch == "*" ? noneMatch : $"\"{noneMatch}\"");
    }

    /// <summary>Mostly a key that has versions, otherwise the step's own.</summary>
    private string Known(string bucket, string key, Step step)
    {
        var keys = buckets.TryGetValue(bucket, out var model) ? model.Versions.Select(version => version.Key).Distinct().ToList() : [];
        return keys.Count > 0 && step.B % 6 > 0 ? keys[step.A % keys.Count] : key;
    }

    /// <summary>Ids of a key's versions, and some that are none.</summary>
    private string AnyVersionId(string bucket, string key, int random)
    {
        var ids = buckets.TryGetValue(bucket, out var model) ? model.Versions.Where(version => version.Key == key).Select(version => version.IdText) : [];
        string[] all = [.. ids, "null", UnknownVersion, .. random % 5 == 0 ? ["wrong"] : Array.Empty<string>()];
        return all[random % all.Length];
    }
}
