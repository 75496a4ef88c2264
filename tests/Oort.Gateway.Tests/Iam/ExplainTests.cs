using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Oort.Gateway.Access;
using Oort.Gateway.Operations;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Iam;

/// <summary>Who may do what, and which statement says so: what is explained is what the gate does.</summary>
public sealed class ExplainTests
{
    private readonly IdentityGateway gateway;
    private readonly AccessAdmin admin;
    private readonly DefaultHttpContext asking = new();

    public ExplainTests(IdentityGateway gateway)
    {
        this.gateway = gateway;
        var s3 = new GatewayS3Options();
        var gate = new AccessGate(gateway.Metadata, gateway.Store, s3, gateway.Time, NullLogger<AccessGate>.Instance);
        admin = new(new(gate, new(gateway.Identities.Root, gateway.Store, gateway.Seal, gateway.Time), gateway.Store, gateway.Metadata, gateway.Operators.AccessKey, "us-east-1", gateway.Time));
        asking.Connection.RemoteIpAddress = System.Net.IPAddress.Loopback;
    }

    [Fact]
    public async Task Explain_WhatAStatementDecided_NamesItAndTheOthers()
    {
        var tenant = await gateway.NewTenantAsync();
        var bucket = await tenant.NewBucketAsync();
        var (name, user) = await tenant.NewUserAsync($$"""{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:ListBucket","Resource":"*"},{"Sid":"docs","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::{{bucket}}/docs/*"}]}""");
        await tenant.DoAsync("CreateGroup", ("GroupName", "readers"));
        await tenant.DoAsync("PutGroupPolicy", ("GroupName", "readers"), ("PolicyName", "no-secrets"), ("PolicyDocument", Policies.Deny("s3:GetObject", $"arn:aws:s3:::{bucket}/docs/secret*")));
        await tenant.DoAsync("AddUserToGroup", ("GroupName", "readers"), ("UserName", name));
        await tenant.DoAsync("AttachUserPolicy", ("UserName", name), ("PolicyArn", "arn:aws:iam::aws:policy/IAMReadOnlyAccess"));

        var allowed = await OneAsync(name, "s3:GetObject", $"{bucket}/docs/a");
        (allowed.Allowed, allowed.Verdict, allowed.Policy, allowed.Name, allowed.Statement, allowed.Sid).ShouldBe((true, "allowed", "inline policy", "own", 1, "docs"));
        allowed.Json!.Value.GetProperty("Resource").GetString().ShouldBe($"arn:aws:s3:::{bucket}/docs/*");
        allowed.Policies.Select(one => (one.Name, one.Says)).ShouldBe([("own", "allows"), ("arn:aws:iam::aws:policy/IAMReadOnlyAccess", "nothing"), ("no-secrets", "nothing")]);
        allowed.Principal.ShouldBe(tenant.ArnOf("user/" + name));

        var denied = await OneAsync(user.AccessKey, "GetObject", $"arn:aws:s3:::{bucket}/docs/secret1");
        (denied.Allowed, denied.Verdict, denied.Policy, denied.Name).ShouldBe((false, "denied", "inline policy of group readers", "no-secrets"));
        denied.Reason.ShouldBe("Statement number 1 of the inline policy of group readers no-secrets denies it.");
        denied.Policies[0].Says.ShouldBe("allows");

        var nothing = await OneAsync($"user/{name}", "s3:PutObject", $"{bucket}/docs/a");
        (nothing.Allowed, nothing.Verdict, nothing.Policy).ShouldBe((false, "not allowed", null));
        nothing.Reason.ShouldBe("None of his policies allows it, and nothing of the bucket does.");
        (await user.S3.SendAsync("GET", $"/{bucket}/docs/a")).Code.ShouldBe("NoSuchKey");
        (await user.S3.SendAsync("GET", $"/{bucket}/docs/secret1")).Code.ShouldBe("AccessDenied");
    }

    [Fact]
    public async Task Explain_ConditionsOnTagsOfTheObject_LooksThemUp()
    {
        var tenant = await gateway.NewTenantAsync();
        var bucket = await tenant.NewBucketAsync();
        foreach (var (key, tag) in ((string, string)[])[("open", "public"), ("closed", "private")]) (await tenant.S3.SendAsync("PUT", $"/{bucket}/{key}", key, ("x-amz-tagging", "security=" + tag))).Status.ShouldBe(200);
        var (_, user) = await tenant.NewUserAsync("""{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"StringEquals":{"s3:ExistingObjectTag/security":"public"}}}]}""");
        foreach (var key in (string[])["open", "closed", "gone"])
            (await OneAsync(user.AccessKey, "s3:GetObject", $"{bucket}/{key}")).Allowed.ShouldBe((await user.S3.SendAsync("GET", $"/{bucket}/{key}")).Status == 200, key);
        (await OneAsync(user.AccessKey, "s3:GetObject", $"{bucket}/open")).Allowed.ShouldBeTrue();
    }

