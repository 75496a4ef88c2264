namespace Oort.Access.Policies;

/// <summary>What an <see cref="AccessAction"/> is done to.</summary>
public enum ActionLevel
{
    /// <summary>The account, or something of it that is no bucket.</summary>
    Account,

    /// <summary>A bucket as a whole.</summary>
    Bucket,

    /// <summary>An object in a bucket, or one that would be.</summary>
    Object,
}

/// <summary>Something that a policy can allow or deny.</summary>
/// <param name="Name">With its service, such as <c>s3:GetObject</c>; matched without regard to case.</param>
public sealed record AccessAction(string Name, ActionLevel Level)
{
    internal int Index { get; init; }

    public override string ToString() => Name;
}
