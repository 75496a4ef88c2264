using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Oort.Gateway.Access;
using Oort.Gateway.Tests.Operations;
using Oort.Metadata;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Access;

public sealed class BucketPolicyTests(TestGateway gateway)
{
    private const string PublicRead = """{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::{bucket}/*"}""";

    [Fact]
    public async Task Policy_PutGetDelete_IsKeptAsItWasWritten()
    {
        var bucket = await NewOpenBucketAsync();
        (await gateway.Raw.SendAsync("GET", $"/{bucket}?policy")).Code.ShouldBe("NoSuchBucketPolicy");
        (await gateway.Raw.SendAsync("GET", $"/{bucket}?policyStatus")).Element("IsPublic").ShouldBe("false");
        var text = $"  {Policy(bucket, PublicRead)}\n";
        (await gateway.Raw.SendAsync("PUT", $"/{bucket}?policy", text)).Status.ShouldBe(204);

        var answer = await gateway.Raw.SendAsync("GET", $"/{bucket}?policy");
        (answer.Text, answer.Header("content-type")).ShouldBe((text, "application/json"));
        (await gateway.Client.GetBucketPolicyStatusAsync(new() { BucketName = bucket })).PolicyStatus.IsPublic.ShouldBe(true);
        (await AnonymousClient.SendAsync(gateway, "GET", $"/{bucket}/key")).Text.ShouldBe("content");

        (await gateway.Raw.SendAsync("DELETE", $"/{bucket}?policy")).Status.ShouldBe(204);
        (await gateway.Raw.SendAsync("DELETE", $"/{bucket}?policy")).Status.ShouldBe(204);
        (await AnonymousClient.SendAsync(gateway, "GET", $"/{bucket}/key")).Code.ShouldBe("AccessDenied");
    }

    [Theory]
    [InlineData("nothing", "MalformedPolicy")]
    [InlineData("{}", "MalformedPolicy")]
    [InlineData("""{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:Fly","Resource":"*"}}""", "MalformedPolicy")]
    [InlineData("""{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::another/*"}}""", "MalformedPolicy")]
    [InlineData("""{"Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"s3:LocationConstraint":"y"}}}}""", "NotImplemented")]
    [InlineData("""{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::*/${s3:LocationConstraint}"}}""", "NotImplemented")]
    public async Task Put_WhatIsNoPolicyOrWouldNotHold_IsRefusedAndNothingChanges(string text, string code)
    {
        var bucket = await NewOpenBucketAsync();
        await PutAsync(bucket, PublicRead);
        var answer = await gateway.Raw.SendAsync("PUT", $"/{bucket}?policy", text);
        (answer.Code, answer.Element("Message").Length > 20).ShouldBe((code, true));
        (await AnonymousClient.SendAsync(gateway, "GET", $"/{bucket}/key")).Status.ShouldBe(200);
    }

    [Theory]
    [InlineData("s3:signatureversion", "AWS", false, true)]
    [InlineData("s3:signatureversion", "AWS4-HMAC-SHA256", true, false)]
    [InlineData("s3:authType", "REST-HEADER", true, true)]
    [InlineData("s3:authType", "REST-QUERY-STRING", false, false)]
    public async Task Deny_BySignature_MeetsTheVersionAndTheWay(string key, string value, bool deniesVersion4, bool deniesVersion2)
    {
        var bucket = await NewOpenBucketAsync();
        await PutAsync(bucket, """{"Effect":"Deny","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::{bucket}/*","Condition":{"StringEquals":{"KEY":"VALUE"}}}""".Replace("KEY", key, StringComparison.Ordinal).Replace("VALUE", value, StringComparison.Ordinal));
        (await gateway.Raw.SendAsync("GET", $"/{bucket}/key")).Status.ShouldBe(deniesVersion4 ? 403 : 200);
        (await GetByVersion2Async($"/{bucket}/key", isQuery: false)).Status.ShouldBe(deniesVersion2 ? 403 : 200);
        var deniesQuery = value is "AWS" or "REST-QUERY-STRING";
        (await GetByVersion2Async($"/{bucket}/key", isQuery: true)).Status.ShouldBe(deniesQuery ? 403 : 200);
    }

