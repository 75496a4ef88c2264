using FsCheck;
using FsCheck.Fluent;
using Shouldly;

namespace Oort.S3.Tests;

public sealed class S3RouterTests
{
    private static readonly S3Options Options = new() { Domains = ["s3.test"] };

    [Theory]
    [InlineData("GET", "/", "ListBuckets")]
    [InlineData("GET", "/?max-directory-buckets=5", "ListDirectoryBuckets")]
    [InlineData("GET", "/bucket", "ListObjects")]
    [InlineData("GET", "/bucket/", "ListObjects")]
    [InlineData("GET", "/bucket?list-type=2&x-id=ListObjectsV2", "ListObjectsV2")]
    [InlineData("GET", "/bucket?versions", "ListObjectVersions")]
    [InlineData("GET", "/bucket?uploads", "ListMultipartUploads")]
    [InlineData("GET", "/bucket?location=", "GetBucketLocation")]
    [InlineData("GET", "/bucket?lifecycle", "GetBucketLifecycleConfiguration")]
    [InlineData("GET", "/bucket?metrics", "ListBucketMetricsConfigurations")]
    [InlineData("GET", "/bucket?metrics&id=x", "GetBucketMetricsConfiguration")]
    [InlineData("HEAD", "/bucket", "HeadBucket")]
    [InlineData("PUT", "/bucket", "CreateBucket")]
    [InlineData("DELETE", "/bucket/", "DeleteBucket")]
    [InlineData("POST", "/bucket?delete", "DeleteObjects")]
    [InlineData("PUT", "/bucket?metadataAnnotationTable", "UpdateBucketMetadataAnnotationTableConfiguration")]
    [InlineData("GET", "/bucket/key", "GetObject")]
    [InlineData("GET", "/bucket/key?versionId=x&policy", "GetObject")]
    [InlineData("GET", "/bucket/key?partNumber=2", "GetObject")]
    [InlineData("HEAD", "/bucket/key?versionId=x", "HeadObject")]
    [InlineData("PUT", "/bucket/key?x-id=PutObject", "PutObject")]
    [InlineData("PUT", "/bucket/key?x-amz-acl=private", "PutObject")]
    [InlineData("DELETE", "/bucket/key?versionId=x", "DeleteObject")]
    [InlineData("POST", "/bucket/key?uploads", "CreateMultipartUpload")]
    [InlineData("PUT", "/bucket/key?partNumber=1&uploadId=u", "UploadPart")]
    [InlineData("GET", "/bucket/key?uploadId=u", "ListParts")]
    [InlineData("POST", "/bucket/key?uploadId=u", "CompleteMultipartUpload")]
    [InlineData("DELETE", "/bucket/key?uploadId=u", "AbortMultipartUpload")]
    [InlineData("GET", "/bucket/key?attributes", "GetObjectAttributes")]
    [InlineData("POST", "/bucket/key?select&select-type=2", "SelectObjectContent")]
    [InlineData("PUT", "/bucket/key?renameObject", "RenameObject")]
    [InlineData("GET", "/bucket/key?annotation", "ListObjectAnnotations")]
    [InlineData("GET", "/bucket/key?annotation&annotationName=n", "GetObjectAnnotation")]
    [InlineData("POST", "/WriteGetObjectResponse", "WriteGetObjectResponse")]
    [InlineData("OPTIONS", "/bucket/key", "Preflight")]
    public void Route_WellFormed_NamesTheOperation(string method, string target, string operation) => Route(method, target).Operation.ToString().ShouldBe(operation);

    [Theory]
    [InlineData("/bucket/key", "CopyObject")]
    [InlineData("/bucket/key?partNumber=1&uploadId=u", "UploadPartCopy")]
    public void Route_CopySource_IsACopy(string target, string operation) =>
        Route("PUT", target, "127.0.0.1", ("x-amz-copy-source", "a/b")).Operation.ToString().ShouldBe(operation);

    [Fact]
    public void Route_Form_IsPostObject() =>
        Route("POST", "/bucket", "127.0.0.1", ("Content-Type", "multipart/form-data; boundary=x")).Operation.ShouldBe(S3Operation.PostObject);

