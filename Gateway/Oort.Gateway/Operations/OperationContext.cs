using System.Collections.Immutable;
using Oort.Gateway.Access;
using Oort.Gateway.Access.Lists;
using Oort.Gateway.Notifications;
using Oort.Metadata;
using Oort.Objects;
using Oort.Objects.Events;
using Oort.Objects.Tiering;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>What every operation works with, and the first steps that all of them share.</summary>
/// <param name="imports">Null: no bucket is being imported.</param>
internal sealed class OperationContext(IObjectLayer layer, GatewayS3Options options, TimeProvider time, ITiering tiering, AccessGate gate, Imports.ImportService? imports = null)
{
    /// <summary>A version can be replaced between finding and reading it. Each attempt finds a newer one, so many are needed only beside a writer that is faster each time.</summary>
    public const int AttemptCountMax = 20;

    private const string ExpectedOwner = "x-amz-expected-bucket-owner";

    public IObjectLayer Layer { get; } = layer;
    public IMetadataStore Metadata => Layer.Metadata;
    public GatewayS3Options Options { get; } = options;
    public TimeProvider Time { get; } = time;
    public ITiering Tiering { get; } = tiering;

    /// <summary>Has let the request in as a whole; for what an operation does besides.</summary>
    public AccessGate Gate { get; } = gate;

    /// <summary>To whom buckets may tell of changes; null: to nobody.</summary>
    public Notifications.NotificationService? Notifications { get; init; }

    /// <summary>What is told of a change that a request makes; null where the bucket tells nothing.</summary>
    public ChangeAnnouncement? Tell(S3Request request, BucketRow bucket, ChangeCause cause) =>
        Notifications is not null && bucket.Settings.ContainsKey(NotificationDocument.SettingName) ? Notifications.Queue.Of(cause, ChangeOrigins.Of(request)) : null;

    /// <summary>Conditions of a write, with what is told of it.</summary>
    public WriteConditions Tell(S3Request request, BucketRow bucket, ChangeCause cause, WriteConditions conditions) =>
        Tell(request, bucket, cause) is { } announcement ? conditions with { Announcement = announcement } : conditions;

    /// <summary>Makes lists (ACLs) of what requests ask for.</summary>
    public ListRequests Lists { get; } = new(gate.Accounts);

    /// <summary>An account as owners and grants are shown.</summary>
    public S3Owner Owner(S3Request request, string id) =>
        new(id, Gate.Accounts.FindByCanonicalId(id)?.DisplayName ?? (id == request.Principal.OwnerId ? request.Principal.DisplayName : id));

    /// <summary>The owner of an object, upload or delete marker in a bucket, as he is shown: where ownership is enforced, the bucket's.</summary>
    public S3Owner OwnerIn(S3Request request, BucketRow bucket, string id) =>
        Owner(request, ObjectOwnerships.HasLists(bucket) ? id : bucket.OwnerId);

    /// <summary>One page of current objects; of a bucket that is being imported with what has not come yet.</summary>
    public ValueTask<ListObjectsPage> ListObjectsAsync(BucketRow bucket, ListObjectsQuery query, CancellationToken cancellationToken) =>
        imports?.Find(bucket) is { } run ? Imports.ImportedListing.ListAsync(Metadata, run, bucket, query, cancellationToken) : Metadata.ListObjectsAsync(query, cancellationToken);

    /// <summary>Whether a key that is not here may be brought by an import: its delete has to be remembered.</summary>
    public bool IsImported(BucketRow bucket, string key) => imports?.Find(bucket) is { } run && key.StartsWith(run.Settings.Prefix, StringComparison.Ordinal);

    /// <summary>Sets a setting of a bucket, whatever it had.</summary>
    public async ValueTask PutSettingAsync(BucketRow bucket, string name, ImmutableArray<byte> setting, CancellationToken cancellationToken) =>
        Errors.InnerErrors.ThrowUnlessDone(await Metadata.UpdateBucketAsync(bucket.Id, row => row with { Settings = row.Settings.SetItem(name, setting) }, cancellationToken));

