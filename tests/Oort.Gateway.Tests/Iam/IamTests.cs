using Oort.Identity.Grants;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Iam;

/// <summary>Users, groups, roles, keys and policies through the API of IAM, and what they are allowed by them.</summary>
public sealed class IamTests(IdentityGateway gateway)
{
    [Fact]
    public async Task Users_FromTheFirstToTheLast_AreAsIamSays()
    {
        var tenant = await gateway.NewTenantAsync();
        var made = await tenant.DoAsync("CreateUser", ("UserName", "Anna"), ("Path", "/a/"), ("Tags.member.1.Key", "team"), ("Tags.member.1.Value", "blue"));
        made.Element("Arn").ShouldBe(tenant.ArnOf("user/a/Anna"));
        (await tenant.IamAsync("CreateUser", ("UserName", "anna"))).Code.ShouldBe("EntityAlreadyExists");
        (await tenant.DoAsync("GetUser", ("UserName", "ANNA"))).Element("UserId").ShouldBe(made.Element("UserId"));
        (await tenant.IamAsync("GetUser", ("UserName", "berta"))).Code.ShouldBe("NoSuchEntity");
        (await tenant.IamAsync("CreateUser", ("UserName", "b/erta"))).Code.ShouldBe("ValidationError");
        (await tenant.IamAsync("CreateUser", ("UserName", "berta"), ("Path", "a"))).Code.ShouldBe("ValidationError");

        await tenant.DoAsync("UpdateUser", ("UserName", "anna"), ("NewUserName", "Zoe"), ("NewPath", "/z/"));
        (await tenant.IamAsync("GetUser", ("UserName", "anna"))).Code.ShouldBe("NoSuchEntity");
        var renamed = await tenant.DoAsync("GetUser", ("UserName", "zoe"));
        renamed.Element("UserId").ShouldBe(made.Element("UserId"));
        renamed.Element("Value").ShouldBe("blue");

        await tenant.DoAsync("CreateUser", ("UserName", "berta"));
        var first = await tenant.DoAsync("ListUsers", ("MaxItems", "1"));
        first.Element("UserName").ShouldBe("berta");
        first.Element("IsTruncated").ShouldBe("true");
        (await tenant.DoAsync("ListUsers", ("Marker", first.Element("Marker")))).Element("UserName").ShouldBe("Zoe");
        (await tenant.DoAsync("ListUsers", ("PathPrefix", "/z"))).Element("UserName").ShouldBe("Zoe");

        await tenant.DoAsync("DeleteUser", ("UserName", "zoe"));
        (await tenant.IamAsync("DeleteUser", ("UserName", "zoe"))).Code.ShouldBe("NoSuchEntity");
    }

    [Theory]
    [InlineData("CreateAccessKey")]
    [InlineData("PutUserPolicy", "PolicyName", "p", "PolicyDocument", """{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}""")]
    [InlineData("AttachUserPolicy", "PolicyArn", "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")]
    public async Task DeleteUser_WhoStillHasSomething_IsRefused(string action, params string[] fields)
    {
        var tenant = await gateway.NewTenantAsync();
        await tenant.DoAsync("CreateUser", ("UserName", "anna"));
        await tenant.DoAsync(action, [("UserName", "anna"), .. fields.Chunk(2).Select(pair => (pair[0], pair[1]))]);
        (await tenant.IamAsync("DeleteUser", ("UserName", "anna"))).Code.ShouldBe("DeleteConflict");
    }

    [Fact]
    public async Task Keys_MadeDisabledAndDeleted_OpenAndCloseTheDoorAtOnce()
    {
        var tenant = await gateway.NewTenantAsync();
        var bucket = await tenant.NewBucketAsync();
        var (name, user) = await tenant.NewUserAsync(Policies.Allow("s3:*"));
        (await user.S3.SendAsync("GET", $"/{bucket}")).Status.ShouldBe(200);
        var second = await tenant.NewKeyAsync(name);
        (await tenant.IamAsync("CreateAccessKey", ("UserName", name))).Code.ShouldBe("LimitExceeded");

        await tenant.DoAsync("UpdateAccessKey", ("UserName", name), ("AccessKeyId", user.AccessKey), ("Status", "Inactive"));
        (await user.S3.SendAsync("GET", $"/{bucket}")).Code.ShouldBe("InvalidAccessKeyId");
        (await second.S3.SendAsync("GET", $"/{bucket}")).Status.ShouldBe(200);
        await tenant.DoAsync("UpdateAccessKey", ("UserName", name), ("AccessKeyId", user.AccessKey), ("Status", "Active"));
        (await user.S3.SendAsync("GET", $"/{bucket}")).Status.ShouldBe(200);
        (await tenant.DoAsync("GetAccessKeyLastUsed", ("AccessKeyId", user.AccessKey))).Element("ServiceName").ShouldBe("s3");

        await tenant.DoAsync("DeleteAccessKey", ("UserName", name), ("AccessKeyId", user.AccessKey));
        (await user.S3.SendAsync("GET", $"/{bucket}")).Code.ShouldBe("InvalidAccessKeyId");
        (await tenant.IamAsync("DeleteAccessKey", ("UserName", name), ("AccessKeyId", user.AccessKey))).Code.ShouldBe("NoSuchEntity");
        (await gateway.Client(second.AccessKey, second.Secret + "x").SendAsync("GET", $"/{bucket}")).Code.ShouldBe("SignatureDoesNotMatch");
    }

