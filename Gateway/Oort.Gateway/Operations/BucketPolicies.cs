using Oort.Access.Policies;
using Oort.Gateway.Access;
using Oort.Gateway.Access.Lists;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>GetBucketPolicy, PutBucketPolicy, DeleteBucketPolicy and GetBucketPolicyStatus.</summary>
internal static class BucketPolicies
{
    public static async ValueTask GetAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        var text = BucketPolicy.TextOf(bucket);
        if (text.IsEmpty) throw new S3Exception(S3Errors.NoSuchBucketPolicy, null, ("BucketName", bucket.Name));
        request.Http.Response.ContentType = "application/json";
        request.Http.Response.ContentLength = text.Length;
        await request.Http.Response.BodyWriter.WriteAsync(text, cancellationToken);
    }

    public static async ValueTask PutAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        var body = await RequestDocuments.ReadAsync(request, cancellationToken, PolicyLimits.BucketLengthMax);
        var policy = Parse(bucket.Name, body);
        var block = context.Gate.AccessOf(bucket).Block;
        if (policy.IsPublic && block.HasFlag(PublicAccessBlock.BlockPublicPolicy))
            throw new S3Exception(S3Errors.AccessDenied, "The policy lets everybody in, and the bucket's public access block (BlockPublicPolicy) forbids such policies; change that first with PutPublicAccessBlock or DeletePublicAccessBlock.");
        await context.PutSettingAsync(bucket, BucketPolicy.SettingName, BucketPolicy.Encode(body), cancellationToken);
        Answers.Empty(request, 204);
    }

    public static async ValueTask DeleteAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        await context.RemoveSettingAsync(bucket, BucketPolicy.SettingName, cancellationToken);
        Answers.Empty(request, 204);
    }

    public static async ValueTask GetStatusAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        // A list that lets everybody in is as public as a policy; and who asks whether a bucket is public wants no error for an answer.
        var access = context.Gate.AccessOf(bucket);
        var isPublic = access.Policy is { IsPublic: true } || (ObjectOwnerships.HasLists(bucket) && !access.Block.HasFlag(PublicAccessBlock.IgnorePublicAcls) && AccessLists.Of(bucket).IsPublic);
        var pipe = Answers.Xml(request);
        var xml = new S3XmlWriter(pipe);
        xml.StartRoot("PolicyStatus");
        xml.Element("IsPublic", isPublic);
        xml.End("PolicyStatus");
        await pipe.FlushAsync(cancellationToken);
    }

    private static PolicyDocument Parse(string bucket, byte[] body)
    {
        try
        {
            var policy = PolicyDocument.ParseOfBucket(bucket, body);
            if (policy.Keys.FirstOrDefault(key => !RequestFacts.Knows(key)) is { } unknown) throw new S3Exception(S3Errors.NotImplemented, $"The condition key {unknown.Name} is not evaluated here yet.");
            return policy;
        }
        catch (PolicyException failure)
        {
            throw new S3Exception(S3Errors.MalformedPolicy, failure.Message);
        }
    }
}
