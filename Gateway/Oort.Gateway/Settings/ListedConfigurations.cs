using Oort.Gateway.Operations;
using Oort.S3;

namespace Oort.Gateway.Settings;

/// <summary>The operations on configurations of which a bucket has many: analytics, metrics, intelligent tiering, inventory. They are kept and returned; nothing goes by them.</summary>
internal sealed class ListedConfigurations(ConfigurationKind kind)
{
    /// <summary>Configurations of one page (S3 API: "ListBucket…Configurations").</summary>
    private const int PageSize = 100;

    public static ListedConfigurations Analytics { get; } = new(ConfigurationKind.Analytics);
    public static ListedConfigurations Metrics { get; } = new(ConfigurationKind.Metrics);
    public static ListedConfigurations IntelligentTiering { get; } = new(ConfigurationKind.IntelligentTiering);
    public static ListedConfigurations Inventory { get; } = new(ConfigurationKind.Inventory);

    public async ValueTask GetAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        var found = await StoredConfigurations.FindAsync(context.Metadata, bucket.Id, kind, ReadId(request), cancellationToken) ?? throw new S3Exception(S3Errors.NoSuchConfiguration, null, ("BucketName", bucket.Name));
        var pipe = Answers.Xml(request);
        found.WriteRoot(new(pipe));
        await pipe.FlushAsync(cancellationToken);
    }

    public async ValueTask PutAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        var id = ReadId(request);
        var configuration = kind.Shape.Parse(await RequestDocuments.ReadAsync(request, cancellationToken));
        if (configuration.Find("Id") != id) throw Arguments.Invalid("id", id, "The id of the query and the one of the document differ.");
        await StoredConfigurations.SetAsync(context.Metadata, bucket.Id, kind, id, configuration, cancellationToken);
        Answers.Empty(request);
    }

    public async ValueTask DeleteAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        await StoredConfigurations.SetAsync(context.Metadata, bucket.Id, kind, ReadId(request), null, cancellationToken);
        Answers.Empty(request, 204);
    }

    public async ValueTask ListAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        var token = request.Query("continuation-token");
        var after = token is { Length: > 0 } ? ContinuationToken.Decode(token) : "";
        var found = await StoredConfigurations.ListAsync(context.Metadata, bucket.Id, kind, after, PageSize + 1, cancellationToken);
        var isTruncated = found.Length > PageSize;
        var pipe = Answers.Xml(request);
        var xml = new S3XmlWriter(pipe);
        xml.StartRoot(kind.Result);
        xml.Optional("ContinuationToken", token);
        xml.Element("IsTruncated", isTruncated);
        xml.Optional("NextContinuationToken", isTruncated ? ContinuationToken.Encode(found[PageSize - 1].Find("Id")!) : null);
        foreach (var one in found.Take(PageSize)) one.Write(xml);
        xml.End(kind.Result);
        await pipe.FlushAsync(cancellationToken);
    }

    private static string ReadId(S3Request request)
    {
        var id = request.Query("id") ?? "";
        return ConfigurationKind.IsId(id) ? id : throw Arguments.Invalid("id", id, "An id has 1 to 64 characters: letters, digits, '-', '_' and '.'.");
    }
}