    [Theory]
    [InlineData("PUT", "/", "MethodNotAllowed")]
    [InlineData("POST", "/bucket/key", "MethodNotAllowed")]
    [InlineData("PUT", "/bucket?versions", "MethodNotAllowed")]
    [InlineData("DELETE", "/bucket/key?policy", "MethodNotAllowed")] // must not delete the key
    [InlineData("DELETE", "/bucket?retention", "MethodNotAllowed")] // nor the bucket
    [InlineData("DELETE", "/bucket?somethingNew", "NotImplemented")]
    [InlineData("PUT", "/bucket/key?somethingNew", "NotImplemented")]
    [InlineData("GET", "/bucket?acl&policy", "InvalidArgument")]
    [InlineData("GET", "/bucket?list-type=3", "InvalidArgument")]
    [InlineData("PUT", "/bucket/key?partNumber=1", "InvalidArgument")]
    [InlineData("PUT", "/bucket/key?uploadId=1", "InvalidArgument")]
    [InlineData("GET", "/bucket?torrent", "RequestTorrentOfBucketError")]
    [InlineData("POST", "/bucket", "RequestIsNotMultiPartContent")]
    [InlineData("GET", "//key", "InvalidBucketName")]
    [InlineData("GET", "/a_b/key", "InvalidBucketName")]
    [InlineData("PUT", "/xn--bucket", "InvalidBucketName")]
    public void Route_Otherwise_SaysWhy(string method, string target, string code) =>
        Should.Throw<S3Exception>(() => Route(method, target)).Error.Code.ShouldBe(code);

    [Theory]
    [InlineData("/bucket//", "/")]
    [InlineData("/bucket/a//b///", "a//b///")]
    [InlineData("/bucket/./..", "./..")]
    [InlineData("/bucket/../other/key", "../other/key")]
    [InlineData("/bucket/a%2Fb", "a/b")]
    [InlineData("/bucket/a%252Fb", "a%2Fb")]
    [InlineData("/bucket/a+b%2Bc%20d", "a+b+c d")]
    [InlineData("/bucket/%F0%9F%98%80", "\U0001F600")]
    [InlineData("/bucket/%00%01%0A%7F", "\0\u0001\n\u007F")]
    [InlineData("/bucket/a?b=c%3Fd", "a")]
    [InlineData("/bucket/a%3Fb%23c", "a?b#c")]
    [InlineData("http://127.0.0.1:9000/bucket/a", "a")]
    public void Route_OddKeys_ComeOutExactly(string target, string key)
    {
        var route = Route("GET", target);
        route.Bucket.ShouldBe("bucket");
        route.Key.ShouldBe(key);
    }

