namespace Oort.Access.Policies;

/// <summary>What a policy is attached to, which decides what its statements may and must say.</summary>
public enum PolicyKind
{
    /// <summary>To a user, a group or a role: no principal. Boundaries are of this kind too.</summary>
    Identity,

    /// <summary>To a session when it begins; as one of an identity.</summary>
    Session,

    /// <summary>To a bucket: principals, actions of S3, and only this bucket and what is in it.</summary>
    Bucket,

    /// <summary>To a role, about who may assume it: principals, actions of STS, no resource.</summary>
    Trust,
}