    [Fact]
    public async Task Secrets_InTheMetadata_AreSealed()
    {
        var tenant = await gateway.NewTenantAsync();
        var (_, user) = await tenant.NewUserAsync();
        var all = await gateway.Metadata.ListSettingsAsync("iam/", "", 1_000, TestContext.Current.CancellationToken);
        all.ShouldNotBeEmpty();
        foreach (var (name, value) in all) value.AsSpan().IndexOf(System.Text.Encoding.UTF8.GetBytes(user.Secret)).ShouldBe(-1, name);
        all.Any(one => one.Value.AsSpan().IndexOf(System.Text.Encoding.UTF8.GetBytes(user.AccessKey)) >= 0).ShouldBeTrue();
    }

    [Fact]
    public async Task Policies_OfUserGroupAndManaged_EachAllowAndDenyWins()
    {
        var tenant = await gateway.NewTenantAsync();
        var bucket = await tenant.NewBucketAsync();
        var (name, user) = await tenant.NewUserAsync();
        async Task<int> ListAsync() => (await user.S3.SendAsync("GET", $"/{bucket}")).Status;

        (await ListAsync()).ShouldBe(403);
        await tenant.DoAsync("CreateGroup", ("GroupName", "readers"));
        await tenant.DoAsync("PutGroupPolicy", ("GroupName", "readers"), ("PolicyName", "list"), ("PolicyDocument", Policies.Allow("s3:ListBucket", $"arn:aws:s3:::{bucket}")));
        (await ListAsync()).ShouldBe(403);
        await tenant.DoAsync("AddUserToGroup", ("GroupName", "readers"), ("UserName", name));
        (await ListAsync()).ShouldBe(200);
        await tenant.DoAsync("RemoveUserFromGroup", ("GroupName", "readers"), ("UserName", name));
        (await ListAsync()).ShouldBe(403);

        var policy = (await tenant.DoAsync("CreatePolicy", ("PolicyName", "managed"), ("PolicyDocument", Policies.Allow("s3:ListBucket")))).Element("Arn");
        await tenant.DoAsync("AttachUserPolicy", ("UserName", name), ("PolicyArn", policy));
        (await ListAsync()).ShouldBe(200);
        (await tenant.IamAsync("DeletePolicy", ("PolicyArn", policy))).Code.ShouldBe("DeleteConflict");
        await tenant.DoAsync("CreatePolicyVersion", ("PolicyArn", policy), ("PolicyDocument", Policies.Allow("s3:GetObject")));
        (await ListAsync()).ShouldBe(200);
        await tenant.DoAsync("SetDefaultPolicyVersion", ("PolicyArn", policy), ("VersionId", "v2"));
        (await ListAsync()).ShouldBe(403);
        await tenant.DoAsync("SetDefaultPolicyVersion", ("PolicyArn", policy), ("VersionId", "v1"));

        await tenant.DoAsync("PutUserPolicy", ("UserName", name), ("PolicyName", "no"), ("PolicyDocument", Policies.Deny("s3:ListBucket")));
        (await ListAsync()).ShouldBe(403);
        await tenant.DoAsync("DeleteUserPolicy", ("UserName", name), ("PolicyName", "no"));
        (await ListAsync()).ShouldBe(200);
        await tenant.DoAsync("PutUserPermissionsBoundary", ("UserName", name), ("PermissionsBoundary", "arn:aws:iam::aws:policy/IAMFullAccess"));
        (await ListAsync()).ShouldBe(403);
        await tenant.DoAsync("DeleteUserPermissionsBoundary", ("UserName", name));
        (await ListAsync()).ShouldBe(200);
    }

