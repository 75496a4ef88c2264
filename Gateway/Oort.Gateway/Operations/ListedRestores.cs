using System.Collections.Frozen;
using Oort.Metadata;
using Oort.Objects.Tiering;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>RestoreStatus in listings, which only those get who ask for it (S3 API: "x-amz-optional-object-attributes").</summary>
internal static class ListedRestores
{
    private const string Header = "x-amz-optional-object-attributes";

    /// <summary>Versions of one page that are looked up at the same time.</summary>
    private const int LookupCount = 16;

    /// <exception cref="S3Exception">InvalidArgument: another attribute.</exception>
    public static bool AreWanted(S3Request request)
    {
        if (request.Header(Header) is not { Length: > 0 } text) return false;
        if (text.Split(',', StringSplitOptions.TrimEntries).All(name => name == "RestoreStatus")) return true;
        throw Arguments.Invalid(Header, text, "Invalid attribute name specified");
    }

    public static ListedRestore? Of(VersionRow version, DateTimeOffset now) => ArchivedObjects.FindRestore(version, now) is { } state ? new ListedRestore(state.Expires) : null;

    /// <summary>The restores of a page of current objects, by key. Only archived ones are looked up: the index that is listed does not have them.</summary>
    public static async ValueTask<FrozenDictionary<string, ListedRestore>> FindAsync(OperationContext context, BucketRow bucket, IEnumerable<ObjectEntry> entries, CancellationToken cancellationToken)
    {
        var now = context.Time.GetUtcNow();
        var found = new Dictionary<string, ListedRestore>(StringComparer.Ordinal);
        foreach (var group in entries.Where(entry => StorageClassOrder.IsArchive(entry.StorageClass)).Chunk(LookupCount))
        {
            var versions = await Task.WhenAll(group.Select(entry => context.Metadata.FindVersionAsync(bucket.Id, entry.Key, null, cancellationToken).AsTask()));
            foreach (var (entry, version) in group.Zip(versions))
            {
                // One that was written since the page was read says nothing of the one that is listed.
                if (version is not null && version.LastModified == entry.LastModified && Of(version, now) is { } restore) found[entry.Key] = restore;
            }
        }

        return found.ToFrozenDictionary(StringComparer.Ordinal);
    }
}
