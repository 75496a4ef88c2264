using System.Security.Cryptography;
using System.Text;
using Amazon.S3;
using Oort.Gateway.Tests.Access;
using Oort.Gateway.Tests.Iam;
using Oort.Gateway.Tests.Operations;
using Oort.Metadata;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Forms;

/// <summary>Uploads by HTML forms.</summary>
public sealed class FormTests(TestGateway gateway, IdentityGateway identities)
{
    private const string AccessKey = Operations.GatewayHost.AccessKey;
    private const string Secret = Operations.GatewayHost.SecretKey;

    [Fact]
    public async Task Post_SignedByVersion4_StoresWhatItsFieldsSay()
    {
        var bucket = await gateway.NewBucketAsync();
        var form = new UploadForm { FileName = "C:\\photos\\sun set.jpg" }
            .Add("key", "in/${filename}").Add("Content-Type", "image/jpeg").Add("Cache-Control", "no-cache").Add("Content-Disposition", "inline").Add("Expires", "0").Add("x-amz-meta-by", "J\u00fcrgen")
            .Add("x-amz-meta-file", "${filename}").Add("x-amz-storage-class", "STANDARD_IA").Add("tagging", "<Tagging><TagSet><Tag><Key>a b</Key><Value>c+d</Value></Tag></TagSet></Tagging>");
        form.Sign4(UploadForm.Policy([.. form.Conditions(bucket, AccessKey).Skip(9), new[] { "starts-with", "$key", "in/" }, new[] { "starts-with", "$content-type", "image/" }, .. Any("Cache-Control", "Content-Disposition", "Expires", "x-amz-meta-by", "x-amz-meta-file", "x-amz-storage-class", "tagging"), new object[] { "content-length-range", 7, "7" }]), AccessKey, Secret);

        var answer = await form.PostAsync(gateway.Endpoint, $"/{bucket}");

        (answer.Status, answer.Body.Length).ShouldBe((204, 0), answer.Text);
        answer.Header("ETag").ShouldBe($"\"{Md5("content"u8.ToArray())}\"");
        answer.Header("Location").ShouldBe($"{gateway.Endpoint}{bucket}/in/sun%20set.jpg");
        var stored = await gateway.Client.GetObjectAsync(bucket, "in/sun set.jpg");
        (await stored.ReadAsync()).ShouldBeBytes("content"u8.ToArray());
        (stored.Headers.ContentType, stored.Headers.CacheControl, stored.Headers.ContentDisposition, stored.StorageClass.Value).ShouldBe(("image/jpeg", "no-cache", "inline", "STANDARD_IA"));
        stored.Metadata["x-amz-meta-by"].ShouldBe("=?UTF-8?B?SsO8cmdlbg==?=");
        stored.Metadata["x-amz-meta-file"].ShouldBe("sun set.jpg");
        var tag = (await gateway.Client.GetObjectTaggingAsync(new() { BucketName = bucket, Key = "in/sun set.jpg" })).Tagging.ShouldHaveSingleItem();
        (tag.Key, tag.Value).ShouldBe(("a b", "c+d"));
    }

    [Fact]
    public async Task Post_SignedByVersion2_TakesNamesInAnyCase()
    {
        var bucket = await gateway.NewBucketAsync();
        var form = new UploadForm().Add("kEy", "\\$foo").Add("aCl", "bucket-owner-full-control").Add("x-ignore-this", "x");
        form.Sign2(UploadForm.Policy([new Dictionary<string, string> { ["bUcKeT"] = bucket }, new[] { "StArTs-WiTh", "$KeY", "\\$f" }, Any("ACL")[0]]), AccessKey, Secret);

        (await form.PostAsync(gateway.Endpoint, $"/{bucket}")).Status.ShouldBe(204);

        var stored = await gateway.Client.GetObjectAsync(bucket, "\\$foo");
        // The type of the part is the browser's guess; only the field counts.
        stored.Headers.ContentType.ShouldBe("binary/octet-stream");
    }

    public static TheoryData<int, string, string> Sizes => [.. from size in (int[])[0, 1, 70_000, 262_144, 400_000, 3_000_000] from form in (string[])["", "bare", "button", "long"] select (size, form, "x")];