    [Fact]
    public async Task Explain_WhatBoundsPolicies_SaysWhichDoes()
    {
        var tenant = await gateway.NewTenantAsync();
        var bucket = await tenant.NewBucketAsync();
        var (name, _) = await tenant.NewUserAsync(Policies.Allow("s3:*"));
        var other = await gateway.NewTenantAsync();
        var (_, stranger) = await other.NewUserAsync(Policies.Allow("s3:*"));
        (await OneAsync(stranger.AccessKey, "s3:GetObject", $"{bucket}/a")).Reason.ShouldBe("It belongs to another account, and nothing there lets him in.");
        (await OneAsync("anonymous", "s3:GetObject", $"{bucket}/a")).Reason.ShouldBe("Nothing allows it.");
        (await OneAsync("root", "s3:GetObject", $"{bucket}/a")).Reason.ShouldStartWith("The root of an account may do everything");

        // A public policy is held back by the public access block, until that is gone.
        (await tenant.S3.SendAsync("DELETE", $"/{bucket}?publicAccessBlock=")).Status.ShouldBe(204);
        (await tenant.S3.SendAsync("PUT", $"/{bucket}?policy=", $$"""{"Statement":[{"Sid":"all","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::{{bucket}}/*"},{"Sid":"near","Effect":"Deny","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::{{bucket}}/*","Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"} } }]}""")).Status.ShouldBe(204);
        var open = await OneAsync("anonymous", "s3:GetObject", $"{bucket}/a");
        (open.Allowed, open.Policy, open.Sid).ShouldBe((true, "bucket policy", "all"));
        var far = await OneAsync("anonymous", "s3:GetObject", $"{bucket}/a", new("192.0.2.7"));
        (far.Verdict, far.Sid, far.Statement).ShouldBe(("denied", "near", 1));
        (await OneAsync(stranger.AccessKey, "s3:GetObject", $"{bucket}/a")).Reason.ShouldEndWith("allows it, and the bucket lets his account in.");
        (await tenant.S3.SendAsync("PUT", $"/{bucket}?publicAccessBlock=", "<PublicAccessBlockConfiguration><RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>")).Status.ShouldBe(200);
        var restricted = await OneAsync("anonymous", "s3:GetObject", $"{bucket}/a");
        restricted.Allowed.ShouldBeFalse();
        restricted.Reason.ShouldContain("RestrictPublicBuckets");
        (await OneAsync(name, "s3:PutObject", $"{bucket}/a")).Allowed.ShouldBeTrue();

        await tenant.DoAsync("PutUserPermissionsBoundary", ("UserName", name), ("PermissionsBoundary", "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"));
        var bounded = await OneAsync(name, "s3:PutObject", $"{bucket}/a");
        bounded.Reason.ShouldBe("His policies allow it, and his boundary does not.");
        bounded.Policies.Single(one => one.Policy == "boundary").ShouldBe(new("boundary", "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess", "nothing", null, null));
        (await OneAsync(tenant.AccessKey, "s3:DeleteBucketPolicy", bucket)).Reason.ShouldContain("can always see and change");

        var account = new AccountAdmin(gateway.Store, gateway.Seal, gateway.Metadata, gateway.Time);
        await account.ChangeAsync(tenant.Number, new(Suspended: true), default);
        var closed = await OneAsync(name, "s3:GetObject", $"{bucket}/a");
        (closed.Allowed, closed.Reason).ShouldBe((false, $"Account {tenant.Number} is suspended: nobody of it is let in."));
    }

    [Fact]
    public async Task Explain_Lists_CountWhereTheyDoForRequests()
    {
        var tenant = await gateway.NewTenantAsync();
        var bucket = gateway.NewName("bucket");
        (await tenant.S3.SendAsync("PUT", "/" + bucket, [], ("x-amz-object-ownership", "ObjectWriter"))).Status.ShouldBe(200);
        (await tenant.S3.SendAsync("DELETE", $"/{bucket}?publicAccessBlock=")).Status.ShouldBe(204);
        (await tenant.S3.SendAsync("PUT", $"/{bucket}/open", "x"u8.ToArray(), ("x-amz-acl", "public-read"))).Status.ShouldBe(200);
        (await tenant.S3.SendAsync("PUT", $"/{bucket}/closed", "x"u8.ToArray())).Status.ShouldBe(200);
        var open = await OneAsync("anonymous", "s3:GetObject", $"{bucket}/open");
        (open.Allowed, open.Reason).ShouldBe((true, "The list (ACL) of the bucket or the object gives it to him."));
        (await OneAsync("anonymous", "s3:GetObject", $"{bucket}/closed")).Allowed.ShouldBeFalse();
        (await OneAsync("anonymous", "s3:PutObject", $"{bucket}/open")).Allowed.ShouldBeFalse();
    }

