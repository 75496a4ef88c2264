using System.Collections.Frozen;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>What a bucket answers of settings that were never set and cannot be set yet. Clients, consoles and Terraform ask for all of them.</summary>
/// <remarks>Each answer is true: there is no such setting, or it has the value that every bucket has here. Setting one is NotImplemented.</remarks>
internal static class BucketConfigurations
{
    private static readonly FrozenDictionary<S3Operation, S3Error> missing = new Dictionary<S3Operation, S3Error>
    {
        [S3Operation.GetBucketWebsite] = S3Errors.NoSuchWebsiteConfiguration,
        [S3Operation.GetBucketReplication] = S3Errors.ReplicationConfigurationNotFoundError,
    }.ToFrozenDictionary();

    private static readonly FrozenDictionary<S3Operation, Action<S3XmlWriter>> fixedAnswers = new Dictionary<S3Operation, Action<S3XmlWriter>>
    {
        [S3Operation.GetBucketLogging] = xml => WriteEmpty(xml, "BucketLoggingStatus"),
    }.ToFrozenDictionary();

    /// <summary>Operations that <see cref="HandleAsync"/> answers.</summary>
    public static IEnumerable<S3Operation> Operations => [.. missing.Keys, .. fixedAnswers.Keys];

    public static async ValueTask HandleAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        if (missing.TryGetValue(request.Operation, out var error)) throw new S3Exception(error, null, ("BucketName", bucket.Name));
        var pipe = Answers.Xml(request);
        fixedAnswers[request.Operation](new(pipe));
        await pipe.FlushAsync(cancellationToken);
    }

    private static void WriteEmpty(S3XmlWriter xml, string root)
    {
        xml.StartRoot(root);
        xml.End(root);
    }
}