    /// <summary>A form says nowhere how long its file is.</summary>
    [Theory]
    [MemberData(nameof(Sizes))]
    public async Task Post_FileOfAnySizeAndWhateverFollowsIt_IsStoredByteByByte(int size, string after, string key)
    {
        var bucket = await gateway.NewBucketAsync();
        var content = TestGateway.Bytes(size);
        var form = new UploadForm { File = content, End = after == "bare" ? "" : "\r\n", After = after switch { "button" => UploadForm.Field("submit", "Upload"), "long" => UploadForm.Field("note", new string('x', 60_000)), _ => "" } }.Add("key", key).Sign(bucket, AccessKey, Secret);

        var answer = await form.PostAsync(gateway.Endpoint, $"/{bucket}");

        answer.Status.ShouldBe(204, answer.Text);
        answer.Header("ETag").ShouldBe($"\"{Md5(content)}\"");
        (await (await gateway.Client.GetObjectAsync(bucket, key)).ReadAsync()).ShouldBeBytes(content);
    }

    [Theory]
    [InlineData("200", 200)]
    [InlineData("201", 201)]
    [InlineData("204", 204)]
    [InlineData("404", 204)]
    [InlineData("x", 204)]
    public async Task Post_SuccessActionStatus_IsTheAnswers(string asked, int status)
    {
        var bucket = await gateway.NewBucketAsync();

        var answer = await new UploadForm().Add("key", "a&b").Add("success_action_status", asked).Sign(bucket, AccessKey, Secret).PostAsync(gateway.Endpoint, $"/{bucket}");

        answer.Status.ShouldBe(status, answer.Text);
        if (status != 201)
        {
            answer.Body.ShouldBeEmpty();
            return;
        }

        (answer.Element("Bucket"), answer.Element("Key"), answer.Element("ETag"), answer.Element("Location")).ShouldBe((bucket, "a&b", $"\"{Md5("content"u8.ToArray())}\"", $"{gateway.Endpoint}{bucket}/a%26b"));
        answer.Text.ShouldContain("<PostResponse><Location>");
    }

    [Theory]
    [InlineData("success_action_redirect", "https://example.org/done", 303, "https://example.org/done?bucket={0}&key=a%20b&etag=%22{1}%22")]
    [InlineData("success_action_redirect", "https://example.org/done?x=1", 303, "https://example.org/done?x=1&bucket={0}&key=a%20b&etag=%22{1}%22")]
    [InlineData("redirect", "http://example.org", 303, "http://example.org/?bucket={0}&key=a%20b&etag=%22{1}%22")]
    [InlineData("success_action_redirect", "javascript:alert(1)", 204, null)]
    [InlineData("success_action_redirect", "/done", 204, null)]
    [InlineData("success_action_redirect", "https://example.org/\u00e9", 303, "https://example.org/%C3%A9?bucket={0}&key=a%20b&etag=%22{1}%22")]
    public async Task Post_SuccessActionRedirect_LeadsThereWithWhatWasStored(string field, string url, int status, string? location)
    {
        var bucket = await gateway.NewBucketAsync();

        var answer = await new UploadForm().Add("key", "a b").Add(field, url).Sign(bucket, AccessKey, Secret).PostAsync(gateway.Endpoint, $"/{bucket}");

        answer.Status.ShouldBe(status, answer.Text);
        if (location is not null) answer.Header("Location").ShouldBe(string.Format(System.Globalization.CultureInfo.InvariantCulture, location, bucket, Md5("content"u8.ToArray())));
    }