    /// <summary>Takes a setting of a bucket away, where it has it.</summary>
    public async ValueTask RemoveSettingAsync(BucketRow bucket, string name, CancellationToken cancellationToken)
    {
        if (bucket.Settings.ContainsKey(name))
            Errors.InnerErrors.ThrowUnlessDone(await Metadata.UpdateBucketAsync(bucket.Id, row => row with { Settings = row.Settings.Remove(name) }, cancellationToken));
    }

    /// <summary>The request's bucket, which the owner must own whom the client expects (S3 API: "Bucket owner condition").</summary>
    public ValueTask<BucketRow> FindBucketAsync(S3Request request, CancellationToken cancellationToken) =>
        AccessGate.TakeBucket(request) is { } judged ? new(Expected(request, judged, ExpectedOwner)) : FindBucketAsync(request, request.Bucket!, ExpectedOwner, cancellationToken);

    /// <param name="ownerHeader">Header that, if sent, names the owner whom the client expects.</param>
    public async ValueTask<BucketRow> FindBucketAsync(S3Request request, string name, string ownerHeader, CancellationToken cancellationToken)
    {
        var bucket = await Metadata.FindBucketAsync(name, cancellationToken)
            ?? throw new S3Exception(S3Errors.NoSuchBucket, null, ("BucketName", name));
        return Expected(request, bucket, ownerHeader);
    }

    private static BucketRow Expected(S3Request request, BucketRow bucket, string ownerHeader) =>
        request.Header(ownerHeader) is { } expected && expected != bucket.OwnerId ? throw new S3Exception(S3Errors.AccessDenied) : bucket;

    /// <summary>The version that a read means: the one asked for, or the key's newest. Never a delete marker.</summary>
    /// <param name="versionId">Text id, or null.</param>
    public async ValueTask<VersionRow> FindVersionAsync(S3Request request, BucketRow bucket, string? versionId, CancellationToken cancellationToken)
    {
        var key = request.Key!;
        CheckVersionId(versionId);
        var version = Existing(key, versionId, await Metadata.FindVersionAsync(bucket.Id, key, versionId, cancellationToken), request);
        Gate.EnsureFound(request, bucket, version);
        return version;
    }

    /// <summary>As <see cref="FindVersionAsync"/>, with where its data lies, in one look-up.</summary>
    public async ValueTask<FoundVersion> OpenVersionAsync(S3Request request, BucketRow bucket, string? versionId, CancellationToken cancellationToken)
    {
        CheckVersionId(versionId);
        var found = await Metadata.OpenVersionAsync(bucket.Id, request.Key!, versionId, cancellationToken);
        Gate.EnsureFound(request, bucket, Existing(request.Key!, versionId, found?.Version, request));
        return found!;
    }

    /// <summary>The version, or the error of one that is not there or a delete marker.</summary>
    internal static VersionRow Existing(string key, string? versionId, VersionRow? version, S3Request request)
    {
        if (version is null) throw versionId is null ? new(S3Errors.NoSuchKey, null, ("Key", key)) { Headers = [("x-amz-delete-marker", "false")] } : new S3Exception(S3Errors.NoSuchVersion, null, ("Key", key), ("VersionId", versionId));
        if (!version.IsDeleteMarker) return version;

        (string, string)[] marks = [("x-amz-delete-marker", "true"), ("x-amz-version-id", version.IdText)];
        if (versionId is null) throw new S3Exception(S3Errors.NoSuchKey, null, ("Key", key)) { Headers = marks };
        throw new S3Exception(S3Errors.MethodNotAllowed, null, ("Method", request.Http.Request.Method), ("ResourceType", "DeleteMarker"))
        {
            Headers = [.. marks, ("Allow", "DELETE"), ("Last-Modified", HttpDate.Format(version.LastModified))],
        };
    }

    /// <summary>Refuses what cannot be a version's id before it is looked for (S3 API: GetObject, "versionId").</summary>
    public static void CheckVersionId(string? versionId)
    {
        if (versionId is null or VersionId.NullText || VersionId.TryParse(versionId, out _)) return;
        throw new S3Exception(
            S3Errors.InvalidArgument,
            versionId.Length == 0 ? "Version id cannot be the empty string" : "Invalid version id specified",
            ("ArgumentName", "versionId"),
            ("ArgumentValue", versionId));
    }
}
