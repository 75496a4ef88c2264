using System.Security.Cryptography;
using System.Text;
using Oort.Identity.Texts;

namespace Oort.Identity.Grants;

/// <summary>What stands behind <c>/_oort/share/v1/</c> in a link to all below a prefix (docs/formats/share-link.md): a grant, and a proof that whoever made the link had its secret. Who gets it can open what the grant is for, and sign nothing.</summary>
/// <param name="Proof">32 bytes.</param>
public sealed record ShareLink(string AccessKeyId, byte[] Proof, string GrantToken)
{
    /// <summary>Characters of the whole; a grant of a session takes most of them.</summary>
    public const int LengthMax = 8 * 1024;

    private const int KeyIdSizeMax = 128;

    /// <param name="grant">As <see cref="Grant.Narrow"/> makes it.</param>
    public static ShareLink Make(GrantCredential grant) => new(grant.AccessKeyId, ProofOf(grant.SecretKey, grant.SessionToken!), grant.SessionToken!);

    /// <returns>Null: the text is none.</returns>
    public static ShareLink? Parse(string text)
    {
        if (text.Length > LengthMax || text.Split('.', 3) is not [var key, var proof, var token]) return null;
        if (StrictBase64Url.Decode(key) is not { Length: > 0 and <= KeyIdSizeMax } keyId || StrictBase64Url.Decode(proof) is not { Length: HMACSHA256.HashSizeInBytes } proofBytes || !Grant.IsGrant(token)) return null;
        return keyId.All(c => c is > (byte)' ' and < 0x7f) ? new(Encoding.ASCII.GetString(keyId), proofBytes, token) : null;
    }

    /// <summary>Whether it was made with the secret of its grant; compared in constant time.</summary>
    public bool IsProvenBy(string grantSecret) => CryptographicOperations.FixedTimeEquals(Proof, ProofOf(grantSecret, GrantToken));

    /// <summary>As it stands in a URL.</summary>
    public override string ToString() => $"{StrictBase64Url.Encode(Encoding.ASCII.GetBytes(AccessKeyId))}.{StrictBase64Url.Encode(Proof)}.{GrantToken}";

    private static byte[] ProofOf(string secret, string token) => HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), (byte[])[.. "oort share link v1\0"u8, .. Encoding.UTF8.GetBytes(token)]);
}