    /// <summary>Policies that are none, that are over, and whose conditions the form (key and acl) does not meet.</summary>
    [Theory]
    [InlineData("""{"expiration":"2126-01-01T00:00:00Z","conditions":[["eq","$bucket","BUCKET"],["eq","$key","foo"],{"acl":"private"}]}""", 204, "")]
    [InlineData("""{"expiration":"2126-01-01T00:00:00.000Z","conditions":[["eq","$bucket","BUCKET"],["starts-with","$key",""],["starts-with","$acl","pri"]]}""", 204, "")]
    [InlineData("""{"expiration":"2126-01-01T00:00:00Z","conditions":[["eq","$bucket","BUCKET"],["eq","$key","foo"],{"acl":"private"},["starts-with","$x-amz-meta-a",""]]}""", 204, "")]
    [InlineData("""{"expiration":"2026-01-01T00:00:00Z","conditions":[["eq","$bucket","BUCKET"],["eq","$key","foo"],{"acl":"private"}]}""", 403, "AccessDenied")]
    [InlineData("""{"expiration":"2126-01-01T00:00:00Z","conditions":[["eq","$key","foo"],{"acl":"private"}]}""", 403, "AccessDenied")]
    [InlineData("""{"expiration":"2126-01-01T00:00:00Z","conditions":[["eq","$bucket","other"],["eq","$key","foo"],{"acl":"private"}]}""", 403, "AccessDenied")]
    [InlineData("""{"expiration":"2126-01-01T00:00:00Z","conditions":[["eq","$bucket","BUCKET"],["eq","$key","fo"],{"acl":"private"}]}""", 403, "AccessDenied")]
    [InlineData("""{"expiration":"2126-01-01T00:00:00Z","conditions":[["eq","$bucket","BUCKET"],["starts-with","$key","Fo"],{"acl":"private"}]}""", 403, "AccessDenied")]
    [InlineData("""{"expiration":"2126-01-01T00:00:00Z","conditions":[["eq","$bucket","BUCKET"],["eq","$key","foo"]]}""", 403, "AccessDenied")]
    [InlineData("""{"expiration":"2126-01-01T00:00:00Z","conditions":[["eq","$bucket","BUCKET"],["eq","$key","foo"],{"acl":"private"},["eq","$x-amz-meta-a","b"]]}""", 403, "AccessDenied")]
    [InlineData("""{"expiration":"2126-01-01T00:00:00Z","conditions":[["eq","$bucket","BUCKET"],["eq","$key","foo"],{"acl":"private"},["content-length-range",8,9]]}""", 400, "EntityTooSmall")]
    [InlineData("""{"expiration":"2126-01-01T00:00:00Z","conditions":[["eq","$bucket","BUCKET"],["eq","$key","foo"],{"acl":"private"},["content-length-range",0,6]]}""", 400, "EntityTooLarge")]
    [InlineData("""{"expiration":"2126-01-01T00:00:00Z","conditions":[["content-length-range",0]]}""", 400, "InvalidPolicyDocument")]
    [InlineData("""{"expiration":"2126-01-01T00:00:00Z","conditions":[["content-length-range",-1,0]]}""", 400, "InvalidPolicyDocument")]
    [InlineData("""{"expiration":"2126-01-01T00:00:00Z","conditions":[{}]}""", 400, "InvalidPolicyDocument")]
    [InlineData("""{"expiration":"2126-01-01T00:00:00Z","conditions":[{"a":"b","c":"d"}]}""", 400, "InvalidPolicyDocument")]
    [InlineData("""{"expiration":"2126-01-01T00:00:00Z","conditions":[{"a":1}]}""", 400, "InvalidPolicyDocument")]
    [InlineData("""{"expiration":"2126-01-01T00:00:00Z","conditions":[["is","$key","foo"]]}""", 400, "InvalidPolicyDocument")]
    [InlineData("""{"expiration":"2126-01-01T00:00:00Z","conditions":[["eq","key","foo"]]}""", 400, "InvalidPolicyDocument")]
    [InlineData("""{"expiration":"2126-01-01T00:00:00Z","conditions":[[]]}""", 400, "InvalidPolicyDocument")]
    [InlineData("""{"expiration":"2126-01-01T00:00:00Z","conditions":{}}""", 400, "InvalidPolicyDocument")]
    [InlineData("""{"expiration":"2126-01-01T00:00:00Z","CONDITIONS":[]}""", 400, "InvalidPolicyDocument")]
    [InlineData("""{"expiration":"2126-01-01T00:00:00Z"}""", 400, "InvalidPolicyDocument")]
    [InlineData("""{"conditions":[]}""", 400, "InvalidPolicyDocument")]
    [InlineData("""{"EXPIRATION":"2126-01-01T00:00:00Z","conditions":[]}""", 400, "InvalidPolicyDocument")]
    [InlineData("""{"expiration":"2126-01-01 00:00:00","conditions":[]}""", 400, "InvalidPolicyDocument")]
    [InlineData("""{"expiration":"2126-01-01T00:00:00Z","expiration":"2126-01-01T00:00:00Z","conditions":[]}""", 400, "InvalidPolicyDocument")]
    [InlineData("[]", 400, "InvalidPolicyDocument")]
    [InlineData("{", 400, "InvalidPolicyDocument")]
    public async Task Post_Policy_IsHeld(string policy, int status, string code)
    {
        var bucket = await gateway.NewBucketAsync();
        await gateway.Client.PutBucketOwnershipControlsAsync(new() { BucketName = bucket, OwnershipControls = new() { Rules = [new() { ObjectOwnership = ObjectOwnership.ObjectWriter }] } });
        var form = new UploadForm().Add("key", "foo").Add("acl", "private").Sign2(policy.Replace("BUCKET", bucket, StringComparison.Ordinal), AccessKey, Secret);

        var answer = await form.PostAsync(gateway.Endpoint, $"/{bucket}");

        (answer.Status, answer.Code).ShouldBe((status, code), answer.Text);
        (await gateway.Raw.SendAsync("HEAD", $"/{bucket}/foo")).Status.ShouldBe(status == 204 ? 200 : 404);
    }