    private Task<RawAnswer> GetByVersion2Async(string path, bool isQuery)
    {
        var now = TimeProvider.System.GetUtcNow();
        var date = isQuery ? now.AddMinutes(1).ToUnixTimeSeconds().ToString(System.Globalization.CultureInfo.InvariantCulture) : now.ToString("r");
        var signature = Convert.ToBase64String(HMACSHA1.HashData(Encoding.UTF8.GetBytes(Operations.GatewayHost.SecretKey), Encoding.UTF8.GetBytes($"GET\n\n\n{date}\n{path}")));
        return isQuery
            ? AnonymousClient.SendAsync(gateway, "GET", $"{path}?AWSAccessKeyId={Operations.GatewayHost.AccessKey}&Expires={date}&Signature={Uri.EscapeDataString(signature)}")
            : AnonymousClient.SendAsync(gateway, "GET", path, null, ("Date", date), ("Authorization", $"AWS {Operations.GatewayHost.AccessKey}:{signature}"));
    }

    [Fact]
    public async Task Put_LongerThanTheLimit_IsRefused()
    {
        var bucket = await NewOpenBucketAsync();
        (await gateway.Raw.SendAsync("PUT", $"/{bucket}?policy", Policy(bucket, PublicRead) + new string(' ', 20 * 1024))).Status.ShouldBe(400);
    }

    [Fact]
    public async Task Deny_HoldsForTheOwnerToo_WhoCanTakeItBack()
    {
        var bucket = await NewOpenBucketAsync();
        await PutAsync(bucket, """{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::{bucket}","arn:aws:s3:::{bucket}/*"]}""");
        (await gateway.Raw.SendAsync("GET", $"/{bucket}/key")).Code.ShouldBe("AccessDenied");
        (await gateway.Raw.SendAsync("PUT", $"/{bucket}/other", "text")).Code.ShouldBe("AccessDenied");
        (await gateway.Raw.SendAsync("DELETE", $"/{bucket}")).Code.ShouldBe("AccessDenied");
        (await gateway.Raw.SendAsync("GET", $"/{bucket}?policy")).Status.ShouldBe(200);
        (await gateway.Raw.SendAsync("DELETE", $"/{bucket}?policy")).Status.ShouldBe(204);
        (await gateway.Raw.SendAsync("GET", $"/{bucket}/key")).Text.ShouldBe("content");
    }

    [Fact]
    public async Task PublicAccessBlock_WhereItWasNeverSet_RefusesPublicPolicies()
    {
        var bucket = await gateway.NewBucketAsync();
        var answer = await gateway.Raw.SendAsync("PUT", $"/{bucket}?policy", Policy(bucket, PublicRead));
        (answer.Code, answer.Element("Message")).ShouldBe(("AccessDenied", "The policy lets everybody in, and the bucket's public access block (BlockPublicPolicy) forbids such policies; change that first with PutPublicAccessBlock or DeletePublicAccessBlock."));
        (await gateway.Raw.SendAsync("PUT", $"/{bucket}?policy", Policy(bucket, PublicRead.Replace("\"*\"", "{\"AWS\":\"111122223333\"}", StringComparison.Ordinal)))).Status.ShouldBe(204);
    }

    [Fact]
    public async Task PublicAccessBlock_Restricting_TakesBackWhatAPublicPolicyGave()
    {
        var bucket = await NewOpenBucketAsync();
        await PutAsync(bucket, PublicRead);
        await gateway.Client.PutPublicAccessBlockAsync(new() { BucketName = bucket, PublicAccessBlockConfiguration = new() { RestrictPublicBuckets = true } });
        var block = (await gateway.Client.GetPublicAccessBlockAsync(new() { BucketName = bucket })).PublicAccessBlockConfiguration;
        (block.BlockPublicAcls, block.IgnorePublicAcls, block.BlockPublicPolicy, block.RestrictPublicBuckets).ShouldBe((false, false, false, true));
        (await AnonymousClient.SendAsync(gateway, "GET", $"/{bucket}/key")).Code.ShouldBe("AccessDenied");
        (await gateway.Raw.SendAsync("GET", $"/{bucket}/key")).Status.ShouldBe(200);

        (await gateway.Raw.SendAsync("PUT", $"/{bucket}?publicAccessBlock", "<PublicAccessBlockConfiguration><BlockPublicPolicy>True</BlockPublicPolicy></PublicAccessBlockConfiguration>")).Status.ShouldBe(200);
        (await AnonymousClient.SendAsync(gateway, "GET", $"/{bucket}/key")).Status.ShouldBe(200, "The policy was there before.");
        (await gateway.Raw.SendAsync("PUT", $"/{bucket}?policy", Policy(bucket, PublicRead))).Code.ShouldBe("AccessDenied");
        (await gateway.Raw.SendAsync("DELETE", $"/{bucket}?publicAccessBlock")).Status.ShouldBe(204);
        (await gateway.Raw.SendAsync("GET", $"/{bucket}?publicAccessBlock")).Code.ShouldBe("NoSuchPublicAccessBlockConfiguration");
    }

