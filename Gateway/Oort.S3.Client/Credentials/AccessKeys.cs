namespace Oort.S3.Client;

/// <summary>A key pair, perhaps of a session. Prints as its id alone.</summary>
/// <param name="Id">Access key id.</param>
/// <param name="SessionToken">Of temporary credentials; null otherwise.</param>
public sealed record AccessKeys(string Id, string Secret, string? SessionToken = null)
{
    public override string ToString() => $"{Id} ***";
}
