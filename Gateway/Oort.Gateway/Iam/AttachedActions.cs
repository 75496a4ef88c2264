using Oort.Identity.Model;
using Oort.Identity.Store;
using Oort.S3;
using static Oort.Gateway.Iam.QueryAnswer;

namespace Oort.Gateway.Iam;

/// <summary>The policies of users, groups and roles: their own, those that are attached to them, and what bounds them.</summary>
internal static class AttachedActions
{
    public static async ValueTask<IEnumerable<object?>?> PutInlineAsync(IamCall call, Holder holder)
    {
        var (name, policy) = (call.NewName("PolicyName", Names.PolicyLengthMax), call.Policy());
        await ChangeAsync(call, holder, (_, before) =>
        {
            if (before.Inline.Count >= IamLimits.InlineMax && !before.Inline.ContainsKey(name)) throw new S3Exception(QueryErrors.LimitExceeded, $"There may be {IamLimits.InlineMax} policies of one's own; attach managed ones.");
            var after = before.Inline.SetItem(name, policy);
            return after.Values.Sum(one => one.Text.Length) <= IamLimits.InlineLengthMax ? before with { Inline = after } : throw new S3Exception(QueryErrors.LimitExceeded, $"All policies of one's own may have {IamLimits.InlineLengthMax} characters together; attach managed ones.");
        });
        return null;
    }

    public static ValueTask<IEnumerable<object?>?> GetInlineAsync(IamCall call, Holder holder)
    {
        var entity = holder.Find(call, call.State);
        var name = call.Form.Required("PolicyName");
        if (!holder.Permissions(entity).Inline.TryGetValue(name, out var policy)) throw NoPolicy(name);
        return new([X($"{holder.Kind}Name", entity.Name), X("PolicyName", name), X("PolicyDocument", Uri.EscapeDataString(policy.Text))]);
    }

    public static async ValueTask<IEnumerable<object?>?> DeleteInlineAsync(IamCall call, Holder holder)
    {
        var name = call.Form.Required("PolicyName");
        await ChangeAsync(call, holder, (_, before) => before.Inline.ContainsKey(name) ? before with { Inline = before.Inline.Remove(name) } : throw NoPolicy(name));
        return null;
    }

    public static ValueTask<IEnumerable<object?>?> ListInlineAsync(IamCall call, Holder holder) =>
        new(call.Page("PolicyNames", holder.Permissions(holder.Find(call, call.State)).Inline.Keys, name => name, name => X("member", name)));

    public static async ValueTask<IEnumerable<object?>?> AttachAsync(IamCall call, Holder holder)
    {
        await ChangeAsync(call, holder, (state, before) =>
        {
            var attached = before.Attached.Add(call.Managed(state).Arn);
            if (attached.Count > IamLimits.AttachedMax) throw new S3Exception(QueryErrors.LimitExceeded, $"Cannot exceed quota for PoliciesPer{holder.Kind}: {IamLimits.AttachedMax}");
            return before with { Attached = attached };
        });
        return null;
    }

    public static async ValueTask<IEnumerable<object?>?> DetachAsync(IamCall call, Holder holder)
    {
        var arn = call.Form.Required("PolicyArn");
        await ChangeAsync(call, holder, (_, before) => before.Attached.Contains(arn) ? before with { Attached = before.Attached.Remove(arn) } : throw new S3Exception(QueryErrors.NoSuchEntity, $"Policy {arn} was not found."));
        return null;
    }

    public static ValueTask<IEnumerable<object?>?> ListAttachedAsync(IamCall call, Holder holder) => new(call.Page(
        "AttachedPolicies", holder.Permissions(holder.Find(call, call.State)).Attached, arn => arn, arn => X("member", X("PolicyName", arn[(arn.LastIndexOf('/') + 1)..]), X("PolicyArn", arn))));

    public static async ValueTask<IEnumerable<object?>?> PutBoundaryAsync(IamCall call, Holder holder)
    {
        await ChangeAsync(call, holder, (state, before) => before with { Boundary = call.Managed(state, "PermissionsBoundary").Arn });
        return null;
    }

    public static async ValueTask<IEnumerable<object?>?> DeleteBoundaryAsync(IamCall call, Holder holder)
    {
        await ChangeAsync(call, holder, (_, before) => before with { Boundary = null });
        return null;
    }

    private static ValueTask ChangeAsync(IamCall call, Holder holder, Func<AccountState, Permissions, Permissions> change) => call.ChangeAsync((made, state) =>
    {
        var entity = holder.Find(call, state);
        made.Put(holder.With(entity, change(state, holder.Permissions(entity))));
    });

    private static S3Exception NoPolicy(string name) => new(QueryErrors.NoSuchEntity, $"The policy with name {name} cannot be found.");
}
