using System.Collections.Frozen;

namespace Oort.Access.Policies;

/// <summary>How a request's value is compared with one of a policy.</summary>
internal enum ConditionTest
{
    StringEquals,
    StringEqualsIgnoreCase,
    StringLike,
    NumericEquals,
    NumericLess,
    NumericLessEquals,
    NumericGreater,
    NumericGreaterEquals,
    DateEquals,
    DateLess,
    DateLessEquals,
    DateGreater,
    DateGreaterEquals,
    Bool,
    BinaryEquals,
    IpAddress,
    ArnLike,
    Null,
}

/// <summary>Of how many of a request's values a condition speaks.</summary>
internal enum ConditionQuantifier
{
    None,

    /// <summary>ForAllValues: holds also where there is none.</summary>
    All,

    /// <summary>ForAnyValue: does not hold where there is none.</summary>
    Any,
}

/// <summary>The name of a line of conditions, taken apart (IAM User Guide: "Condition operators").</summary>
internal readonly record struct ConditionOperator(ConditionTest Test, bool IsNegated, bool IsIfExists, ConditionQuantifier Quantifier)
{
    private const string IfExists = "IfExists";

    private static readonly FrozenDictionary<string, (ConditionTest Test, bool IsNegated)> tests = new Dictionary<string, (ConditionTest, bool)>
    {
        ["StringEquals"] = (ConditionTest.StringEquals, false),
        ["StringNotEquals"] = (ConditionTest.StringEquals, true),
        ["StringEqualsIgnoreCase"] = (ConditionTest.StringEqualsIgnoreCase, false),
        ["StringNotEqualsIgnoreCase"] = (ConditionTest.StringEqualsIgnoreCase, true),
        ["StringLike"] = (ConditionTest.StringLike, false),
        ["StringNotLike"] = (ConditionTest.StringLike, true),
        ["NumericEquals"] = (ConditionTest.NumericEquals, false),
        ["NumericNotEquals"] = (ConditionTest.NumericEquals, true),
        ["NumericLessThan"] = (ConditionTest.NumericLess, false),
        ["NumericLessThanEquals"] = (ConditionTest.NumericLessEquals, false),
        ["NumericGreaterThan"] = (ConditionTest.NumericGreater, false),
        ["NumericGreaterThanEquals"] = (ConditionTest.NumericGreaterEquals, false),
        ["DateEquals"] = (ConditionTest.DateEquals, false),
        ["DateNotEquals"] = (ConditionTest.DateEquals, true),
        ["DateLessThan"] = (ConditionTest.DateLess, false),
        ["DateLessThanEquals"] = (ConditionTest.DateLessEquals, false),
        ["DateGreaterThan"] = (ConditionTest.DateGreater, false),
        ["DateGreaterThanEquals"] = (ConditionTest.DateGreaterEquals, false),
        ["Bool"] = (ConditionTest.Bool, false),
        ["BinaryEquals"] = (ConditionTest.BinaryEquals, false),
        ["IpAddress"] = (ConditionTest.IpAddress, false),
        ["NotIpAddress"] = (ConditionTest.IpAddress, true),
        ["ArnEquals"] = (ConditionTest.ArnLike, false),
        ["ArnLike"] = (ConditionTest.ArnLike, false),
        ["ArnNotEquals"] = (ConditionTest.ArnLike, true),
        ["ArnNotLike"] = (ConditionTest.ArnLike, true),
        ["Null"] = (ConditionTest.Null, false),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <exception cref="PolicyException">There is none.</exception>
    public static ConditionOperator Parse(string text)
    {
        var rest = text;
        var quantifier = ConditionQuantifier.None;
        foreach (var (prefix, meant) in (ReadOnlySpan<(string, ConditionQuantifier)>)[("ForAllValues:", ConditionQuantifier.All), ("ForAnyValue:", ConditionQuantifier.Any)])
            if (rest.StartsWith(prefix, StringComparison.Ordinal)) (rest, quantifier) = (rest[prefix.Length..], meant);
        var isIfExists = rest.EndsWith(IfExists, StringComparison.Ordinal);
        if (isIfExists) rest = rest[..^IfExists.Length];
        if (!tests.TryGetValue(rest, out var found) || (found.Test == ConditionTest.Null && (isIfExists || quantifier != ConditionQuantifier.None))) throw new PolicyException($"There is no condition operator {text}.");
        return new(found.Test, found.IsNegated, isIfExists, quantifier);
    }
}
