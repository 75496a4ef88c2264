using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Oort.Node.Protocol;

/// <summary>A page of the listing of blobs or logs: lines of text, ascending (docs/formats/node-protocol.md §5).</summary>
/// <param name="HasMore">There are names behind the last of this page: ask again, after it.</param>
public sealed record NamePage(bool HasMore, IReadOnlyList<string> Names)
{
    /// <summary>Bytes of the longest page.</summary>
    public const int SizeMax = 5 + (NodeLimits.NamePageCountMax * (NodeLimits.NameLengthMax + 1));

    private const string MoreLine = "more";
    private const string EndLine = "end";

    public byte[] Encode()
    {
        var text = new StringBuilder(HasMore ? MoreLine : EndLine).Append('\n');
        foreach (var name in Names)
            text.Append(name).Append('\n');
        return Encoding.ASCII.GetBytes(text.ToString());
    }

    public static bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out NamePage? page)
    {
        page = null;
        if (bytes.Length is 0 or > SizeMax || bytes[^1] != '\n' || !Ascii.IsValid(bytes))
            return false;
        var lines = Encoding.ASCII.GetString(bytes[..^1]).Split('\n');
        if (lines[0] is not (MoreLine or EndLine))
            return false;
        for (var i = 1; i < lines.Length; i++)
        {
            if (!IsName(lines[i]) || (i > 1 && string.CompareOrdinal(lines[i - 1], lines[i]) >= 0))
                return false;
        }

        var hasMore = lines[0] == MoreLine;
        if (hasMore && lines.Length == 1)
            return false;
        page = new(hasMore, lines[1..]);
        return true;
    }

    /// <summary>Parts of a-z, 0-9, '-' and '.', joined by '/'; none is empty or begins with '.'.</summary>
    public static bool IsName(string name)
    {
        if (name.Length is 0 or > NodeLimits.NameLengthMax)
            return false;
        var partBegins = true;
        foreach (var c in name)
        {
            if (c == '/' ? partBegins : c is not ((>= 'a' and <= 'z') or (>= '0' and <= '9') or '-' or '.') || (partBegins && c == '.'))
                return false;
            partBegins = c == '/';
        }

        return !partBegins;
    }
}
