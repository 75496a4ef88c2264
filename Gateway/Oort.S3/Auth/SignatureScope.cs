namespace Oort.S3;

/// <summary>What the requests of one client, signing the same headers on the same day, have in common. Parsed once where the client is known (<see cref="SignatureScopes"/>).</summary>
/// <param name="SignedHeaders">Lower case, in the order given.</param>
internal sealed record SignatureScope(string AccessKeyId, string Date, string Region, string Service, string[] SignedHeaders)
{
    /// <summary>date/region/service/aws4_request.</summary>
    public string Text { get; } = SigV4.Scope(Date, Region, Service);

    /// <summary>The key that verified a signature of this scope last; null before. Any thread may set it.</summary>
    public SigningKey? Key { get; set; }
}
