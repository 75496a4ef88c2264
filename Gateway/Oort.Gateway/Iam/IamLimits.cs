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
    public const int ClientIdsMax = 100;
    public const int ThumbprintsMax = 5;
}
