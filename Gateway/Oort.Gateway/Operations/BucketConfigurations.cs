using System.Collections.Frozen;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>What a bucket answers of settings that cannot be set yet: there is none. Clients, consoles and Terraform ask for all of them.</summary>
internal static class BucketConfigurations
{
    private static readonly FrozenDictionary<S3Operation, S3Error> missing = new Dictionary<S3Operation, S3Error>
    {
        [S3Operation.GetBucketReplication] = S3Errors.ReplicationConfigurationNotFoundError,
    }.ToFrozenDictionary();

    /// <summary>Operations that <see cref="HandleAsync"/> answers.</summary>
    public static IEnumerable<S3Operation> Operations => missing.Keys;

    public static async ValueTask HandleAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        throw new S3Exception(missing[request.Operation], null, ("BucketName", bucket.Name));
    }
}
