using System.Collections.Frozen;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using Oort.Access;
using Oort.Access.Policies;

namespace Oort.Gateway.Access;

/// <summary>What conditions of policies may ask of any request: who makes it, from where, when.</summary>
/// <param name="resourceAccount">The account that owns what the request is about.</param>
/// <param name="more">What its service knows besides; null: nothing.</param>
internal class CallerFacts(HttpContext http, Caller caller, string resourceAccount, string region, DateTimeOffset now, IReadOnlyDictionary<string, ConditionValue>? more = null) : AccessContext
{
    private static readonly FrozenDictionary<string, Func<CallerFacts, string, ConditionValue?>> known = new Dictionary<string, Func<CallerFacts, string, ConditionValue?>>
    {
        ["aws:CurrentTime"] = static (facts, _) => Moment(facts.Now),
        ["aws:EpochTime"] = static (facts, _) => new(facts.Now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture)),
        ["aws:FederatedProvider"] = static (facts, _) => Value(facts.Caller.Session?.Provider),
        ["aws:PrincipalAccount"] = static (facts, _) => Value(facts.Caller.Principal.Account),
        ["aws:PrincipalArn"] = static (facts, _) => Value(facts.Caller.Principal.Role ?? facts.Caller.Principal.Arn),
        ["aws:PrincipalIsAWSService"] = static (_, _) => new("false"),
        ["aws:PrincipalTag"] = static (facts, name) => facts.Caller.Tags.FirstOrDefault(tag => string.Equals(tag.Key, name, StringComparison.OrdinalIgnoreCase)) is { Key: not null } tag ? new ConditionValue(tag.Value) : null,
        ["aws:PrincipalType"] = static (facts, _) => new(facts.Caller.Principal.Kind switch { PrincipalKind.Anonymous => "Anonymous", PrincipalKind.Root => "Account", PrincipalKind.User => "User", _ => "AssumedRole" }),
        ["aws:Referer"] = static (facts, _) => facts.Header("Referer"),
        ["aws:RequestedRegion"] = static (facts, _) => new(facts.Region),
        ["aws:ResourceAccount"] = static (facts, _) => new(facts.ResourceAccount),
        ["aws:SecureTransport"] = static (facts, _) => new(facts.Http.Request.IsHttps ? "true" : "false"),
        ["aws:SourceIdentity"] = static (facts, _) => Value(facts.Caller.Session?.SourceIdentity),
        ["aws:SourceIp"] = static (facts, _) => Value(Address(facts.Http)),
        ["aws:TokenIssueTime"] = static (facts, _) => facts.Caller.Session is { } session ? Moment(session.Issued) : null,
        ["aws:UserAgent"] = static (facts, _) => facts.Header("User-Agent"),
        ["aws:ViaAWSService"] = static (_, _) => new("false"),
        ["aws:userid"] = static (facts, _) => new(facts.Caller.UserId),
        ["aws:username"] = static (facts, _) => Value(facts.Caller.UserName),
        ["sts:authentication"] = static (facts, _) => new(facts.Caller.Session is null ? "false" : "true"),
    }.ToFrozenDictionary();

    /// <summary>What no request here has, as none in AWS that comes from outside of it, without a second factor: conditions on them hold or not as they do there.</summary>
    private static readonly FrozenSet<string> absent = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase, "aws:CalledVia", "aws:CalledViaFirst", "aws:CalledViaLast", "aws:MultiFactorAuthAge", "aws:MultiFactorAuthPresent", "aws:PrincipalOrgID", "aws:PrincipalOrgPaths", "aws:PrincipalServiceName", "aws:ResourceOrgID",
        "aws:ResourceOrgPaths", "aws:SourceAccount", "aws:SourceArn", "aws:SourceOrgID", "aws:SourceOrgPaths", "aws:SourceVpc", "aws:SourceVpce", "aws:VpcSourceIp", "s3:AccessGrantsInstanceArn", "s3:AccessPointNetworkOrigin",
        "s3:DataAccessPointAccount", "s3:DataAccessPointArn");

    protected HttpContext Http => http;

    protected Caller Caller => caller;

    protected string ResourceAccount => resourceAccount;

    protected string Region => region;

    protected DateTimeOffset Now => now;

    /// <summary>Whether every request can be asked for this.</summary>
    public static bool KnowsOfAll(ConditionKey key) => known.ContainsKey(key.Name) || absent.Contains(key.Name);

    /// <summary>Where a request comes from; null: not from a network. An address of IPv4 in one of IPv6 is the former.</summary>
    public static string? Address(HttpContext http) => http.Connection.RemoteIpAddress is { } address ? (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString() : null;

    public override bool TryFind(ConditionKey key, string name, out ConditionValue value)
    {
        value = default;
        if (known.TryGetValue(key.Name, out var read) && read(this, name) is { } found)
        {
            value = found;
            return true;
        }

        return more is not null && more.TryGetValue(key.IsFamily ? $"{key.Name}/{name}" : key.Name, out value);
    }

    protected static ConditionValue? Value(string? text) => string.IsNullOrEmpty(text) ? null : new ConditionValue(text);

    protected ConditionValue? Header(string name) => Value(http.Request.Headers.TryGetValue(name, out var value) ? value.ToString() : null);

    private static ConditionValue Moment(DateTimeOffset time) => new(time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
}
