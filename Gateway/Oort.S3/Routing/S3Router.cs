using Microsoft.AspNetCore.Http;

namespace Oort.S3;

/// <summary>What a request asks for.</summary>
/// <param name="Bucket">Null for operations on the service.</param>
/// <param name="Key">Null for operations on a bucket or the service.</param>
public readonly record struct S3Route(S3Operation Operation, string? Bucket, string? Key);

/// <summary>Names the operation of a request from method, path, host, query and headers (S3 API: the request syntax of each operation).</summary>
/// <remarks>
/// A sub-resource is a query parameter with a meaning, such as <c>?acl</c>. Two of them, one that does not fit the method, and a bare one that is not known beside a
/// method that changes something are refused: the default operation would do something the client did not ask for (DELETE /bucket?newthing).
/// </remarks>
public static partial class S3Router
{
    /// <exception cref="S3Exception">MethodNotAllowed, InvalidArgument, InvalidBucketName, KeyTooLongError, NotImplemented.</exception>
    public static S3Route Route(S3Target target, IHeaderDictionary headers)
    {
        var (bucket, key) = Address(target);
        var isPreflight = HttpMethods.IsOptions(target.Method);
        if (bucket is null)
            return isPreflight ? new S3Route(S3Operation.Preflight, null, null) : new S3Route(RouteService(target), null, null);
        if (bucket == "WriteGetObjectResponse" && key is null && HttpMethods.IsPost(target.Method))
            return new S3Route(S3Operation.WriteGetObjectResponse, null, null);

        var operation = isPreflight ? S3Operation.Preflight : key is null ? RouteBucket(target, headers) : RouteObject(target, headers);
        if (operation == S3Operation.CreateBucket)
            BucketNames.CheckNew(bucket);
        else
            BucketNames.Check(bucket);
        if (key is not null)
            ObjectKeys.Check(key);
        return new S3Route(operation, bucket, key);
    }

    private static (string? Bucket, string? Key) Address(S3Target target)
    {
        var path = target.Path.AsSpan(1);
        if (target.HostBucket is { } hostBucket)
            return (hostBucket, path.IsEmpty ? null : path.ToString());
        if (path.IsEmpty)
            return (null, null);
        var slash = path.IndexOf('/');
        if (slash < 0)
            return (path.ToString(), null);
        var key = path[(slash + 1)..];
        return (path[..slash].ToString(), key.IsEmpty ? null : key.ToString());
    }

    /// <summary>Whether a parameter of the query chooses what is done with the bucket or object that is addressed.</summary>
    internal static bool IsResource(S3Target target, string parameter) => (Address(target).Key is null ? BucketResources : ObjectResources).ContainsKey(parameter);

    private static S3Operation RouteService(S3Target target)
    {
        if (!HttpMethods.IsGet(target.Method))
            throw NotAllowed(target, "SERVICE");
        return target.Query.Contains("max-directory-buckets") ? S3Operation.ListDirectoryBuckets : S3Operation.ListBuckets;
    }

    private static S3Operation RouteBucket(S3Target target, IHeaderDictionary headers)
    {
        if (HttpMethods.IsHead(target.Method))
            return S3Operation.HeadBucket;
        if (Find(target, BucketResources, ObjectResources) is { } resource)
            return Select(target, BucketResources[resource], resource);
        return target.Method switch
        {
            "GET" => target.Query.Get("list-type") switch
            {
                null => S3Operation.ListObjects,
                "2" => S3Operation.ListObjectsV2,
                var other => throw new S3Exception(S3Errors.InvalidArgument, "Invalid List Type specified in Request", ("ArgumentName", "list-type"), ("ArgumentValue", other)),
            },
            "PUT" => S3Operation.CreateBucket,
            "DELETE" => S3Operation.DeleteBucket,
            "POST" when IsForm(headers) => S3Operation.PostObject,
            "POST" => throw new S3Exception(S3Errors.RequestIsNotMultiPartContent),
            _ => throw NotAllowed(target, "BUCKET"),
        };
    }

