using System.Buffers;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Oort.Checksums;

namespace Oort.S3;

/// <summary>The normal form of a request that both sides hash (S3 API: "Signature Calculations", task 1).</summary>
/// <remarks>S3's own: the path is encoded once and never normalised, so "//" and ".." stay.</remarks>
public static class CanonicalRequest
{
    private static readonly Comparison<(string Name, string Value)> ByEncodedText = static (a, b) =>
    {
        var names = string.CompareOrdinal(a.Name, b.Name);
        return names != 0 ? names : string.CompareOrdinal(a.Value, b.Value);
    };

    /// <summary>The path: decoded, then every byte but unreserved ones and '/' as %XX.</summary>
    public static string Path(string decodedPath) => UrlEncoding.Encode(decodedPath, keepSlash: true);

    /// <summary>The query: names and values encoded, sorted by encoded name and value, "=" always there.</summary>
    /// <param name="except">A parameter to leave out (the signature itself), or null.</param>
    public static string Query(S3Query query, string? except)
    {
        if (query.Count == 0)
            return "";
        var pairs = new List<(string Name, string Value)>(query.Count);
        foreach (var parameter in query)
        {
            if (parameter.Name != except)
                pairs.Add((UrlEncoding.Encode(parameter.Name, keepSlash: false), UrlEncoding.Encode(parameter.Value, keepSlash: false)));
        }

        pairs.Sort(ByEncodedText);
        var text = new StringBuilder(256);
        foreach (var (name, value) in pairs)
        {
            if (text.Length > 0)
                text.Append('&');
            text.Append(name).Append('=').Append(value);
        }

        return text.ToString();
    }

    /// <summary>Writes the whole canonical request.</summary>
    /// <param name="path">From <see cref="Path"/>.</param>
    /// <param name="query">From <see cref="Query"/>.</param>
    /// <param name="signedHeaders">Lower-case names in the order they were signed.</param>
    /// <param name="overrides">Values to take instead of the header's own; null: take the header.</param>
    public static void Write(IBufferWriter<byte> destination, string method, string path, string query, IHeaderDictionary headers, IReadOnlyList<string> signedHeaders, Func<string, string?>? overrides, string payloadHash)
    {
        Line(destination, method);
        Line(destination, path);
        Line(destination, query);
        foreach (var name in signedHeaders)
        {
            Text(destination, name);
            Text(destination, ":");
            if (overrides?.Invoke(name) is { } value)
                Trimmed(destination, value);
            else if (headers.TryGetValue(name, out var values))
                Values(destination, values);
            Line(destination, "");
        }

        Line(destination, "");
        for (var i = 0; i < signedHeaders.Count; i++)
        {
            if (i > 0)
                Text(destination, ";");
            Text(destination, signedHeaders[i]);
        }

        Line(destination, "");
        Text(destination, payloadHash);
    }

    public static void Hash(ReadOnlySpan<byte> canonicalRequest, Span<byte> hash) => Sha256.Hash(canonicalRequest, hash);

    // Several headers of one name count as one, joined by commas in the order they came.
    private static void Values(IBufferWriter<byte> destination, StringValues values)
    {
        for (var i = 0; i < values.Count; i++)
        {
            if (i > 0)
                Text(destination, ",");
            Trimmed(destination, values[i] ?? "");
        }
    }

    // No blanks at the ends, one where there were several.
    private static void Trimmed(IBufferWriter<byte> destination, string value)
    {
        var text = value.AsSpan().Trim(' ').Trim('\t');
        if (text.IndexOf("  ") < 0 && !text.Contains('\t'))
        {
            Text(destination, text);
            return;
        }

        var collapsed = new StringBuilder(text.Length);
        foreach (var c in text.Trim())
        {
            var isBlank = c is ' ' or '\t';
            if (!isBlank)
                collapsed.Append(c);
            else if (collapsed[^1] != ' ')
                collapsed.Append(' ');
        }

        Text(destination, collapsed.ToString());
    }

    private static void Line(IBufferWriter<byte> destination, string text)
    {
        Text(destination, text);
        destination.Write("\n"u8);
    }

    private static void Text(IBufferWriter<byte> destination, ReadOnlySpan<char> text)
    {
        if (text.IsEmpty)
            return;
        var span = destination.GetSpan(Encoding.UTF8.GetMaxByteCount(text.Length));
        destination.Advance(Encoding.UTF8.GetBytes(text, span));
    }
}
