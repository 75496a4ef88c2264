using System.Runtime.CompilerServices;
using System.Text;

namespace Oort.S3.Client;

public sealed partial class S3Client
{
    /// <summary>Pages without an entry that a listing may have in a row before it counts as endless. Services send such pages after many deletes.</summary>
    private const int EmptyPageCountMax = 1000;

    /// <summary>S3 API: ListBuckets.</summary>
    public async Task<IReadOnlyList<S3BucketItem>> ListBucketsAsync(CancellationToken cancellationToken)
    {
        var buckets = new List<S3BucketItem>();
        var tokens = new HashSet<string>(StringComparer.Ordinal);
        for (string? token = null; ;)
        {
            var call = new S3Call(HttpMethod.Get, "ListBuckets", null, null).WithOptional("continuation-token", token);
            token = ListingDocuments.ParseBuckets(await SendDocumentAsync(call, cancellationToken), buckets);
            if (token is null) return buckets;
            if (!tokens.Add(token)) throw Endless("ListBuckets");
        }
    }

    /// <summary>S3 API: HeadBucket.</summary>
    /// <returns>The bucket's region; null where the service does not say.</returns>
    public Task<string?> HeadBucketAsync(string bucket, CancellationToken cancellationToken) =>
        SendEmptyAsync(new S3Call(HttpMethod.Head, "HeadBucket", bucket, null), "x-amz-bucket-region", cancellationToken);

    /// <summary>S3 API: CreateBucket, in the region of the options. One that the caller has already is a Conflict.</summary>
    public Task CreateBucketAsync(string bucket, CancellationToken cancellationToken)
    {
        // us-east-1 is the one region that must not be named.
        var document = S3Address.IsAws(Options.Endpoint) && Options.Region != "us-east-1"
            ? Encoding.UTF8.GetBytes($"<CreateBucketConfiguration xmlns=\"{S3XmlWriter.Namespace}\"><LocationConstraint>{Options.Region}</LocationConstraint></CreateBucketConfiguration>")
            : null;
        return SendEmptyAsync(new S3Call(HttpMethod.Put, "CreateBucket", bucket, null) { Document = document }, "Location", cancellationToken);
    }

    /// <summary>One page of ListObjectsV2.</summary>
    /// <param name="token">Of the page before; null for the first.</param>
    /// <param name="startAfter">Key after which the first page begins.</param>
    /// <param name="delimiter">Null: no common prefixes.</param>
    public async Task<S3Page<S3Item>> ListPageAsync(string bucket, string prefix, string? token, string? startAfter, string? delimiter, int pageSize, CancellationToken cancellationToken)
    {
        var call = new S3Call(HttpMethod.Get, "ListObjectsV2", bucket, null).With("list-type", "2").With("encoding-type", "url").With("prefix", prefix)
            .With("max-keys", pageSize.ToString(System.Globalization.CultureInfo.InvariantCulture))
            .WithOptional("continuation-token", token).WithOptional("delimiter", delimiter).WithOptional("start-after", token is null ? startAfter : null);
        return ListingDocuments.ParseObjects(await SendDocumentAsync(call, cancellationToken));
    }

    /// <summary>All keys of a bucket with a prefix, in the order of their UTF-8 bytes, a page at a time as they are asked for.</summary>
    /// <exception cref="S3ClientException">BadAnswer also for a listing that turns back or stands still: it would never end.</exception>
    public async IAsyncEnumerable<S3Item> ListObjectsAsync(string bucket, string prefix, string? startAfter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? token = null;
        var last = startAfter ?? "";
        var emptyCount = 0;
        while (true)
        {
            var page = await ListPageAsync(bucket, prefix, token, startAfter, null, ListingDocuments.PageSizeMax, cancellationToken);
            foreach (var item in page.Items)
            {
                if (KeyOrder.Compare(item.Key, last) <= 0 && last.Length > 0) throw Endless("ListObjectsV2");
                last = item.Key;
                yield return item;
            }

            emptyCount = page.Items.Count == 0 ? emptyCount + 1 : 0;
            if (page.NextToken is null) yield break;
            if (page.NextToken == token || emptyCount > EmptyPageCountMax) throw Endless("ListObjectsV2");
            token = page.NextToken;
        }
    }

    /// <summary>All versions and delete markers of a bucket with a prefix, keys in order, versions of a key newest first.</summary>
    /// <exception cref="S3ClientException">BadAnswer also for a listing that stands still.</exception>
    public async IAsyncEnumerable<S3VersionItem> ListObjectVersionsAsync(string bucket, string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        (string Key, string? Version)? next = null;
        var last = "";
        var emptyCount = 0;
        while (true)
        {
            var call = new S3Call(HttpMethod.Get, "ListObjectVersions", bucket, null).With("versions", null).With("encoding-type", "url").With("prefix", prefix)
                .WithOptional("key-marker", next?.Key).WithOptional("version-id-marker", next?.Version);
            var page = ListingDocuments.ParseVersions(await SendDocumentAsync(call, cancellationToken));
            foreach (var item in page.Items)
            {
                if (KeyOrder.Compare(item.Key, last) < 0) throw Endless("ListObjectVersions");
                last = item.Key;
                yield return item;
            }

            emptyCount = page.Items.Count == 0 ? emptyCount + 1 : 0;
            if (page.NextKey is null) yield break;
            if ((page.NextKey, page.NextVersion) == next || emptyCount > EmptyPageCountMax) throw Endless("ListObjectVersions");
            next = (page.NextKey, page.NextVersion);
        }
    }

    private static S3ClientException Endless(string operation) => AnswerReader.Bad($"{operation} does not come forward");
}
