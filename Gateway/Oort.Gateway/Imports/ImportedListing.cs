using Oort.Gateway.Operations;
using Oort.Metadata;
using Oort.S3;
using Oort.S3.Client;

namespace Oort.Gateway.Imports;

/// <summary>A page of a bucket that is being imported: what is here, and what has not come yet, as if it were all here.</summary>
internal static class ImportedListing
{
    /// <summary>Comes after every key that begins with what stands before it.</summary>
    private const string Highest = "\U0010FFFF";

    /// <summary>Pages that may come out empty in one request, because all of it was deleted here; then an empty page says where to go on.</summary>
    private const int EmptyPageCountMax = 20;

    private readonly record struct Entry(string Name, ObjectEntry? Object);

    /// <remarks>1. A page from each side. 2. Only names up to where both pages reach can be told. 3. What the source has and was not deleted here joins what is here. 4. The page is cut to its size.</remarks>
    /// <exception cref="S3Exception">ServiceUnavailable: the source does not answer; a page with gaps would be taken for the truth.</exception>
    public static async ValueTask<ListObjectsPage> ListAsync(IMetadataStore metadata, ImportRun run, BucketRow bucket, ListObjectsQuery query, CancellationToken cancellationToken)
    {
        if (query.Limit == 0 || Scope(run.Settings.Prefix, query) is not { } scope) return await metadata.ListObjectsAsync(query, cancellationToken);
        var after = query.After;
        for (var emptyCount = 1; ; emptyCount++)
        {
            // 1.
            var here = await metadata.ListObjectsAsync(query with { After = after }, cancellationToken);
            var (names, thereEnd) = await ThereAsync(run, bucket, query, scope, after, cancellationToken);

            // 2.
            var end = here.IsTruncated ? here.Last : null;
            if (thereEnd is not null && (end is null || KeyOrder.Compare(thereEnd, end) < 0)) end = thereEnd;

            // 3.
            var entries = new SortedDictionary<string, Entry>(KeyOrder.Comparer);
            foreach (var entry in here.Objects) entries[entry.Key] = new(entry.Key, entry);
            foreach (var prefix in here.CommonPrefixes) entries[prefix] = new(prefix, null);
            foreach (var name in names)
            {
                if (entries.ContainsKey(name.Name) || KeyOrder.Compare(name.Name, after) <= 0 || (end is not null && KeyOrder.Compare(name.Name, end) > 0)) continue;
                if (name.Object is not null && await metadata.FindVersionAsync(bucket.Id, name.Name, null, cancellationToken) is not null) continue;
                entries[name.Name] = name;
            }

            // 4.
            var shown = entries.Values.Where(entry => end is null || KeyOrder.Compare(entry.Name, end) <= 0).ToList();
            var isCut = shown.Count > query.Limit;
            if (isCut) shown.RemoveRange(query.Limit, shown.Count - query.Limit);
            var isTruncated = isCut || end is not null;
            if (shown.Count == 0 && isTruncated && emptyCount < EmptyPageCountMax)
            {
                after = end!;
                continue;
            }

            var last = shown.Count == 0 ? end ?? "" : isCut ? shown[^1].Name : end ?? shown[^1].Name;
            return new([.. shown.Where(entry => entry.Object is not null).Select(entry => entry.Object!)], [.. shown.Where(entry => entry.Object is null).Select(entry => entry.Name)], isTruncated, last);
        }
    }

    /// <summary>What of the source a listing is about.</summary>
    /// <returns>Prefix to list there, and, where all of the import lies under one common prefix of the listing, that one; null: nothing.</returns>
    private static (string Prefix, string? Only)? Scope(string imported, ListObjectsQuery query)
    {
        if (query.Prefix.StartsWith(imported, StringComparison.Ordinal)) return (query.Prefix, null);
        if (!imported.StartsWith(query.Prefix, StringComparison.Ordinal)) return null;
        var cut = query.Delimiter.Length == 0 ? -1 : imported.IndexOf(query.Delimiter, query.Prefix.Length, StringComparison.Ordinal);
        return (imported, cut < 0 ? null : imported[..(cut + query.Delimiter.Length)]);
    }

    /// <returns>Names of the source after a name, and up to where they are complete; null: to the end.</returns>
    private static async Task<(List<Entry> Names, string? End)> ThereAsync(ImportRun run, BucketRow bucket, ListObjectsQuery query, (string Prefix, string? Only) scope, string after, CancellationToken cancellationToken)
    {
        try
        {
            var delimiter = query.Delimiter.Length == 0 || scope.Only is not null ? null : query.Delimiter;
            var startAfter = after.Length == 0 ? null : IsCommonPrefix(query, after) ? after + Highest : after;
            var page = await run.Source.ListPageAsync(run.Settings.Bucket, scope.Prefix, null, startAfter, delimiter, scope.Only is null ? query.Limit : 1, cancellationToken);
            if (scope.Only is { } only) return (page.Items.Count > 0 ? [new(only, null)] : [], null);
            List<Entry> names = [.. page.Items.Select(item => new Entry(item.Key, Show(bucket, item))), .. page.CommonPrefixes.Select(prefix => new Entry(prefix, null))];
            if (page.NextToken is null) return (names, null);
            // A page that says that there is more, and holds nothing, gives no place to go on from.
            return names.Count > 0 ? (names, names.Select(name => name.Name).Max(KeyOrder.Comparer)) : throw new S3ClientException(S3ErrorKind.BadAnswer, "The source's page is empty and not the last.");
        }
        catch (S3ClientException e)
        {
            throw new S3Exception(S3Errors.ServiceUnavailable, $"The source of this bucket's import cannot be listed now ({e.Kind}); the operator sees why with `oort import show`.");
        }
    }

    private static bool IsCommonPrefix(ListObjectsQuery query, string name) =>
        query.Delimiter.Length > 0 && name.StartsWith(query.Prefix, StringComparison.Ordinal) && name.IndexOf(query.Delimiter, query.Prefix.Length, StringComparison.Ordinal) is >= 0 and var at && at + query.Delimiter.Length == name.Length;

    private static ObjectEntry Show(BucketRow bucket, S3Item item) =>
        new(item.Key, item.Size, item.ETag, item.LastModified, StorageClasses.Standard, bucket.OwnerId, Checksums.ChecksumAlgorithm.None, Checksums.ChecksumType.FullObject);
}