    [Fact]
    public async Task Post_LargeFileBeyondItsPolicy_IsRefusedBeforeItIsRead()
    {
        var bucket = await gateway.NewBucketAsync();
        var form = new UploadForm { File = TestGateway.Bytes(2_000_000) }.Add("key", "foo").Sign(bucket, AccessKey, Secret, [new object[] { "content-length-range", 0, 1_000_000 }]);

        var answer = await form.PostAsync(gateway.Endpoint, $"/{bucket}");

        (answer.Status, answer.Code, answer.Element("MaxSizeAllowed")).ShouldBe((400, "EntityTooLarge", "1000000"));
    }

    [Theory]
    [InlineData("x-amz-signature", "SignatureDoesNotMatch", 403)]
    [InlineData("x-amz-credential", "InvalidAccessKeyId", 403)]
    [InlineData("x-amz-algorithm", "InvalidArgument", 400)]
    [InlineData("x-amz-date", "InvalidArgument", 400)]
    [InlineData("policy", "SignatureDoesNotMatch", 403)]
    [InlineData("-x-amz-signature", "InvalidArgument", 400)]
    [InlineData("-x-amz-credential", "InvalidArgument", 400)]
    [InlineData("-x-amz-date", "InvalidArgument", 400)]
    [InlineData("-policy", "InvalidArgument", 400)]
    [InlineData("-key", "InvalidArgument", 400)]
    public async Task Post_SignatureOfVersion4_MustBeWholeAndRight(string change, string code, int status)
    {
        var bucket = await gateway.NewBucketAsync();
        var body = Encoding.Latin1.GetString(new UploadForm().Add("key", "foo").Sign(bucket, AccessKey, Secret).ToBytes());
        var field = change.TrimStart('-');
        var at = body.IndexOf($"name=\"{field}\"\r\n\r\n", StringComparison.Ordinal) + field.Length + 11;
        // Another field in its place, or another character in it.
        body = change[0] == '-' ? body.Replace($"name=\"{field}\"", "name=\"x-ignore-a\"", StringComparison.Ordinal) : body[..at] + (body[at] == '1' ? '2' : '1') + body[(at + 1)..];

        var answer = await UploadForm.PostAsync(gateway.Endpoint, $"/{bucket}", Encoding.Latin1.GetBytes(body));

        (answer.Status, answer.Code).ShouldBe((status, code), answer.Text);
    }

