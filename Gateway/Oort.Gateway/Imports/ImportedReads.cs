using System.Collections.Frozen;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using Oort.Gateway.Operations;
using Oort.Metadata;
using Oort.S3;
using Oort.S3.Client;

namespace Oort.Gateway.Imports;

/// <summary>Lets a bucket that is being imported answer for objects that have not come yet: they are fetched, and then the operation is carried out as always.</summary>
/// <remarks>What is here costs nothing more: only "there is no such key" leads here. A key with a delete marker was deleted here and is gone.</remarks>
internal sealed class ImportedReads(OperationContext context, ImportService imports)
{
    /// <summary>Larger objects are passed through while they are fetched, since no client waits that long for its first byte.</summary>
    private const long WaitSizeMax = 32L << 20;

    private const int CopySize = 64 * 1024;

    private static readonly S3Operation[] fetching =
    [
        S3Operation.GetObjectAttributes, S3Operation.GetObjectTagging, S3Operation.PutObjectTagging, S3Operation.DeleteObjectTagging, S3Operation.GetObjectAcl, S3Operation.PutObjectAcl, S3Operation.RestoreObject,
    ];

    /// <summary>The same operations, which know of imports.</summary>
    public static IReadOnlyDictionary<S3Operation, S3Handler> Wrap(IReadOnlyDictionary<S3Operation, S3Handler> handlers, OperationContext context, ImportService imports)
    {
        var reads = new ImportedReads(context, imports);
        var wrapped = new Dictionary<S3Operation, S3Handler>(handlers);
        wrapped[S3Operation.GetObject] = (request, token) => reads.ReadAsync(handlers[S3Operation.GetObject], request, hasBody: true, token);
        wrapped[S3Operation.HeadObject] = (request, token) => reads.ReadAsync(handlers[S3Operation.HeadObject], request, hasBody: false, token);
        foreach (var operation in fetching) wrapped[operation] = (request, token) => reads.FetchAndRunAsync(handlers[operation], request, token);
        foreach (var operation in (S3Operation[])[S3Operation.CopyObject, S3Operation.UploadPartCopy]) wrapped[operation] = (request, token) => reads.CopyAsync(handlers[operation], request, token);
        foreach (var operation in (S3Operation[])[S3Operation.PutObject, S3Operation.CompleteMultipartUpload]) wrapped[operation] = (request, token) => reads.WriteAsync(handlers[operation], request, token);
        return wrapped.ToFrozenDictionary();
    }

    private async ValueTask ReadAsync(S3Handler inner, S3Request request, bool hasBody, CancellationToken cancellationToken)
    {
        try
        {
            await inner(request, cancellationToken);
            return;
        }
        catch (S3Exception e) when (IsMissing(request, e))
        {
            var bucket = await context.FindBucketAsync(request, cancellationToken);
            if (Run(bucket, request.Key!) is not { } run) throw;
            if (await HeadAsync(run, request.Key!, cancellationToken) is not { } info) throw;
            var isFetched = hasBody && info.Size <= WaitSizeMax;
            if (isFetched) await FetchAsync(run, request.Key!, cancellationToken);
            else if (hasBody) Start(run, request.Key!);
            if (!isFetched)
            {
                await PassAsync(run, request, bucket, info, hasBody, cancellationToken);
                return;
            }
        }

        await inner(request, cancellationToken);
    }

    private async ValueTask FetchAndRunAsync(S3Handler inner, S3Request request, CancellationToken cancellationToken)
    {
        try
        {
            await inner(request, cancellationToken);
            return;
        }
        catch (S3Exception e) when (IsMissing(request, e))
        {
            var bucket = await context.FindBucketAsync(request, cancellationToken);
            if (Run(bucket, request.Key!) is not { } run) throw;
            await FetchAsync(run, request.Key!, cancellationToken);
        }

        await inner(request, cancellationToken);
    }

    private async ValueTask CopyAsync(S3Handler inner, S3Request request, CancellationToken cancellationToken)
    {
        try
        {
            await inner(request, cancellationToken);
            return;
        }
        catch (S3Exception e) when (e.Error == S3Errors.NoSuchKey && !request.Http.Response.HasStarted)
        {
            var source = CopySourceHeader.Parse(request.Header("x-amz-copy-source") ?? "");
            if (source.VersionId is not null) throw;
            var bucket = await context.FindBucketAsync(request, source.Bucket, "x-amz-source-expected-bucket-owner", cancellationToken);
            if (Run(bucket, source.Key) is not { } run) throw;
            await FetchAsync(run, source.Key, cancellationToken);
        }

        await inner(request, cancellationToken);
    }

