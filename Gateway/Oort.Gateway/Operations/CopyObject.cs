using System.IO.Pipelines;
using Oort.Checksums;
using Oort.Metadata;
using Oort.Objects;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>CopyObject: a version of its own that shares the source's data.</summary>
internal static class CopyObject
{
    private const string MetadataDirective = "x-amz-metadata-directive";
    private const string TaggingDirective = "x-amz-tagging-directive";

    /// <remarks>1. Headers. 2. Source and its conditions. 3. What the copy carries. 4. The copy, perhaps long. 5. The answer.</remarks>
    public static async ValueTask HandleAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        // 1.
        WriteHeaders.Check(request);
        var storageClass = StorageClasses.Read(request);
        var conditions = Conditions.ForWrite(request);
        var checksum = RequestChecksum.ParseAlgorithm(request);
        var replacesMetadata = Replaces(request, MetadataDirective);
        var replacesTags = Replaces(request, TaggingDirective);
        var replacement = ObjectTags.Set(ObjectHeaders.Read(request), ObjectTags.ReadHeader(request));

        // 2.
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        var source = await FoundSource.FindAsync(context, request, cancellationToken);
        var whole = source.Whole();

        // 3.
        var changesNothing = !replacesMetadata && checksum == ChecksumAlgorithm.None && storageClass == source.Version.StorageClass
            && request.Header("x-amz-server-side-encryption") is null;
        if (changesNothing && IsItself(request, bucket, source))
        {
            throw new S3Exception(
                S3Errors.InvalidRequest,
                "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.");
        }

        var old = source.Version.Attributes;
        var attributes = ObjectAttributes.Empty with
        {
            Headers = replacesMetadata ? replacement.Headers : old.Headers,
            UserMetadata = replacesMetadata ? replacement.UserMetadata : old.UserMetadata,
        };
        attributes = ObjectTags.Set(attributes, ObjectTags.Get(replacesTags ? replacement : old));

        // 4.
        var copy = context.Layer.CopyObjectAsync(whole, bucket, request.Key!, request.Principal.OwnerId, storageClass, attributes, checksum, conditions, cancellationToken);
        await SlowAnswer.RunAsync(context, request, copy, AnswerAsync, cancellationToken);

        // 5.
        ValueTask AnswerAsync(PutResult result, PipeWriter pipe)
        {
            var version = PutObject.Stored(request, result, conditions);
            if (!request.Http.Response.HasStarted)
            {
                PutObject.WriteStored(request, version, result);
                source.WriteVersionId(request);
            }

            return S3Xml.WriteCopyObjectAsync(pipe, new(version.ETag, version.LastModified, ShownChecksums.Of(version)), cancellationToken);
        }
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
