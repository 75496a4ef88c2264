using System.Globalization;
using System.Xml.Linq;
using Oort.Gateway.Access.Lists;
using Oort.Gateway.Tests.Operations;
using Oort.Identity.Accounts;
using Oort.Objects;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Access.Lists;

/// <summary>A gateway with three accounts, where lists count in new buckets and nothing is blocked.</summary>
public sealed class ListGateway : IAsyncLifetime
{
    private readonly Dictionary<Account, RawClient> clients = [];
    private TestStorage storage = null!;
    private Operations.GatewayHost host = null!;
    private int lastBucket;

    /// <summary>Owns the buckets.</summary>
    public RawClient Main => clients[FakeAccounts.Main];

    public RawClient Other => clients[FakeAccounts.Other];

    public RawClient Third => clients[FakeAccounts.Third];

    internal IObjectLayer Layer => storage.Layer;

    public async ValueTask InitializeAsync()
    {
        storage = await TestStorage.OpenAsync();
        host = await Operations.GatewayHost.StartAsync(storage.Layer, new() { PartSizeMin = TestGateway.PartSizeMin, ObjectOwnership = ObjectOwnership.None, BlocksPublicAccess = false }, credentials: new FakeAccounts(), accounts: new FakeAccounts());
        foreach (var account in (Account[])[FakeAccounts.Main, FakeAccounts.Other, FakeAccounts.Third]) clients.Add(account, ClientOf(account, host.Endpoint));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var client in clients.Values) client.Dispose();
        await host.DisposeAsync();
        await storage.DisposeAsync();
    }

    internal static RawClient ClientOf(Account account, Uri endpoint) => new(endpoint, FakeAccounts.KeyOf(account), Operations.GatewayHost.SecretKey);

    /// <param name="actions">What the user's own policy allows; null: he has none.</param>
    internal RawClient UserOf(Account account, string? actions = null) => new(host.Endpoint, FakeAccounts.UserKeyOf(account, actions), Operations.GatewayHost.SecretKey);

    public Task<RawAnswer> AnonymousAsync(string method, string target, string? body = null, params (string Name, string Value)[] headers) => AnonymousClient.SendAsync(host.Endpoint, method, target, body, headers);

    public string NewName() => string.Create(CultureInfo.InvariantCulture, $"lists-{Interlocked.Increment(ref lastBucket)}");

    /// <param name="headers">Of CreateBucket.</param>
    public async Task<string> NewBucketAsync(params (string Name, string Value)[] headers)
    {
        var bucket = NewName();
        (await Main.SendAsync("PUT", "/" + bucket, [], headers)).Status.ShouldBe(200);
        return bucket;
    }

    public async Task<string> NewBucketAsync(string canned) => await NewBucketAsync(("x-amz-acl", canned));

    /// <summary>An answer of GetBucketAcl or GetObjectAcl in short: owner, then grants, by the names of accounts and groups.</summary>
    public static string Shown(RawAnswer answer)
    {
        answer.Status.ShouldBe(200, answer.Text);
        var root = XDocument.Parse(answer.Text).Root!;
        XNamespace space = "http://s3.amazonaws.com/doc/2006-03-01/", xsi = "http://www.w3.org/2001/XMLSchema-instance";
        root.Name.ShouldBe(space + "AccessControlPolicy");
        var grants = root.Element(space + "AccessControlList")!.Elements().Select(grant =>
        {
            var grantee = grant.Element(space + "Grantee")!;
            var isGroup = grantee.Attribute(xsi + "type")!.Value == "Group";
            return $"{(isGroup ? grantee.Element(space + "URI")!.Value.Split('/')[^1] : Name(grantee))} {grant.Element(space + "Permission")!.Value}";
        });
        return $"{Name(root.Element(space + "Owner")!)}: {string.Join(", ", grants)}";

        // An account is shown by both or by none.
        string Name(XElement account)
        {
            var (id, name) = (account.Element(space + "ID")!.Value, account.Element(space + "DisplayName")!.Value);
            if (id == AccessList.AnonymousId) return "anonymous";
            new FakeAccounts().FindByCanonicalId(id)!.DisplayName.ShouldBe(name);
            return name;
        }
    }
}