    [Theory]
    [InlineData("""{"Statement":{"Effect":"Allow","Action":"s3:NoSuchThing","Resource":"*"}}""")]
    [InlineData("""{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*","Principal":{"AWS":"111111111111"}}}""")]
    [InlineData("""{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:NoSuchKey":"x"}}}}""")]
    [InlineData("""{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*","Surprise":1}}""")]
    [InlineData("""{"Statement":""")]
    public async Task Policies_ThatAreNone_AreRefusedWhenPut(string policy)
    {
        var tenant = await gateway.NewTenantAsync();
        var (name, _) = await tenant.NewUserAsync();
        (await tenant.IamAsync("PutUserPolicy", ("UserName", name), ("PolicyName", "p"), ("PolicyDocument", policy))).Code.ShouldBe("MalformedPolicyDocument");
        (await tenant.IamAsync("CreatePolicy", ("PolicyName", "p"), ("PolicyDocument", policy))).Code.ShouldBe("MalformedPolicyDocument");
        (await tenant.DoAsync("ListUserPolicies", ("UserName", name))).Text.ShouldNotContain("<member>");
    }

    [Fact]
    public async Task Users_OfAnotherAccount_AreNobodysBusiness()
    {
        var (one, other) = (await gateway.NewTenantAsync(), await gateway.NewTenantAsync());
        var (name, user) = await one.NewUserAsync(Policies.Allow("*"));
        (await other.IamAsync("GetUser", ("UserName", name))).Code.ShouldBe("NoSuchEntity");
        (await other.IamAsync("DeleteAccessKey", ("UserName", name), ("AccessKeyId", user.AccessKey))).Code.ShouldBe("NoSuchEntity");
        (await other.IamAsync("GetAccessKeyLastUsed", ("AccessKeyId", user.AccessKey))).Code.ShouldBe("NoSuchEntity");
        (await other.DoAsync("ListUsers")).Text.ShouldNotContain(name);
        (await other.NewUserAsync()).Name.ShouldNotBe(name);

        // Whoever may everything in his account may nothing in another.
        var bucket = await other.NewBucketAsync();
        (await user.S3.SendAsync("GET", $"/{bucket}")).Code.ShouldBe("AccessDenied");
        (await user.S3.SendAsync("GET", "/_oort/admin/v1/status")).Code.ShouldBe("AccessDenied");
    }

    [Fact]
    public async Task Iam_ByUsers_NeedsItsRightOnTheVeryThing()
    {
        var tenant = await gateway.NewTenantAsync();
        var (own, user) = await tenant.NewUserAsync($$"""{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:*AccessKey*","Resource":"arn:aws:iam::*:user/${aws:username}"},{"Effect":"Allow","Action":"iam:GetUser","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalAccount":"{{tenant.Number}}"} } }]}""");
        var (other, _) = await tenant.NewUserAsync();
        (await user.IamAsync("ListAccessKeys")).Status.ShouldBe(200);
        (await user.IamAsync("ListAccessKeys", ("UserName", own))).Status.ShouldBe(200);
        (await user.IamAsync("ListAccessKeys", ("UserName", other))).Code.ShouldBe("AccessDenied");
        (await user.IamAsync("ListAccessKeys", ("UserName", "nobody"))).Code.ShouldBe("AccessDenied");
        (await user.IamAsync("GetUser", ("UserName", other))).Status.ShouldBe(200);
        (await user.IamAsync("ListUsers")).Code.ShouldBe("AccessDenied");
        (await user.IamAsync("NoSuchAction")).Code.ShouldBe("InvalidAction");
    }

    [Fact]
    public async Task Iam_WithoutASignatureOfItsOwn_IsRefused()
    {
        var tenant = await gateway.NewTenantAsync();
        (string, string)[] form = [("Action", "ListUsers"), ("Version", "2010-05-08")];
        (await gateway.Client(tenant.AccessKey, tenant.Secret, "iam").PostFormAsync(form)).Status.ShouldBe(200);
        (await gateway.Client(tenant.AccessKey, tenant.Secret, "s3").PostFormAsync(form)).Code.ShouldBe("AuthorizationHeaderMalformed");
        (await gateway.Client(tenant.AccessKey, "wrong-secret", "iam").PostFormAsync(form)).Code.ShouldBe("SignatureDoesNotMatch");
        (await gateway.Client("NOSUCHKEY", "wrong-secret", "iam").PostFormAsync(form)).Code.ShouldBe("InvalidClientTokenId");

        // Whoever catches a request cannot put another body into it.
        var client = gateway.Client(tenant.AccessKey, tenant.Secret, "iam");
        var body = "Action=ListUsers&Version=2010-05-08"u8.ToArray();
        var other = System.Security.Cryptography.SHA256.HashData("Action=ListRoles&Version=2010-05-08"u8);
        (await client.SendAsync("POST", "/", body, ("content-type", "application/x-www-form-urlencoded"), ("x-amz-content-sha256", Convert.ToHexStringLower(other)))).Code.ShouldBe("SignatureDoesNotMatch");
        (await client.SendAsync("POST", "/", body, ("content-type", "application/x-www-form-urlencoded"), ("x-amz-content-sha256", "UNSIGNED-PAYLOAD"))).Code.ShouldBe("SignatureDoesNotMatch");

        using var http = new HttpClient();
        using var content = new FormUrlEncodedContent(form.Select(field => KeyValuePair.Create(field.Item1, field.Item2)));
        using var answer = await http.PostAsync(gateway.Endpoint, content, TestContext.Current.CancellationToken);
        (await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).ShouldContain("MissingAuthenticationToken");
    }

