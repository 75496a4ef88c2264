using System.Globalization;
using System.Xml.Linq;
using Oort.Shared;
using Shouldly;

namespace Oort.Gateway.Tests.Model;

/// <summary>Listings, page by page and with any markers.</summary>
internal sealed partial class ModelRun
{
    private static readonly Comparer<string> byBytes = Comparer<string>.Create(S3Model.Compare);

    private async Task ListV1Async(string bucket, Step step)
    {
        var (prefix, delimiter, after, limit) = Choices(step);
        var answer = await SendAsync("GET", $"/{bucket}?{Query(("delimiter", delimiter), ("encoding-type", "url"), ("marker", after), ("max-keys", Text(limit)), ("prefix", prefix))}");
        if (Find(bucket, answer) is not { } model) return;
        var listing = CheckObjects(answer, model, prefix, delimiter, after, limit, out var items);
        listing.Name("Marker").ShouldBe(after);
        listing.Name("NextMarker").ShouldBe(listing.IsTruncated && delimiter.Length > 0 ? items[^1] : null);
    }

    /// <summary>From a start-after on, by continuation tokens to the end.</summary>
    private async Task ListV2Async(string bucket, Step step)
    {
        var (prefix, delimiter, start, limit) = Choices(step);
        string? token = null;
        var after = start;
        while (true)
        {
            // start-after stays in the query, as clients leave it there, and a token outweighs it.
            var query = Query(("continuation-token", token ?? ""), ("delimiter", delimiter), ("encoding-type", "url"), ("list-type", "2"), ("max-keys", Text(limit)), ("prefix", prefix), ("start-after", start));
            var answer = await SendAsync("GET", $"/{bucket}?{query}");
            if (Find(bucket, answer) is not { } model) return;
            var listing = CheckObjects(answer, model, prefix, delimiter, after, limit, out var items);
            listing.Number("KeyCount").ShouldBe(items.Count);
            listing.Text("ContinuationToken").ShouldBe(token);
            token = listing.Text("NextContinuationToken");
            (token is not null).ShouldBe(listing.IsTruncated);
            if (token is null) return;
            after = items[^1];
        }
    }

    private static Listing CheckObjects(Operations.RawAnswer answer, S3Model model, string prefix, string delimiter, string after, int limit, out List<string> items)
    {
        new Expected(200).Check(answer);
        var listing = new Listing(answer);
        var live = model.Versions.Select(version => version.Key).Distinct().Where(key => model.Current(key) is not null);
        (items, var isTruncated) = S3Model.List(live, prefix, delimiter, after, limit);
        Listing.Merge(listing.Elements("Contents").Select(element => listing.Name(element, "Key")!), listing.CommonPrefixes).ShouldBe(items);
        listing.IsTruncated.ShouldBe(isTruncated);
        (listing.Name("Prefix"), listing.Name("Delimiter") ?? "", listing.Number("MaxKeys")).ShouldBe((prefix, delimiter, limit));
        foreach (var element in listing.Elements("Contents"))
        {
            var version = model.Current(listing.Name(element, "Key")!)!;
            (Listing.Text(element, "Size"), Listing.ETag(element)).ShouldBe((version.Size.ToString(CultureInfo.InvariantCulture), version.ETag));
        }

        return listing;
    }

    /// <summary>Page by page to the end: each version, marker and common prefix once, keys in byte order, newest first.</summary>
    private async Task ListVersionsAsync(string bucket, Step step)
    {
        var (prefix, delimiter, _, limit) = Choices(step);
        var seen = new List<string>();
        var (key, id) = ("", "");
        while (true)
        {
            var query = Query(("delimiter", delimiter), ("encoding-type", "url"), ("key-marker", key), ("max-keys", Text(limit)), ("prefix", prefix), ("version-id-marker", id));
            var answer = await SendAsync("GET", $"/{bucket}?versions&{query}");
            if (Find(bucket, answer) is null) return;
            new Expected(200).Check(answer);
            var listing = new Listing(answer);
            var rows = listing.Elements("Version", "DeleteMarker").Select(element => (Key: listing.Name(element, "Key")!, Text: Describe(listing, element)))
                .Concat(listing.CommonPrefixes.Select(common => (Key: common, Text: common))).OrderBy(row => row.Key, byBytes).Select(row => row.Text).ToList();
            rows.Count.ShouldBeLessThanOrEqualTo(limit);
            seen.AddRange(rows);
            if (!listing.IsTruncated) break;
            rows.Count.ShouldBe(limit);
            (key, id) = (listing.Name("NextKeyMarker")!, listing.Text("NextVersionIdMarker") ?? "");
        }

        // A page of none is no beginning: it has no next.
        seen.ShouldBe(limit == 0 ? [] : ExpectedVersions(buckets[bucket], prefix, delimiter));
    }