    /// <summary>A condition on what is there is about what the source has, too.</summary>
    private async ValueTask WriteAsync(S3Handler inner, S3Request request, CancellationToken cancellationToken)
    {
        var hasConditions = request.Header("If-None-Match") is not null || request.Header("If-Match") is not null;
        if (hasConditions)
        {
            var bucket = await context.FindBucketAsync(request, cancellationToken);
            if (Run(bucket, request.Key!) is { } run && await context.Metadata.FindVersionAsync(bucket.Id, request.Key!, null, cancellationToken) is null)
                await FetchAsync(run, request.Key!, cancellationToken);
        }

        await inner(request, cancellationToken);
    }

    private static bool IsMissing(S3Request request, S3Exception e) =>
        e.Error == S3Errors.NoSuchKey && !e.Headers.Contains(("x-amz-delete-marker", "true")) && request.Query("versionId") is null && !request.Http.Response.HasStarted;

    private ImportRun? Run(BucketRow bucket, string key) =>
        imports.Find(bucket) is { } run && key.StartsWith(run.Settings.Prefix, StringComparison.Ordinal) ? run : null;

    private static async Task<S3ObjectInfo?> HeadAsync(ImportRun run, string key, CancellationToken cancellationToken)
    {
        try
        {
            return await run.Source.HeadObjectAsync(run.Settings.Bucket, key, null, null, cancellationToken);
        }
        catch (S3ClientException e) when (e.Kind == S3ErrorKind.NotFound)
        {
            return null;
        }
        catch (S3ClientException e)
        {
            throw Unavailable(e);
        }
    }

    private static async Task FetchAsync(ImportRun run, string key, CancellationToken cancellationToken)
    {
        try
        {
            await run.FetchAsync(key, cancellationToken);
        }
        catch (Exception e) when (e is S3ClientException or Oort.Objects.BodyMismatchException)
        {
            throw Unavailable(e);
        }
    }

    /// <summary>In the background; whether it comes is seen by the next one who asks.</summary>
    private static void Start(ImportRun run, string key) => _ = run.FetchAsync(key, CancellationToken.None).ContinueWith(static task => task.Exception, TaskScheduler.Default);

    /// <summary>Not "there is none", which a client would believe.</summary>
    private static S3Exception Unavailable(Exception e) =>
        e is S3ClientException { Kind: S3ErrorKind.Conflict } conflict
            ? new(S3Errors.InvalidObjectState, $"The source of this bucket's import does not give the object: {conflict.Code}.")
            : new(S3Errors.ServiceUnavailable, "The source of this bucket's import does not give the object now; the operator sees why with `oort import show`.");

    /// <summary>Answers from the source.</summary>
    private static async ValueTask PassAsync(ImportRun run, S3Request request, BucketRow bucket, S3ObjectInfo info, bool hasBody, CancellationToken cancellationToken)
    {
        var row = Row(request, bucket, info);
        if (!Operations.Conditions.CheckRead(request, row))
        {
            request.Http.Response.StatusCode = StatusCodes.Status304NotModified;
            Operations.ObjectHeaders.WriteValidators(request, bucket, row);
            return;
        }

        var range = ReadRange.Of(request, row);
        S3Download? download = null;
        try
        {
            if (hasBody && range.Bytes.Length > 0)
                download = await run.Source.GetObjectAsync(run.Settings.Bucket, request.Key!, null, info.ETag, range.Bytes.Offset, range.Bytes.Length, cancellationToken);
        }
        catch (S3ClientException e)
        {
            throw Unavailable(e);
        }

        await using (download)
        {
            GetObject.Describe(request, bucket, row, range, "source");
            if (download is null) return;
            var writer = request.Http.Response.BodyWriter;
            for (var left = range.Bytes.Length; left > 0;)
            {
                var count = await download.Body.ReadAsync(writer.GetMemory(CopySize), cancellationToken);
                if (count == 0) throw new IOException("The source's body ended early.");
                writer.Advance(count);
                left -= count;
                await writer.FlushAsync(cancellationToken);
            }
        }
    }

    private static VersionRow Row(S3Request request, BucketRow bucket, S3ObjectInfo info)
    {
        var attributes = ObjectImporter.AttributesOf(info);
        if (info.Checksum is { } checksum) attributes = attributes with { Checksum = new(checksum.Algorithm, Checksums.ChecksumType.FullObject, [.. Convert.FromBase64String(checksum.Value)]) };
        return new() { Bucket = bucket.Id, Key = request.Key!, Id = default, IsNull = true, LastModified = info.LastModified, OwnerId = bucket.OwnerId, Size = info.Size, ETag = info.ETag, Attributes = attributes };
    }
}