    [Fact]
    public async Task Post_Anonymous_NeedsTheBucketsPermission()
    {
        var bucket = await gateway.NewBucketAsync();
        (await new UploadForm().Add("key", "foo").PostAsync(gateway.Endpoint, $"/{bucket}")).Code.ShouldBe("AccessDenied");
        (await gateway.Raw.SendAsync("DELETE", $"/{bucket}?publicAccessBlock")).Status.ShouldBe(204);
        await AllowAsync(bucket, "s3:PutObject");

        (await new UploadForm().Add("key", "foo").PostAsync(gateway.Endpoint, $"/{bucket}")).Status.ShouldBe(204);
        // Tags and lists are rights of their own, as with PutObject.
        (await new UploadForm().Add("key", "foo").Add("tagging", "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>").PostAsync(gateway.Endpoint, $"/{bucket}")).Code.ShouldBe("AccessDenied");
        (await new UploadForm().Add("key", "foo").Add("acl", "private").PostAsync(gateway.Endpoint, $"/{bucket}")).Code.ShouldBe("AccessDenied");
        (await AnonymousClient.SendAsync(gateway, "GET", $"/{bucket}/foo")).Status.ShouldBe(403);
        (await new UploadForm().Add("key", "foo").PostAsync(gateway.Endpoint, "/no-such-bucket-for-forms")).Code.ShouldBe("NoSuchBucket");
    }

    [Fact]
    public async Task Post_AnonymousWhereAListLetsWrite_MaySetListAndTagsOfTheNewObject()
    {
        var bucket = await gateway.NewBucketAsync();
        (await gateway.Raw.SendAsync("DELETE", $"/{bucket}?publicAccessBlock")).Status.ShouldBe(204);
        (await gateway.Raw.SendAsync("DELETE", $"/{bucket}?ownershipControls")).Status.ShouldBe(204);
        (await gateway.Raw.SendAsync("PUT", $"/{bucket}?acl", [], ("x-amz-acl", "public-read-write"))).Status.ShouldBe(200);
        const string Tags = "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>";

        (await new UploadForm().Add("key", "foo").Add("acl", "public-read").Add("tagging", Tags).PostAsync(gateway.Endpoint, $"/{bucket}")).Status.ShouldBe(204);

        (await AnonymousClient.SendAsync(gateway, "GET", $"/{bucket}/foo")).Header("x-amz-tagging-count").ShouldBe("1");
        // Of what is there already, tags are the owner's.
        (await AnonymousClient.SendAsync(gateway, "PUT", $"/{bucket}/foo?tagging", Tags)).Code.ShouldBe("AccessDenied");
    }

    [Fact]
    public async Task Post_ConditionOnHowItIsSigned_KnowsForms()
    {
        var tenant = await identities.NewTenantAsync();
        var bucket = await tenant.NewBucketAsync();
        var user = (await tenant.NewUserAsync("""{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:PutObject","Resource":"*","Condition":{"StringEquals":{"s3:authType":"POST","s3:signatureversion":"AWS4-HMAC-SHA256"}}}]}""")).Caller;

        (await new UploadForm().Add("key", "foo").Sign(bucket, user.AccessKey, user.Secret).PostAsync(identities.Endpoint, $"/{bucket}")).Status.ShouldBe(204);
        (await user.S3.SendAsync("PUT", $"/{bucket}/foo", "x")).Code.ShouldBe("AccessDenied");
        (await new UploadForm().Add("key", "foo").Sign2(UploadForm.Policy([new[] { "eq", "$bucket", bucket }, new[] { "eq", "$key", "foo" }]), user.AccessKey, user.Secret).PostAsync(identities.Endpoint, $"/{bucket}")).Code.ShouldBe("AccessDenied");
    }

    [Fact]
    public async Task Post_ByASession_NeedsItsToken()
    {
        var tenant = await identities.NewTenantAsync();
        var bucket = await tenant.NewBucketAsync();
        var user = (await tenant.NewUserAsync(Policies.Allow("s3:PutObject"))).Caller;
        var session = Tenant.SessionOf(identities, await user.StsAsync("GetSessionToken"));

        (await new UploadForm().Add("key", "foo").Add("x-amz-security-token", session.Token!).Sign(bucket, session.AccessKey, session.Secret).PostAsync(identities.Endpoint, $"/{bucket}")).Status.ShouldBe(204);
        (await new UploadForm().Add("key", "foo").Sign(bucket, session.AccessKey, session.Secret).PostAsync(identities.Endpoint, $"/{bucket}")).Code.ShouldBe("InvalidAccessKeyId");
    }

