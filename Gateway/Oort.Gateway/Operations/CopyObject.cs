using System.IO.Pipelines;
using Oort.Checksums;
using Oort.Gateway.Encryption;
using Oort.Gateway.Quotas;
using Oort.Gateway.Websites;
using Oort.Metadata;
using Oort.Objects;
using Oort.Objects.Events;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>CopyObject: a version of its own that shares the source's data.</summary>
internal static class CopyObject
{
    private const string MetadataDirective = "x-amz-metadata-directive";
    private const string TaggingDirective = "x-amz-tagging-directive";

    /// <summary>What the request's headers ask for.</summary>
    private sealed record Wish(
        string StorageClass,
        WriteConditions Conditions,
        ChecksumAlgorithm Checksum,
        bool ReplacesMetadata,
        bool ReplacesTags,
        ObjectAttributes Replacement,
        bool NamesEncryption)
    {
        public string? Redirect => Replacement.Headers.GetValueOrDefault(WebsiteService.RedirectHeader);
    }

    /// <remarks>1. Headers. 2. The copy, perhaps long. 3. The answer.</remarks>
    public static async ValueTask HandleAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        // 1.
        WriteHeaders.Check(request);
        var wish = new Wish(
            StorageClasses.Read(request, context.Tiering),
            Conditions.ForWrite(request),
            RequestChecksum.ParseAlgorithm(request),
            Replaces(request, MetadataDirective),
            Replaces(request, TaggingDirective),
            ObjectTags.Set(ObjectHeaders.Read(request), ObjectTags.ReadHeader(request)),
            EncryptionHeaders.AreIn(request));
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        var made = NewObjects.Read(context, request, bucket);

        // 2.
        await SlowAnswer.RunAsync(context, request, CopyAsync(context, request, bucket, wish, made, cancellationToken), AnswerAsync, cancellationToken);

        // 3.
        ValueTask AnswerAsync((PutResult Result, FoundSource Source) copy, PipeWriter pipe)
        {
            var version = PutObject.Stored(request, copy.Result, wish.Conditions);
            if (!request.Http.Response.HasStarted)
            {
                PutObject.WriteStored(request, version, copy.Result);
                LifecycleHeaders.WriteExpiration(context, request, bucket, version);
                copy.Source.WriteVersionId(request);
            }

            return S3Xml.WriteCopyObjectAsync(pipe, new(version.ETag, version.LastModified, ShownChecksums.Of(version)), cancellationToken);
        }
    }

    private static async ValueTask<(PutResult Result, FoundSource Source)> CopyAsync(
        OperationContext context,
        S3Request request,
        BucketRow bucket,
        Wish wish,
        NewObject made,
        CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var source = await FoundSource.FindAsync(context, request, cancellationToken);
            var whole = source.Whole();
            CheckChangesSomething(request, bucket, source, wish);
            using var sealing = await ObjectSealing.ReadAsync(context, request, bucket, cancellationToken);
            using var customer = await ObjectSealing.OpenAsync(context, request, source.Version.Attributes, EncryptionHeaders.SourceCustomer, cancellationToken);
            try
            {
                var (owner, attributes) = made.Describe(sealing.Describe(Attributes(source.Version.Attributes, wish)));
                var result = await context.Layer.CopyObjectAsync(
                    whole with { Keys = sealing.KeysFrom(source.Version, customer, sharesCustomers: true) }, bucket, request.Key!, owner, wish.StorageClass, attributes, wish.Checksum, context.Tell(request, bucket, ChangeCause.Copy, wish.Conditions), cancellationToken);
                await QuotaRefusals.ThrowIfExceededAsync(result.Outcome, context.Metadata, bucket, new(1, whole.Length), cancellationToken);
                return (result, source);
            }
            catch (VersionGoneException) when (attempt < OperationContext.AttemptCountMax)
            {
                // Found again, as it is now.
            }
        }
    }

    /// <summary>What the copy carries: of the source's attributes only what S3 copies, so no lock, no ACL and no upload it came from.</summary>
    private static ObjectAttributes Attributes(ObjectAttributes source, Wish wish)
    {
        var described = wish.ReplacesMetadata ? wish.Replacement : source;
        // Where an object leads is said of each one anew.
        var headers = described.Headers.Remove(WebsiteService.RedirectHeader);
        if (wish.Redirect is { } redirect) headers = headers.Add(WebsiteService.RedirectHeader, redirect);
        var attributes = ObjectAttributes.Empty with { Headers = headers, UserMetadata = described.UserMetadata };
        return ObjectTags.Set(attributes, ObjectTags.Get(wish.ReplacesTags ? wish.Replacement : source));
    }

    private static void CheckChangesSomething(S3Request request, BucketRow bucket, FoundSource source, Wish wish)
    {
        var changes = wish.ReplacesMetadata || wish.Redirect is not null || wish.NamesEncryption || wish.Checksum != ChecksumAlgorithm.None || wish.StorageClass != source.Version.StorageClass;
        if (changes || !IsItself(request, bucket, source)) return;
        throw new S3Exception(
            S3Errors.InvalidRequest,
            "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.");
    }

    private static bool IsItself(S3Request request, BucketRow bucket, FoundSource source) =>
        source.Bucket.Id == bucket.Id && source.Version.Key == request.Key

        // An older version over the current one is how a version is brought back.
        && (!source.IsVersionNamed || bucket.Versioning == VersioningState.Unversioned);

    private static bool Replaces(S3Request request, string directive) => request.Header(directive) switch
    {
        null or "COPY" => false,
        "REPLACE" => true,
        var other => throw Arguments.Invalid(directive, other, directive == MetadataDirective ? "Unknown metadata directive." : "Unknown tagging directive."),
    };
}
