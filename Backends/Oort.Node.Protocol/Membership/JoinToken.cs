using System.Buffers.Binary;
using System.Buffers.Text;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Oort.Node.Protocol;

/// <summary>What an operator hands to a machine that shall join (docs/formats/node-membership.md §3). Holds a secret: it is not logged.</summary>
/// <param name="Id">Names the token at the gateway.</param>
/// <param name="Cluster">Id of the cluster's key: the node lets in whoever proves it.</param>
/// <param name="Secret"><see cref="SecretSize"/> bytes.</param>
/// <param name="Expires">When it ends, by the gateway's clock; milliseconds since 1970.</param>
/// <param name="Urls">Where gateways answer, 1 to <see cref="UrlCountMax"/>.</param>
public sealed record JoinToken(UInt128 Id, NodeId Cluster, ReadOnlyMemory<byte> Secret, long Expires, ImmutableArray<Uri> Urls)
{
    /// <summary>Bytes of the secret.</summary>
    public const int SecretSize = 32;

    /// <summary>Most URLs in a token.</summary>
    public const int UrlCountMax = 8;

    /// <summary>Longest URL, in characters.</summary>
    public const int UrlLengthMax = 256;

    internal const int IdOffset = 8;
    internal const int ClusterOffset = 24;
    internal const int SecretOffset = 56;
    internal const int ExpiresOffset = 88;
    internal const int CountOffset = 96;
    internal const int UrlsOffset = 97;

    private const string Prefix = "oort1-";
    private const int CheckSize = 4;
    private const int SizeMax = UrlsOffset + (UrlCountMax * (2 + UrlLengthMax)) + CheckSize;

    private static ReadOnlySpan<byte> Magic => "OORTJTK1"u8;

    /// <summary>The token's text, as it is handed over.</summary>
    /// <exception cref="ArgumentException">Secret or URLs are not as they must be.</exception>
    public string Encode()
    {
        if (Secret.Length != SecretSize || Urls.Length is 0 or > UrlCountMax || !Urls.All(IsUrl))
            throw new ArgumentException($"A token has a secret of {SecretSize} bytes and 1 to {UrlCountMax} http or https URLs of at most {UrlLengthMax} characters.");
        var bytes = new byte[UrlsOffset + Urls.Sum(url => 2 + url.AbsoluteUri.Length) + CheckSize];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt128BigEndian(bytes.AsSpan(IdOffset), Id);
        Cluster.Write(bytes.AsSpan(ClusterOffset));
        Secret.Span.CopyTo(bytes.AsSpan(SecretOffset));
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(ExpiresOffset), Expires);
        bytes[CountOffset] = (byte)Urls.Length;
        var offset = UrlsOffset;
        foreach (var url in Urls)
        {
            BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(offset), (ushort)url.AbsoluteUri.Length);
            offset += 2 + Encoding.ASCII.GetBytes(url.AbsoluteUri, bytes.AsSpan(offset + 2));
        }

        Check(bytes.AsSpan(0, offset)).CopyTo(bytes.AsSpan(offset));
        return Prefix + Base64Url.EncodeToString(bytes);
    }

    /// <summary>Reads a token; false when it is none, or was copied badly.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out JoinToken? token)
    {
        token = null;
        var coded = text.AsSpan().Trim();
        if (!coded.StartsWith(Prefix, StringComparison.Ordinal) || coded.Length > Prefix.Length + Base64Url.GetEncodedLength(SizeMax)) return false;
        var bytes = new byte[SizeMax];
        if (!Base64Url.IsValid(coded[Prefix.Length..]) || coded.EndsWith('=') || !Base64Url.TryDecodeFromChars(coded[Prefix.Length..], bytes, out var size)) return false;
        return TryRead(bytes.AsSpan(0, size), out token);
    }

    public override string ToString() => "***";

    /// <summary>Whether a URL can stand in a token.</summary>
    public static bool IsUrl(Uri url) => url is { IsAbsoluteUri: true, Scheme: "http" or "https", Query: "", Fragment: "", UserInfo: "" } && url.AbsoluteUri.Length <= UrlLengthMax && Ascii.IsValid(url.AbsoluteUri);

    /// <summary>Reads what the text codes.</summary>
    internal static bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out JoinToken? token)
    {
        token = null;
        if (bytes.Length < UrlsOffset + CheckSize || !bytes.StartsWith(Magic) || !Check(bytes[..^CheckSize]).SequenceEqual(bytes[^CheckSize..])) return false;
        var expires = BinaryPrimitives.ReadInt64BigEndian(bytes[ExpiresOffset..]);
        int count = bytes[CountOffset];
        if (count is 0 or > UrlCountMax || expires < 0) return false;
        var urls = ImmutableArray.CreateBuilder<Uri>(count);
        var rest = bytes[UrlsOffset..^CheckSize];
        for (; count > 0; count--)
        {
            if (rest.Length < 2) return false;
            var length = BinaryPrimitives.ReadUInt16BigEndian(rest);
            if (length is 0 or > UrlLengthMax || rest.Length < 2 + length || !Ascii.IsValid(rest.Slice(2, length))
                || !Uri.TryCreate(Encoding.ASCII.GetString(rest.Slice(2, length)), UriKind.Absolute, out var url) || !IsUrl(url))
                return false;
            urls.Add(url);
            rest = rest[(2 + length)..];
        }

        if (!rest.IsEmpty) return false;
        token = new(BinaryPrimitives.ReadUInt128BigEndian(bytes[IdOffset..]), NodeId.Read(bytes[ClusterOffset..]), bytes.Slice(SecretOffset, SecretSize).ToArray(), expires, urls.MoveToImmutable());
        return true;
    }

    private static ReadOnlySpan<byte> Check(ReadOnlySpan<byte> bytes) => SHA256.HashData(bytes).AsSpan(0, CheckSize);
}
