namespace Oort.Identity.Grants;

/// <summary>What S3 tools sign with. The secret key does not print.</summary>
/// <param name="SessionToken">Null: an access key that lasts.</param>
public sealed record GrantCredential(string AccessKeyId, string SecretKey, string? SessionToken)
{
    public override string ToString() => $"{AccessKeyId} ***";
}
