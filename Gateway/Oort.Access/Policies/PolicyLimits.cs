namespace Oort.Access.Policies;

/// <summary>Limits of policies. Evaluation reads every statement, so they bound what a request can cost.</summary>
public static class PolicyLimits
{
    /// <summary>Bytes of a bucket's policy (S3 User Guide: "Bucket policies").</summary>
    public const int BucketLengthMax = 20 * 1024;

    /// <summary>Bytes of a policy of an identity, a session or a role; those of AWS have 2,048 to 10,240 characters without white space.</summary>
    public const int IdentityLengthMax = 20 * 1024;

    /// <summary>A document that is deeper is none: statements, conditions, operators, keys, values.</summary>
    internal const int DepthMax = 8;

    internal const int StatementCountMax = 256;

    /// <summary>Variables in one text, each of which may become as long as a key.</summary>
    internal const int VariableCountMax = 16;
}
