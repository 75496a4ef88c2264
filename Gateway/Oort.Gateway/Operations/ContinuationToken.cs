using System.Buffers.Text;
using System.Text;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>The opaque token of ListObjectsV2 and ListBuckets: the name after which to go on. One byte of version, then UTF-8, in Base64url.</summary>
/// <remarks>It says nothing that the client could not ask for itself (start-after), so it needs no seal.</remarks>
internal static class ContinuationToken
{
    private const byte Version = 1;

    /// <summary>Bytes of a name: the longest key or common prefix.</summary>
    private const int NameMax = 1024;

    private static readonly UTF8Encoding strict = new(false, throwOnInvalidBytes: true);

    public static string Encode(string after) => Base64Url.EncodeToString([Version, .. Encoding.UTF8.GetBytes(after)]);

    /// <exception cref="S3Exception">InvalidArgument: it is none of ours.</exception>
    public static string Decode(string token)
    {
        try
        {
            if (token.Length <= Base64Url.GetEncodedLength(NameMax + 1))
            {
                var bytes = Base64Url.DecodeFromChars(token);
                if (bytes.Length > 0 && bytes[0] == Version) return strict.GetString(bytes.AsSpan(1));
            }
        }
        catch (Exception e) when (e is FormatException or DecoderFallbackException)
        {
            // Said below, like every other token that is not ours.
        }

        throw Arguments.Invalid("continuation-token", token, "The continuation token provided is incorrect");
    }
}
