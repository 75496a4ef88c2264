using System.Security.Cryptography;
using Oort.Checksums;

namespace Oort.S3;

/// <summary>The key of one secret for a day and a region, ready to sign. Thread-safe; prints as "***".</summary>
internal sealed class SigningKey
{
    private readonly string secret;

    public SigningKey(string secret, string date, string region, string service)
    {
        this.secret = secret;
        var key = SigV4.DeriveKey(secret, date, region, service);
        Hmac = HmacSha256.Create(key);
        CryptographicOperations.ZeroMemory(key);
    }

    public HmacSha256 Hmac { get; }

    /// <summary>Whether it was made from this secret: a changed one is noticed at once.</summary>
    public bool IsOf(string secret) => this.secret == secret;

    public override string ToString() => "***";
}