    [Fact]
    public async Task Explain_OfEachCallerAndRight_IsWhatBecomesOfHisRequest()
    {
        var tenant = await gateway.NewTenantAsync();
        var other = await gateway.NewTenantAsync();
        var bucket = gateway.NewName("bucket");
        (await tenant.S3.SendAsync("PUT", "/" + bucket, [], ("x-amz-object-ownership", "ObjectWriter"))).Status.ShouldBe(200);
        (await tenant.S3.SendAsync("DELETE", $"/{bucket}?publicAccessBlock=")).Status.ShouldBe(204);
        (await tenant.S3.SendAsync("PUT", $"/{bucket}?acl=", [], ("x-amz-grant-write", $"id={gateway.Store.FindByNumber(other.Number)!.CanonicalId}"), ("x-amz-grant-read", "uri=http://acs.amazonaws.com/groups/global/AllUsers"))).Status.ShouldBe(200);
        (await tenant.S3.SendAsync("PUT", $"/{bucket}?policy=", $$"""{"Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:GetObjectAcl","Resource":"arn:aws:s3:::{{bucket}}/own"},{"Effect":"Allow","Principal":{"AWS":"{{other.Number}}"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::{{bucket}}/*"}]}""")).Status.ShouldBe(204);
        (await tenant.S3.SendAsync("PUT", $"/{bucket}/own", "x"u8.ToArray())).Status.ShouldBe(200);
        (await other.S3.SendAsync("PUT", $"/{bucket}/foreign", "x"u8.ToArray())).Status.ShouldBe(200);
        var (_, all) = await tenant.NewUserAsync(Policies.Allow("s3:*"));
        var (_, reader) = await tenant.NewUserAsync(Policies.Allow("s3:GetObject*,s3:ListBucket"));
        var (_, stranger) = await other.NewUserAsync(Policies.Allow("s3:*"));
        var (_, nobody) = await other.NewUserAsync();
        (string Action, string Method, string Target, string Resource)[] requests =
        [
            ("s3:ListBucket", "GET", "", ""), ("s3:ListBucketVersions", "GET", "?versions=", ""), ("s3:GetBucketPolicy", "GET", "?policy=", ""), ("s3:GetBucketAcl", "GET", "?acl=", ""), ("s3:GetBucketLocation", "GET", "?location=", ""),
            .. ((string[])["own", "foreign"]).SelectMany(key => ((string, string, string, string)[])
            [
                ("s3:GetObject", "GET", $"/{key}", $"/{key}"), ("s3:GetObjectAcl", "GET", $"/{key}?acl=", $"/{key}"), ("s3:GetObjectTagging", "GET", $"/{key}?tagging=", $"/{key}"),
            ]),
            ("s3:PutObject", "PUT", "/new", "/new"), ("s3:DeleteObject", "DELETE", "/foreign", "/foreign"), ("s3:DeleteObject", "DELETE", "/own", "/own"),
        ];
        var counts = new int[2];
        foreach (var (action, method, target, resource) in requests)
        {
            // Who owns something comes last, so that it is there for the others.
            foreach (var caller in (Signer[])[nobody, reader, stranger, other, all, tenant])
            {
                var said = await OneAsync(caller.AccessKey, action, bucket + resource);
                var answer = await caller.S3.SendAsync(method, $"/{bucket}{target}", method == "PUT" ? "x"u8.ToArray() : null);
                answer.Status.ShouldBeOneOf(200, 204, 403);
                (answer.Status != 403).ShouldBe(said.Allowed, $"{said.Principal} {action} {resource}: {said.Reason}");
                counts[said.Allowed ? 1 : 0]++;
                if (method == "DELETE" && answer.Status == 204) (await (resource == "/own" ? tenant : other).S3.SendAsync("PUT", $"/{bucket}{resource}", "x"u8.ToArray())).Status.ShouldBe(200);
            }
        }

        counts.ShouldAllBe(count => count > 20);
    }