    private static S3Operation RouteObject(S3Target target, IHeaderDictionary headers)
    {
        if (HttpMethods.IsHead(target.Method))
            return S3Operation.HeadObject;
        if (Find(target, ObjectResources, BucketResources) is { } resource)
        {
            return resource == "uploadId" ? RouteUpload(target, headers) : Select(target, ObjectResources[resource], resource);
        }

        return target.Method switch
        {
            "GET" => S3Operation.GetObject,
            "PUT" when target.Query.Contains("partNumber") => throw new S3Exception(S3Errors.InvalidArgument, "This operation needs an uploadId beside the partNumber.", ("ArgumentName", "uploadId")),
            "PUT" => IsCopy(headers) ? S3Operation.CopyObject : S3Operation.PutObject,
            "DELETE" => S3Operation.DeleteObject,
            _ => throw NotAllowed(target, "OBJECT"),
        };
    }

    private static S3Operation RouteUpload(S3Target target, IHeaderDictionary headers) => target.Method switch
    {
        "GET" => S3Operation.ListParts,
        "POST" => S3Operation.CompleteMultipartUpload,
        "DELETE" => S3Operation.AbortMultipartUpload,
        "PUT" when !target.Query.Contains("partNumber") => throw new S3Exception(S3Errors.InvalidArgument, "This operation needs a partNumber beside the uploadId.", ("ArgumentName", "partNumber")),
        "PUT" => IsCopy(headers) ? S3Operation.UploadPartCopy : S3Operation.UploadPart,
        _ => throw NotAllowed(target, "UPLOAD"),
    };

    // The one sub-resource of the query, or null.
    private static string? Find(S3Target target, Dictionary<string, Resource> here, Dictionary<string, Resource> elsewhere)
    {
        string? found = null;
        var isRead = HttpMethods.IsGet(target.Method);
        foreach (var parameter in target.Query)
        {
            var name = parameter.Name;
            if (here.ContainsKey(name))
            {
                if (found is not null && found != name)
                    throw Conflict(found, name);
                found = name;
            }
            else if (elsewhere.ContainsKey(name))
            {
                // ?retention on a bucket, ?policy on a key: reading a key goes on, since links carry parameters of their own.
                if (isRead && ReferenceEquals(here, ObjectResources))
                    continue;
                throw name == "torrent" ? new S3Exception(S3Errors.RequestTorrentOfBucketError) : NotAllowed(target, name);
            }
            else if (!isRead && !parameter.HasValue && !IsHarmless(name))
            {
                throw new S3Exception(S3Errors.NotImplementedOperation, $"The sub-resource {name} is not implemented.");
            }
        }

        return found;
    }

    private static S3Operation Select(S3Target target, in Resource resource, string name)
    {
        var operation = target.Method switch
        {
            "GET" => resource.List != S3Operation.None && !target.Query.Contains(resource.ItemParameter!) ? resource.List : resource.Get,
            "PUT" => resource.Put,
            "POST" => resource.Post,
            "DELETE" => resource.Delete,
            _ => S3Operation.None,
        };
        return operation != S3Operation.None ? operation : throw NotAllowed(target, name);
    }

    private static bool IsHarmless(string name) => name is "versionId" or "partNumber" or "x-id" || name.StartsWith("x-amz-", StringComparison.OrdinalIgnoreCase);

    private static bool IsCopy(IHeaderDictionary headers) => headers.ContainsKey("x-amz-copy-source");

    private static bool IsForm(IHeaderDictionary headers) => headers.ContentType.ToString().StartsWith("multipart/form-data", StringComparison.OrdinalIgnoreCase);

    private static S3Exception NotAllowed(S3Target target, string resource) =>
        new(S3Errors.MethodNotAllowed, null, ("Method", target.Method), ("ResourceType", resource.ToUpperInvariant()));

    private static S3Exception Conflict(string first, string second) =>
        new(S3Errors.InvalidArgument, $"Conflicting query string parameters: {first}, {second}", ("ArgumentName", "ResourceType"), ("ArgumentValue", first));
}
