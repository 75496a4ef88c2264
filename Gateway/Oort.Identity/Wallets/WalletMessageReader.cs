using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Text.RegularExpressions;
using Oort.Evm;

namespace Oort.Identity.Wallets;

/// <summary>Reads the text of a <see cref="WalletMessage"/>, line by line as the grammar of EIP-4361 has them ("ABNF Message Format").</summary>
/// <remarks>Stricter where the grammar leaves two texts for one thing, or something that nobody should sign: addresses have their checksum (EIP-55), numbers no zeros in front, times are in upper case and exist, a statement is not empty, and a domain names no user.</remarks>
internal sealed partial class WalletMessageReader(string text)
{
    public const string Asks = " wants you to sign in with your Ethereum account:";

    private const int NonceLengthMin = 8;

    /// <summary>RFC 3986: unreserved and reserved.</summary>
    private static readonly SearchValues<char> uriChars = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:/?#[]@!$&'()*+,;=");

    private static readonly SearchValues<char> pathChars = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@");

    private readonly string[] lines = text.Length <= WalletMessage.LengthMax ? text.Split('\n') : [];
    private int next;

    /// <returns>Null: the text is no message.</returns>
    public WalletMessage? Read()
    {
        if (Take() is not { } first || !first.EndsWith(Asks, StringComparison.Ordinal)) return null;
        var (scheme, domain) = Origin(first[..^Asks.Length]);
        if (domain is null) return null;
        if (Take() is not { } addressText || !EvmAddress.TryParse(addressText, out var address) || address.ToString() != addressText) return null;
        if (Take() is not "" || Take() is not { } statement) return null;
        if (statement.Length > 0 && (statement.Replace(' ', '_').AsSpan().ContainsAnyExcept(uriChars) || Take() is not "")) return null;

        if (Take("URI: ") is not { } uri || !IsUri(uri) || Take("Version: ") is not "1") return null;
        if (Take("Chain ID: ") is not { } chain || !ulong.TryParse(chain, NumberStyles.None, CultureInfo.InvariantCulture, out var chainId) || (chain[0] == '0' && chain.Length > 1)) return null;
        if (Take("Nonce: ") is not { Length: >= NonceLengthMin } nonce || !nonce.All(char.IsAsciiLetterOrDigit)) return null;
        if (Take("Issued At: ") is not { } issuedAt || !TryTime(issuedAt, out _)) return null;
        var expirationTime = Take("Expiration Time: ");
        if (expirationTime is not null && !TryTime(expirationTime, out _)) return null;
        var notBefore = Take("Not Before: ");
        if (notBefore is not null && !TryTime(notBefore, out _)) return null;
        var requestId = Take("Request ID: ");
        if (requestId is not null && !IsOf(requestId, pathChars)) return null;
        ImmutableArray<string>? resources = null;
        if (Take("Resources:") is { } rest && (rest.Length > 0 || (resources = Resources()) is null)) return null;
        if (next != lines.Length) return null;
        return new()
        {
            Scheme = scheme,
            Domain = domain,
            Address = address,
            Statement = statement.Length > 0 ? statement : null,
            Uri = uri,
            ChainId = chainId,
            Nonce = nonce,
            IssuedAt = issuedAt,
            ExpirationTime = expirationTime,
            NotBefore = notBefore,
            RequestId = requestId,
            Resources = resources,
        };
    }

    /// <summary>A time of RFC 3339. One that there is not, such as a leap second, is none.</summary>
    public static bool TryTime(string text, out DateTimeOffset time)
    {
        time = default;
        if (Rfc3339().Match(text) is not { Success: true } match) return false;
        // Seven digits are what the type holds; those behind them are cut off.
        var fraction = match.Groups["fraction"].Value;
        var zone = match.Groups["zone"].Value;
        var whole = match.Groups["seconds"].Value + (fraction.Length > 8 ? fraction[..8] : fraction) + (zone == "Z" ? "+00:00" : zone);
        return DateTimeOffset.TryParseExact(whole, "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFzzz", CultureInfo.InvariantCulture, DateTimeStyles.None, out time);
    }

    private string? Take() => next < lines.Length ? lines[next++] : null;

    /// <summary>What stands behind a name; null: the line is another.</summary>
    private string? Take(string name) => next < lines.Length && lines[next].StartsWith(name, StringComparison.Ordinal) ? lines[next++][name.Length..] : null;

    /// <summary>All lines that are left.</summary>
    /// <returns>Null: one is none, or there are too many.</returns>
    private ImmutableArray<string>? Resources()
    {
        var resources = ImmutableArray.CreateBuilder<string>();
        while (next < lines.Length)
        {
            if (resources.Count == WalletMessage.ResourceCountMax || Take("- ") is not { } resource || !IsUri(resource)) return null;
            resources.Add(resource);
        }

        return resources.ToImmutable();
    }

    private static (string? Scheme, string? Domain) Origin(string origin)
    {
        var end = origin.IndexOf("://", StringComparison.Ordinal);
        var scheme = end < 0 ? null : origin[..end];
        var domain = end < 0 ? origin : origin[(end + 3)..];
        return (scheme is null || Scheme().IsMatch(scheme)) && Authority().IsMatch(domain) ? (scheme, domain) : default;
    }

    private static bool IsUri(string text) => text.IndexOf(':', StringComparison.Ordinal) is > 0 and var colon && Scheme().IsMatch(text[..colon]) && IsOf(text[(colon + 1)..], uriChars) && Uri.TryCreate(text, UriKind.Absolute, out _);

    /// <summary>Of these characters, and others as % and two digits.</summary>
    private static bool IsOf(string text, SearchValues<char> chars)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (chars.Contains(text[i])) continue;
            if (text[i] != '%' || i + 2 >= text.Length || !char.IsAsciiHexDigit(text[i + 1]) || !char.IsAsciiHexDigit(text[i + 2])) return false;
            i += 2;
        }

        return true;
    }

    [GeneratedRegex(@"\A[A-Za-z][A-Za-z0-9+.-]*\z")]
    private static partial Regex Scheme();

    [GeneratedRegex(@"\A([A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?\z")]
    private static partial Regex Authority();

    [GeneratedRegex(@"\A(?<seconds>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?<fraction>\.[0-9]{1,9})?(?<zone>Z|[+-][0-9]{2}:[0-9]{2})\z")]
    private static partial Regex Rfc3339();
}