    [Fact]
    public async Task Admin_ByUsersOfTheAccountThatRunsTheGateway_NeedsItsRight()
    {
        var (_, administrator) = await gateway.Operators.NewUserAsync(Policies.Allow("*"));
        var (_, reader) = await gateway.Operators.NewUserAsync(Policies.Allow("oort:ReadAdmin"));
        var (_, nobody) = await gateway.Operators.NewUserAsync(Policies.Allow("s3:*"));
        var tenant = await gateway.NewTenantAsync();
        async Task<(int Get, int Post)> TryAsync(Signer who) => ((await who.S3.SendAsync("GET", "/_oort/admin/v1/x")).Status, (await who.S3.SendAsync("POST", "/_oort/admin/v1/x", "")).Status);

        (await TryAsync(gateway.Operators)).ShouldBe((200, 200));
        (await TryAsync(administrator)).ShouldBe((200, 200));
        (await TryAsync(reader)).ShouldBe((200, 403));
        (await TryAsync(nobody)).ShouldBe((403, 403));
        (await TryAsync(tenant)).ShouldBe((403, 403));
    }

    [Fact]
    public async Task Providers_ByWhoMayMakeOne_AreThatOne()
    {
        var tenant = await gateway.NewTenantAsync();
        var mine = tenant.ArnOf("oidc-provider/mine.example.com");
        var (_, user) = await tenant.NewUserAsync(Policies.Allow("iam:CreateOpenIDConnectProvider", mine));
        (string, string)[] Fields(string url, string arn) => [("Url", url), ("OpenIDConnectProviderArn", arn), ("ThumbprintList.member.1", new('0', 40))];
        (await user.IamAsync("CreateOpenIDConnectProvider", Fields("https://evil.example.com", mine))).Code.ShouldBe("AccessDenied");
        (await user.IamAsync("CreateOpenIDConnectProvider", Fields("https://mine.example.com", "x"))).Status.ShouldBe(200);

        // What is no ARN is nobody's to allow, but for the root itself, who is told that it is none.
        var narrow = Grant.Narrow(new(tenant.AccessKey, tenant.Secret, null), new() { Verbs = GrantVerbs.All });
        var granted = new Signer(gateway, narrow.AccessKeyId, narrow.SecretKey, narrow.SessionToken);
        (await granted.IamAsync("DeletePolicy", ("PolicyArn", "no arn"))).Code.ShouldBe("AccessDenied");
        (await tenant.IamAsync("DeletePolicy", ("PolicyArn", "no arn"))).Code.ShouldBe("NoSuchEntity");
    }

    [Fact]
    public async Task Policies_OfOnesOwn_HaveALimitTogether()
    {
        var tenant = await gateway.NewTenantAsync();
        var (name, user) = await tenant.NewUserAsync();
        var large = Policies.Allow("s3:GetObject").Replace("\"*\"", "\"*\"" + new string(' ', 19_000), StringComparison.Ordinal);
        for (var i = 0; i < 3; i++) await tenant.DoAsync("PutUserPolicy", ("UserName", name), ("PolicyName", $"p{i}"), ("PolicyDocument", large));
        (await tenant.IamAsync("PutUserPolicy", ("UserName", name), ("PolicyName", "p3"), ("PolicyDocument", large))).Code.ShouldBe("LimitExceeded");
        await tenant.DoAsync("PutUserPolicy", ("UserName", name), ("PolicyName", "p2"), ("PolicyDocument", large));
        (await user.S3.SendAsync("GET", "/no-such-bucket/key")).Code.ShouldBe("NoSuchBucket");
    }
}
