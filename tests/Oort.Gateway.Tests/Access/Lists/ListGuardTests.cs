using System.IO.Pipelines;
using System.Reflection;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Oort.Gateway.Access;
using Oort.Gateway.Access.Lists;
using Oort.Metadata;
using Oort.S3;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Access.Lists;

/// <summary>What keeps lists from letting in whom they should not: blocks, damage, and time that passes between judging and doing.</summary>
public sealed class ListGuardTests(ListGateway gateway) : IClassFixture<ListGateway>
{
    private static string MainId => FakeAccounts.Main.CanonicalId;

    private static string OtherId => FakeAccounts.Other.CanonicalId;

    [Fact]
    public async Task PublicAccessBlock_RefusesAndIgnoresPublicLists()
    {
        var bucket = await gateway.NewBucketAsync("public-read");
        await gateway.Main.SendAsync("PUT", $"/{bucket}/key", "x", ("x-amz-acl", "public-read"));
        await PutBlockAsync("BlockPublicAcls");
        foreach (var canned in (string[])["public-read", "public-read-write", "authenticated-read"])
        {
            (await gateway.Main.SendAsync("PUT", $"/{bucket}?acl", [], ("x-amz-acl", canned))).Code.ShouldBe("AccessDenied");
            (await gateway.Main.SendAsync("PUT", $"/{bucket}/key?acl", [], ("x-amz-acl", canned))).Code.ShouldBe("AccessDenied");
            (await gateway.Main.SendAsync("PUT", $"/{bucket}/new", "x", ("x-amz-acl", canned))).Code.ShouldBe("AccessDenied");
            (await gateway.Main.SendAsync("POST", $"/{bucket}/new?uploads", [], ("x-amz-acl", canned))).Code.ShouldBe("AccessDenied");
        }

        (await gateway.Main.SendAsync("PUT", $"/{bucket}/new", "x", ("x-amz-grant-read", $"id={OtherId}"))).Status.ShouldBe(200);
        (await gateway.AnonymousAsync("GET", $"/{bucket}/key")).Status.ShouldBe(200, "It was there before.");
        await PutBlockAsync("IgnorePublicAcls");
        foreach (var rest in (string[])["", "/key"]) (await gateway.AnonymousAsync("GET", $"/{bucket}{rest}")).Code.ShouldBe("AccessDenied");
        (await gateway.Main.SendAsync("GET", $"/{bucket}?policyStatus")).Element("IsPublic").ShouldBe("false");
        (await gateway.Other.SendAsync("GET", $"/{bucket}/new")).Status.ShouldBe(200);
        (await gateway.Main.SendAsync("PUT", $"/{bucket}?acl", [], ("x-amz-acl", "public-read"))).Status.ShouldBe(200, "Ignored, and not refused.");
        (await gateway.Main.SendAsync("DELETE", $"/{bucket}?publicAccessBlock")).Status.ShouldBe(204);
        (await gateway.AnonymousAsync("GET", $"/{bucket}/key")).Status.ShouldBe(200);
        (await gateway.Main.SendAsync("GET", $"/{bucket}?policyStatus")).Element("IsPublic").ShouldBe("true");

        async Task PutBlockAsync(string flag) => (await gateway.Main.SendAsync("PUT", $"/{bucket}?publicAccessBlock", $"<PublicAccessBlockConfiguration><{flag}>true</{flag}></PublicAccessBlockConfiguration>")).Status.ShouldBe(200);
    }

