using System.Collections.Immutable;
using Oort.Gateway.Tests.Iam;
using Oort.Gateway.Tests.Operations;
using Oort.Identity.Grants;
using Oort.S3;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Access;

/// <summary>Every operation, by each kind of caller of two tenants: who owns the bucket, who may everything, some or nothing in its account, sessions, and strangers who may everything in theirs.</summary>
public sealed partial class AccessMatrixTests
{
    private static readonly string[] reading = ["s3:Get*", "s3:List*"];
    private static readonly string[] writing = ["s3:Put*", "s3:Create*", "s3:Restore*", "s3:AbortMultipartUpload"];
    private static readonly string[] listing = ["s3:List*"];

    /// <summary>What a grant to read and list allows (docs/formats/grant.md §4).</summary>
    private static readonly string[] granted =
    [
        "s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectAttributes", "s3:GetObjectVersionAttributes", "s3:GetObjectTagging", "s3:GetObjectVersionTagging", "s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads", "s3:GetBucketLocation",
    ];

    /// <summary>Each caller by name, with the patterns of actions that he may do; null: everything.</summary>
    private static readonly (string Name, string[]? May, bool IsOfOwner)[] callers =
    [
        ("root", null, true),
        ("administrator", null, true),
        ("reader", reading, true),
        ("writer", writing, true),
        ("lister", listing, true),
        ("nobody", [], true),
        ("session of the administrator", null, true),
        ("session of a role that reads", reading, true),
        ("session of the administrator's role, narrowed to listing", listing, true),
        ("grant of the root, to read and list", granted, true),
        ("root of another tenant", null, false),
        ("administrator of another tenant", null, false),
        ("anonymous", [], false),
    ];

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task Operation_ByEachCaller_IsLetInByItsRights(int number)
    {
        var (operation, method, rest, body, header, actions) = rows[number];
        if (actions.Length == 0) actions = operation == S3Operation.ListBuckets ? ["ListAllMyBuckets"] : [operation.ToString()];
        var people = await PeopleAsync();
        foreach (var (name, may, isOfOwner) in callers)
        {
            // What is of no bucket is of everybody's own account.
            var isOwn = isOfOwner || (operation is S3Operation.ListBuckets or S3Operation.CreateBucket && name != "anonymous");
            var expected = isOwn && actions.All(action => may is null || may.Any(pattern => Matches(pattern, "s3:" + action)));
            (await IsLetInAsync(people, name, method, rest, body, header, operation)).ShouldBe(expected, $"{operation} {rest} {header} by {name}");
        }
    }

    private static bool Matches(string pattern, string action) => pattern.EndsWith('*') ? action.StartsWith(pattern[..^1], StringComparison.Ordinal) : action == pattern;

    /// <summary>In a bucket of its own, since some operations end it.</summary>
    private async Task<bool> IsLetInAsync(Cast people, string name, string method, string rest, string? body, string? header, S3Operation operation)
    {
        var owner = people.Tenant;
        var bucket = await owner.NewBucketAsync();
        (await owner.S3.SendAsync("PUT", $"/{bucket}/key", "content")).Status.ShouldBe(200);
        var upload = (await owner.S3.SendAsync("POST", $"/{bucket}/key?uploads", "")).Element("UploadId");
        var target = operation == S3Operation.ListBuckets ? "/" : "/" + bucket + rest.Replace("{upload}", upload, StringComparison.Ordinal);
        (string, string)[] headers = header is null ? [] : [(header[..header.IndexOf(':', StringComparison.Ordinal)], header[(header.IndexOf(':', StringComparison.Ordinal) + 2)..].Replace("{bucket}", bucket, StringComparison.Ordinal))];
        var answer = people.Signers.TryGetValue(name, out var signer)
            ? await signer.S3.SendAsync(method, target, body is null ? null : System.Text.Encoding.UTF8.GetBytes(body), headers)
            : await AnonymousClient.SendAsync(identities.Endpoint, method, target, body, headers);
        answer.Status.ShouldBeLessThan(500, answer.Text);
        return !(answer.Text.Contains("AccessDenied", StringComparison.Ordinal) || (method == "HEAD" && answer.Status == 403));
    }

    private static readonly SemaphoreSlim casting = new(1);
    private static Cast? cast;

    /// <summary>The callers are made once for all rows.</summary>
    private async Task<Cast> PeopleAsync()
    {
        await casting.WaitAsync();
        try
        {
            return cast ??= await MakeAsync();
        }
        finally
        {
            casting.Release();
        }
    }

    private async Task<Cast> MakeAsync()
    {
        var (tenant, stranger) = (await identities.NewTenantAsync(), await identities.NewTenantAsync());
        var administrator = (await tenant.NewUserAsync(Policies.Allow("*"))).Caller;
        var signers = new Dictionary<string, Signer>
        {
            ["root"] = tenant,
            ["administrator"] = administrator,
            ["reader"] = (await tenant.NewUserAsync(Policies.Allow(string.Join(',', reading)))).Caller,
            ["writer"] = (await tenant.NewUserAsync(Policies.Allow(string.Join(',', writing)))).Caller,
            ["lister"] = (await tenant.NewUserAsync(Policies.Allow(string.Join(',', listing)))).Caller,
            ["nobody"] = (await tenant.NewUserAsync()).Caller,
            ["session of the administrator"] = Tenant.SessionOf(identities, await administrator.StsAsync("GetSessionToken")),
            ["session of a role that reads"] = Tenant.SessionOf(identities, await administrator.StsAsync("AssumeRole", ("RoleArn", await NewRoleAsync(tenant, string.Join(',', reading))), ("RoleSessionName", "matrix"))),
            ["session of the administrator's role, narrowed to listing"] = Tenant.SessionOf(identities, await administrator.StsAsync("AssumeRole", ("RoleArn", await NewRoleAsync(tenant, "*")), ("RoleSessionName", "matrix"), ("Policy", Policies.Allow(string.Join(',', listing))))),
            ["grant of the root, to read and list"] = Narrow(tenant, GrantVerbs.Read | GrantVerbs.List),
            ["root of another tenant"] = stranger,
            ["administrator of another tenant"] = (await stranger.NewUserAsync(Policies.Allow("*"))).Caller,
        };
        return new(tenant, signers.ToImmutableDictionary());
    }

    private Signer Narrow(Signer wide, GrantVerbs verbs)
    {
        var made = Grant.Narrow(new(wide.AccessKey, wide.Secret, wide.Token), new() { Verbs = verbs });
        return new(identities, made.AccessKeyId, made.SecretKey, made.SessionToken);
    }

    private async Task<string> NewRoleAsync(Tenant tenant, string actions)
    {
        var name = identities.NewName("role");
        var made = await tenant.DoAsync("CreateRole", ("RoleName", name), ("AssumeRolePolicyDocument", Policies.Trust($$"""{"AWS":"{{tenant.Number}}"}""")));
        await tenant.DoAsync("PutRolePolicy", ("RoleName", name), ("PolicyName", "own"), ("PolicyDocument", Policies.Allow(actions)));
        return made.Element("Arn");
    }

    private sealed record Cast(Tenant Tenant, ImmutableDictionary<string, Signer> Signers);
}
