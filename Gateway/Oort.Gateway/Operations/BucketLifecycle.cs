using System.Security.Cryptography;
using Oort.Metadata;
using Oort.Objects.Tiering;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>GetBucketLifecycleConfiguration, PutBucketLifecycleConfiguration and DeleteBucketLifecycle, and the deprecated names of the first two.</summary>
internal static class BucketLifecycle
{
    private const string SmallObjectsHeader = "x-amz-transition-default-minimum-object-size";
    private const string Stay = "all_storage_classes_128K";
    private const string ArchiveOnly = "varies_by_storage_class";

    /// <summary>Characters of an id that is made for a rule without one: as many as S3's, drawn from 64.</summary>
    private const int IdLength = 48;
    private const string IdAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    public static async ValueTask GetAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        var lifecycle = LifecycleDocument.Of(bucket) ?? throw new S3Exception(S3Errors.NoSuchLifecycleConfiguration, null, ("BucketName", bucket.Name));
        request.Http.Response.Headers[SmallObjectsHeader] = Name(lifecycle.SmallObjects);
        await S3Xml.WriteAsync(Answers.Xml(request), LifecycleForms.ToConfiguration(lifecycle), cancellationToken);
    }

    public static async ValueTask PutAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var small = ReadSmallObjects(request);
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        var configuration = LifecycleReader.Parse(await RequestDocuments.ReadAsync(request, cancellationToken));
        var lifecycle = LifecycleForms.ToDocument(configuration, small, () => RandomNumberGenerator.GetString(IdAlphabet, IdLength)).Checked();
        var setting = lifecycle.Encode();
        await context.PutSettingAsync(bucket, LifecycleDocument.SettingName, [.. setting], cancellationToken);
        request.Http.Response.Headers[SmallObjectsHeader] = Name(small);
        Answers.Empty(request);
    }

    public static async ValueTask DeleteAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        await context.RemoveSettingAsync(bucket, LifecycleDocument.SettingName, cancellationToken);
        Answers.Empty(request, 204);
    }

    private static SmallObjects ReadSmallObjects(S3Request request) => request.Header(SmallObjectsHeader) switch
    {
        null or Stay => SmallObjects.Stay,
        ArchiveOnly => SmallObjects.ArchiveOnly,
        var other => throw Arguments.Invalid(SmallObjectsHeader, other, $"The value is {Stay} or {ArchiveOnly}."),
    };

    private static string Name(SmallObjects small) => small == SmallObjects.Stay ? Stay : ArchiveOnly;
}