    [Theory]
    [InlineData("acl", false)]
    [InlineData("object-ownership", true)]
    public async Task SettingThatCannotBeRead_LetsNobodyIn_AndItsOwnerMendsIt(string setting, bool isOwnership)
    {
        var bucket = await gateway.NewBucketAsync("public-read");
        await gateway.Main.SendAsync("PUT", $"/{bucket}/key", "x", ("x-amz-acl", "public-read"));
        var row = (await gateway.Layer.Metadata.FindBucketAsync(bucket, TestContext.Current.CancellationToken))!;
        await gateway.Layer.Metadata.UpdateBucketAsync(row.Id, one => one with { Settings = one.Settings.SetItem(setting, [9]) }, TestContext.Current.CancellationToken);
        (await gateway.AnonymousAsync("GET", $"/{bucket}/key")).Code.ShouldBe("AccessDenied");
        (await gateway.Main.SendAsync("GET", $"/{bucket}/key")).Code.ShouldBe("AccessDenied");
        if (isOwnership) (await gateway.Main.SendAsync("DELETE", $"/{bucket}?ownershipControls")).Status.ShouldBe(204);
        else (await gateway.Main.SendAsync("PUT", $"/{bucket}?acl", [], ("x-amz-acl", "private"))).Status.ShouldBe(200);
        (await gateway.AnonymousAsync("GET", $"/{bucket}/key")).Status.ShouldBe(200);
    }

    [Fact]
    public async Task ListOfAVersionThatCannotBeRead_GivesNothing_AndItsOwnerMendsIt()
    {
        var bucket = await gateway.NewBucketAsync();
        await gateway.Main.SendAsync("PUT", $"/{bucket}/key", "x", ("x-amz-acl", "public-read"));
        var row = (await gateway.Layer.Metadata.FindBucketAsync(bucket, TestContext.Current.CancellationToken))!;
        await gateway.Layer.Metadata.UpdateVersionAsync(row.Id, "key", null, one => one with { Attributes = one.Attributes with { Extensions = one.Attributes.Extensions.SetItem(AccessLists.SettingName, [9]) } }, TestContext.Current.CancellationToken);
        (await gateway.AnonymousAsync("GET", $"/{bucket}/key")).Code.ShouldBe("AccessDenied");
        (await gateway.Main.SendAsync("GET", $"/{bucket}/key")).Status.ShouldBe(200);
        (await gateway.Main.SendAsync("PUT", $"/{bucket}/key?acl", [], ("x-amz-acl", "public-read"))).Status.ShouldBe(200);
        (await gateway.AnonymousAsync("GET", $"/{bucket}/key")).Status.ShouldBe(200);
    }

    /// <summary>The gate finds an object that everybody may read, and before the operation reads it, it is replaced by one that nobody may.</summary>
    [Theory]
    [InlineData("GET", "")]
    [InlineData("HEAD", "")]
    [InlineData("GET", "?acl")]
    [InlineData("PUT", "?acl")]
    public async Task ObjectReplacedAfterItWasJudged_IsJudgedAgain(string method, string rest)
    {
        var bucket = await gateway.NewBucketAsync();
        var store = DispatchProxy.Create<IMetadataStore, InterposedStore>();
        var interposed = (InterposedStore)(object)store;
        interposed.Inner = gateway.Layer.Metadata;
        await using var host = await Operations.GatewayHost.StartAsync(gateway.Layer, new(), credentials: new FakeAccounts(), accounts: new FakeAccounts(), gateStore: store);
        using var other = ListGateway.ClientOf(FakeAccounts.Other, host.Endpoint);
        (string, string)[] headers = method == "PUT" ? [("x-amz-acl", "public-read")] : [];
        await PutAsync($"id={OtherId}");
        (await other.SendAsync(method, $"/{bucket}/key{rest}", [], headers)).Status.ShouldBe(200);
        await PutAsync($"id={OtherId}");
        interposed.AfterFind = () => PutAsync($"id={MainId}");
        (await other.SendAsync(method, $"/{bucket}/key{rest}", [], headers)).Status.ShouldBe(403);
        interposed.Count.ShouldBe(2);

        async Task PutAsync(string grantee) => (await gateway.Main.SendAsync("PUT", $"/{bucket}/key", "x", ("x-amz-grant-full-control", grantee))).Status.ShouldBe(200);
    }