    [Fact]
    public void Route_KeyOfAnyText_RoundTrips() => Prop.ForAll<string>(text =>
    {
        var key = System.Text.Encoding.UTF8.GetString(System.Text.Encoding.UTF8.GetBytes(text ?? ""));
        if (key.Length is 0 or > 300)
            return true;
        return Route("GET", "/bucket/" + UrlEncoding.Encode(key, keepSlash: true)).Key == key && Route("GET", "/bucket/" + UrlEncoding.Encode(key, keepSlash: false)).Key == key;
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Route_KeyLength_IsCountedInBytes()
    {
        Route("GET", "/bucket/" + string.Concat(Enumerable.Repeat("%C3%BC", 512))).Key!.Length.ShouldBe(512);
        Should.Throw<S3Exception>(() => Route("GET", "/bucket/" + string.Concat(Enumerable.Repeat("%C3%BC", 512)) + "a")).Error.ShouldBe(S3Errors.KeyTooLongError);
    }

    [Theory]
    [InlineData("bucket.s3.test", "/a/b", "bucket", "a/b")]
    [InlineData("Bucket.S3.TEST:9000", "/", "bucket", null)]
    [InlineData("my.dotted.bucket.s3.test", "/key", "my.dotted.bucket", "key")]
    [InlineData("s3.test", "/bucket/key", "bucket", "key")]
    [InlineData("s3.test:9000", "/bucket/key", "bucket", "key")]
    [InlineData("other.test", "/bucket/key", "bucket", "key")]
    [InlineData("[::1]:9000", "/bucket/key", "bucket", "key")]
    [InlineData("xs3.test", "/bucket/key", "bucket", "key")]
    [InlineData("bucket.s3.test", "//key", "bucket", "/key")]
    [InlineData("bucket.s3.test", "/_oort/x", "bucket", "_oort/x")]
    public void Route_Host_DecidesTheStyle(string host, string target, string bucket, string? key)
    {
        var route = Route("GET", target, host);
        route.Bucket.ShouldBe(bucket);
        route.Key.ShouldBe(key);
    }

    [Fact]
    public void Target_ForwardedHost_CountsOnlyWhereTrusted()
    {
        var http = RawRequest.Create("GET", "/key", ("Host", "inner"), ("X-Forwarded-Host", "bucket.s3.test, proxy"));
        S3Target.Read(http, Options).HostBucket.ShouldBeNull();
        S3Target.Read(http, Options with { TrustForwardedHost = true }).HostBucket.ShouldBe("bucket");
    }

    [Theory]
    [InlineData("/_oort", true)]
    [InlineData("/_oort/", true)]
    [InlineData("/_oort/health?x", true)]
    [InlineData("/_oortx/key", false)]
    [InlineData("/bucket/_oort/", false)]
    [InlineData("/%5Foort/", false)]
    public void IsReserved_OnlyOortsOwnPath(string target, bool expected) =>
        S3Target.IsReserved(RawRequest.Create("GET", target, ("Host", "localhost")), Options).ShouldBe(expected);

    [Fact]
    public void Operations_OfTheModel_AreAllReachable()
    {
        var reached = new HashSet<S3Operation>();
        string[] methods = ["GET", "PUT", "POST", "DELETE", "HEAD", "OPTIONS"];
        var resources = new[] { "", "max-directory-buckets=1", "list-type=2", "uploadId=u", "uploadId=u&partNumber=1", "annotation&annotationName=n" }
            .Concat(Resources("BucketResources")).Concat(Resources("ObjectResources")).ToArray();
        foreach (var method in methods)
        {
            foreach (var path in new[] { "/", "/bucket", "/bucket/key", "/WriteGetObjectResponse" })
            {
                foreach (var query in resources.SelectMany(static resource => new[] { resource, resource + "&id=x" }))
                {
                    Try(reached, method, path + "?" + query);
                    Try(reached, method, path + "?" + query, ("x-amz-copy-source", "a/b"));
                    Try(reached, method, path + "?" + query, ("Content-Type", "multipart/form-data"));
                }
            }
        }

        S3Operation[] deprecated = [S3Operation.GetBucketLifecycle, S3Operation.PutBucketLifecycle, S3Operation.GetBucketNotification, S3Operation.PutBucketNotification, S3Operation.None];
        Enum.GetValues<S3Operation>().Except(reached).ShouldBe(deprecated, ignoreOrder: true);
        Enum.GetValues<S3Operation>().Length.ShouldBe(1 + 116 + 2);
    }

    private static IEnumerable<string> Resources(string table)
    {
        var field = typeof(S3Router).GetField(table, System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Static)!;
        return ((System.Collections.IDictionary)field.GetValue(null)!).Keys.Cast<string>();
    }

    private static void Try(HashSet<S3Operation> reached, string method, string target, params (string, string)[] headers)
    {
        try
        {
            reached.Add(Route(method, target, "127.0.0.1", headers).Operation);
        }
        catch (S3Exception)
        {
            return;
        }
    }

    private static S3Route Route(string method, string target, string host = "127.0.0.1:9000", params (string Name, string Value)[] headers)
    {
        var http = RawRequest.Create(method, target, [("Host", host), .. headers]);
        return S3Router.Route(S3Target.Read(http, Options), http.Request.Headers);
    }
}
