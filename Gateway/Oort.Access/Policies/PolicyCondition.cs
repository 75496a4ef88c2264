using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Net;

namespace Oort.Access.Policies;

/// <summary>One line of a <c>Condition</c>: an operator, a key, and the values of which one is enough (IAM User Guide: "Condition operators", "Multiple context keys or values").</summary>
internal sealed class PolicyCondition
{
    private static readonly FrozenSet<string> bindingKeys = FrozenSet.ToFrozenSet(
        ["aws:PrincipalAccount", "aws:PrincipalArn", "aws:PrincipalOrgID", "aws:SourceAccount", "aws:SourceArn", "aws:SourceIp", "aws:SourceVpc", "aws:SourceVpce", "aws:userid", "s3:DataAccessPointAccount", "s3:DataAccessPointArn", "s3:x-amz-server-side-encryption-aws-kms-key-id"], StringComparer.OrdinalIgnoreCase);

    private readonly ConditionOperator op;
    private readonly ConditionKey key;
    private readonly string name;
    private readonly ImmutableArray<ConditionOperand> operands;

    private PolicyCondition(ConditionOperator op, ConditionKey key, string name, ImmutableArray<ConditionOperand> operands) => (this.op, this.key, this.name, this.operands) = (op, key, name, operands);

    /// <exception cref="PolicyException">Operator, key or value is none.</exception>
    public static PolicyCondition Parse(string op, string key, IReadOnlyCollection<string> values, bool hasVariables)
    {
        var parsed = ConditionOperator.Parse(op);
        if (!ConditionKeys.TryFind(key, out var found, out var name)) throw new PolicyException($"There is no condition key {key}.");
        if (values.Count == 0) throw new PolicyException($"The condition {op} of {key} has no values.");
        return new(parsed, found, name, [.. values.Select(value => ConditionOperand.Parse(parsed.Test, value, hasVariables))]);
    }

    /// <summary>What it asks of a request.</summary>
    public IEnumerable<ConditionKey> Keys => operands.SelectMany(operand => operand.Keys).Prepend(key);

    /// <summary>Whether it holds for some callers only, by who or where they are, and so keeps what it allows from being public (S3 User Guide: "The meaning of public").</summary>
    public bool BindsCaller => !op.IsNegated && !op.IsIfExists && op.Quantifier != ConditionQuantifier.All && op.Test is ConditionTest.StringEquals or ConditionTest.StringLike or ConditionTest.ArnLike or ConditionTest.IpAddress
        && bindingKeys.Contains(key.Name) && operands.All(operand => operand.IsBound(op.Test));

    /// <summary>Whether a request has what it asks for.</summary>
    public bool Holds(AccessContext context)
    {
        var isThere = context.TryFind(key, name, out var value) && value.Count > 0;
        if (op.Test == ConditionTest.Null) return operands[0].IsTrue != isThere;
        if (!isThere) return op.IsIfExists || op.Quantifier == ConditionQuantifier.All || (op.Quantifier == ConditionQuantifier.None && op.IsNegated);
        // Of several values without a quantifier, one is enough, or all for a negated operator: it is the other's opposite.
        var needsAll = op.Quantifier == ConditionQuantifier.All || (op.Quantifier == ConditionQuantifier.None && op.IsNegated);
        for (var i = 0; i < value.Count; i++)
            if (HoldsFor(value[i], context) != needsAll) return !needsAll;
        return needsAll;
    }

    private bool HoldsFor(string value, AccessContext context)
    {
        if (op.Test == ConditionTest.IpAddress) return HoldsForAddress(value);
        foreach (var operand in operands)
            if (operand.Matches(op.Test, value, context)) return !op.IsNegated;
        return op.IsNegated;
    }

    /// <summary>An address is read once for all networks.</summary>
    private bool HoldsForAddress(string value)
    {
        if (!IPAddress.TryParse(value, out var address)) return op.IsNegated;
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        foreach (var operand in operands)
            if (operand.Contains(address)) return !op.IsNegated;
        return op.IsNegated;
    }
}