    [Fact]
    public async Task Explain_WithoutAction_ShowsAllThatOneMay()
    {
        var tenant = await gateway.NewTenantAsync();
        var bucket = await tenant.NewBucketAsync();
        var (name, _) = await tenant.NewUserAsync($$$"""{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::{{{bucket}}}/*"},{"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::{{{bucket}}}/${aws:username}/*"},{"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::{{{bucket}}}","Condition":{"StringLike":{"s3:prefix":"docs/*"} } },{"Effect":"Deny","Action":"s3:DeleteObject","Resource":"*"}]}""");
        var rights = (await admin.ExplainAsync(asking, new(name, null, bucket), default)).ShouldBeOfType<RightsModel>();
        var byAction = rights.Actions.ToDictionary(one => one.Action);
        byAction["s3:GetObject"].Extent.ShouldBe("yes");
        byAction["s3:PutObject"].Extent.ShouldBe("part");
        byAction["s3:ListBucket"].Extent.ShouldBe("part");
        (byAction["s3:DeleteObject"].Extent, byAction["s3:DeleteObject"].Verdict).ShouldBe(("no", "denied"));
        (byAction["s3:PutBucketPolicy"].Extent, byAction["s3:PutBucketPolicy"].Verdict).ShouldBe(("no", "not allowed"));
        var ofKey = (await admin.ExplainAsync(asking, new(name, null, $"{bucket}/{name}/a"), default)).ShouldBeOfType<RightsModel>();
        ofKey.Actions.Single(one => one.Action == "s3:PutObject").Extent.ShouldBe("yes");
    }

    [Fact]
    public async Task Explain_WithoutPrincipal_ShowsEverybodyAtAGlance()
    {
        var tenant = await gateway.NewTenantAsync();
        var other = await gateway.NewTenantAsync();
        var bucket = await tenant.NewBucketAsync();
        var (reader, _) = await tenant.NewUserAsync(Policies.Allow("s3:Get*,s3:List*"));
        var (nobody, _) = await tenant.NewUserAsync();
        await tenant.DoAsync("CreateRole", ("RoleName", "writer"), ("AssumeRolePolicyDocument", Policies.Trust($$"""{"AWS":"{{tenant.Number}}"}""")));
        await tenant.DoAsync("PutRolePolicy", ("RoleName", "writer"), ("PolicyName", "own"), ("PolicyDocument", Policies.Allow("s3:PutObject", $"arn:aws:s3:::{bucket}/in/*")));
        (await tenant.S3.SendAsync("PUT", $"/{bucket}?policy=", $$"""{"Statement":{"Effect":"Allow","Principal":{"AWS":"{{other.Number}}"},"Action":"s3:DeleteObject","Resource":"arn:aws:s3:::{{bucket}}/*"} }""")).Status.ShouldBe(204);
        var shown = (await admin.ExplainAsync(asking, new(null, null, bucket), default)).ShouldBeOfType<EverybodyModel>();
        (shown.Owner, shown.IsTruncated).ShouldBe((tenant.Number, false));
        shown.Everybody.ShouldBe(
        [
            new("anonymous", "no", "no", "no", "no", "no"), new(other.ArnOf("root"), "no", "no", "yes", "no", "no"), new(tenant.ArnOf("root"), "yes", "yes", "yes", "yes", "yes"),
            new(tenant.ArnOf("user/" + reader), "yes", "no", "no", "yes", "no"), new(tenant.ArnOf("user/" + nobody), "no", "no", "no", "no", "no"), new(tenant.ArnOf("role/writer"), "no", "part", "no", "no", "no"),
        ], ignoreOrder: true);
    }

    [Fact]
    public async Task Explain_WhatCannotBeAsked_SaysWhy()
    {
        var bucket = await gateway.Operators.NewBucketAsync();
        (await RefusedAsync(new("nobody", "s3:GetObject", $"{bucket}/a"))).Message.ShouldContain("There is nobody called nobody");
        (await RefusedAsync(new("root", "s3:Fly", bucket))).Message.ShouldContain("is no action of S3");
        (await RefusedAsync(new("root", "iam:ListUsers", bucket))).Message.ShouldContain("simulate-principal-policy");
        (await RefusedAsync(new("root", "s3:GetObject", bucket))).Message.ShouldContain("is done to an object");
        (await RefusedAsync(new("root", "s3:ListBucket", "no-such-bucket"))).Status.ShouldBe(404);
        (await RefusedAsync(new("root", "s3:ListBucket"))).Message.ShouldContain("\"resource\" is missing");
        (await RefusedAsync(new(null, "s3:ListBucket", bucket))).Message.ShouldContain("\"principal\" is missing");
        (await RefusedAsync(new("root", "s3:ListBucket", bucket, new("here")))).Message.ShouldContain("is no IP address");
    }

    private async Task<ExplainModel> OneAsync(string who, string action, string resource, ExplainContext? context = null) => (await admin.ExplainAsync(asking, new(who, action, resource, context), default)).ShouldBeOfType<ExplainModel>();

    private async Task<AdminRequestException> RefusedAsync(ExplainRequest request) => await Should.ThrowAsync<AdminRequestException>(async () => await admin.ExplainAsync(asking, request, default));
}