    [Theory]
    [InlineData("content-md5", "mgNkuembtIDdJeHwKEyFVQ==", 204, "")]
    [InlineData("content-md5", "AAAAAAAAAAAAAAAAAAAAAA==", 400, "BadDigest")]
    [InlineData("x-amz-checksum-sha256", "7XACtDnprIRfIjV9giusFERzD722AW0+yUMil7nsn3M=", 204, "")]
    [InlineData("x-amz-checksum-sha256", "7XACtDnprIRfIjV9giusFERzD722AW0+yUMil7nsn3A=", 400, "BadDigest")]
    [InlineData("x-amz-checksum-sha256", "sailorjerry", 400, "BadDigest")]
    public async Task Post_WithADigest_IsHeldToIt(string field, string value, int status, string code)
    {
        var bucket = await gateway.NewBucketAsync();

        var answer = await new UploadForm().Add("key", "foo").Add(field, value).Sign(bucket, AccessKey, Secret).PostAsync(gateway.Endpoint, $"/{bucket}");

        (answer.Status, answer.Code).ShouldBe((status, code), answer.Text);
    }

    [Fact]
    public async Task Post_ChecksumThatNoConditionNames_IsTaken()
    {
        var bucket = await gateway.NewBucketAsync();
        var form = new UploadForm().Add("key", "foo").Add("x-amz-checksum-sha256", "7XACtDnprIRfIjV9giusFERzD722AW0+yUMil7nsn3M=");
        form.Sign2(UploadForm.Policy([new[] { "eq", "$bucket", bucket }, new[] { "eq", "$key", "foo" }]), AccessKey, Secret);

        (await form.PostAsync(gateway.Endpoint, $"/{bucket}")).Status.ShouldBe(204);
    }

    [Fact]
    public async Task Post_FieldsThatNoHeaderCanHold_AreRefused()
    {
        var bucket = await gateway.NewBucketAsync();
        foreach (var (name, value) in ((string, string)[])[("x-amz-meta-a", "b\r\nc: d"), ("x-amz-meta-a b", "c"), ("x-amz-meta-\u00e9", "c"), ("Content-Type", "a\0b")])
        {
            var answer = await new UploadForm().Add("key", "foo").Add(name, value).Sign(bucket, AccessKey, Secret).PostAsync(gateway.Endpoint, $"/{bucket}");
            (answer.Status, answer.Code).ShouldBe((400, "InvalidArgument"), name);
        }
    }

    [Fact]
    public async Task Post_FormsThatAreNone_AreRefused()
    {
        var bucket = await gateway.NewBucketAsync();
        var body = new UploadForm().Add("key", "foo").Sign(bucket, AccessKey, Secret).ToBytes();
        var large = new UploadForm { File = TestGateway.Bytes(1_000_000) }.Add("key", "foo").Sign(bucket, AccessKey, Secret).ToBytes();

        (await PostAsync(body, contentType: "multipart/form-data")).ShouldBe((400, "MalformedPOSTRequest"));
        (await PostAsync(body, contentType: "multipart/form-data; boundary=" + new string('x', 71))).ShouldBe((400, "MalformedPOSTRequest"));
        (await PostAsync(body, contentType: "multipart/form-data; boundary=other")).ShouldBe((400, "MalformedPOSTRequest"));
        (await PostAsync(body, contentType: "text/plain")).ShouldBe((412, "RequestIsNotMultiPartContent"));
        (await PostAsync([])).ShouldBe((400, "MalformedPOSTRequest"));
        (await PostAsync(body, isChunked: true)).ShouldBe((411, "MissingContentLength"));
        (await PostAsync(body[..^12])).ShouldBe((400, "MalformedPOSTRequest"));
        (await PostAsync(large[..^12])).ShouldBe((400, "MalformedPOSTRequest"));
        (await PostAsync(Encoding.UTF8.GetBytes("------form-17\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nfoo\r\n------form-17--\r\n"))).ShouldBe((400, "IncorrectNumberOfFilesInPostRequest"));
        (await PostAsync(Encoding.UTF8.GetBytes("------form-17\r\nContent-Type: text/plain\r\n\r\nfoo\r\n------form-17--\r\n"))).ShouldBe((400, "MalformedPOSTRequest"));
        (await PostAsync(new UploadForm().Add("key", "foo").Add("KEY", "bar").ToBytes())).ShouldBe((400, "InvalidArgument"));
        (await PostAsync(new UploadForm().Add("key", "foo").Add("x-ignore-a", new string('x', 21_000)).ToBytes())).ShouldBe((400, "MaxPostPreDataLengthExceededError"));
        (await PostAsync(new UploadForm().Add("key", new string('x', 1_025)).ToBytes())).ShouldBe((400, "KeyTooLongError"));
        (await PostAsync(new UploadForm { File = TestGateway.Bytes(400_000), After = UploadForm.Field("note", new string('x', 90_000)) }.Add("key", "foo").Sign(bucket, AccessKey, Secret).ToBytes())).ShouldBe((400, "MalformedPOSTRequest"));
        (await UploadForm.PostAsync(gateway.Endpoint, $"/{bucket}", body, headers: ("Authorization", "AWS4-HMAC-SHA256 x"))).Code.ShouldBe("InvalidArgument");
        (await gateway.Client.ListObjectsV2Async(new() { BucketName = bucket })).KeyCount.ShouldBe(0);

        async Task<(int, string)> PostAsync(byte[] bytes, string contentType = "multipart/form-data; boundary=----form-17", bool isChunked = false)
        {
            var answer = await UploadForm.PostAsync(gateway.Endpoint, $"/{bucket}", bytes, contentType, isChunked);
            return (answer.Status, answer.Code);
        }
    }