    private static List<string> ExpectedVersions(S3Model model, string prefix, string delimiter)
    {
        var rows = model.Versions.Where(version => version.Key.StartsWith(prefix, StringComparison.Ordinal))
            .OrderBy(version => version.Key, byBytes).ThenByDescending(version => version.Serial)
            .Select(version => S3Model.Roll(version.Key, prefix, delimiter) is var item && IsRolled(version.Key, prefix, delimiter)
                ? item
                : $"{version.Key} {version.IdText} {version.IsMarker} {model.Newest(version.Key) == version} {(version.IsMarker ? "" : version.Size)} {version.ETag}");
        return [.. rows.Distinct()];
    }

    private static bool IsRolled(string key, string prefix, string delimiter) => delimiter.Length > 0 && key.IndexOf(delimiter, prefix.Length, StringComparison.Ordinal) >= 0;

    private static string Describe(Listing listing, XElement element)
    {
        var isMarker = element.Name.LocalName == "DeleteMarker";
        var isLatest = Listing.Text(element, "IsLatest") == "true";
        return $"{listing.Name(element, "Key")} {Listing.Text(element, "VersionId")} {isMarker} {isLatest} {Listing.Text(element, "Size")} {(isMarker ? "" : Listing.ETag(element))}";
    }

    /// <summary>Page by page to the end: keys in byte order, of each the uploads in the order of their beginning.</summary>
    private async Task ListUploadsAsync(string bucket, Step step)
    {
        var (prefix, delimiter, _, limit) = Choices(step);
        var seen = new List<string>();
        var (key, id) = ("", "");
        while (true)
        {
            var query = Query(("delimiter", delimiter), ("encoding-type", "url"), ("key-marker", key), ("max-uploads", Text(limit)), ("prefix", prefix), ("upload-id-marker", id));
            var answer = await SendAsync("GET", $"/{bucket}?uploads&{query}");
            if (Find(bucket, answer) is null) return;
            new Expected(200).Check(answer);
            var listing = new Listing(answer);
            var rows = listing.Elements("Upload").Select(element => (Key: listing.Name(element, "Key")!, Text: $"{listing.Name(element, "Key")} {Listing.Text(element, "UploadId")}"))
                .Concat(listing.CommonPrefixes.Select(common => (Key: common, Text: common))).OrderBy(row => row.Key, byBytes).Select(row => row.Text).ToList();
            seen.AddRange(rows);
            if (!listing.IsTruncated) break;
            rows.Count.ShouldBe(limit);
            (key, id) = (listing.Name("NextKeyMarker")!, listing.Text("NextUploadIdMarker") ?? "");
        }

        var expected = buckets[bucket].Uploads.Where(upload => upload.Key.StartsWith(prefix, StringComparison.Ordinal))
            .OrderBy(upload => upload.Key, byBytes).ThenBy(upload => upload.Id.Value)
            .Select(upload => IsRolled(upload.Key, prefix, delimiter) ? S3Model.Roll(upload.Key, prefix, delimiter) : $"{upload.Key} {upload.Id}").Distinct();
        seen.ShouldBe(limit == 0 ? [] : expected);
    }

    private static (string Prefix, string Delimiter, string After, int Limit) Choices(Step step)
    {
        string[] afters = [.. Step.Keys, .. Step.Prefixes];
        return (
            Step.Prefixes[step.A / 3 % Step.Prefixes.Length],
            Step.Delimiters[step.B % Step.Delimiters.Length],
            step.A % 3 == 0 ? "" : afters[step.B / 7 % afters.Length],
            step.A % 4 == 0 ? 1000 : step.A / 5 % 6);
    }

    /// <summary>The parameters that are not empty.</summary>
    private static string Query(params (string Name, string Value)[] parameters) =>
        string.Join('&', parameters.Where(pair => pair.Value.Length > 0).Select(pair => $"{pair.Name}={Uri.EscapeDataString(pair.Value)}"));
}
