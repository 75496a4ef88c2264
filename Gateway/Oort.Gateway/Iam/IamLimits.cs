namespace Oort.Gateway.Iam;

/// <summary>How many there may be in an account (IAM User Guide: "IAM and AWS STS quotas"); where Oort allows more than AWS, all of them still fit into memory many times.</summary>
internal static class IamLimits
{
    public const int UsersMax = 50_000;
    public const int GroupsMax = 500;
    public const int RolesMax = 5_000;
    public const int PoliciesMax = 5_000;
    public const int ProvidersMax = 100;
    public const int GroupsPerUserMax = 10;
    public const int KeysPerUserMax = 2;
    public const int AttachedMax = 10;
    public const int InlineMax = 20;
    /// <summary>Characters of all policies of one's own together: so that the record of a user, with his tags and keys, stays far below what a record may have.</summary>
    public const int InlineLengthMax = 64 * 1024;
    public const int ClientIdsMax = 100;
    public const int ThumbprintsMax = 5;
}