    [Fact]
    public async Task Post_HeadersOfTheRequest_AreNotTheObjects()
    {
        var bucket = await gateway.NewBucketAsync();
        await gateway.PutAsync(bucket, "foo", "before");

        var answer = await UploadForm.PostAsync(gateway.Endpoint, $"/{bucket}", new UploadForm().Add("key", "foo").Sign(bucket, AccessKey, Secret).ToBytes(), headers: [("x-amz-meta-a", "b"), ("If-None-Match", "*"), ("Cache-Control", "no-cache"), ("x-amz-tagging", "a=b")]);

        answer.Status.ShouldBe(204, answer.Text);
        var stored = await gateway.Raw.SendAsync("GET", $"/{bucket}/foo");
        (stored.Text, stored.Header("x-amz-meta-a"), stored.Header("Cache-Control"), stored.Header("x-amz-tagging-count")).ShouldBe(("content", "", "", ""));
    }

    [Fact]
    public async Task Post_BeyondAQuota_IsRefused()
    {
        var bucket = await gateway.NewBucketAsync();
        var row = (await gateway.Layer.Metadata.FindBucketAsync(bucket, TestContext.Current.CancellationToken))!;
        await gateway.Layer.Metadata.UpdateBucketAsync(row.Id, found => found with { Settings = found.Settings.SetItem(Quota.BucketSetting, [.. new Quota(2_000_000, null).ToRecord()]) }, TestContext.Current.CancellationToken);

        foreach (var (size, status) in ((int, int)[])[(2_000_000, 204), (2_000_001, 403), (9_000_000, 403)])
        {
            var answer = await new UploadForm { File = TestGateway.Bytes(size) }.Add("key", "foo").Sign(bucket, AccessKey, Secret).PostAsync(gateway.Endpoint, $"/{bucket}");
            (answer.Status, answer.Code).ShouldBe((status, status == 204 ? "" : "QuotaExceeded"));
        }
    }

    private static object[] Any(params string[] fields) => [.. fields.Select(field => new[] { "starts-with", "$" + field, "" })];

    private Task<RawAnswer> AllowAsync(string bucket, string action) =>
        gateway.Raw.SendAsync("PUT", $"/{bucket}?policy", $$$"""{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"{{{action}}}","Resource":"arn:aws:s3:::{{{bucket}}}/*"}]}""");

    private static string Md5(byte[] content)
    {
#pragma warning disable CA5351 // The ETag's.
        return Convert.ToHexStringLower(MD5.HashData(content));
#pragma warning restore CA5351
    }
}