    /// <summary>Whoever carries the request out may fetch from elsewhere what is not here (imports): what the gate has not judged is not handed on.</summary>
    [Theory]
    [InlineData("", "NoSuchKey")]
    [InlineData("?versionId=null", "NoSuchVersion")]
    public async Task Authorize_MissingObjectToOneWhoMayList_EndsHere(string query, string code)
    {
        var bucket = await gateway.NewBucketAsync("public-read");
        var gate = new AccessGate(gateway.Layer.Metadata, new FakeAccounts(), new(), TimeProvider.System, NullLogger<AccessGate>.Instance);
        (await Should.ThrowAsync<S3Exception>(async () => await gate.AuthorizeAsync(Get("missing"), TestContext.Current.CancellationToken))).Error.Code.ShouldBe(code);
        await gateway.Main.SendAsync("PUT", $"/{bucket}/key", "x");
        (await Should.ThrowAsync<S3Exception>(async () => await gate.AuthorizeAsync(Get("key"), TestContext.Current.CancellationToken))).Error.ShouldBe(S3Errors.AccessDenied);
        await gateway.Main.SendAsync("PUT", $"/{bucket}/key", "x", ("x-amz-acl", "public-read"));
        await gate.AuthorizeAsync(Get("key"), TestContext.Current.CancellationToken);

        S3Request Get(string key) => new()
        {
            Http = new DefaultHttpContext { Request = { QueryString = new(query) } },
            RequestId = "1",
            Operation = S3Operation.GetObject,
            Bucket = bucket,
            Key = key,
            Principal = Caller.Anonymous,
            Body = PipeReader.Create(Stream.Null),
            Trailers = new Dictionary<string, string>(),
            AnnouncedTrailers = [],
        };
    }

    /// <summary>Lists cost a look at the version only where they decide.</summary>
    [Fact]
    public async Task VersionIsLookedAt_OnlyWhereItsListCanMatter()
    {
        var store = DispatchProxy.Create<IMetadataStore, InterposedStore>();
        var interposed = (InterposedStore)(object)store;
        interposed.Inner = gateway.Layer.Metadata;
        await using var host = await Operations.GatewayHost.StartAsync(gateway.Layer, new(), credentials: new FakeAccounts(), accounts: new FakeAccounts(), gateStore: store);
        using var main = ListGateway.ClientOf(FakeAccounts.Main, host.Endpoint);
        using var other = ListGateway.ClientOf(FakeAccounts.Other, host.Endpoint);
        var (open, enforced) = (await gateway.NewBucketAsync(), await gateway.NewBucketAsync(("x-amz-object-ownership", "BucketOwnerEnforced")));
        foreach (var bucket in (string[])[open, enforced])
        {
            await main.SendAsync("PUT", $"/{bucket}/key", "x");
            (await main.SendAsync("GET", $"/{bucket}/key")).Status.ShouldBe(200);
        }

        (await other.SendAsync("GET", $"/{enforced}/key")).Status.ShouldBe(403);
        interposed.Count.ShouldBe(0);
        (await other.SendAsync("GET", $"/{open}/key")).Status.ShouldBe(403);
        interposed.Count.ShouldBe(1);
    }

    /// <summary>A store that something happens to after a version was found in it.</summary>
    public class InterposedStore : DispatchProxy
    {
        internal IMetadataStore Inner { get; set; } = null!;

        internal Func<Task>? AfterFind { get; set; }

        internal int Count { get; private set; }

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
        {
            var result = targetMethod!.Invoke(Inner, args);
            return targetMethod.Name == nameof(IMetadataStore.FindVersionAsync) ? new ValueTask<VersionRow?>(FoundAsync(((ValueTask<VersionRow?>)result!).AsTask())) : result;
        }

        private async Task<VersionRow?> FoundAsync(Task<VersionRow?> found)
        {
            Count++;
            var row = await found;
            if (AfterFind is { } happens) await happens();
            return row;
        }
    }
}
