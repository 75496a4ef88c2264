using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Oort.Gateway.Access;

/// <summary>Accounts by their canonical id (of owners and lists) and their number (of ARNs).</summary>
internal static class Accounts
{
    private const ulong NumberMax = 1_000_000_000_000;

    /// <summary>12 digits that follow from the id, so that nothing has to be kept: it never changes.</summary>
    public static string NumberOf(string canonicalId)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(canonicalId), hash);
        return (BinaryPrimitives.ReadUInt64BigEndian(hash) % NumberMax).ToString("D12", CultureInfo.InvariantCulture);
    }
}
