namespace Oort.S3.Client;

/// <summary>The order in which S3 lists keys: that of their UTF-8 bytes.</summary>
public static class KeyOrder
{
    /// <returns>Negative, 0 or positive. UTF-16 order differs from it where surrogates meet U+E000 and above.</returns>
    public static int Compare(string a, string b)
    {
        var common = a.AsSpan().CommonPrefixLength(b);
        if (common == a.Length || common == b.Length) return a.Length - b.Length;
        var (x, y) = (a[common], b[common]);
        // Surrogates stand for what comes after all other characters.
        var isXHigh = char.IsSurrogate(x);
        var isYHigh = char.IsSurrogate(y);
        return isXHigh == isYHigh ? x - y : isXHigh ? 1 : -1;
    }

    public static IComparer<string> Comparer { get; } = Comparer<string>.Create(Compare);
}