    [Theory]
    [InlineData("<PublicAccessBlock/>")]
    [InlineData("<PublicAccessBlockConfiguration><BlockAll>true</BlockAll></PublicAccessBlockConfiguration>")]
    [InlineData("<PublicAccessBlockConfiguration><BlockPublicAcls>yes</BlockPublicAcls></PublicAccessBlockConfiguration>")]
    [InlineData("<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls><BlockPublicAcls>true</BlockPublicAcls></PublicAccessBlockConfiguration>")]
    public async Task PutPublicAccessBlock_WhatIsNone_IsMalformed(string body)
    {
        var bucket = await gateway.NewBucketAsync();
        (await gateway.Raw.SendAsync("PUT", $"/{bucket}?publicAccessBlock", body)).Code.ShouldBe("MalformedXML");
    }

    [Fact]
    public async Task MissingKey_IsToldToThoseAloneWhoMayList()
    {
        var bucket = await NewOpenBucketAsync();
        await PutAsync(bucket, PublicRead);
        foreach (var rest in (string[])["/missing", "/missing?versionId=null"]) (await AnonymousClient.SendAsync(gateway, "GET", $"/{bucket}{rest}")).Code.ShouldBe("AccessDenied");
        (await AnonymousClient.SendAsync(gateway, "HEAD", $"/{bucket}/missing")).Status.ShouldBe(403);
        await PutAsync(bucket, PublicRead, """{"Effect":"Allow","Principal":"*","Action":"s3:ListBucket","Resource":"arn:aws:s3:::{bucket}"}""");
        (await AnonymousClient.SendAsync(gateway, "GET", $"/{bucket}/missing")).Code.ShouldBe("NoSuchKey");
        (await AnonymousClient.SendAsync(gateway, "HEAD", $"/{bucket}/missing")).Status.ShouldBe(404);
        (await AnonymousClient.SendAsync(gateway, "GET", $"/{gateway.NewBucketName()}/missing")).Code.ShouldBe("NoSuchBucket");
    }

    [Theory]
    [InlineData("""{"StringLike":{"s3:prefix":"open/*"}}""", "?prefix=open/a", "?prefix=closed/")]
    [InlineData("""{"NumericLessThanEquals":{"s3:max-keys":10}}""", "?max-keys=10", "?max-keys=11")]
    [InlineData("""{"IpAddress":{"aws:SourceIp":"127.0.0.0/8"},"StringEquals":{"s3:delimiter":"/"}}""", "?delimiter=/", "")]
    [InlineData("""{"NotIpAddress":{"aws:SourceIp":"127.0.0.0/8"}}""", null, "")]
    [InlineData("""{"Bool":{"aws:SecureTransport":"true"}}""", null, "")]
    [InlineData("""{"DateLessThan":{"aws:CurrentTime":"2020-01-01"}}""", null, "")]
    [InlineData("""{"DateGreaterThan":{"aws:CurrentTime":"2020-01-01"}}""", "", null)]
    public async Task Conditions_AreAskedOfTheRequest(string condition, string? allowed, string? denied)
    {
        var bucket = await NewOpenBucketAsync();
        await PutAsync(bucket, $$"""{"Effect":"Allow","Principal":"*","Action":"s3:ListBucket","Resource":"arn:aws:s3:::{bucket}","Condition":{{condition}}}""");
        if (allowed is not null) (await AnonymousClient.SendAsync(gateway, "GET", $"/{bucket}{allowed}")).Status.ShouldBe(200);
        if (denied is not null) (await AnonymousClient.SendAsync(gateway, "GET", $"/{bucket}{denied}")).Code.ShouldBe("AccessDenied");
    }

    [Fact]
    public async Task NewTags_OfHeaderAndBody_AreAskedForAlike()
    {
        var bucket = await NewOpenBucketAsync();
        await PutAsync(bucket, """{"Effect":"Allow","Principal":"*","Action":["s3:PutObject","s3:PutObjectTagging"],"Resource":"arn:aws:s3:::{bucket}/*"}""", """{"Effect":"Deny","Principal":"*","Action":"s3:PutObjectTagging","Resource":"arn:aws:s3:::{bucket}/*","Condition":{"ForAnyValue:StringEquals":{"s3:RequestObjectTagKeys":"class"}}}""");
        (await AnonymousClient.SendAsync(gateway, "PUT", $"/{bucket}/key", "text", ("x-amz-tagging", "class=secret"))).Code.ShouldBe("AccessDenied");
        (await AnonymousClient.SendAsync(gateway, "PUT", $"/{bucket}/key", "text", ("x-amz-tagging", "other=1"))).Status.ShouldBe(200);
        (await AnonymousClient.SendAsync(gateway, "PUT", $"/{bucket}/key?tagging", Tagging("class"))).Code.ShouldBe("AccessDenied");
        (await AnonymousClient.SendAsync(gateway, "PUT", $"/{bucket}/key?tagging", Tagging("other"))).Status.ShouldBe(200);

        static string Tagging(string key) => $"<Tagging><TagSet><Tag><Key>{key}</Key><Value>v</Value></Tag></TagSet></Tagging>";
    }

