using System.Globalization;
using System.Xml.Linq;
using Oort.Identity.Model;
using Oort.Identity.Store;
using Oort.S3;
using static Oort.Gateway.Iam.QueryAnswer;

namespace Oort.Gateway.Iam;

/// <summary>Managed policies and their versions.</summary>
internal static class PolicyActions
{
    private const int DescriptionLengthMax = 1_000;

    public static async ValueTask<IEnumerable<object?>?> CreateAsync(IamCall call)
    {
        var (name, path, source) = (call.NewName("PolicyName", Names.PolicyLengthMax), call.NewPath(), call.Policy());
        var tags = call.Tags(System.Collections.Immutable.ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal));
        var description = call.Text("Description", DescriptionLengthMax);
        var made = await call.ChangeAsync((change, state) =>
        {
            if (state.Policies.ContainsKey(name.ToLowerInvariant())) throw IamCall.Exists("Policy", name);
            if (state.Policies.Count >= IamLimits.PoliciesMax) throw new S3Exception(QueryErrors.LimitExceeded, $"An account has at most {IamLimits.PoliciesMax} policies.");
            var policy = new ManagedPolicy(call.Account, Names.NewId("ANPA"), path, name, call.Now) { Description = description, Tags = tags, Updated = call.Now, DefaultVersion = "v1", Versions = [new("v1", source, call.Now)] };
            change.Put(policy);
            return policy;
        });
        return [Show(call.State, made, isWhole: true)];
    }

    public static ValueTask<IEnumerable<object?>?> GetAsync(IamCall call) => new([Show(call.State, call.Managed(call.State), isWhole: true)]);

    public static ValueTask<IEnumerable<object?>?> ListAsync(IamCall call)
    {
        var state = call.State;
        var scope = call.Form.Find("Scope") ?? "All";
        if (scope is not ("All" or "AWS" or "Local")) throw IamCall.Invalid("Scope is All, AWS or Local.");
        var onlyAttached = call.Form.Find("OnlyAttached") == "true";
        var all = (scope == "AWS" ? [] : state.Policies.Values).Concat(scope == "Local" ? [] : BuiltInPolicies.All).Where(policy => !onlyAttached || CountUses(state, policy.Arn) > 0);
        return new(call.Page("Policies", all.OrderBy(policy => policy.Arn, StringComparer.Ordinal).Select(policy => KeyValuePair.Create(policy.Arn, policy)), policy => Show(state, policy, isWhole: false)));
    }

    public static async ValueTask<IEnumerable<object?>?> DeleteAsync(IamCall call)
    {
        await call.ChangeAsync((change, state) =>
        {
            var policy = Own(call, state);
            if (CountUses(state, policy.Arn) + CountBounds(state, policy.Arn) > 0) throw new S3Exception(QueryErrors.DeleteConflict, "Cannot delete a policy attached to entities.");
            if (policy.Versions.Length > 1) throw new S3Exception(QueryErrors.DeleteConflict, "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.");
            change.Remove(policy);
        });
        return null;
    }

    public static async ValueTask<IEnumerable<object?>?> CreateVersionAsync(IamCall call)
    {
        var source = call.Policy();
        var isDefault = call.Form.Find("SetAsDefault") == "true";
        var version = await call.ChangeAsync((change, state) =>
        {
            var policy = Own(call, state);
            if (policy.Versions.Length >= ManagedPolicy.VersionCountMax) throw new S3Exception(QueryErrors.LimitExceeded, $"A managed policy can have up to {ManagedPolicy.VersionCountMax} versions. Before you create a new version, you must delete an existing version.");
            var made = new PolicyVersion(string.Create(CultureInfo.InvariantCulture, $"v{policy.NextVersion}"), source, call.Now);
            change.Put(policy with { Versions = policy.Versions.Add(made), NextVersion = policy.NextVersion + 1, DefaultVersion = isDefault ? made.Id : policy.DefaultVersion, Updated = isDefault ? call.Now : policy.Updated });
            return made;
        });
        return [Show("PolicyVersion", version, isDefault, isWhole: false)];
    }

    public static ValueTask<IEnumerable<object?>?> GetVersionAsync(IamCall call)
    {
        var policy = call.Managed(call.State);
        var version = Version(call, policy);
        return new([Show("PolicyVersion", version, version.Id == policy.DefaultVersion, isWhole: true)]);
    }

    public static ValueTask<IEnumerable<object?>?> ListVersionsAsync(IamCall call)
    {
        var policy = call.Managed(call.State);
        return new([List("Versions", policy.Versions.Reverse().Select(version => Show("member", version, version.Id == policy.DefaultVersion, isWhole: false))), X("IsTruncated", false)]);
    }

    public static async ValueTask<IEnumerable<object?>?> DeleteVersionAsync(IamCall call)
    {
        await call.ChangeAsync((change, state) =>
        {
            var policy = Own(call, state);
            var version = Version(call, policy);
            if (version.Id == policy.DefaultVersion) throw new S3Exception(QueryErrors.DeleteConflict, "Cannot delete the default version of a policy.");
            change.Put(policy with { Versions = policy.Versions.Remove(version) });
        });
        return null;
    }

    public static async ValueTask<IEnumerable<object?>?> SetDefaultVersionAsync(IamCall call)
    {
        await call.ChangeAsync((change, state) =>
        {
            var policy = Own(call, state);
            change.Put(policy with { DefaultVersion = Version(call, policy).Id, Updated = call.Now });
        });
        return null;
    }

    public static ValueTask<IEnumerable<object?>?> ListEntitiesAsync(IamCall call)
    {
        var state = call.State;
        var arn = call.Managed(state).Arn;
        return new([.. Holder.All.Select(holder => (object?)List($"Policy{holder.Kind}s", holder.In(state).Where(entity => holder.Permissions(entity).Attached.Contains(arn)).Select(entity => X("member", X($"{holder.Kind}Name", entity.Name), X($"{holder.Kind}Id", entity.Id))))), X("IsTruncated", false)]);
    }

    public static async ValueTask<IEnumerable<object?>?> TagAsync(IamCall call)
    {
        await call.ChangeAsync((change, state) =>
        {
            var policy = Own(call, state);
            change.Put(policy with { Tags = call.Tags(policy.Tags) });
        });
        return null;
    }

    public static async ValueTask<IEnumerable<object?>?> UntagAsync(IamCall call)
    {
        var keys = call.Form.List("TagKeys");
        await call.ChangeAsync((change, state) =>
        {
            var policy = Own(call, state);
            change.Put(policy with { Tags = policy.Tags.RemoveRange(keys) });
        });
        return null;
    }

    public static ValueTask<IEnumerable<object?>?> ListTagsAsync(IamCall call) => new([Tags(call.Managed(call.State).Tags), X("IsTruncated", false)]);

    private static ManagedPolicy Own(IamCall call, AccountState state) => call.Managed(state) is { } policy && policy.Account == call.Account ? policy : throw new S3Exception(QueryErrors.AccessDenied, "A policy that every account has cannot be changed.");

    private static PolicyVersion Version(IamCall call, ManagedPolicy policy)
    {
        var id = call.Form.Required("VersionId");
        return policy.Versions.FirstOrDefault(version => version.Id == id) ?? throw new S3Exception(QueryErrors.NoSuchEntity, $"Policy {policy.Arn} version {id} does not exist.");
    }

    private static int CountUses(AccountState state, string arn) => Holder.All.Sum(holder => holder.In(state).Count(entity => holder.Permissions(entity).Attached.Contains(arn)));

    private static int CountBounds(AccountState state, string arn) => Holder.All.Sum(holder => holder.In(state).Count(entity => holder.Permissions(entity).Boundary == arn));

    private static XElement Show(AccountState state, ManagedPolicy policy, bool isWhole) => X(
        "Policy", X("PolicyName", policy.Name), X("PolicyId", policy.Id), X("Arn", policy.Arn), X("Path", policy.Path), X("DefaultVersionId", policy.DefaultVersion), X("AttachmentCount", CountUses(state, policy.Arn)),
        X("PermissionsBoundaryUsageCount", CountBounds(state, policy.Arn)), X("IsAttachable", true), X("CreateDate", Time(policy.Created)), X("UpdateDate", Time(policy.Updated)), isWhole ? Optional("Description", policy.Description) : null,
        isWhole && !policy.Tags.IsEmpty ? Tags(policy.Tags) : null);

    private static XElement Show(string name, PolicyVersion version, bool isDefault, bool isWhole) => X(
        name, isWhole ? X("Document", Uri.EscapeDataString(version.Source.Text)) : null, X("VersionId", version.Id), X("IsDefaultVersion", isDefault), X("CreateDate", Time(version.Created)));
}
