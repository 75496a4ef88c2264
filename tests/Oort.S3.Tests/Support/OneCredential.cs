namespace Oort.S3.Tests;

/// <summary>Knows one secret: of one access key, or of any.</summary>
internal sealed class OneCredential(string secret, string? only = null) : IS3Credentials
{
    public ValueTask<S3Credential?> FindAsync(string accessKeyId, string? sessionToken, CancellationToken cancellationToken) =>
        sessionToken is not null ? throw new S3Exception(S3Errors.InvalidToken) : new(only is null || only == accessKeyId ? new S3Credential(new S3Principal(accessKeyId, "owner", "Owner"), secret) : null);
}