    [Fact]
    public async Task Object_OfAnAnonymousWriter_BelongsToTheBucketsOwner()
    {
        var bucket = await NewOpenBucketAsync();
        await PutAsync(bucket, """{"Effect":"Allow","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::{bucket}/*"}""");
        (await AnonymousClient.SendAsync(gateway, "PUT", $"/{bucket}/new", "text")).Status.ShouldBe(200);
        var row = (await gateway.Layer.Metadata.FindBucketAsync(bucket, TestContext.Current.CancellationToken))!;
        (await gateway.Layer.Metadata.FindVersionAsync(row.Id, "new", null, TestContext.Current.CancellationToken))!.OwnerId.ShouldBe(row.OwnerId);
        (await AnonymousClient.SendAsync(gateway, "GET", $"/{bucket}/new")).Code.ShouldBe("AccessDenied");
    }

    [Fact]
    public async Task DeleteObjects_SomeOfThemAllowed_DeletesThose()
    {
        var bucket = await NewOpenBucketAsync();
        foreach (var key in (string[])["open/a", "closed/b"]) await gateway.Client.PutObjectAsync(new() { BucketName = bucket, Key = key, ContentBody = "x" });
        await PutAsync(bucket, """{"Effect":"Deny","Principal":"*","Action":"s3:DeleteObject","Resource":"arn:aws:s3:::{bucket}/closed/*"}""");
        var failure = await Should.ThrowAsync<Amazon.S3.DeleteObjectsException>(() => gateway.Client.DeleteObjectsAsync(new() { BucketName = bucket, Objects = [new() { Key = "open/a" }, new() { Key = "closed/b" }] }));
        failure.Response.DeletedObjects.Select(one => one.Key).ShouldBe(["open/a"]);
        failure.Response.DeleteErrors.Select(one => (one.Key, one.Code)).ShouldBe([("closed/b", "AccessDenied")]);
    }

    [Theory]
    [InlineData("policy", new byte[] { 2, 123, 125 })]
    [InlineData("policy", new byte[] { 1 })]
    [InlineData("policy", new byte[] { 1, 123, 125 })]
    [InlineData("public-access-block", new byte[] { 1, 17 })]
    public async Task SettingThatCannotBeRead_LetsNobodyIn_AndItsOwnerMendsIt(string name, byte[] setting)
    {
        var bucket = await NewOpenBucketAsync();
        await PutAsync(bucket, PublicRead);
        var row = (await gateway.Layer.Metadata.FindBucketAsync(bucket, TestContext.Current.CancellationToken))!;
        await gateway.Layer.Metadata.UpdateBucketAsync(row.Id, one => one with { Settings = one.Settings.SetItem(name, [.. setting]) }, TestContext.Current.CancellationToken);
        (await AnonymousClient.SendAsync(gateway, "GET", $"/{bucket}/key")).Code.ShouldBe("AccessDenied");
        (await gateway.Raw.SendAsync("GET", $"/{bucket}/key")).Code.ShouldBe("AccessDenied");
        if (name == BucketPolicy.SettingName) (await gateway.Raw.SendAsync("DELETE", $"/{bucket}?policy")).Status.ShouldBe(204);
        else (await gateway.Raw.SendAsync("DELETE", $"/{bucket}?publicAccessBlock")).Status.ShouldBe(204);
        (await gateway.Raw.SendAsync("GET", $"/{bucket}/key")).Status.ShouldBe(200);
    }

    private async Task<string> NewOpenBucketAsync()
    {
        var bucket = await gateway.NewBucketAsync();
        await gateway.Client.PutObjectAsync(new() { BucketName = bucket, Key = "key", ContentBody = "content" });
        (await gateway.Raw.SendAsync("DELETE", $"/{bucket}?publicAccessBlock")).Status.ShouldBe(204);
        return bucket;
    }

    private async Task PutAsync(string bucket, params string[] statements) => (await gateway.Raw.SendAsync("PUT", $"/{bucket}?policy", Policy(bucket, statements))).Status.ShouldBe(204);

    private static string Policy(string bucket, params string[] statements) => $$"""{"Version":"2012-10-17","Statement":[{{string.Join(',', statements).Replace("{bucket}", bucket, StringComparison.Ordinal)}}]}""";
}
