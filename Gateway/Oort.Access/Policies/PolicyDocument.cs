using System.Collections.Immutable;

namespace Oort.Access.Policies;

/// <summary>A policy (IAM User Guide: "IAM JSON policy elements"), read and checked. Immutable.</summary>
public sealed class PolicyDocument
{
    internal PolicyDocument(PolicyKind kind, string id, ImmutableArray<PolicyStatement> statements) => (Kind, Id, Statements) = (kind, id, statements);

    private bool? asksForObjectTags;

    public PolicyKind Kind { get; }

    /// <summary>Whether it asks for the tags that an object has already, which somebody must look up.</summary>
    public bool AsksForObjectTags => asksForObjectTags ??= Keys.Contains(ConditionKeys.ExistingObjectTag);

    public string Id { get; }

    /// <summary>Whether it lets everybody do something, whatever their account. Conditions on where a request comes from, or from whom, take that back (S3 User Guide: "The meaning of public").</summary>
    public bool IsPublic => Statements.Any(statement => statement is { IsAllow: true, Principals: not null } && statement.Principals.IsEverybody && !statement.Conditions.Any(condition => condition.BindsCaller));

    /// <summary>What its conditions and variables ask of requests.</summary>
    public IEnumerable<ConditionKey> Keys => Statements.SelectMany(statement => statement.Conditions.SelectMany(condition => condition.Keys).Concat(statement.Resources.SelectMany(resource => resource.Keys))).Distinct();

    /// <summary>ARNs and account numbers that it names; whoever puts it says whether they exist.</summary>
    public IEnumerable<string> NamedPrincipals => Statements.Where(statement => statement.Principals is not null).SelectMany(statement => statement.Principals!.Arns.Concat(statement.Principals.Accounts)).Distinct(StringComparer.Ordinal);

    internal ImmutableArray<PolicyStatement> Statements { get; }

    /// <summary>Reads a policy of an identity, a session or a role.</summary>
    /// <exception cref="PolicyException">It is none.</exception>
    public static PolicyDocument Parse(PolicyKind kind, ReadOnlyMemory<byte> utf8) => kind == PolicyKind.Bucket ? throw new ArgumentException("A bucket's policy is read with the bucket's name.", nameof(kind)) : PolicyReader.Read(kind, utf8, null);

    /// <summary>Several that count as one: what one of them allows is allowed, what one denies is denied.</summary>
    public static PolicyDocument Union(ImmutableArray<PolicyDocument> policies) => policies is [var single] ? single : new(PolicyKind.Session, "", [.. policies.SelectMany(policy => policy.Statements)]);

    /// <summary>Reads the policy of a bucket.</summary>
    /// <exception cref="PolicyException">It is none, or not of this bucket.</exception>
    public static PolicyDocument ParseOfBucket(string bucket, ReadOnlyMemory<byte> utf8) => PolicyReader.Read(PolicyKind.Bucket, utf8, bucket);

    /// <summary>The name that its author gave a statement; empty: none.</summary>
    public string SidOf(int index) => Statements[index].Sid;

    /// <summary>Name of a statement, for people.</summary>
    public string StatementName(int index) => Statements[index].Sid is { Length: > 0 } sid ? $"\"{sid}\"" : $"number {index + 1}";
}
